"""Lists of rules as people write them, made by chance, with what their author meant.

To bind it: `case(seed)` returns a `Case`; its `rules`, `stated` and `assumptions` are what an
adviser may know, and `meant`, `everybody`, `placeholders` and `foreign` what only the author knows.
`cases(number)` yields usual ones, `long_case` and `huge_case` the long ones, `pairs(seed)` pairs of
cases whose plans must correspond, and `KNOWN` has fixed cases with what must never happen to them.
The same seed always gives the same case. The lines of the table of styles are as long as they need.
"""

# ruff: noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from oss_referer import Assumptions, RefererConfiguration
from oss_referer.engine import DEFAULT
from oss_referer.engine.policy import MAX_SIZE

from tests.referer.plan.oracle import HTTP, HTTPS, Site, mini_program

Rules = RefererConfiguration


@dataclass(frozen=True, slots=True)
class Case:
    """Rules, and what their author meant."""

    name: str
    rules: Rules
    meant: tuple[Site, ...] = ()
    """The sites that the author wants to let in, whether or not the entries do."""
    stated: tuple[Site, ...] = ()
    """The sites that a person names beside the rules; often none."""
    everybody: tuple[str, ...] = ()
    """The entries of the whitelist that are for everybody."""
    placeholders: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    """Hosts of others that the author wants to keep out."""
    kinds: frozenset[str] = frozenset()
    """The names of the styles in which the entries are written."""
    assumptions: Assumptions = DEFAULT

    @property
    def wanted(self) -> tuple[Site, ...]:
        """The sites that count: those that a person states, or else those that the author meant.

        Who states only mini programs says nothing of the sites.
        """
        if not self.stated or any(site.host for site in self.stated):
            return self.stated or self.meant
        return (*self.stated, *(site for site in self.meant if site.host))

    def with_rules(self, rules: Rules) -> Case:
        """Return the case after a change of its rules."""
        return replace(self, rules=rules)


@dataclass(frozen=True, slots=True)
class Style:
    """A way to write entries for some sites."""

    name: str
    weight: int
    entries: tuple[str, ...]
    sites: tuple[Site, ...] = ()
    black: tuple[str, ...] = ()
    right: bool = False
    """Alone it lets in all pages of its sites and no page of a stranger, whatever that sends."""
    opens: bool = False
    """Alone it lets in strangers."""
    dead: bool = False
    """Alone it lets in no page of its sites."""
    foreign: tuple[str, ...] = ()
    placeholder: bool = False


def _style(
    name: str, weight: int, *entries: str, sites: Sequence[Site] = (), **more: object
) -> Style:
    return Style(name, weight, entries, tuple(sites), **more)  # type: ignore[arg-type]


_WWW = (Site("{www}"),)
_WWW_S = (Site("{www}", HTTPS),)
_WWW_H = (Site("{www}", HTTP),)
_ALL = (Site("{domain}", subdomains=True),)
_SUB = (Site("{domain}", subdomains=True, apex=False),)
_SUB_S = (Site("{domain}", HTTPS, subdomains=True, apex=False),)
_SUB_H = (Site("{domain}", HTTP, subdomains=True, apex=False),)
_TWO = (Site("{www}", HTTPS), Site("{other}", HTTPS))
_BRAND = tuple(Site(f"www.{{name}}.{tld}", HTTPS) for tld in ("com", "cn", "com.hk"))
_MINI = (Site(appid="{appid}"),)
_MINIS = (Site(appid=""),)
_LOCALHOST = (Site("localhost", any_port=True),)
_TEN = (Site("10.0.0.1", HTTP),)
_PREVIEW = (Site("preview.{domain}", HTTPS, label="pr-*"),)

