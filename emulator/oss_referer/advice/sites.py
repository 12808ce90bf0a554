"""The meaning of an entry: the sites that it names, even if it is malformed, or nobody.

An entry that names a host in a broken way (without a scheme, as a regular expression, joined with
others) means that host. An entry with a wildcard that matches names of other owners means nobody.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from oss_referer.browser.strangers import APPID, CONSOLE
from oss_referer.engine import Sentence
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.search.entry import (
    Parts,
    admits_all,
    example,
    fill_port,
    is_blank,
    parse_entry,
)
from oss_referer.search.sent import SENDS_PATHS, read_sent
from oss_referer.search.url import (
    RESERVED,
    domain_of,
    encode_host,
    has_known_suffix,
    is_address,
    is_host,
    is_port,
    registered,
)

BOTH = ("https", "http")


@dataclass(frozen=True, slots=True)
class Site:
    """The pages of an owner, as safe entries name them."""

    schemes: tuple[str, ...]
    host: str
    """The host as browsers send it; it may have wildcards before its domain, such as `*.`."""
    port: str | None = None
    """The port; None for the default port, `*` for any other port."""
    path: str = "/"

    def entry(self, scheme: str) -> str:
        """Return the safe entry; with a wildcard it needs its `guard` in the blacklist."""
        return Parts(scheme, self.host, self.port, self.path).join()

    def page(self, scheme: str, label: str = "www") -> str:
        """Return the Referer of a page; `label` is the name of a sub-domain."""
        label = "oss" if self.is_console else label
        host = self.host.replace("*", label if self.host.startswith("*.") else "1")
        port = fill_port(self.port)
        page = Parts(scheme, host.replace("?", "x"), port, self.path).join()
        return f"{page}1/page-frame.html" if self.is_mini_program and self.path != "/" else page

    @property
    def is_wild(self) -> bool:
        return not {*"*?"}.isdisjoint(self.host)

    @property
    def is_mini_program(self) -> bool:
        return self.host == SENDS_PATHS

    @property
    def is_console(self) -> bool:
        return f".{self.host}".endswith(f".{CONSOLE}")

    @property
    def fixed(self) -> str:
        """The end of the host after its last wildcard."""
        return re.split(r"[*?]", self.host)[-1]

    @property
    def domain(self) -> str:
        """The registered domain of the host, or the host itself."""
        host = self.fixed.lstrip(".")
        return domain_of(host) or host

    @property
    def name(self) -> str:
        """The host with its port, for people."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def guard(self, scheme: str) -> str:
        """Return the blacklist entry against this host in the path of another one (R-21)."""
        return Parts(scheme, f"*/*{self.fixed}", self.port, "/").join()

    def in_path(self, scheme: str, stranger: str) -> str:
        """Return a Referer of a stranger that the entry matches and the guard keeps out."""
        wild = len(self.host) - len(self.fixed) - 1
        before, tail = re.sub(r"[*?]", "b", self.host[:wild]), example(f"{scheme}://x{self.fixed}/")
        between = f"{stranger}/x" if self.host[wild] == "*" else "/"
        after = "" if self.port is None else f":{self.port}".replace(":*", ":8443")
        return f"{scheme}://{before}{between}{tail.partition('//x')[2][:-1]}{after}/"


class Meaning(NamedTuple):
    """The meaning of an entry."""

    sites: tuple[Site, ...] = ()
    is_everybody: bool = False
    """Whether the entry clearly means every page, as `*` does."""
    why: Sentence = Sentence("")
    """The reason why the entry names no site."""


def is_right(entry: str, meaning: Meaning) -> bool:
    """Return whether an entry is one of the safe entries for its meaning."""
    safe = (site.entry(scheme) for site in meaning.sites for scheme in site.schemes)
    return any(entry in (text, f"{text}*") for text in safe)


def make_console() -> Site:
    """Return the site of the console, which previews objects (R-44)."""
    return Site(("https",), f"*.{CONSOLE}")


def make_mini_program(appid: str = "") -> Site:
    """Return the site of a mini program, or without an appid of all (R-44)."""
    return Site(("https",), SENDS_PATHS, None, f"/{appid}/" if appid else "/")


