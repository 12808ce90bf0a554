"""A plain, slow oracle: whose page a Referer names, and samples of pages of owners and strangers.

It decides single Referers with the engine and nothing else: no search, no reading of entries. It
knows from the public suffix list which hosts have one owner.

To bind it: say what the person wants as a tuple of `Site` (`Case.wanted` of `lists.py` has it),
draw `own_pages(wish)` and `strangers(wish, rules)`, and compare two configurations with `lost` and
`newly_in`, or ask one with `denied_now` and `in_now`. All answers are tuples of Referers; an empty
tuple says only that no sample contradicts. The empty Referer "" stands for a request without one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice, product
from random import Random

import ada_url
from oss_referer import Assumptions, RefererConfiguration, RefererPolicy
from oss_referer.engine import DEFAULT
from publicsuffixlist import PublicSuffixList

HTTPS = ("https",)
HTTP = ("http",)
BOTH = ("https", "http")
DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Site:
    """Pages that a person means, as the person would describe them, not as an entry says it."""

    host: str = ""
    """As browsers send it: `www.example.com`, `[::1]`; of a network the beginning `192.168.`."""
    schemes: tuple[str, ...] = BOTH
    port: int | None = None
    """None is the default port of the scheme."""
    any_port: bool = False
    """A machine, such as `localhost`, whose ports all count."""
    subdomains: bool = False
    """Its sub-domains count too, at any depth."""
    apex: bool = True
    """Whether the host itself is surely meant; who writes `*.HOST` may mean only the others."""
    label: str = ""
    """With `pr-*`, the pages are those of `pr-1.HOST`, and not those of HOST."""
    network: bool = False
    appid: str | None = None
    """Of a WeChat mini program; "" if the person wants mini programs and named none."""


_FOR_EXAMPLE = ("your-domain.com", "your-site.com", "yourdomain.com")
"""What people leave in a list by mistake: no stranger, nor a site of theirs."""


class Whose(StrEnum):
    """To whom a page belongs."""

    OWN = "own"
    MAYBE = "maybe"
    """Another port, scheme or sub-domain of an owner: neither wanted nor a stranger."""
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Page:
    """The parts of a Referer."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query."""


_REFERER = re.compile(
    r"(https?)://(\[[0-9a-f:]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?)(?::(\d{1,5}))?(/[!-~]*)"
)
_MINI_PROGRAM = re.compile(r"https://servicewechat\.com/(wx[0-9a-f]{16})/\w+/page-frame\.html")
_APPID = re.compile(r"https://servicewechat\.com/(wx[0-9a-f]{16})/.*")


@lru_cache(100_000)
def parse(referer: str) -> Page | None:
    """Return the parts of a Referer; None if no browser sends this text.

    It is stricter than browsers: hosts with a final dot or an empty label are left out.
    """
    found = _REFERER.fullmatch(referer)
    if not found or ".." in found[2] or len(referer) > 4_096:  # B-03
        return None
    if any(len(label) > 63 or label[0] == "-" or label[-1] == "-" for label in found[2].split(".")):
        return None
    try:
        if ada_url.URL(referer).href != referer or "#" in referer:
            return None
    except ValueError:
        return None
    return Page(found[1], found[2], int(found[3] or DEFAULT_PORTS[found[1]]), found[4])


def is_sent_by_default(referer: str) -> bool:
    """Return whether a page sends this without a policy of its own: its origin with `/`.

    Mini programs send their whole URL (R-44). A page that sets `unsafe-url` sends any other text.
    """
    if not referer:
        return False
    page = parse(referer)
    return page is not None and (page.path == "/" or bool(_MINI_PROGRAM.fullmatch(referer)))


