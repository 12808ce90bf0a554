"""Entries whose correction is risky: templates with what their authors meant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from oss_referer import RefererConfiguration, Stage

BOTH, HTTPS, HTTP = ("https", "http"), ("https",), ("http",)


@dataclass(frozen=True)
class Meant:
    """An entry, and what its author meant by it."""

    text: str
    hosts: tuple[str, ...]
    """The hosts it names; `*.example.com` for a domain with its sub-domains."""
    schemes: tuple[str, ...] = BOTH
    ports: tuple[str, ...] = ("",)
    page: str = ""
    """A page that is meant, if it is not the origin."""

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


DOMAINS = ("example.com", "mysite.com.cn", "shop-online.net", "team.github.io", "a.co")
"""Domains that somebody has registered."""
APPID = "wx0123456789abcdef"
MINI_PAGE = f"https://servicewechat.com/{APPID}/7/page-frame.html"
MACHINE_PORTS = ("", ":3000", ":8080")

Row = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""An entry, the hosts that are meant, their schemes and their ports."""

EXPRESSIONS: tuple[Row, ...] = (
    ("https?://www.{d}*", ("www.{d}",), BOTH, ("",)),
    ("https?://www.{d}", ("www.{d}",), BOTH, ("",)),
    ("https?://www.{d}/", ("www.{d}",), BOTH, ("",)),
    ("https?://www.{d}/*", ("www.{d}",), BOTH, ("",)),
    ("https?://*.{d}*", ("*.{d}",), BOTH, ("",)),
    ("https?://*.{d}", ("*.{d}",), BOTH, ("",)),
    ("https?://{d}*", ("{d}",), BOTH, ("",)),
    ("https?://www.{d}:8080*", ("www.{d}",), BOTH, (":8080",)),
    ("https?://.*{d}*", ("*.{d}",), BOTH, ("",)),
    ("http[s]?://www.{d}*", ("www.{d}",), BOTH, ("",)),
    ("http(s)?://www.{d}*", ("www.{d}",), BOTH, ("",)),
    ("(http|https)://*.{d}*", ("*.{d}",), BOTH, ("",)),
    ("^https?://www.{d}*", ("www.{d}",), BOTH, ("",)),
    ("^https://www.{d}*$", ("www.{d}",), HTTPS, ("",)),
    (r"^https?://([a-z0-9-]+\.)*{e}.*", ("*.{d}",), BOTH, ("",)),
    (r"https?://www\.{e}*", ("www.{d}",), BOTH, ("",)),
    (r"https:\/\/www\.{e}\/", ("www.{d}",), HTTPS, ("",)),
    (r".*\.{e}*", ("*.{d}",), BOTH, ("",)),
    (r"~\.{e}", ("*.{d}",), BOTH, ("",)),
    ("https://(www|m).{d}*", ("www.{d}", "m.{d}"), HTTPS, ("",)),
    ("https://[a-z]+.{d}*", ("*.{d}",), HTTPS, ("",)),
    ("https://www.{d}.*", ("www.{d}",), HTTPS, ("",)),
    ("*.{d}$", ("*.{d}",), BOTH, ("",)),
    (r"/{e}/", ("{d}",), BOTH, ("",)),
)
STARS: tuple[Row, ...] = (
    ("https://www.{d}*", ("www.{d}",), HTTPS, ("",)),
    ("www.{d}*", ("www.{d}",), BOTH, ("",)),
    ("{d}*", ("{d}",), BOTH, ("",)),
    ("*{d}*", ("*.{d}", "{d}"), BOTH, ("",)),
    ("*.{d}*", ("*.{d}",), BOTH, ("",)),
    ("https://*.{d}*", ("*.{d}",), HTTPS, ("",)),
    ("https://*{d}", ("*.{d}", "{d}"), HTTPS, ("",)),
    ("https://img*.{d}*", ("img1.{d}", "img.{d}"), HTTPS, ("",)),
    ("https://www.*.{d}", ("www.a.{d}",), HTTPS, ("",)),
    ("https://*-dev.{d}", ("a-dev.{d}",), HTTPS, ("",)),
    ("*://www.{d}*", ("www.{d}",), BOTH, ("",)),
    ("*//www.{d}*", ("www.{d}",), BOTH, ("",)),
    ("http*://www.{d}*", ("www.{d}",), BOTH, ("",)),
    ("http*www.{d}", ("www.{d}",), BOTH, ("",)),
    ("https://www.{d}/*", ("www.{d}",), HTTPS, ("",)),
    ("https://www.example.*", ("www.example.com", "www.example.cn"), HTTPS, ("",)),
    ("https://shop.*", ("shop.com", "shop.com.cn"), HTTPS, ("",)),
    ("*.example.*", ("www.example.com", "m.example.cn"), BOTH, ("",)),
    ("www.example.*", ("www.example.com", "www.example.cn"), BOTH, ("",)),
    ("https://example.*/", ("example.com", "example.cn"), HTTPS, ("",)),
    ("https://www.exam*", ("www.example.com", "www.exam.cn"), HTTPS, ("",)),
)
PRIVATE: tuple[Row, ...] = (
    ("http://192.168.*", ("192.168.1.1", "192.168.20.7"), HTTP, MACHINE_PORTS),
    ("192.168.*", ("192.168.1.1",), BOTH, MACHINE_PORTS),
    ("http://192.168.1.*", ("192.168.1.1", "192.168.1.20"), HTTP, MACHINE_PORTS),
    ("http://192.168.1.*/", ("192.168.1.1", "192.168.1.20"), HTTP, ("",)),
    ("http://192.168.1.10", ("192.168.1.10",), HTTP, MACHINE_PORTS),
    ("192.168.1.10*", ("192.168.1.10",), BOTH, MACHINE_PORTS),
    ("10.*", ("10.0.0.5",), BOTH, MACHINE_PORTS),
    ("http://10.*", ("10.0.0.5", "10.1.2.3"), HTTP, MACHINE_PORTS),
    ("http://10.*.*.*", ("10.0.0.5", "10.1.2.3"), HTTP, MACHINE_PORTS),
    ("http://172.16.?.1/", ("172.16.3.1",), HTTP, ("",)),
    ("http://10.0.0.5:8080*", ("10.0.0.5",), HTTP, (":8080",)),
    ("*://127.0.0.1*", ("127.0.0.1",), BOTH, MACHINE_PORTS),
    ("localhost*", ("localhost",), BOTH, MACHINE_PORTS),
    ("http://localhost*", ("localhost",), HTTP, MACHINE_PORTS),
    ("http://localhost", ("localhost",), HTTP, MACHINE_PORTS),
    ("*localhost*", ("localhost",), BOTH, MACHINE_PORTS),
    ("localhost:3000", ("localhost",), BOTH, (":3000",)),
    ("http://localhost:*", ("localhost",), HTTP, MACHINE_PORTS),
    ("http://[::1]", ("[::1]",), HTTP, MACHINE_PORTS),
    ("http://nas.local*", ("nas.local",), HTTP, MACHINE_PORTS),
    ("http://intranet", ("intranet",), HTTP, MACHINE_PORTS),
)
PORTS: tuple[Row, ...] = (
    ("https://www.{d}:443", ("www.{d}",), HTTPS, ("",)),
    ("http://www.{d}:80/", ("www.{d}",), HTTP, ("",)),
    ("http://www.{d}:80*", ("www.{d}",), HTTP, ("", ":8080", ":80")),
    ("https://www.{d}:8443", ("www.{d}",), HTTPS, (":8443",)),
    ("https://www.{d}:8443*", ("www.{d}",), HTTPS, (":8443",)),
    ("https://www.{d}:*", ("www.{d}",), HTTPS, ("", ":8443", ":8080")),
    ("https://www.{d}:*/", ("www.{d}",), HTTPS, ("", ":8443", ":8080")),
    ("www.{d}:8080", ("www.{d}",), BOTH, (":8080",)),
    ("www.{d}:*", ("www.{d}",), BOTH, ("", ":8443", ":8080")),
    ("*.{d}:8080", ("*.{d}",), BOTH, (":8080",)),
    ("https://*.{d}:8443/", ("*.{d}",), HTTPS, (":8443",)),
    ("https://www.{d}:80443/", ("www.{d}",), HTTPS, ("",)),
)
NAMES: tuple[Row, ...] = (
    ("https://www.例子.com*", ("www.xn--fsqu00a.com",), HTTPS, ("",)),
    ("*.例子.com", ("*.xn--fsqu00a.com",), BOTH, ("",)),
    ("例子.com", ("xn--fsqu00a.com",), BOTH, ("",)),
    ("https://*.例子.com/", ("*.xn--fsqu00a.com",), HTTPS, ("",)),
    ("https://商店.{d}*", ("xn--1lq90i.{d}",), HTTPS, ("",)),
    ("http://WWW.{d}", ("www.{d}",), HTTP, ("",)),
    ("https://www.{d}.", ("www.{d}",), HTTPS, ("",)),
    (".{d}", ("*.{d}",), BOTH, ("",)),
    ("https://.{d}/", ("*.{d}",), HTTPS, ("",)),
)
DOCUMENTED: tuple[Row, ...] = (
    ("*.console.aliyun.com", ("oss.console.aliyun.com",), HTTPS, ("",)),
    ("*.console.aliyun.com/", ("oss.console.aliyun.com",), HTTPS, ("",)),
    ("https://*.console.aliyun.com", ("oss.console.aliyun.com",), HTTPS, ("",)),
    ("https://oss.console.aliyun.com*", ("oss.console.aliyun.com",), HTTPS, ("",)),
    ("*servicewechat.com", (), HTTPS, ("",)),
    ("*.servicewechat.com", (), HTTPS, ("",)),
    ("servicewechat.com", (), HTTPS, ("",)),
    ("https://servicewechat.com", (), HTTPS, ("",)),
    ("https://servicewechat.com/", (), HTTPS, ("",)),
    (f"https://servicewechat.com/{APPID}", (), HTTPS, ("",)),
    (f"https://servicewechat.com/{APPID}/*", (), HTTPS, ("",)),
    (f"servicewechat.com/{APPID}/", (), HTTPS, ("",)),
    (f"*servicewechat.com/{APPID}*", (), HTTPS, ("",)),
)
SCHEMES: tuple[Row, ...] = tuple(
    (f"{start}www.{{d}}{end}", ("www.{d}",), schemes, ("",))
    for start, schemes in (
        ("", BOTH), ("//", BOTH), ("https:/", HTTPS), ("http:", HTTP), ("htps://", HTTPS),
        ("https//", HTTPS), ("https:///", HTTPS), ("https:\\\\", HTTPS), ("HTTPS://", HTTPS),
        ("http://https://", BOTH), ("://", BOTH), ("https ://", HTTPS), ("http?://", BOTH),
    )
    for end in ("", "/", "*", "/*")
)  # fmt: skip
SUFFIXES: tuple[Row, ...] = (
    ("*.github.io", ("team.github.io",), BOTH, ("",)),
    ("https://*.github.io/", ("team.github.io",), HTTPS, ("",)),
    ("*.com.cn", ("mysite.com.cn",), BOTH, ("",)),
    ("https://*.com.cn", ("mysite.com.cn",), HTTPS, ("",)),
    ("https://www.*.com.cn/", ("www.mysite.com.cn",), HTTPS, ("",)),
    ("*.com", ("example.com",), BOTH, ("",)),
    ("https://*.team.github.io", ("*.team.github.io",), HTTPS, ("",)),
    ("https://team.github.io*", ("team.github.io",), HTTPS, ("",)),
)
PLAIN: tuple[Row, ...] = (
    ("https://www.{d}/", ("www.{d}",), HTTPS, ("",)),
    ("https://www.{d}", ("www.{d}",), HTTPS, ("",)),
    ("http://{d}", ("{d}",), HTTP, ("",)),
    ("https://*.{d}/", ("*.{d}",), HTTPS, ("",)),
    ("https://*.{d}", ("*.{d}",), HTTPS, ("",)),
    ("*.{d}", ("*.{d}",), BOTH, ("",)),
    ("{d}", ("{d}",), BOTH, ("",)),
    ("m.{d}/", ("m.{d}",), BOTH, ("",)),
)
SHAPES = (EXPRESSIONS, STARS, PRIVATE, PORTS, NAMES, DOCUMENTED, SCHEMES, SUFFIXES, PLAIN)
SEPARATORS = (",", ", ", ";", " ", "\n", "，", "|")