_PLACEHOLDER = re.compile(
    r"[$#%]\{|\{\{|\{[A-Za-z_][\w .-]*\}|\$\(?[A-Za-z_][\w.]*\)?/?\Z|<[\w .-]+>|%[A-Z_]{2,}%|%s\b"
)
"""A placeholder that a template should have filled in."""
_EXPRESSION = re.compile(r"[\\^$()+{}]|\[[^\]:]*\]|(?:\A|/)\.[*+]|https?\?:")
"""A mark of regular expressions; no host contains it, and OSS gives it no meaning (R-21)."""
_JOINT = re.compile(r"\\[rn]|[,;\s，；、]+|(?<=[^:/*])(?=https?://)")
"""A separator of several entries that are joined in one (R-37)."""
_QUOTES = "\"'`“”‘’<>,"
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_SCHEME = re.compile(
    r"(?:(?P<web>h?t{1,3}ps?)(?:[:：;]?[/\\]+|[:：;])|(?P<other>[a-z*][a-z0-9+*?-]*)://"
    r"|(?P<odd>[a-z]+):(?=[a-z])|//)?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
"""A scheme, which may be misspelt; `odd` has no slashes, and no browser sends it."""
_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)+|\blocalhost\b")
"""The name of a host in a regular expression."""
_OPTIONAL = re.compile(r"\((?:\?:)?([a-z0-9-]+)\.\)\?\Z")
"""The text before a name that makes one label optional, such as `(www.)?`."""
_REPEATED = re.compile(r"[*+]\)?\.?\)?[?*+]?\Z")
"""The text before a name that allows any label, such as `.*.` and `([a-z]+.)?`."""

_OPEN_TO_ALL = Sentence("it lets in everybody")
_OPEN_END = Sentence("anybody can have such a host")
_OTHERS = Sentence("anybody can have a host there")
_NO_HOST = Sentence("it names no site")


def read(entry: str) -> Meaning:
    text = entry.strip(WHITE_SPACE).translate(_INVISIBLE)
    if is_blank(text):
        return Meaning(why=Sentence("it is blank"))
    if _PLACEHOLDER.search(text):
        return Meaning(why=Sentence("it is a placeholder"))
    pattern = parse_entry(text)
    if any(admits_all(pattern, scheme) for scheme in BOTH):
        return Meaning(is_everybody="*" in text, why=_OPEN_TO_ALL)
    if _EXPRESSION.search(text):
        sites = tuple(dict.fromkeys(_read_expression(text.lower())))
        return Meaning(sites, why=Sentence("OSS reads no regular expressions"))
    parts = [part for part in _JOINT.split(text) if part.strip(_QUOTES)]
    found = [_read_one(part.strip(_QUOTES)) for part in parts]
    sites = tuple(dict.fromkeys(site for item in found for site in item.sites))
    return Meaning(sites, why=next((item.why for item in found if item.why), _NO_HOST))


def _read_one(text: str) -> Meaning:
    """Return the meaning of a single entry."""
    found = _SCHEME.fullmatch(text)
    web, other, rest = (found[name] for name in ("web", "other", "rest")) if found else ("",) * 3
    if found and (found["odd"] or (other and "*" not in other and "?" not in other)):
        return Meaning(why=Sentence("no browser sends {}:", found["odd"] or other))
    written = web or other or ""
    rest = rest.translate({ord("。"): ".", ord("．"): "."})
    rest = re.split(r"\?(?=\w*=)", rest.partition("@")[2] if "@" in rest else rest)[0]
    parts = Parts.split(f"http://{rest}")
    host = encode_host(parts.host.lower()) or ""
    port, path = parts.port, parts.rest
    port = port and (port.rstrip("*") or "*")  # such as :8080*, which may end in `*` like a host
    schemes: tuple[str, ...] = BOTH
    if written.lower().startswith("https") or (web and web.lower().endswith("s")):
        schemes = ("https",)
    elif web and port not in (None, "80"):
        schemes = ("http",)
    elif port == "443":
        schemes = ("https",)
    if (schemes, port) in ((BOTH, "80"), (("https",), "443")):
        port = None
    if port is None and parts.port is None and path.startswith(":*"):
        port = "*"
    if port is not None and not is_port(port):
        return Meaning(why=Sentence("no site has the port {}", port))
    return _read_host(schemes, host, port, path, is_whole=bool(written) or bool(path))