STYLES = (
    # Right
    _style("right", 16, "https://{www}/", sites=_WWW_S, right=True),
    _style("right-both", 6, "https://{www}/", "http://{www}/", sites=_WWW, right=True),
    _style("right-http", 3, "http://{www}/", sites=_WWW_H, right=True),
    _style("right-port", 2, "https://{www}:8443/", sites=[Site("{www}", HTTPS, 8443)], right=True),
    _style("right-machine", 2, "http://10.0.0.1/", sites=[Site("10.0.0.1", HTTP)], right=True),
    _style("right-mini", 3, "https://servicewechat.com/{appid}/", sites=_MINI, right=True),
    _style("right-minis", 2, "https://servicewechat.com/", sites=_MINIS, right=True),
    _style("right-brand", 2, "https://blog.google/", sites=[Site("blog.google", HTTPS)], right=True),
    _style("right-brand-root", 1, "https://www.bmw/", sites=[Site("www.bmw", HTTPS)], right=True),
    _style("right-pages", 2, "https://{name}.github.io/", sites=[Site("{name}.github.io", HTTPS)], right=True),
    _style("right-puny", 1, "https://xn--fsqu00a.{domain}/", sites=[Site("xn--fsqu00a.{domain}", HTTPS)], right=True),
    _style("guarded", 4, "https://*.{domain}/", sites=_SUB_S,
           black=("https://*/*.{domain}/",)),
    _style("guarded-both", 2, "https://*.{domain}/", "http://*.{domain}/", "https://{domain}/",
           sites=_ALL, black=("http*://*/*.{domain}/",)),
    # Nearly right
    _style("no-slash", 10, "https://{www}", sites=_WWW_S, opens=True),
    _style("no-slash-http", 4, "http://{www}", sites=_WWW_H, opens=True),
    _style("no-scheme", 8, "{www}", sites=_WWW, dead=True),
    _style("no-scheme-slash", 2, "{www}/", sites=_WWW, dead=True),
    _style("slashes-only", 1, "//{www}/", sites=_WWW, dead=True),
    _style("star-dot", 8, "*.{domain}", sites=_SUB, opens=True),
    _style("star-dot-slash", 2, "*.{domain}/", sites=_SUB, opens=True),
    _style("star-dot-all", 2, "*.{domain}/*", sites=_SUB, opens=True),
    _style("star", 3, "*{domain}", sites=_ALL, opens=True),
    _style("stars", 6, "*{domain}*", sites=_ALL, opens=True),
    _style("http-star-dot", 4, "http://*.{domain}", sites=_SUB_H, opens=True),
    _style("http-star-dot-slash", 2, "http://*.{domain}/", sites=_SUB_H, opens=True),
    _style("https-star-dot", 4, "https://*.{domain}/", sites=_SUB_S, opens=True),
    _style("http-star-host", 2, "http*://{www}/", sites=_WWW, opens=True),
    _style("any-scheme", 4, "*://{www}/*", sites=_WWW, opens=True),
    _style("any-scheme-slash", 2, "*://{www}/", sites=_WWW, opens=True),
    _style("any-scheme-sub", 2, "*://*.{domain}/*", sites=_SUB, opens=True),
    _style("any-slashes", 1, "*//{www}/", sites=_WWW, opens=True),
    _style("upper", 2, "HTTPS://{WWW}/", sites=_WWW_S, dead=True),
    _style("title", 2, "https://{Www}/", sites=_WWW_S, dead=True),
    _style("blanks", 4, " https://{www}/  ", sites=_WWW_S, right=True),
    _style("tab", 1, "\thttps://{www}/\r\n", sites=_WWW_S, right=True),
    _style("wide-blank", 1, "https://{www}/\u3000", sites=_WWW_S, dead=True),
    _style("quotes", 2, '"https://{www}/"', sites=_WWW_S, dead=True),
    _style("apostrophes", 1, "'https://{www}/'", sites=_WWW_S, dead=True),
    _style("curly-quotes", 1, "“https://{www}/”", sites=_WWW_S, dead=True),
    _style("angles", 1, "<https://{www}/>", sites=_WWW_S, dead=True),
    _style("commas", 3, "https://{www}/,https://{other}/", sites=_TWO, dead=True),
    _style("comma-blank", 1, "https://{www}/, https://{other}/", sites=_TWO, dead=True),
    _style("commas-no-scheme", 1, "{www},{other}", sites=[Site("{www}"), Site("{other}")], dead=True),
    _style("wide-comma", 1, "https://{www}/，https://{other}/", sites=_TWO, dead=True),
    _style("newlines", 2, "https://{www}/\nhttps://{other}/", sites=_TWO, dead=True),
    _style("semicolons", 1, "https://{www}/;https://{other}/", sites=_TWO, dead=True),
    _style("one-blank", 1, "https://{www}/ https://{other}/", sites=_TWO, dead=True),
    _style("one-slash", 1, "https:/{www}/", sites=_WWW_S, dead=True),
    _style("colon-only", 1, "https:{www}/", sites=_WWW_S, dead=True),
    _style("colon-star", 1, "https:*{www}/", sites=_WWW_S, opens=True),
    _style("no-colon", 1, "https//{www}/", sites=_WWW_S, dead=True),
    _style("backslashes", 1, "https:\\\\{www}\\", sites=_WWW_S, dead=True),
    _style("misspelt-scheme", 1, "htps://{www}/", sites=_WWW_S, dead=True),
    _style("userinfo", 1, "https://user:secret@{www}/", sites=_WWW_S, dead=True),
    # Paths, queries, ports
    _style("path", 3, "https://{www}/shop/*", sites=_WWW_S, dead=True),
    _style("page", 1, "https://{www}/index.html", sites=_WWW_S, dead=True),
    _style("star-path", 2, "https://{www}/*", sites=_WWW_S, right=True),
    _style("percent", 2, "https://{www}/%E4%BE%8B/", sites=_WWW_S, dead=True),
    _style("percent-small", 1, "https://{www}/%e4%be%8b/*", sites=_WWW_S, dead=True),
    _style("raw-path", 1, "https://{www}/例/", sites=_WWW_S, dead=True),
    _style("query", 2, "https://{www}/?from=app", sites=_WWW_S, dead=True),
    _style("query-star", 1, "https://{www}/?from=*", sites=_WWW_S, dead=True),
    _style("fragment", 1, "https://{www}/#top", sites=_WWW_S, dead=True),
    _style("port", 2, "http://{www}:8080", sites=[Site("{www}", HTTP, 8080)]),
    _style("port-no-scheme", 1, "{www}:8080", sites=[Site("{www}", port=8080)], dead=True),
    _style("port-prefix", 1, "http://{www}:80*", sites=[Site("{www}", HTTP, 8080), Site("{www}", HTTP)]),
    _style("port-star", 1, "http://{www}:*", sites=[Site("{www}", HTTP, any_port=True)]),
    _style("port-too-large", 1, "https://{www}:99999/", sites=_WWW_S, dead=True),
    _style("port-default", 2, "https://{www}:443/", sites=_WWW_S, dead=True),
    _style("port-default-http", 1, "http://{www}:80", sites=_WWW_H, dead=True),
    _style("port-of-the-other", 1, "http://{www}:443/", sites=[Site("{www}", HTTP, 443)], right=True),
    # Expressions, and hosts with wildcards
    _style("regex", 2, "^https?://{www_escaped}/.*$", sites=_WWW, dead=True),
    _style("regex-host", 1, "^{www_escaped}", sites=_WWW, dead=True),
    _style("regex-optional", 1, "https?://{www}/", sites=_WWW, dead=True),
    _style("regex-any", 1, ".*\\.{domain_escaped}", sites=_SUB, dead=True),
    _style("regex-choice", 1, "(http|https)://{www}/", sites=_WWW, dead=True),
    _style("tilde", 1, "~\\.{name}\\.", sites=_SUB, dead=True),
    _style("any-domain", 3, "https://www.{name}.*", sites=_BRAND, opens=True),
    _style("any-domain-slash", 1, "https://www.{name}.*/", sites=_BRAND, opens=True),
    _style("google", 1, "https://www.google.*", opens=True,
           sites=[Site("www.google.com", HTTPS), Site("www.google.com.hk", HTTPS)]),
    _style("after-host", 2, "http://{www}.*", sites=_WWW_H, opens=True, dead=True),
    _style("cut-name", 2, "www.{stem}*", sites=[Site("www.{domain}")], dead=True),
    _style("cut-name-scheme", 1, "https://www.{stem}*", sites=[Site("www.{domain}", HTTPS)], opens=True),
    _style("cut-name-stars", 1, "*{stem}*", sites=_ALL, opens=True),
    _style("preview", 2, "https://pr-*.preview.{domain}/", sites=_PREVIEW, opens=True),
    _style("numbered", 1, "https://img?.{domain}/", sites=[Site("{domain}", HTTPS, label="img?")], opens=True),
    _style("lettered", 1, "https://img*.{domain}", sites=[Site("{domain}", HTTPS, label="img*")], opens=True),
    _style("doubled", 1, "https://**.{domain}/", sites=_SUB_S, opens=True),
    _style("dot-first", 2, ".{domain}", sites=_SUB, dead=True),
    _style("at-first", 1, "@{domain}", sites=_ALL, dead=True),
    # Public suffixes, others' platforms
    _style("suffix-cn", 2, "*.com.cn", sites=[Site("www.{name}.com.cn")], opens=True),
    _style("suffix-pages", 2, "https://*.github.io/", sites=[Site("{name}.github.io", HTTPS)], opens=True),
    _style("suffix-pages-star", 1, "*.github.io", sites=[Site("{name}.github.io")], opens=True),
    _style("suffix-tld", 1, "https://*.cn", sites=[Site("www.{name}.cn", HTTPS)], opens=True),
    _style("mini-star", 3, "*servicewechat.com*", sites=_MINIS, opens=True),
    _style("mini-star-dot", 2, "*.servicewechat.com", sites=_MINIS, opens=True, dead=True),
    _style("mini-no-scheme", 1, "servicewechat.com", sites=_MINIS, dead=True),
    _style("mini-appid-star", 2, "https://servicewechat.com/{appid}*", sites=_MINI),
    _style("mini-appid-all", 2, "https://servicewechat.com/{appid}/*", sites=_MINI, right=True),
    _style("mini-appid-mark", 1, "https://servicewechat.com/?{appid_rest}/", sites=_MINI),
    _style("mini-appid-bare", 1, "{appid}", sites=_MINI, dead=True),
    _style("mini-appid-mark-bare", 1, "?{appid}", sites=_MINI, dead=True),
    _style("mini-appid-stars", 1, "*{appid}*", sites=_MINI, opens=True),
    _style("mini-appid-any", 1, "*://servicewechat.com/{appid}/*", sites=_MINI, opens=True),
    _style("console", 2, "*.console.aliyun.com", opens=True,
           sites=[Site("console.aliyun.com", HTTPS, subdomains=True, apex=False)]),
    _style("console-oss", 1, "https://oss.console.aliyun.com/", right=True,
           sites=[Site("oss.console.aliyun.com", HTTPS)]),
    # Machines and networks
    _style("network", 2, "http://192.168.*", sites=[Site("192.168.", HTTP, any_port=True, network=True)], opens=True),
    _style("network-slash", 1, "http://192.168.1.*/", sites=[Site("192.168.1.", HTTP, network=True)], opens=True),
    _style("network-no-scheme", 1, "192.168.*", sites=[Site("192.168.", HTTP, network=True)], dead=True),
    _style("machine", 2, "http://10.0.0.1", sites=_TEN, opens=True),
    _style("machine-port", 2, "http://10.0.0.1:8080", sites=[Site("10.0.0.1", HTTP, 8080)]),
    _style("machine-no-scheme", 1, "10.0.0.1:8080", sites=[Site("10.0.0.1", port=8080)], dead=True),
    _style("localhost", 2, "http://localhost", sites=[Site("localhost", HTTP, any_port=True)], opens=True),
    _style("localhost-port", 2, "localhost:8080", sites=[Site("localhost", port=8080)], dead=True),
    _style("localhost-ports", 2, "http://localhost:*", sites=[Site("localhost", HTTP, any_port=True)]),
    _style("localhost-star", 1, "localhost*", sites=_LOCALHOST, dead=True),
    _style("localhost-stars", 2, "*localhost*", sites=_LOCALHOST, opens=True),
    _style("loopback", 1, "http://127.0.0.1*", sites=[Site("127.0.0.1", HTTP, any_port=True)], opens=True),
    _style("ipv6", 1, "[::1]", sites=[Site("[::1]", any_port=True)], dead=True),
    _style("ipv6-port", 1, "http://[::1]:3000/", sites=[Site("[::1]", HTTP, 3000)], right=True),
    _style("ipv6-slashes", 1, "//[::1]/*", sites=[Site("[::1]", any_port=True)], dead=True),
    # International hosts
    _style("international", 2, "https://例子.{domain}/", sites=[Site("xn--fsqu00a.{domain}", HTTPS)], dead=True),
    _style("international-no-scheme", 1, "例子.{domain}", sites=[Site("xn--fsqu00a.{domain}")], dead=True),
    _style("wide-dots", 1, "https://www。{domain}/", sites=[Site("www.{domain}", HTTPS)], dead=True),
    # Nothing that is a site
    _style("placeholder", 2, "${{var.domain}}", placeholder=True),
    _style("placeholder-url", 2, "https://${{var.domain}}/", placeholder=True),
    _style("placeholder-angles", 1, "<your-domain>", placeholder=True),
    _style("placeholder-angles-url", 1, "https://<your-domain>/", placeholder=True),
    _style("placeholder-braces", 1, "{{{{ host }}}}", placeholder=True),
    _style("placeholder-env", 1, "https://$SITE_HOST/", placeholder=True),
    _style("placeholder-words", 1, "https://your-domain.com/", placeholder=True),
    _style("placeholder-percent", 1, "https://%(host)s/", placeholder=True),
    _style("file", 1, "file://*"),
    _style("file-slashes", 1, "file:///"),
    _style("app", 1, "capacitor://localhost"),
    _style("app-ionic", 1, "ionic://localhost"),
    _style("app-android", 1, "android-app://com.{name}.app"),
    _style("extension", 1, "chrome-extension://abcdefghijklmnopabcdefghijklmnop/"),
    _style("null", 1, "null"),
    _style("none", 1, "none"),
    _style("blank", 2, ""),
    _style("blanks-only", 1, "   "),
    _style("comment", 1, "# our shop"),
    _style("remark", 1, "https://{www}/ # our shop", sites=_WWW_S, dead=True),
)  # fmt: skip
"""Ways to write entries; the weights are guesses at how usual they are."""