def draw(random: Random) -> tuple[str, tuple[Meant, ...]]:
    """Return a random entry; one in twelve has two that are joined."""
    if random.random() > 1 / 12:
        one = _draw(random)
        return one.text, (one,)
    parts = _draw(random), _draw(random)
    return random.choice(SEPARATORS).join(part.text for part in parts), parts


def _draw(random: Random) -> Meant:
    shape = random.choice(SHAPES)
    domain = random.choice(DOMAINS)
    escaped = domain.replace(".", r"\.")
    text, hosts, schemes, ports = random.choice(shape)
    return Meant(
        text.format(d=domain, e=escaped),
        tuple(host.format(d=domain) for host in hosts),
        schemes,
        ports,
        page=MINI_PAGE if "servicewechat" in text else "",
    )


OTHER_SITE = Meant("", ("shop.example.org",), HTTPS)
"""A site that no entry names."""


class Case:
    """Random rules with what was meant, and the sites that a person names."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)  # noqa: S311 - the same cases every time
        white, black = random.choice([(1, 0), (1, 0), (2, 0), (3, 0), (1, 1), (3, 2), (0, 1)])
        self.written = {
            Stage.WHITELIST: [draw(random) for _ in range(white)],
            Stage.BLACKLIST: [draw(random) for _ in range(black)],
        }
        self.white, self.black = (
            [one for _, meant in entries for one in meant] for entries in self.written.values()
        )
        self.rules = RefererConfiguration(
            allow_empty_referer=random.random() < 0.5,
            allow_truncate_query_string=random.random() < 0.8,
            truncate_path=random.random() < 0.05,
            whitelist=tuple(text for text, _ in self.written[Stage.WHITELIST]),
            blacklist=tuple(text for text, _ in self.written[Stage.BLACKLIST]),
        )
        named = random.choice([entry for entry in self.white if entry.hosts] + [OTHER_SITE])
        self.sites = [replace(named, hosts=named.hosts[:1], page="")]

    @property
    def written_sites(self) -> tuple[str, ...]:
        """The sites as a person names them."""
        return tuple(
            f"{host}{port}" if "*" in host else f"{scheme}://{host}{port}"
            for one in self.sites
            for host in one.hosts
            for scheme in one.schemes
            for port in one.ports
        )