def is_address(host: str) -> bool:
    """Return whether a host is an IP address."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


_SUFFIXES = PublicSuffixList()


@lru_cache(100_000)
def owner(host: str) -> str:
    """Return a name that hosts of one owner share: the registered domain, or a machine."""
    if host in ("127.0.0.1", "[::1]") or host == "localhost" or host.endswith(".localhost"):
        return "localhost"
    if is_address(host) or "." not in host:
        return host
    return _SUFFIXES.privatesuffix(host) or host


def has(site: Site, referer: str) -> bool:
    """Return whether a page is one of a site."""
    page = parse(referer)
    if page is None:
        return False
    if site.appid is not None:
        found = _MINI_PROGRAM.fullmatch(referer)
        return found is not None and site.appid in ("", found[1])
    if page.scheme not in site.schemes:
        return False
    if not site.any_port and page.port != (site.port or DEFAULT_PORTS[page.scheme]):
        return False
    if site.network:
        return is_address(page.host) and page.host.startswith(site.host)
    if site.label:
        first, _, rest = page.host.partition(".")
        return rest == site.host and fnmatchcase(first, site.label)
    if page.host == site.host:
        return site.apex
    return site.subdomains and page.host.endswith(f".{site.host}")


class Owners:
    """The owners of some sites, to ask about many Referers."""

    def __init__(self, wish: Iterable[Site]) -> None:
        self._sites: dict[str, list[Site]] = {}
        self._networks = []
        self._appids = set()
        for site in wish:
            if site.appid is not None:
                self._appids.add(site.appid)
            elif site.network:
                self._networks.append(site)
            else:
                self._sites.setdefault(owner(site.host), []).append(site)

    def whose(self, referer: str) -> Whose:
        """Return to whom the page belongs that sends a Referer."""
        page = parse(referer)
        if page is None:
            raise ValueError(f"No browser sends {referer!r}.")
        if page.host == "servicewechat.com" and page.host not in self._sites:
            return self._whose_program(referer)
        sites = list(self._sites.get(owner(page.host), ()))
        if is_address(page.host):
            sites += (site for site in self._networks if page.host.startswith(site.host))
        if any(has(site, referer) for site in sites):
            return Whose.OWN
        return Whose.MAYBE if sites or owner(page.host) in _FOR_EXAMPLE else Whose.STRANGER

    def _whose_program(self, referer: str) -> Whose:
        found = _APPID.fullmatch(referer)
        if found is None or "" in self._appids:
            return Whose.MAYBE  # nobody's program, or the person named no appid
        if found[1] not in self._appids:
            return Whose.STRANGER
        return Whose.OWN if _MINI_PROGRAM.fullmatch(referer) else Whose.MAYBE


def whose(referer: str, wish: Iterable[Site]) -> Whose:
    """Return to whom the page belongs that sends a Referer."""
    return Owners(wish).whose(referer)


def site_of(text: str) -> Site:
    """Return the site that a short text names, such as an adviser has for its wish.

    `www.example.com`, `*.example.com`, `https://www.example.com:8443`, `http://192.168.*`,
    `https://servicewechat.com/wx0123456789abcdef/`; without a scheme, both count.
    """
    scheme, mark, rest = text.rpartition("://")
    schemes = (scheme,) if mark and scheme in BOTH else BOTH
    if found := re.fullmatch(r"servicewechat\.com(?:/(wx[0-9a-f]{16})?.*)?", rest):
        return Site(appid=found[1] or "")
    found = re.fullmatch(r"(\*\.)?(\[[^]]*\]|[^:/]*?)(\.\*)?(?::(\d+|\*))?/?", rest)
    if not found:
        raise ValueError(f"{text!r} names no site.")
    under, host, net, port = found.groups()
    label, _, parent = host.partition(".")
    wild = "*" in label or "?" in label
    return Site(
        f"{host}." if net else parent if wild else host,
        schemes,
        int(port) if port and port != "*" else None,
        any_port=port == "*",
        subdomains=bool(under),
        apex=not under,
        label=label if wild else "",
        network=bool(net),
    )


# Samples

APPIDS = ("wx7a1b2c3d4e5f6071", "wx0f9e8d7c6b5a4938")
"""Appids of nobody in particular."""

_SOME_PORTS = (8080, 3000, 5173, 8443)


def own_pages(wish: Iterable[Site]) -> tuple[str, ...]:
    """Return the Referers that pages of the wanted sites send by default."""
    return tuple(dict.fromkeys(referer for site in wish for referer in _pages(site)))


def mini_program(appid: str, version: str = "1") -> str:
    """Return the Referer of a mini program (R-44)."""
    return f"https://servicewechat.com/{appid}/{version}/page-frame.html"


def _pages(site: Site) -> Iterator[str]:
    if site.appid is not None:
        appids = (site.appid,) if site.appid else APPIDS
        yield from (
            mini_program(appid, version) for appid in appids for version in ("1", "devtools")
        )
        return
    for scheme in site.schemes:
        ports = [site.port or DEFAULT_PORTS[scheme], *(_SOME_PORTS if site.any_port else ())]
        for host, port in product(_hosts(site), ports):
            yield f"{scheme}://{host}{'' if port == DEFAULT_PORTS[scheme] else f':{port}'}/"


def _hosts(site: Site) -> Iterator[str]:
    if site.network:
        missing = 4 - len(site.host.rstrip(".").split("."))
        yield from (site.host + ".".join([last] * missing) for last in ("1", "20", "254"))
    elif site.label:
        for text in ("1", "42", "new-ui"):
            yield f"{site.label.replace('*', text).replace('?', text[0])}.{site.host}"
    else:
        if site.apex:
            yield site.host
        if site.subdomains:
            yield from (f"{label}.{site.host}" for label in ("www", "m", "a.b", "x-1"))


UNRELATED = (
    "https://evil.test/",
    "http://evil.test/",
    "https://evil.test/index.html",
    "http://evil.test:8080/",
    "https://www.baidu.com/",
    "http://www.baidu.com/",
    "https://evil.com.cn/",
    "https://evil.github.io/",
    "http://evil.co.uk/",
    "https://evil.xn--p1ai/",
    "https://www.evil/",
    "http://203.0.113.9/",
    "https://203.0.113.9:8443/",
    "http://192.168.77.7/",
    "http://[2001:db8::66]/",
    "http://localhost:4321/",
    "http://evil/",
    *(mini_program(appid) for appid in APPIDS),
)
"""Pages that have nothing to do with any list; some may be wanted by a list all the same."""


def strangers(
    wish: Sequence[Site],
    rules: Iterable[RefererConfiguration] = (),
    foreign: Iterable[str] = (),
    *,
    entries: int = 60,
    each: int = 48,
) -> tuple[str, ...]:
    """Return Referers that pages of strangers send, by default or by a policy of their own.

    Besides unrelated ones they are like the wanted hosts, aimed at entries of some `rules`, and of
    `foreign` hosts. Of long lists it aims at `entries` entries, which it draws by the list alone,
    with at most `each` Referers for each, and takes about 40 of many sites.
    """
    texts = list(
        dict.fromkeys(entry for one in rules for entry in (*one.whitelist, *one.blacklist))
    )
    if len(texts) > entries:
        texts = Random("\n".join(texts)).sample(texts, entries)  # noqa: S311
    found = dict.fromkeys(_usual_strangers(tuple(wish)))
    theirs = (f"{scheme}://{at}{host}/" for host in foreign for scheme in BOTH for at in ("", "m."))
    found |= dict.fromkeys(_of_strangers(theirs, wish))
    for text in texts:
        found |= dict.fromkeys(_aimed(text, tuple(wish), each))
    return tuple(found)


@lru_cache(1_000)
def _usual_strangers(wish: tuple[Site, ...]) -> tuple[str, ...]:
    some = wish if len(wish) <= 60 else (*wish[:20], *wish[:: len(wish) // 20])
    like = (referer for site in some for referer in _like(site))
    return tuple(_of_strangers(dict.fromkeys((*UNRELATED, *like)), wish))


@lru_cache(10_000)
def _aimed(entry: str, wish: tuple[Site, ...], most: int) -> tuple[str, ...]:
    """Return strangers aimed at an entry, of both kinds if there are: see `_is_chosen`."""
    aimed = _of_strangers(dict.fromkeys(aim(entry)), wish)
    found = sorted(islice(aimed, 4 * most), key=_is_chosen)
    half = most // 2
    return (*found[:half], *found[half:][-half:])


def _of_strangers(texts: Iterable[str], wish: Iterable[Site]) -> Iterator[str]:
    """Yield the texts that pages of strangers send."""
    owners = Owners(wish)
    for text in texts:
        if parse(text) is not None and owners.whose(text) is Whose.STRANGER:
            yield text


def _is_chosen(referer: str) -> bool:
    return not is_sent_by_default(referer)


def _like(site: Site) -> Iterator[str]:
    """Yield Referers of strangers whose host or path looks like that of a site."""
    if site.appid is not None:
        for appid in (*APPIDS, f"{site.appid[:-1]}0" if site.appid else APPIDS[0]):
            yield mini_program(appid)
        yield from _in_path("servicewechat.com", HTTPS)
        yield f"https://evil.test/https://servicewechat.com/{site.appid}/"
        yield "https://servicewechat.com.evil.test/"
        yield "https://evilservicewechat.com/"
        return
    host = site.host.rstrip(".")
    domain = host if is_address(host) else owner(host)
    name, _, suffix = domain.partition(".")
    for one in dict.fromkeys((host, domain)):
        label = site.label.replace("*", "1").replace("?", "1")
        for scheme in BOTH:
            yield f"{scheme}://{one}.evil.test/"
            yield f"{scheme}://{one}evil.test/"
            yield f"{scheme}://{one}-evil.test/"
            yield f"{scheme}://{one}.evil.test:8080/"
            yield f"{scheme}://evil{one}/"
            yield f"{scheme}://evil-{one}/"
            yield f"{scheme}://www.evil-{one}/"
            yield f"{scheme}://{one}.cn/"
            yield f"{scheme}://{label}.{one}.evil.test/" if label else f"{scheme}://www.{one}.test/"
        yield from _in_path(one, BOTH)
    for other in ("com", "net", "cn", "com.cn", "co", "xyz", "test", "evil.test"):
        for scheme in BOTH:
            yield f"{scheme}://{name}.{other}/"
            yield f"{scheme}://www.{name}.{other}/"
    for scheme in BOTH:
        if suffix:  # another owner below the same public suffix
            yield f"{scheme}://evil.{suffix}/"
            yield f"{scheme}://www.evil.{suffix}/"
        yield f"{scheme}://{name}/"
        yield f"{scheme}://evil.{name}/"
        yield f"{scheme}://{name}evil.test/"
        yield f"{scheme}://evil{name}.test/"


def _in_path(host: str, schemes: Sequence[str]) -> Iterator[str]:
    for scheme in schemes:
        yield f"{scheme}://evil.test/{host}"
        yield f"{scheme}://evil.test/{host}/"
        yield f"{scheme}://evil.test/.{host}/"
        yield f"{scheme}://evil.test/a.{host}/"
        yield f"{scheme}://evil.test/?{host}/"
        for inner in schemes:
            yield f"{scheme}://evil.test/{inner}://{host}/"
            yield f"{scheme}://evil.test/{inner}://a.{host}/"
            yield f"{scheme}://evil.test/?{inner}://{host}/"


_AT_THE_START = (
    *("https://evil.test/", "http://evil.test/", "https://evil.test/?", "https://evil.test/x"),
    *("https://evil", "http://evil", "https://www.evil", "https://evil-", "http://evil."),
    *("https://", "http://", "https", "http", "https:", "http:", "https://evil.test:8080/"),
    *("https://evil.test/https", "https://evil.test/https:", "h"),
)
_WITHIN = (
    *("", "evil.test/", "x.evil.test/", ".evil.test/", "evil", "evil.test", "a.b", "x", "xyz/"),
    *("1", "80/", "s", "s://evil.test/", "://evil.test/", "//evil.test/", "evil.test/https://"),
    *("evil.test/x", "/", "-evil.test/", "evil.test/?", "cn", "s://evil", "1.2", "evil.test/http"),
    *("s://evil.test/http", "s://evil.test/https", "ttps://evil.test/"),
)
_AT_THE_END = (
    *("", "/", ".evil.test/", "evil.test/", "-evil.test/", "evil/", "x/", "1/", ":8080/", ".cn/"),
    *("www.evil.test/", "ttps://evil.test/", "ttp://evil.test/", "//evil.test/", "://evil.test/"),
    *("s://evil.test/", "evil.test/x", "index.html"),
)
_ONE = ("s", "h", ".", "/", "1", "-", "x", ":")
"""What stands for a `?`."""


def aim(entry: str, most: int = 90) -> Iterator[str]:
    """Yield texts that an entry matches, with adversarial texts for its wildcards and its end.

    The entry is also tried in small letters, without its path and by its parts between commas, as
    some assumptions read it. Many of the texts are no Referers.
    """
    whole = entry.strip()
    read = [whole, whole.lower(), *(part.strip() for part in whole.split(","))]
    read += re.findall(r"^[^/]*://[^/]*", whole)
    for text in dict.fromkeys(read):
        wild = [place for place, mark in enumerate(text) if mark in "*?"]
        parts = re.split(r"[*?]", text)
        choices = [
            _ONE if text[place] == "?" else _WITHIN if place else _AT_THE_START for place in wild
        ]
        for fillers in _some(choices, text, most):
            filled = parts[0] + "".join(a + b for a, b in zip(fillers, parts[1:], strict=True))
            if filled[:4].lower() in ("http", "h", ""):
                yield from (filled + end for end in _AT_THE_END)


def _some(choices: Sequence[Sequence[str]], seed: str, most: int) -> Iterator[tuple[str, ...]]:
    """Yield all combinations, or if these are too many each text once, and some by chance."""
    number = 1
    for some in choices:
        number *= len(some)
    if number <= most:
        yield from product(*choices)
        return
    chance = Random(seed)  # noqa: S311
    # Where a text does not matter, short ones leave room for what matters at another wildcard.
    plain = [
        ("https://evil.test/", "https://", "https")[: len(some)]
        if some is _AT_THE_START
        else ("", "x")
        for some in choices
    ]
    for place, some in enumerate(choices):
        for text in some:
            yield tuple(
                text if place == at else chance.choice(others if some_at is not _ONE else _ONE)
                for at, (others, some_at) in enumerate(zip(plain, choices, strict=True))
            )
    for _ in range(most):
        yield tuple(map(chance.choice, choices))


# Decisions

EMPTY = ""
"""The Referer of a request without one."""


def allowed(
    rules: RefererConfiguration, referers: Iterable[str], assumptions: Assumptions = DEFAULT
) -> tuple[str, ...]:
    """Return the Referers that rules let in, by the engine."""
    policy = RefererPolicy.compile(rules, assumptions)
    return tuple(referer for referer in referers if policy.allows(referer))


def in_now(
    rules: RefererConfiguration, strangers: Iterable[str], assumptions: Assumptions = DEFAULT
) -> tuple[str, ...]:
    """Return the strangers' Referers that rules let in."""
    return allowed(rules, strangers, assumptions)


def denied_now(
    rules: RefererConfiguration, own: Iterable[str], assumptions: Assumptions = DEFAULT
) -> tuple[str, ...]:
    """Return the own pages that rules deny."""
    own = tuple(own)
    let_in = set(allowed(rules, own, assumptions))
    return tuple(referer for referer in own if referer not in let_in)


def lost(
    before: RefererConfiguration,
    after: RefererConfiguration,
    own: Iterable[str],
    assumptions: Assumptions = DEFAULT,
) -> tuple[str, ...]:
    """Return the own pages that get in before and not after."""
    return denied_now(after, allowed(before, own, assumptions), assumptions)


def newly_in(
    before: RefererConfiguration,
    after: RefererConfiguration,
    strangers: Iterable[str],
    assumptions: Assumptions = DEFAULT,
) -> tuple[str, ...]:
    """Return the strangers' Referers that get in after and not before."""
    return allowed(after, denied_now(before, strangers, assumptions), assumptions)