EVERYBODY = ("*", "*", "*", "http*", "https://", "http://", "https://*", "http://*", "?", "*://*/*",
             "http*://*", "*.*", "**", "*/", "h*", "https*", " * ", "*:*")  # fmt: skip
"""Entries that let in everybody, or everybody with a scheme."""

BLACK = (
    _style("black-right", 6, black=("https://bad.{name}.com/", "http://bad.{name}.com/"), foreign=("bad.{name}.com",)),
    _style("black-star-dot", 4, black=("*.bad{name}.net",), foreign=("www.bad{name}.net",)),
    _style("black-stars", 3, black=("*bad{name}.com*",), foreign=("bad{name}.com",)),
    _style("black-idle", 4, black=("bad{name}.com",), foreign=("bad{name}.com",)),
    _style("black-idle-upper", 2, black=("HTTPS://BAD{NAME}.COM/",), foreign=("bad{name}.com",)),
    _style("black-idle-path", 1, black=("https://bad{name}.com/gallery/*",), foreign=("bad{name}.com",)),
    _style("black-one-scheme", 3, black=("http://bad{name}.com/",), foreign=("bad{name}.com",)),
    _style("black-no-slash", 2, black=("https://bad{name}.com",), foreign=("bad{name}.com",)),
    _style("black-file", 1, black=("file://*",)),
    _style("black-placeholder", 1, black=("https://${{var.rival}}/",), placeholder=True),
    _style("black-own", 3, "https://{www}/", black=("*://*.{domain}/",), sites=_WWW_S),
    _style("black-own-scheme", 2, "http://{www}/", "https://{www}/", black=("http://{www}",), sites=_WWW),
    _style("black-own-sub", 2, "https://*.{domain}/", black=("https://old.{domain}/",), sites=[Site("www.{domain}", HTTPS)]),
    _style("black-own-all", 1, "https://{www}/", black=("*{domain}*",), sites=_WWW_S),
    _style("black-same", 1, "https://{www}/", black=("https://{www}/",), sites=_WWW_S),
    _style("black-everybody", 1, black=("*",)),
)  # fmt: skip
"""Ways to write a blacklist, some of them beside entries of the whitelist."""

STEMS = tuple(
    "luno tark vibo quor zivo moxi peld nuga hyro jexa wilo kuze fyra doxu gliv yaro".split()
)
OTHER_STEMS = tuple(
    "sefu brin kolm wyra dapu leth vosk myxi tofa cruz henk zalp jubo ruvi noph opty".split()
)
"""As long as STEMS, so that a case with other names differs in nothing else."""
TAILS = ("", "shop", "soft", "-media", "cdn", "24", "labs", "edu")
SUFFIXES = (
    *["com"] * 6,
    "cn",
    "cn",
    "com.cn",
    "com.cn",
    "net",
    "co.uk",
    "dev",
    "shop",
    "test",
    "org.cn",
)
HOSTS = (
    *["www.{domain}"] * 4,
    "{domain}",
    "{domain}",
    "m.{domain}",
    "img.{domain}",
    "static.cdn.{domain}",
)


class _Author:
    """Writes entries; all names that it draws differ."""

    def __init__(self, chance: Random, stems: Sequence[str]) -> None:
        self.chance = chance
        self._stems = stems
        self._used: set[str] = set()

    def write(self, style: Style, names: Mapping[str, str] | None = None) -> Style:
        """Return a style with names in place of its braces."""
        drawn = names or self.names()

        def fill(text: str) -> str:
            return text.format_map(drawn)

        return replace(
            style,
            entries=tuple(map(fill, style.entries)),
            black=tuple(map(fill, style.black)),
            foreign=tuple(map(fill, style.foreign)),
            sites=tuple(
                replace(site, host=fill(site.host), appid=site.appid and fill(site.appid))
                for site in style.sites
            ),
        )

    def names(self) -> dict[str, str]:
        """Draw the names of one author's site."""
        stem, name = self._name()
        domain = f"{name}.{self.chance.choice(SUFFIXES)}"
        www = self.chance.choice(HOSTS).format(domain=domain)
        other = f"static.{self._name()[1]}.{self.chance.choice(SUFFIXES)}"
        appid = "wx" + "".join(self.chance.choices("0123456789abcdef", k=16))
        return {
            "stem": stem,
            "name": name,
            "NAME": name.upper(),
            "domain": domain,
            "domain_escaped": re.escape(domain),
            "www": www,
            "WWW": www.upper(),
            "Www": www.title(),
            "www_escaped": re.escape(www),
            "other": other,
            "appid": appid,
            "appid_rest": appid[1:],
        }

    def _name(self) -> tuple[str, str]:
        while True:
            place = self.chance.randrange(len(self._stems))
            tail = self.chance.choice(TAILS)
            number = str(len(self._used)) if len(self._used) > 20 else ""
            key = f"{place}{tail}{number}"
            if key not in self._used:
                self._used.add(key)
                return self._stems[place], f"{self._stems[place]}{tail}{number}"