def _read_host(
    schemes: tuple[str, ...], host: str, port: str | None, path: str, *, is_whole: bool
) -> Meaning:
    """Return the meaning of a host; `is_whole` is True if a scheme or a path marks it as one."""
    is_open = host.endswith("*") and not path.startswith("/")
    bare = host.rstrip("*") if is_open else host
    if is_open and has_known_suffix(bare.rstrip(".")):
        bare = bare.rstrip(".")
    if is_open and (bare.endswith((".", "-")) or not bare):
        return Meaning(why=_OPEN_END if bare else _NO_HOST)
    bare = bare.rstrip(".")
    if f".{bare}".endswith((f".{SENDS_PATHS}", f"*{SENDS_PATHS}")):
        appid = path.strip("/").partition("/")[0]
        return Meaning((make_mini_program(appid if APPID.fullmatch(appid) else ""),))
    if f".{bare}".endswith((f".{CONSOLE}", f"*{CONSOLE}")):
        is_plain = is_host(bare) and {*"*?"}.isdisjoint(bare)
        return Meaning((Site(("https",), bare) if is_plain else make_console(),))
    tail = bare.lstrip("*.")
    if bare == f"*{tail}" and tail.startswith("www."):
        bare = tail  # a wildcard for the scheme
    if tail != bare and is_host(tail) and not {*"*?"} & {*tail} and not tail.startswith("-"):
        if not _is_own(tail):
            return Meaning(why=_OTHERS)
        hosts = (f"*.{tail}", tail)
        sites = tuple(Site(schemes, name, port) for name in hosts)
        if port == "*":  # browsers omit the default port
            plain = BOTH if "http" in schemes else schemes
            sites = (*(Site(plain, name) for name in hosts), *sites)
        return Meaning(sites)
    if not is_host(bare):
        return Meaning(why=_NO_HOST)
    site = Site(schemes, bare, port)
    fixed = site.fixed.partition(".")[2]
    if bare == "www" or (site.is_wild and not (fixed and _is_own(fixed))):
        return Meaning(why=_OPEN_END)
    if "." not in bare and bare not in RESERVED and (is_open or not is_whole):
        return Meaning(why=Sentence("it is not a whole host"))
    sites = (site,)
    is_unended = port is None and is_whole and not path.startswith("/")  # it matches all ports
    if port == "*" or (is_unended and (bare in RESERVED or is_address(bare))):
        plain = BOTH if "http" in schemes else schemes
        sites = (Site(plain, bare), replace(site, port="*"))
    return Meaning(sites) if read_sent(site.page(schemes[0])) else Meaning(why=_NO_HOST)


def _is_own(name: str) -> bool:
    """Return whether all hosts below a name belong to one owner."""
    return not is_address(name) and registered(name) is not None


def _read_expression(text: str) -> Iterator[Site]:
    """Yield the sites of a regular expression, with both schemes unless it begins with https."""
    plain = re.sub(r"\[[^\]]*\]", ".", text.replace("\\", ""))
    schemes = ("https",) if re.match(r"\^?\(?https(?:://|:)", plain) else BOTH
    head = re.match(r"[^/]*//", plain)
    start = head.end() if head else 0
    if "|" not in plain:
        end = plain.find("/", start)
        plain = plain if end < 0 else plain[:end]
    for name in _NAME.finditer(plain, start):
        host, before = encode_host(name[0]) or "", plain[: name.start()]
        known = has_known_suffix(host) or host.rpartition(".")[2] in RESERVED or is_address(host)
        if not known:
            continue
        if _REPEATED.search(before) and not before.endswith("//"):
            yield from _read_host(schemes, f"*.{host}", None, "/", is_whole=True).sites
            continue
        if optional := _OPTIONAL.search(before):
            yield from _read_host(schemes, f"{optional[1]}.{host}", None, "/", is_whole=True).sites
        yield from _read_host(schemes, host, None, "/", is_whole=True).sites
