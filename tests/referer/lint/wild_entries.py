"""Entries as they are found in the wild: templates, what their authors meant, and mutations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True)
class Meant:
    """An entry, and what its author meant by it."""

    text: str
    hosts: tuple[str, ...]
    """The hosts it names; `*.example.com` for a domain with its sub-domains."""
    schemes: tuple[str, ...] = ("https", "http")
    ports: tuple[str, ...] = ("",)
    tags: frozenset[str] = frozenset()
    page: str = ""
    """A page that is meant, if it is not the origin."""
    is_sure: bool = True
    """Whether it is known what the author meant; False after a random slip."""

    @property
    def pages(self) -> list[str]:
        """The pages that are certainly meant, as browsers send them across sites."""
        if self.page:
            return [self.page]
        return [
            f"{scheme}://{host.replace('*', 'sub')}{port}/"
            for host in self.hosts
            for scheme in self.schemes
            for port in self.ports
        ]


DOMAINS = (
    "example.com",
    "mysite.com.cn",
    "shop-online.net",
    "team.github.io",
    "xn--fsq.cn",
    "a.co",
)
NAMES = ("www", "img", "m", "static", "cdn-1", "api.v2", "docs")
BOTH, HTTPS, HTTP = ("https", "http"), ("https",), ("http",)


def plain(random: Random) -> Meant:
    """Return an entry as the documentation recommends it, or nearly."""
    host = f"{random.choice(NAMES)}.{random.choice(DOMAINS)}"
    schemes = random.choice([HTTPS, HTTPS, HTTP])
    end = random.choice(["/", "/", "", "/*", "*"])
    return Meant(f"{schemes[0]}://{host}{end}", (host,), schemes)


def bare(random: Random) -> Meant:
    """Return a host without a scheme."""
    host = random.choice([random.choice(DOMAINS), f"www.{random.choice(DOMAINS)}"])
    return Meant(random.choice(["{}", "{}/", "//{}/", "{}/*"]).format(host), (host,))


def sub_domains(random: Random) -> Meant:
    """Return a wildcard for sub-domains, with many ways to write the scheme."""
    domain = random.choice(DOMAINS)
    text, schemes = random.choice(
        [
            ("https://*.{}/", HTTPS),
            ("https://*.{}", HTTPS),
            ("http://*.{}/", HTTP),
            ("*.{}", BOTH),
            ("*.{}/", BOTH),
            ("*.{}/*", BOTH),
            ("*://*.{}/", BOTH),
            ("http*://*.{}/", BOTH),
            ("https*.{}/", HTTPS),
            ("http*.{}/", BOTH),
            ("https:/*.{}/", HTTPS),
            ("https:*.{}/", HTTPS),
            ("https://*.*.{}/", HTTPS),
        ]
    )
    hosts = (f"*.a.{domain}",) if ".*." in text else (f"*.{domain}",)
    return Meant(text.format(domain), hosts, schemes)


def glued(random: Random) -> Meant:
    """Return a wildcard that touches a name: inside a label, or before a domain."""
    domain = random.choice(DOMAINS)
    text, host = random.choice(
        [
            ("*{}", "{}"),
            ("https://*{}/", "{}"),
            ("https://*-dev.{}/", "*-dev.{}"),
            ("https://img*.{}/", "img*.{}"),
            ("https://pr-*.preview.{}/", "pr-*.preview.{}"),
            ("http*www.{}", "www.{}"),
            ("http*www.{}/", "www.{}"),
            ("*//www.{}/", "www.{}"),
            ("*://www.{}/", "www.{}"),
            ("http?://www.{}/", "www.{}"),
            ("https:*www.{}/", "www.{}"),
        ]
    )
    schemes = HTTPS if text.startswith("https:") else BOTH
    return Meant(text.format(domain), (host.format(domain),), schemes)


def preview(random: Random) -> Meant:
    """Previews below the domain of a hoster, where anybody may have a name."""
    text = random.choice(
        [
            "https://my-app-*-team.vercel.app/",
            "https://*-thief.com/",
            "https://*--mysite.netlify.app/",
            "https://*.vercel.app/",
            "https://*.github.io/",
            "https://deploy-preview-*--mysite.netlify.app/",
            "https://*.pages.dev",
            "https://www.*.com/",
            "https://www.example.*/",
            "https://www",
            "*com",
        ]
    )
    return Meant(text, (), tags=frozenset({"open"}))


def expression(random: Random) -> Meant:
    """Return a regular expression."""
    domain = random.choice(DOMAINS)
    escaped = domain.replace(".", r"\.")
    text, hosts, schemes = random.choice(
        [
            (r"https?://www.{0}/", ("www.{0}",), BOTH),
            (r"http[s]://www.{0}/", ("www.{0}",), HTTPS),
            (r"http(s)?://www.{0}/", ("www.{0}",), BOTH),
            (r"(http|https)://www.{0}/*", ("www.{0}",), BOTH),
            (r"^https?://(www\.)?{1}/.*$", ("{0}", "www.{0}"), BOTH),
            (r"^https://{1}", ("{0}",), HTTPS),
            (r"https?://*.{0}", ("*.{0}",), BOTH),
            (r"https?://.*\.{1}/.*", ("*.{0}",), BOTH),
            (r".*\.{1}", ("*.{0}",), BOTH),
            (r"^https:\/\/[a-z0-9-]+\.{1}\/", ("*.{0}",), HTTPS),
            (r"https://(www|m)\.{1}/", ("www.{0}", "m.{0}"), HTTPS),
            (r"https://{{www,img}}.{0}/", ("www.{0}", "img.{0}"), HTTPS),
            (r"https://www\.{1}(:[0-9]+)?/", ("www.{0}",), HTTPS),
            (r"https://.*.{0}/", ("*.{0}",), HTTPS),
            (r"https://www.{0}/.*", ("www.{0}",), HTTPS),
            (r"https://\w+\.{1}/", ("*.{0}",), HTTPS),
            (r"/{1}/", ("{0}",), BOTH),
            (r"{1}", ("{0}",), BOTH),
        ]
    )
    return Meant(
        text.format(domain, escaped),
        tuple(host.format(domain) for host in hosts),
        schemes,
        tags=frozenset({"expression"}),
    )


def port(random: Random) -> Meant:
    """Return an entry with a port."""
    host = f"www.{random.choice(DOMAINS)}"
    text, schemes, ports = random.choice(
        [
            ("https://{}:443/", HTTPS, ("",)),
            ("http://{}:80/", HTTP, ("",)),
            ("http://{}:80", HTTP, ("",)),
            ("https://{}:8443/", HTTPS, (":8443",)),
            ("https://{}:*/", HTTPS, ("", ":8443")),
            ("http://{}:*", HTTP, ("", ":8080")),
            ("https://{}:99999/", HTTPS, ("",)),
            ("https://{}:abc/", HTTPS, ("",)),
            ("https://{}:/", HTTPS, ("",)),
            ("{}:8080", BOTH, (":8080",)),
            ("http://{}:80*/", HTTP, (":8080",)),
        ]
    )
    return Meant(text.format(host), (host,), schemes, ports)


def path(random: Random) -> Meant:
    """Return an entry with a path, query or fragment, which browsers do not send across sites."""
    host = f"{random.choice(NAMES)}.{random.choice(DOMAINS)}"
    end = random.choice(
        "/index.html /album/ /*.jpg /list?id=1 /?x=1 /#/home #top /wiki/X_(Y) /a,b.html /?".split()
    )
    return Meant(f"https://{host}{end}", (host,), HTTPS, tags=frozenset({"path"}))


def special(random: Random) -> Meant:
    """Mini programs, local hosts, addresses, placeholders and keywords."""
    return random.choice(
        [
            Meant("https://servicewechat.com/wx0123456789abcdef/", ("servicewechat.com",), HTTPS,
                page="https://servicewechat.com/wx0123456789abcdef/7/page-frame.html"),
            Meant("http://localhost:3000", ("localhost",), HTTP, (":3000",)),
            Meant("localhost", ("localhost",)),
            Meant("http://127.0.0.1/", ("127.0.0.1",), HTTP),
            Meant("http://10.10.10.10:8080/", ("10.10.10.10",), HTTP, (":8080",)),
            Meant("https://${var.domain}/", (), tags=frozenset({"template"})),
            Meant("https://{{ host }}/", (), tags=frozenset({"template"})),
            Meant("https://<your-domain>/", (), tags=frozenset({"template"})),
            Meant("none", (), tags=frozenset({"keyword"})),
            Meant("blocked", (), tags=frozenset({"keyword"})),
            Meant("null", (), tags=frozenset({"keyword"})),
            Meant(".example.com", ("*.example.com",)),
            Meant("https://user:secret@www.example.com/", ("www.example.com",), HTTPS),
            Meant("https://www.example.com./", ("www.example.com",), HTTPS),
            Meant("https://WWW.Example.com/", ("www.example.com",), HTTPS),
            Meant("https://例子.example.com/", ("xn--fsqu00a.example.com",), HTTPS),
            Meant("http://www.example.com.*", ("www.example.com",), HTTP,
                tags=frozenset({"expression"})),
        ]
    )  # fmt: skip


TEMPLATES = (plain, plain, bare, sub_domains, glued, preview, expression, port, path, special)


def unchanged(random: Random, entry: Meant) -> Meant:
    """Leave an entry as it is."""
    return entry


def wrap(random: Random, entry: Meant) -> Meant:
    """Put quotes, brackets or marks around an entry."""
    around = random.choice('"{}" \'{}\' “{}” <{}> [{}] {}, {}; ({}) ["{}"] `{}`'.split())
    tags = {"wrapped"}
    return replace(entry, text=around.format(entry.text), tags=entry.tags | tags)


def hide(random: Random, entry: Meant) -> Meant:
    """Put an invisible character or white space somewhere."""
    hidden = random.choice(["\ufeff", "\u200b", "\u200e", "\u00a0", "\u3000", "\u00ad", " ", "\t"])
    place = random.choice([0, len(entry.text)])
    text = f"{entry.text[:place]}{hidden}{entry.text[place:]}"
    tag = "white" if hidden in " \t" else "invisible"
    return replace(entry, text=text, tags=entry.tags | {tag})


def mistype(random: Random, entry: Meant) -> Meant:
    """Mistype the scheme."""
    wrong = random.choice(["https:/", "https//", "htps://", "https:///", "HTTPS://", "https:\\\\"])
    if not entry.text.startswith("https://") or entry.tags & {"expression", "open"}:
        return entry
    return replace(entry, text=wrong + entry.text.removeprefix("https://"))


def comment(random: Random, entry: Meant) -> Meant:
    """Append a comment."""
    return replace(entry, text=f"{entry.text} # our site", tags=entry.tags | {"joined"})


def slip(random: Random, entry: Meant) -> Meant:
    """Drop, double or insert one character."""
    at = random.randrange(len(entry.text))
    text = entry.text
    changed = random.choice(
        [
            text[:at] + text[at + 1 :],
            text[:at] + text[at] + text[at:],
            text[:at] + random.choice("*?./:-%,_@a ") + text[at:],
        ]
    )
    return replace(entry, text=changed, is_sure=False)


MUTATIONS = (unchanged, unchanged, unchanged, wrap, hide, mistype, comment, slip)


def draw(random: Random) -> Meant:
    """Return a random entry."""
    entry = random.choice(TEMPLATES)(random)
    mutate = random.choice(MUTATIONS)
    return mutate(random, entry)


def draw_list(random: Random) -> Meant:
    """Return several entries that were pasted into one."""
    first, second = plain(random), random.choice([plain, bare, sub_domains])(random)
    separator = random.choice([",", ", ", ";", " ", "\n", "\t", "，"])
    return Meant(
        f"{first.text}{separator}{second.text}",
        (*first.hosts, *second.hosts),
        tuple(item for item in first.schemes if item in second.schemes),
        tags=frozenset({"joined"}),
    )