def _draw(chance: Random, styles: Sequence[Style], number: int) -> list[Style]:
    return chance.choices(styles, [style.weight for style in styles], k=number)


VARIANTS = tuple(
    assumptions
    for _, assumptions in DEFAULT.alternatives(
        *(
            "empty_whitelist",
            "letter_case",
            "white_space",
            "cut_path",
            "cut_entries",
            "joined_entry",
        )
    )
)

SHAPES = {
    "usual": 46,
    "with-blacklist": 18,
    "everybody-beside": 14,
    "everybody-alone": 5,
    "blacklist-alone": 5,
    "one-entry": 12,
}
"""How lists are composed, with weights."""


def case(seed: int, stems: Sequence[str] = STEMS) -> Case:
    """Return one case of one to about twelve entries."""
    chance = Random(seed)  # noqa: S311
    author = _Author(chance, stems)
    shape = chance.choices(list(SHAPES), list(SHAPES.values()))[0]
    number = {"one-entry": 1, "everybody-alone": 0, "blacklist-alone": 0}.get(shape)
    styles = _draw(chance, STYLES, chance.randint(1, 5) if number is None else number)
    if shape in ("with-blacklist", "everybody-alone", "blacklist-alone"):
        alone = [style for style in BLACK if not style.entries]
        least = 0 if shape == "everybody-alone" else 1
        black = BLACK if shape == "with-blacklist" else alone
        styles += _draw(chance, black, chance.randint(least, 3))
    elif shape == "everybody-beside" and chance.random() < 0.4:
        styles += _draw(chance, BLACK, 1)
    written = [author.write(style) for style in styles]
    everybody: list[str] = []
    if shape in ("everybody-beside", "everybody-alone"):
        everybody = chance.sample(EVERYBODY, 2 if chance.random() < 0.1 else 1)
    return _compose(f"{shape}-{seed}", chance, author, written, everybody)


def _compose(
    name: str, chance: Random, author: _Author, written: Sequence[Style], everybody: Sequence[str]
) -> Case:
    white = [entry for style in written for entry in style.entries]
    black = [entry for style in written for entry in style.black]
    white += everybody
    if chance.random() < 0.5:
        chance.shuffle(white)
    for entries in (white, black):
        if entries and chance.random() < 0.12:
            entries.insert(chance.randrange(len(entries) + 1), chance.choice(entries))
    meant = tuple(dict.fromkeys(site for style in written for site in style.sites))
    kinds = {style.name for style in written} | ({"everybody"} if everybody else set())
    truncates = chance.random() < 0.85
    rules = Rules(
        allow_empty_referer=chance.random() < 0.6,
        allow_truncate_query_string=truncates,
        truncate_path=chance.random() < (0.1 if truncates else 0.03),
        whitelist=tuple(white),
        blacklist=tuple(black),
    )
    return Case(
        name,
        rules,
        meant,
        _state(chance, author, meant),
        tuple(everybody),
        tuple(
            entry
            for style in written
            if style.placeholder
            for entry in (*style.entries, *style.black)
        ),
        tuple(host for style in written for host in style.foreign),
        frozenset(kinds),
        chance.choice(VARIANTS) if chance.random() < 0.12 else DEFAULT,
    )


def _state(chance: Random, author: _Author, meant: tuple[Site, ...]) -> tuple[Site, ...]:
    """Draw the sites that a person names: mostly none, all, one, or one that no entry names."""
    drawn = chance.random()
    if drawn < 0.68:
        return ()
    if drawn < 0.86:
        return meant
    if drawn < 0.95:
        return meant[:1]
    return author.write(Style("", 0, (), _WWW_S)).sites


def cases(number: int, start: int = 0) -> Iterator[Case]:
    """Yield cases by the seeds from `start` on."""
    return map(case, range(start, start + number))


def long_case(seed: int, stems: Sequence[str] = STEMS) -> Case:
    """Return a case of about 40 entries; half of these cases have an entry for everybody."""
    chance = Random(f"long {seed}")  # noqa: S311
    author = _Author(chance, stems)
    styles = [*_draw(chance, STYLES, 36), *_draw(chance, BLACK, chance.choice((0, 0, 2)))]
    everybody = [chance.choice(EVERYBODY)] if chance.random() < 0.5 else []
    return _compose(f"long-{seed}", chance, author, list(map(author.write, styles)), everybody)


HUGE = {
    "right": ("https://{www}/",),
    "four-forms": ("https://{www}/", "http://{www}", "{www}", "*.{domain}"),
    "star-dot": ("*.{domain}",),
    "no-slash": ("https://{www}",),
    "stars": ("*{domain}*",),
    "guarded": ("https://*.{domain}/",),
}
"""The forms that the entries of a long list take in turn."""


def huge_case(form: str, entries: int = 400, *, seed: int = 0, truncate_path: bool = False) -> Case:
    """Return a case of many hosts, each in the next of the forms of HUGE, of at most 20 KB."""
    chance = Random(f"huge {seed}")  # noqa: S311
    author = _Author(chance, STEMS)
    styles = [Style(form, 1, (text,), (Site("{www}"),)) for text in HUGE[form]]
    if form in ("star-dot", "stars", "guarded"):
        sites = _ALL if form == "stars" else _SUB_S if form == "guarded" else _SUB
        styles = [replace(style, sites=sites) for style in styles]
    written: list[Style] = []
    room = MAX_SIZE
    for place in range(entries):
        style = author.write(styles[place % len(styles)])
        black = (f"https://*/*.{style.sites[0].host}/",) if form == "guarded" else ()
        room -= len("".join((*style.entries, *black)).encode())
        if room < 0:
            break
        written.append(replace(style, black=black))
    rules = Rules(
        truncate_path=truncate_path,
        whitelist=tuple(entry for style in written for entry in style.entries),
        blacklist=tuple(entry for style in written for entry in style.black),
    )
    meant = tuple(site for style in written for site in style.sites)
    name = f"huge-{form}-{len(written)}{'-truncated' if truncate_path else ''}"
    return Case(name, rules, meant, kinds=frozenset({form}))


# Pairs


@dataclass(frozen=True, slots=True)
class Pair:
    """Two cases, and how the rules planned for the second follow from those for the first."""

    name: str
    first: Case
    second: Case
    carry: Callable[[Rules], Rules]
    equal: bool = True
    """If not, an adviser may treat both differently, and only other laws apply to the second."""


def pairs(seed: int) -> Iterator[Pair]:
    """Yield the first case of a seed with others: renamed, reordered, doubled, schemes swapped."""
    first = case(seed)
    chance = Random(f"pairs {seed}")  # noqa: S311
    yield Pair("renamed", first, case(seed, OTHER_STEMS), rename)
    white, black = list(first.rules.whitelist), list(first.rules.blacklist)
    chance.shuffle(white)
    chance.shuffle(black)
    yield Pair("reordered", first, _with_lists(first, white, black), _same)
    yield Pair("reversed", first, _with_lists(first, white[::-1], black[::-1]), _same)
    for name, entries in (("white-doubled", white), ("black-doubled", black)):
        if any(entry.strip() for entry in entries):
            entry = chance.choice([entry for entry in entries if entry.strip()])
            both = first.rules.whitelist, first.rules.blacklist
            more = (*both[0], entry), both[1]
            if entries is black:
                more = both[0], (*both[1], entry)
            yield Pair(name, first, _with_lists(first, *more), _same)
    swapped = replace(
        first,
        name=f"{first.name}-swapped",
        rules=swap_schemes(first.rules),
        meant=tuple(map(_swap_site, first.meant)),
        stated=tuple(map(_swap_site, first.stated)),
    )
    # An adviser may add https to http and not the other way around, or care for a default port.
    for_both = all(len(site.schemes) == 2 for site in (*first.meant, *first.stated))
    symmetric = for_both and set(first.rules.whitelist) == set(swapped.rules.whitelist)
    # Mini programs and the console send https only.
    is_console = any("console.aliyun" in entry for entry in (*white, *black))
    if not is_console and all(site.appid is None for site in (*first.meant, *first.stated)):
        yield Pair("swapped", first, swapped, swap_schemes, equal=symmetric)


def _with_lists(case: Case, white: Sequence[str], black: Sequence[str]) -> Case:
    rules = replace(case.rules, whitelist=tuple(white), blacklist=tuple(black))
    return replace(case, rules=rules)


def _same(rules: Rules) -> Rules:
    return rules


def _each(rules: Rules, change: Callable[[str], str]) -> Rules:
    return replace(
        rules,
        whitelist=tuple(map(change, rules.whitelist)),
        blacklist=tuple(map(change, rules.blacklist)),
    )


def rename(rules: Rules) -> Rules:
    """Return rules with OTHER_STEMS in place of STEMS, in any letter case."""
    return _each(rules, rename_text)


def rename_text(text: str) -> str:
    """Return a text with OTHER_STEMS in place of STEMS, in small, capital and title letters."""
    for old, new in zip(STEMS, OTHER_STEMS, strict=True):
        text = text.replace(old, new).replace(old.upper(), new.upper())
        text = text.replace(old.title(), new.title())
    return text


_SWAPPED = {"https": "http", "http": "https", "HTTPS": "HTTP", "HTTP": "HTTPS"}


def swap_schemes(rules: Rules) -> Rules:
    """Return rules with http in place of https, and the other way around."""
    return _each(
        rules,
        lambda text: re.sub(r"https?(?=:)|HTTPS?(?=:)", lambda found: _SWAPPED[found[0]], text),
    )


def _swap_site(site: Site) -> Site:
    return replace(site, schemes=tuple(_SWAPPED[scheme] for scheme in site.schemes))


# Known cases


@dataclass(frozen=True, slots=True)
class Known:
    """A fixed case, and what must never happen to it."""

    case: Case
    why: str
    keeps: tuple[str, ...] = ()
    """Referers that get in now, and still do after safe changes, once, twice or three times."""
    keeps_alone: tuple[str, ...] = ()
    """The same, also if the entries for everybody are taken out before and after."""
    gets_in: tuple[str, ...] = ()
    """Referers that the rules of the whole plan must let in."""
    never_in: tuple[str, ...] = ()
    """Referers that no result lets in: neither safe changes nor the whole plan."""
    exposed: tuple[str, ...] = ()
    """Strangers who get in now; nobody may say that strangers stay out."""
    shut_out: tuple[str, ...] = ()
    """Own pages that are denied now; nobody may say that all own pages get in."""
    never_entries: tuple[str, ...] = ()
    """Entries that stand in no result."""
    keeps_entries: tuple[str, ...] = ()
    """Entries that safe changes leave as they are (a question, or right)."""
    names: tuple[str, ...] = ()
    """Hosts (of mini programs, the appid) that an adviser must find in the entries by itself."""
    questions: bool = False
    """The plan must ask: something in the list can only be decided by a person."""


def _known(
    name: str,
    white: Sequence[str],
    meant: Sequence[Site] = (),
    black: Sequence[str] = (),
    *,
    stated: Sequence[Site] = (),
    everybody: Sequence[str] = (),
    placeholders: Sequence[str] = (),
    empty: bool = True,
    truncate_path: bool = False,
    why: str,
    **never: object,
) -> Known:
    rules = Rules(empty, True, truncate_path, tuple(white), tuple(black))
    made = Case(
        name,
        rules,
        tuple(meant),
        tuple(stated),
        tuple(everybody),
        tuple(placeholders),
        kinds=frozenset({name}),
    )
    return Known(made, why, **never)  # type: ignore[arg-type]


_EXAMPLE = Site("www.example.com")
_EXAMPLE_S = Site("www.example.com", HTTPS)
_EXAMPLES = Site("example.com", subdomains=True)
_BELOW_EXAMPLE = Site("example.com", subdomains=True, apex=False)
APPID, OTHER_APPID = "wx0123456789abcdef", "wxfedcba9876543210"
_HERE = "https://www.example.com/"
_PARTNERS = tuple(f"https://www.partner{number}.example.net/" for number in range(1, 30))

KNOWN = (
    _known(
        "question-mark-beside-sites",
        ["?", "www.example.com", " https://x.com/ ", "${var.domain}"],
        [_EXAMPLE, Site("x.com", HTTPS)],
        everybody=["?"],
        placeholders=["${var.domain}"],
        why="`?` matches all, but it is the mistake; nothing is covered by it",
        keeps=(_HERE, "https://x.com/"),
        keeps_alone=("https://x.com/",),
        exposed=("https://evil.test/",),
        names=("www.example.com", "x.com"),
        keeps_entries=("${var.domain}",),
        gets_in=(_HERE, "https://x.com/"),
        questions=True,
    ),
    _known(
        "stars-cover-another-site",
        ["*example.com*", "https://*.example.com.cn/"],
        [_EXAMPLES, Site("example.com.cn", HTTPS, subdomains=True, apex=False)],
        why="the first fix removes the .cn site as covered by an entry that the second fix narrows",
        keeps=("https://www.example.com.cn/", "https://www.example.com/", "http://example.com/"),
        gets_in=("https://www.example.com.cn/", "https://www.example.com/", "https://example.com/"),
        exposed=("https://evil-example.com/", "https://example.com.evil.test/"),
        names=("example.com", "example.com.cn"),
    ),
    _known(
        "forty-beside-a-star",
        [
            *_PARTNERS,
            "*",
            *("https://www.baidu.com/", "http://localhost:8080", "*.baidu.com"),
            *(f"partner{number}.example.org" for number in range(1, 7)),
            _HERE,
        ],
        [
            _EXAMPLE_S,
            Site("www.baidu.com"),
            Site("localhost", HTTP, 8080),
            *(Site(f"www.partner{number}.example.net", HTTPS) for number in range(1, 30)),
            *(Site(f"partner{number}.example.org") for number in range(1, 7)),
        ],
        everybody=["*"],
        why="with one `*` in a list of 40, a search engine, a partner and localhost were gone",
        keeps=(_HERE, "https://www.baidu.com/", "http://localhost:8080/", _PARTNERS[0]),
        keeps_alone=(_HERE, "https://www.baidu.com/", "http://localhost:8080/", *_PARTNERS),
        gets_in=(_HERE, "https://www.baidu.com/", "http://localhost:8080/", *_PARTNERS),
        exposed=("https://evil.test/",),
        questions=True,
        names=("www.example.com", "localhost", "partner1.example.org"),
    ),
    _known(
        "any-scheme",
        ["*://www.example.com/*"],
        [_EXAMPLE],
        why="a stranger with the address in its path gets in",
        keeps=(_HERE, "http://www.example.com/"),
        exposed=(
            "https://evil.test/https://www.example.com/",
            "https://evil.test/x://www.example.com/",
        ),
        names=("www.example.com",),
    ),
    _known(
        "sub-domains-of-mini-programs",
        ["*.servicewechat.com"],
        [Site(appid="")],
        why="it lets in no mini program, and strangers by their path",
        exposed=("https://evil.test/x.servicewechat.com",),
        shut_out=(mini_program(APPID),),
    ),
    _known(
        "open-entry-of-an-unnamed-site",
        [_HERE, "*other.example.org*"],
        [_EXAMPLE_S, Site("other.example.org", subdomains=True)],
        stated=[_EXAMPLE_S],
        why="with a stated site, the entries of others still let in whom they let in",
        keeps=(_HERE,),
        exposed=("https://other.example.org.evil.test/", "https://evil.test/other.example.org"),
    ),
    _known(
        "everybody-and-a-site-with-a-blacklist",
        ["*", _HERE],
        [_EXAMPLE_S],
        ["https://bad.test/", "http://bad.test/"],
        everybody=["*"],
        why="the answer was `*`, without the site",
        keeps=(_HERE,),
        keeps_alone=(_HERE,),
        gets_in=(_HERE,),
        exposed=("https://evil.test/",),
        never_in=("https://bad.test/", "http://bad.test/"),
        keeps_entries=(_HERE,),
        questions=True,
    ),
    _known(
        "mini-program-by-appid",
        [f"https://servicewechat.com/{APPID}*"],
        [Site(appid=APPID)],
        why="it lets in the program, and is not to be widened to every program",
        keeps=(mini_program(APPID), mini_program(APPID, "devtools")),
        gets_in=(mini_program(APPID),),
        never_in=(
            mini_program(OTHER_APPID),
            "https://evil.test/",
            "https://evil.test/servicewechat.com/",
        ),
        never_entries=("https://servicewechat.com/", "*servicewechat.com*"),
        names=(APPID,),
    ),
    _known(
        "mini-program-with-a-mark",
        [f"https://servicewechat.com/?{APPID[1:]}/"],
        [Site(appid=APPID)],
        why="`?` for one letter of the appid is no reason to let in every program",
        keeps=(mini_program(APPID),),
        gets_in=(mini_program(APPID),),
        never_in=(mini_program(OTHER_APPID), "https://evil.test/"),
        never_entries=("https://servicewechat.com/", "*servicewechat.com*"),
    ),
    _known(
        "mini-program-mark-bare",
        [f"?{APPID}", _HERE],
        [Site(appid=APPID), _EXAMPLE_S],
        why="a bare appid must not become every program",
        shut_out=(mini_program(APPID),),
        keeps=(_HERE,),
        never_in=(mini_program(OTHER_APPID), "https://evil.test/"),
        never_entries=("https://servicewechat.com/", "*servicewechat.com*"),
    ),
    _known(
        "mini-program-exact",
        [f"https://servicewechat.com/{APPID}/"],
        [Site(appid=APPID)],
        why="it is right",
        keeps=(mini_program(APPID),),
        gets_in=(mini_program(APPID),),
        keeps_entries=(f"https://servicewechat.com/{APPID}/",),
        never_in=(mini_program(OTHER_APPID),),
        names=(APPID,),
    ),
    _known(
        "any-top-level-domain",
        ["https://www.google.*"],
        [Site("www.google.com", HTTPS), Site("www.google.com.hk", HTTPS)],
        why="google is a top-level domain, but the entry means www.google.com and others",
        keeps=("https://www.google.com/", "https://www.google.com.hk/"),
        never_in=("https://www.google/",),
        never_entries=("https://www.google/", "https://www.google"),
        exposed=("https://www.google.evil.test/",),
        questions=True,
    ),
    _known(
        "brand-top-level-domain",
        ["https://blog.google/"],
        [Site("blog.google", HTTPS)],
        why="a host below a brand's top-level domain is a site",
        keeps=("https://blog.google/",),
        keeps_entries=("https://blog.google/",),
        names=("blog.google",),
    ),
    _known(
        "percent-encoded-path",
        ["https://www.example.com/%E4%BE%8B/"],
        [_EXAMPLE_S],
        why="it names a site; a page of another host sends only the origin, which it denies",
        shut_out=(_HERE,),
        gets_in=(_HERE,),
        names=("www.example.com",),
        never_in=("https://evil.test/",),
    ),
    _known(
        "machine",
        ["https://192.168.1.10/"],
        [Site("192.168.1.10", HTTPS)],
        stated=[Site("192.168.1.10", HTTPS)],
        why="a machine is a site, whoever names it",
        keeps=("https://192.168.1.10/",),
        keeps_entries=("https://192.168.1.10/",),
        gets_in=("https://192.168.1.10/",),
    ),
    _known(
        "machine-stated-for-an-empty-list",
        [],
        [],
        stated=[Site("192.168.1.10", HTTPS)],
        why="generate and review disagreed about a machine",
        exposed=("https://evil.test/",),
        gets_in=("https://192.168.1.10/",),
    ),
    _known(
        "machine-without-slash",
        ["http://10.0.0.1"],
        [Site("10.0.0.1", HTTP)],
        why="it names a machine, and strangers whose host begins so get in",
        keeps=("http://10.0.0.1/",),
        gets_in=("http://10.0.0.1/",),
        names=("10.0.0.1",),
        exposed=("http://10.0.0.1.evil.test/",),
    ),
    _known(
        "any-scheme-any-host",
        ["*://*/*", _HERE],
        [_EXAMPLE_S],
        everybody=["*://*/*"],
        why="it is for everybody, beside a site",
        keeps=(_HERE,),
        keeps_alone=(_HERE,),
        exposed=("https://evil.test/",),
        keeps_entries=(_HERE,),
        questions=True,
    ),
    _known(
        "seven-causes",
        [
            "www.example.com",
            "https://img.example.com",
            " https://m.example.com/ ",
            '"https://api.example.com/"',
            "*.example.org",
            "https://a.example.net/,https://b.example.net/",
            "${var.site}",
        ],
        [
            _EXAMPLE,
            Site("img.example.com", HTTPS),
            Site("m.example.com", HTTPS),
            Site("api.example.com", HTTPS),
            Site("example.org", subdomains=True, apex=False),
            Site("a.example.net", HTTPS),
            Site("b.example.net", HTTPS),
        ],
        placeholders=["${var.site}"],
        why="the causes to fix and the rules to use differed",
        keeps=("https://img.example.com/", "https://m.example.com/", "https://www.example.org/"),
        shut_out=(
            _HERE,
            "https://api.example.com/",
            "https://a.example.net/",
            "https://b.example.net/",
        ),
        gets_in=(
            _HERE,
            "https://api.example.com/",
            "https://a.example.net/",
            "https://b.example.net/",
        ),
        exposed=("https://img.example.com.evil.test/", "https://evil.test/.example.org"),
        keeps_entries=("${var.site}",),
        never_in=("https://your-site.example/",),
        questions=True,
    ),
    # Entries whose readings differed
    _known(
        "port-too-large",
        ["https://www.example.com:99999/"],
        [_EXAMPLE_S],
        why="no browser sends this port",
        shut_out=(_HERE,),
    ),
    _known(
        "app-scheme",
        ["capacitor://localhost", _HERE],
        [_EXAMPLE_S],
        why="pages of an app are no web site; localhost was not meant",
        keeps=(_HERE,),
        never_in=("http://localhost/", "http://localhost:8080/", "https://localhost/"),
        never_entries=("http://localhost/", "https://localhost/", "http://localhost:"),
    ),
    _known(
        "star-after-host",
        ["http://www.example.com.*"],
        [Site("www.example.com", HTTP)],
        why="it lets in others only, and not the site",
        shut_out=("http://www.example.com/",),
        exposed=("http://www.example.com.evil.test/",),
    ),
    _known(
        "slashes-and-ipv6",
        ["//[::1]/*", _HERE],
        [_EXAMPLE_S, Site("[::1]", any_port=True)],
        why="an address is read, however it is written",
        keeps=(_HERE,),
        shut_out=("http://[::1]/",),
        never_in=("https://evil.test/",),
    ),
    _known(
        "regular-expression",
        [r"^www\.example\.test", _HERE],
        [_EXAMPLE_S, Site("www.example.test")],
        why="an expression names a site for a person, and matches nothing",
        keeps=(_HERE,),
        shut_out=("https://www.example.test/",),
        keeps_entries=(_HERE,),
        never_in=("https://evil.test/",),
    ),
    _known(
        "http-sub-domains",
        ["http://*.example.com/"],
        [Site("example.com", HTTP, subdomains=True, apex=False)],
        why="http, or both",
        keeps=("http://www.example.com/", "http://a.b.example.com/"),
        exposed=("http://evil.test/.example.com/",),
        names=("example.com",),
    ),
    _known(
        "colon-star",
        ["https:*www.example.com/"],
        [_EXAMPLE_S],
        why="a wildcard for the slashes lets in hosts that end so",
        keeps=(_HERE,),
        exposed=(
            "https://evil-www.example.com.evil.test/www.example.com/",
            "https://evil.test/www.example.com/",
        ),
        gets_in=(_HERE,),
    ),
    _known(
        "wildcard-in-a-label",
        ["https://pr-*.preview.example.com/"],
        [Site("preview.example.com", HTTPS, label="pr-*")],
        why="it means the previews and not all of example.com",
        keeps=("https://pr-1.preview.example.com/", "https://pr-new-ui.preview.example.com/"),
        gets_in=("https://pr-1.preview.example.com/",),
        never_in=("https://www.example.com/", "https://example.com/", "https://evil.test/"),
        exposed=("https://pr-evil.test/.preview.example.com/",),
    ),
    _known(
        "port-with-star",
        ["http://www.example.com:80*"],
        [Site("www.example.com", HTTP, 8080), Site("www.example.com", HTTP)],
        why="it means 8080 or any port that begins so",
        shut_out=("http://www.example.com/",),
        keeps=("http://www.example.com:8080/", "http://www.example.com:8000/"),
    ),
    _known(
        "cut-name",
        ["https://www.exam*"],
        [_EXAMPLE_S],
        why="what it means cannot be known, so it is no safe change to guess",
        keeps=(_HERE, "https://www.example.com.cn/"),
        exposed=("https://www.exam.evil.test/",),
        questions=True,
    ),
    _known(
        "cut-name-without-scheme",
        ["www.exam*", _HERE],
        [_EXAMPLE_S],
        why="what it means cannot be known",
        keeps=(_HERE,),
        keeps_entries=(_HERE,),
        never_in=("https://www.exam/",),
        never_entries=("https://www.exam/", "http://www.exam/"),
    ),
    _known(
        "localhost-stars",
        ["*localhost*"],
        [Site("localhost", any_port=True)],
        why="it means any port of the machine",
        keeps=(
            "http://localhost/",
            "http://localhost:8080/",
            "http://localhost:3000/",
            "https://localhost/",
        ),
        exposed=("https://localhost.evil.test/", "https://evil.test/localhost"),
    ),
    _known(
        "network",
        ["http://192.168.*", _HERE],
        [Site("192.168.", HTTP, any_port=True, network=True), _EXAMPLE_S],
        why="a network gets a question, not removal",
        keeps=("http://192.168.1.10/", "http://192.168.0.1:8080/", _HERE),
        keeps_entries=("http://192.168.*",),
        exposed=("http://192.168.evil.test/",),
        questions=True,
    ),
    _known(
        "duplicates",
        [_HERE, _HERE, "*.example.org", "*.example.org"],
        [_EXAMPLE_S, Site("example.org", subdomains=True, apex=False)],
        why="duplicates count once, and a corrected list has none",
        keeps=(_HERE, "https://www.example.org/"),
        gets_in=(_HERE, "https://www.example.org/"),
        exposed=("https://evil.test/.example.org/",),
    ),
    _known(
        "host-of-a-platform",
        ["https://*.github.io/"],
        [Site("example.github.io", HTTPS)],
        why="every owner of pages there gets in",
        keeps=("https://example.github.io/",),
        exposed=("https://evil.github.io/",),
        questions=True,
    ),
    _known(
        "public-suffix",
        ["*.com.cn", _HERE],
        [_EXAMPLE_S, Site("www.example.com.cn")],
        why="every owner of a domain there gets in",
        keeps=("https://www.example.com.cn/", _HERE),
        exposed=("https://evil.com.cn/",),
        questions=True,
    ),
    _known(
        "guard",
        ["https://*.example.com/"],
        [Site("example.com", HTTPS, subdomains=True, apex=False)],
        ["https://*/*.example.com/"],
        why="the guard is part of the right form, and does not make a list one for everybody",
        keeps=("https://www.example.com/", "https://a.b.example.com/"),
        gets_in=("https://www.example.com/",),
        never_in=("https://evil.test/.example.com/", "https://evil.test/"),
        keeps_entries=("https://*.example.com/", "https://*/*.example.com/"),
        names=("example.com",),
    ),
    _known(
        "idle-blacklist",
        [_HERE],
        [_EXAMPLE_S],
        ["bad.test", "HTTPS://WORSE.TEST/"],
        why="entries that keep out nobody change nothing by being corrected or removed",
        keeps=(_HERE,),
        gets_in=(_HERE,),
        never_in=("https://bad.test/", "https://worse.test/", "https://evil.test/"),
    ),
    _known(
        "blacklist-shadows-own-site",
        [_HERE, "http://www.example.com/"],
        [_EXAMPLE],
        ["http://www.example.com"],
        why="the owner is kept out by the own blacklist",
        keeps=(_HERE,),
        shut_out=("http://www.example.com/",),
    ),
    _known(
        "blacklist-alone",
        [],
        [],
        ["*.bad.test", "*bad.test*"],
        why="everybody else is meant to get in",
        keeps=("https://www.example.com/", "https://evil.test/"),
        never_in=("https://www.bad.test/",),
        exposed=("https://evil.test/",),
    ),
    _known(
        "blacklist-alone-without-empty",
        [],
        [],
        ["https://bad.test/"],
        empty=False,
        why="AllowEmptyReferer false has no effect without a whitelist; with `*` it has, which must be said",
        keeps=("https://www.example.com/", ""),
        exposed=("https://evil.test/",),
        never_in=("https://bad.test/",),
    ),
    _known(
        "everybody-alone-with-a-blacklist",
        ["*"],
        [],
        ["https://bad.test/", "http://bad.test/"],
        everybody=["*"],
        why="everybody but some is meant",
        keeps=("https://www.example.com/", "https://evil.test/"),
        never_in=("https://bad.test/",),
        exposed=("https://evil.test/",),
    ),
    _known(
        "empty",
        [],
        [],
        stated=[_EXAMPLE_S],
        why="an empty list lets in everybody",
        exposed=("https://evil.test/",),
        gets_in=(_HERE,),
        keeps=(_HERE,),
    ),
    _known(
        "file-scheme",
        ["file://*", _HERE],
        [_EXAMPLE_S],
        why="no browser sends it; a finding and a change go together",
        keeps=(_HERE,),
        gets_in=(_HERE,),
        keeps_entries=(_HERE,),
        never_in=("https://evil.test/",),
    ),
    _known(
        "truncated-sub-domains",
        ["*.example.com"],
        [_BELOW_EXAMPLE],
        truncate_path=True,
        why="with TruncatePath no entry with a slash matches, so a correction needs the switch",
        keeps=("https://www.example.com/", "http://a.b.example.com/"),
        never_in=("https://evil.test/",),
        exposed=("https://www.example.com.cn/", "https://www.example.com.evil.test/"),
        gets_in=("https://www.example.com/",),
    ),
    _known(
        "truncated-with-slash",
        [_HERE, "https://img.example.com"],
        [_EXAMPLE_S, Site("img.example.com", HTTPS)],
        truncate_path=True,
        why="an entry with a slash matches nothing here, one without does",
        keeps=("https://img.example.com/",),
        exposed=("https://img.example.com.evil.test/",),
        shut_out=(_HERE,),
        gets_in=(_HERE, "https://img.example.com/"),
    ),
    _known(
        "placeholder-alone",
        ["https://${var.domain}/"],
        [],
        placeholders=["https://${var.domain}/"],
        why="removing it would let in everybody; its value must be asked for",
        never_in=("https://evil.test/", "https://your-site.example/"),
        keeps_entries=("https://${var.domain}/",),
        questions=True,
    ),
    _known(
        "console",
        ["*.console.aliyun.com", _HERE],
        [_EXAMPLE_S, Site("console.aliyun.com", HTTPS, subdomains=True, apex=False)],
        why="the preview of the console needs it",
        keeps=("https://oss.console.aliyun.com/", _HERE),
        exposed=("https://evil.test/.console.aliyun.com",),
    ),
    *(
        _known(
            f"blacklist-of-a-scheme-{number}",
            [_HERE],
            [_EXAMPLE_S],
            [entry],
            why="it keeps out the owner, so it is no exception",
            shut_out=(_HERE,),
            keeps_entries=(entry,),
            gets_in=(_HERE,),
            questions=True,
        )
        for number, entry in enumerate(("https:*", "https://*", "https://", "https://*/"))
    ),
    _known(
        "truncated-beside-an-entry-for-many",
        [_HERE, "https://*.vercel.app"],
        [_EXAMPLE_S],
        truncate_path=True,
        why="without TruncatePath the entry that stays lets in strangers by their path",
        keeps_entries=("https://*.vercel.app",),
        exposed=("https://evil.vercel.app/",),
        shut_out=(_HERE,),
        never_in=("https://evil.test/.vercel.app/",),
        questions=True,
    ),
    _known(
        "mini-program-on-the-blacklist",
        [f"https://servicewechat.com/{APPID}/"],
        [Site(appid=APPID)],
        [f"https://servicewechat.com/{APPID}/*"],
        why="the blacklist keeps out the mini program that the whitelist names",
        shut_out=(mini_program(APPID),),
        questions=True,
    ),
    _known(
        "name-of-the-header",
        ["Referer: https://www.example.com/"],
        [_EXAMPLE_S],
        why="the name of the header is no site",
        shut_out=(_HERE,),
        never_entries=("https://referer/",),
        gets_in=(_HERE,),
        names=("www.example.com",),
    ),
    _known(
        "element-of-the-document",
        ["<Referer>https://www.example.com/</Referer>"],
        [_EXAMPLE_S],
        why="it is an element, not a placeholder",
        shut_out=(_HERE,),
        gets_in=(_HERE,),
        names=("www.example.com",),
    ),
    _known(
        "user-name-without-a-scheme",
        ["admin:secret@www.example.com"],
        [_EXAMPLE],
        why="what stands before the @ is no scheme",
        shut_out=(_HERE,),
        gets_in=(_HERE,),
        names=("www.example.com",),
    ),
    _known(
        "mini-program-and-a-blacklist-of-pages",
        [f"https://servicewechat.com/{APPID}/"],
        [Site(appid=APPID)],
        ["*.html"],
        why="each page of a mini program ends in .html",
        shut_out=(mini_program(APPID),),
        keeps_entries=("*.html",),
        questions=True,
    ),
    _known(
        "sub-domains-and-a-blacklist-of-words",
        ["https://*.example.com/", "https://example.com/"],
        [Site("example.com", HTTPS, subdomains=True)],
        ["https://www.*", "https://*/*.example.com/"],
        why="it keeps out a page of the owner that no exception names",
        shut_out=(_HERE,),
        keeps_entries=("https://www.*",),
        questions=True,
    ),
    _known(
        "part-of-a-guard",
        ["https://*.example.com/", "https://example.com/"],
        [Site("example.com", HTTPS, subdomains=True)],
        ["https://*/x.example.com/"],
        why="the blacklist keeps out one host in the path of strangers, and no other",
        exposed=("https://evil.test/y.example.com/",),
    ),
    _known(
        "a-part-of-the-console",
        ["*.oss.console.aliyun.com"],
        [Site("oss.console.aliyun.com", HTTPS, subdomains=True)],
        why="it names a part of the console, not all of it",
        never_in=("https://ram.console.aliyun.com/",),
        gets_in=("https://a.oss.console.aliyun.com/", "https://oss.console.aliyun.com/"),
        exposed=("https://evil.test/.oss.console.aliyun.com/",),
        shut_out=("https://oss.console.aliyun.com/",),
    ),
    _known(
        "a-part-of-the-console-with-a-port",
        ["https://*.oss.console.aliyun.com:8443/"],
        [Site("oss.console.aliyun.com", HTTPS, subdomains=True)],
        why="the console has no other port, and one round corrects it",
        never_in=("https://ram.console.aliyun.com/",),
        gets_in=("https://a.oss.console.aliyun.com/", "https://oss.console.aliyun.com/"),
        exposed=("https://evil.test/.oss.console.aliyun.com:8443/",),
        shut_out=("https://oss.console.aliyun.com/",),
    ),
    _known(
        "white-space-around-a-wildcard",
        [" https://*.example.com/ "],
        [Site("example.com", HTTPS, subdomains=True)],
        why="the guard comes with the correction, not in a second round",
        gets_in=(_HERE,),
        exposed=("https://evil.test/y.example.com/",),
        shut_out=("https://example.com/",),
    ),
    _known(
        "a-switch-wakes-an-open-entry",
        ["https://*example.com/", "https://www.example.com."],
        [Site("example.com", HTTPS, subdomains=True)],
        truncate_path=True,
        why="no single change switches TruncatePath off while an open entry stays",
        never_in=("https://evilexample.com/",),
        gets_in=(_HERE, "https://example.com/"),
        exposed=("https://www.example.com.evil.test/",),
        shut_out=("https://example.com/",),
        questions=True,
    ),
    _known(
        "the-domain-of-a-widened-entry",
        ["*.example.com:80", "https://*.*.example.com:80*"],
        [_EXAMPLES],
        why="a change that writes an entry for sub-domains writes their domain too, in one round",
        gets_in=(_HERE, "https://example.com/"),
        exposed=("https://evil.test/.example.com:80",),
        shut_out=("https://example.com/",),
    ),
    _known(
        "any-port-that-another-entry-keeps",
        ["http:/10.0.0.7 ", "http://10.0.0.7:443*"],
        [Site("10.0.0.7", any_port=True)],
        why="one entry keeps the ports of both, in one round",
        gets_in=("http://10.0.0.7/", "http://10.0.0.7:4430/"),
        shut_out=("http://10.0.0.7/",),
    ),
    _known(
        "a-change-that-became-a-question",
        ["*", "http*://example.co.uk:80*", "https://example.co.uk."],
        [Site("example.co.uk", subdomains=True)],
        stated=[Site("example.co.uk", subdomains=True)],
        everybody=["*"],
        why="the site that a person names gets an entry, though the first change only asks",
        gets_in=("https://example.co.uk/", "http://example.co.uk/"),
        exposed=("https://evil.test/",),
        questions=True,
    ),
)
"""Lists that were answered wrongly, and lists like them."""
