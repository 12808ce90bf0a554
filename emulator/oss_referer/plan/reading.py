"""Readings: what an entry means, even if it is malformed: sites, everybody, others, or nothing.

An entry that names a host in a broken way (without a scheme, in quotes, joined with others) means
that host. An entry with a wildcard that matches names of other owners means no site.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import pairwise

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
from oss_referer.search.sent import SENDS_PATHS, OwnHost, read_sent
from oss_referer.search.url import (
    DEFAULT_PORTS,
    MAX_LENGTH,
    RESERVED,
    domain_of,
    encode_host,
    has_known_suffix,
    is_address,
    is_host,
    is_machine,
    is_port,
    registered,
)

BOTH = ("https", "http")
UNSAID = Sentence("")


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
        return f"{page}1/page-frame.html" if self.is_mini_program else page

    @property
    def apex(self) -> "tuple[Site, ...]":
        """The domain of a site of all sub-domains, which its entry means too."""
        below, host = self.host[:2], self.host[2:]
        is_any = below == "*." and {*"*?"}.isdisjoint(host) and host != CONSOLE
        return (replace(self, host=host),) if is_any else ()

    @property
    def pages(self) -> tuple[str, ...]:
        """The Referer of a page for each scheme."""
        return tuple(map(self.page, self.schemes))

    @property
    def is_wild(self) -> bool:
        return not {*"*?"}.isdisjoint(self.host)

    @property
    def is_single(self) -> bool:
        """Whether all its pages of a scheme send one Referer by default."""
        wild = self.is_wild or not {*"*?"}.isdisjoint(self.port or "")
        return not (wild or self.is_mini_program)

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
    def owner(self) -> OwnHost:
        """All hosts of the owner: the registered domain, or a machine alone."""
        return OwnHost(self.domain, with_sub_domains=not is_address(self.domain))

    @property
    def name(self) -> str:
        """The host with its port, or the appid of a mini program, for people."""
        if self.is_mini_program:
            return f"{self.host}{self.path.rstrip('/')}"
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


class Kind(Enum):
    """What an entry means."""

    SITES = auto()
    EVERYBODY = auto()
    """Every page: `*`, or an entry whose host anybody can have because it has none."""
    OTHERS = auto()
    """Sites of other owners too, such as those below a public suffix."""
    NETWORK = auto()
    """The addresses of a network, such as `http://192.168.*`."""
    PLACEHOLDER = auto()
    FOREIGN = auto()
    """A scheme that no browser sends, such as `capacitor:`, but perhaps an app."""
    NOTHING = auto()
    BLANK = auto()


@dataclass(frozen=True, slots=True)
class EntryReading:
    """The meaning of an entry."""

    kind: Kind
    sites: tuple[Site, ...] = ()
    why: Sentence = UNSAID
    """The reason why the entry names no site."""
    is_guess: bool = False
    """Whether only the author knows whether these sites are meant."""
    has_path: bool = False
    """Whether the entry names a part of its sites by a path, which browsers do not send."""
    may: tuple[OwnHost, ...] = ()
    """What the entry may mean beyond its sites; only proofs use it."""
    mistakes: frozenset[str] = frozenset()
    """Mistakes of spelling, by the names of the rules of the linter that explain them."""


UNREAD = EntryReading(Kind.NOTHING)


def make_console() -> Site:
    """Return the site of the console, which previews objects (R-44)."""
    return Site(("https",), f"*.{CONSOLE}")


def make_mini_program(appid: str) -> Site:
    """Return the site of a mini program (R-44)."""
    return Site(("https",), SENDS_PATHS, None, f"/{appid}/")


def is_right(entry: str, sites: tuple[Site, ...]) -> bool:
    """Return whether an entry is one of the safe entries for some sites."""
    safe = (site.entry(scheme) for site in sites for scheme in site.schemes)
    return any(entry in (text, f"{text}*") for text in safe)


_PLACEHOLDER = re.compile(
    r"[$#%]\{|\{\{|\{[A-Za-z_][\w .-]*\}|\$\(?[A-Za-z_][\w.]*\)?(?=[/.:]|\Z)|<[\w .-]+>"
    r"|%[A-Z_]{2,}%|%s\b"
)
"""A placeholder that a template should have filled in."""
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_EXPRESSION = re.compile(r"[\\^$()+{}|]|\[[^\]:]*\]|(?:\A|/)\.[*+]")
"""A mark of regular expressions; no host contains it, and OSS gives it no meaning (R-21)."""
_IN_PATH = re.compile(r"[\\^|]|\$\Z|\.[*+]|\[[^\]:]*\][*+?]")
"""A mark of regular expressions after the host, where parentheses are ordinary."""
_MARKS = re.compile(r"[,;，；、]+")
"""Punctuation that may separate several entries that are joined in one (R-37)."""
_LIKE_AN_ENTRY = re.compile(r"https?:|localhost\b|[\w*?]*:?//|[\w*?-]+\.|\*|\Z", re.IGNORECASE)
_FIELD = re.compile(r"[A-Za-z-]+:")
"""The name of a header before its value."""
_ELEMENT = re.compile(r"<(?P<name>\w+)>(?P<text>.*)</(?P=name)>")
_ANY_QUERY = re.compile(r"([^/?*:]+)\?\**")
"""A host with any query."""
_GLUED = re.compile(r"(?<=[^:/*])(?=https?://)")
_WITHOUT_PATH = re.compile(r"[^/]*(?://)?[^/]*/?\**")
"""An entry before a comma that separates; after a path the comma belongs to it, unless a scheme
follows."""
_QUOTES = "\"'`“”‘’„«»「」<>(){}【】（）《》,"
_IN_BRACKETS = re.compile(r"\A\[(?![0-9A-Fa-f:.]+\])|(?<!:[0-9A-Fa-f])(?<!::)\]\Z")
"""Brackets around an entry, but not those of an IPv6 address."""
_HIDDEN, _WIDE = {"Cc", "Cf", "Co", "Cn"}, {"Zs", "Zl", "Zp"}
"""Categories of characters that cannot be seen, and of spaces."""
_SCHEME = re.compile(
    r"(?:(?P<web>(?:h?t{1,3}ps?(?:[:：;]?[/\\]+|[:：;]))+)|(?P<other>[a-z*][a-z0-9+*?-]*)://"
    r"|(?P<wild>\*:?/+|https?[*?]+s?:?/*)"
    r"|(?P<odd>[a-z]+):(?=[a-z])(?![^/]*@)|//)?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
"""A scheme, which may be misspelt; `wild` has wildcards, and no browser sends `odd`."""
_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)+|\blocalhost\b")
"""The name of a host in a regular expression."""
_OPTIONAL = re.compile(r"\((?:\?:)?([a-z0-9-]+)\.\)\?\Z")
"""The text before a name that makes one label optional, such as `(www.)?`."""
_ALTERNATIVES = re.compile(r"[({](?:\?:)?([a-z0-9-]+(?:[|,][a-z0-9-]+)+)[)}]\.\Z")
"""The text before a name that has one of several labels, such as `(www|img).`."""
_REPEATED = re.compile(r"[*+]\)?\.?\)?[?*+]?\Z")
"""The text before a name that allows any label, such as `.*.` and `([a-z]+.)?`."""
_PART_OF_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}\.?")
_BARE_APPID = re.compile(r"[*?/]*(wx[0-9a-f]{16})[*?/]*")
_GENERIC = frozenset("com net org edu gov info biz".split())
"""Top-level domains that are not a brand, beside those of two letters."""

_OPEN_TO_ALL = Sentence("it lets in everybody")
_OPEN_END = Sentence("anybody can have such a host")
_OTHERS = Sentence("anybody can have a host there")
_PROGRAMS = Sentence("every mini program can send it")
_NO_HOST = Sentence("it names no site")
_NOTHING = EntryReading(Kind.NOTHING, why=_NO_HOST)


def read_entry(entry: str) -> EntryReading:
    """Read an entry of a list."""
    written = entry.strip(WHITE_SPACE)
    text = _show(written)
    if is_blank(text):
        return EntryReading(
            Kind.BLANK if is_blank(entry) else Kind.NOTHING, why=Sentence("it is blank")
        )
    found = _read(text)
    if text != written:
        return replace(found, mistakes=found.mistakes | {"invisible-character"})
    return found


def _show(text: str) -> str:
    """Return a text without what cannot be seen: hidden characters, and wide spaces at its ends."""
    kinds = {item: unicodedata.category(item) for item in {*text} - {*WHITE_SPACE}}
    hidden = {ord(item): None for item, kind in kinds.items() if kind in _HIDDEN}
    wide = "".join(item for item, kind in kinds.items() if kind in _WIDE)
    return text.translate(hidden).strip(f"{WHITE_SPACE}{wide}")


def _read(text: str) -> EntryReading:
    scheme = _SCHEME.fullmatch(text)
    start = scheme.start("rest") if scheme else 0
    if element := _ELEMENT.fullmatch(text):
        inner = _read(element["text"].strip())
        if inner.kind is Kind.SITES:
            return replace(inner, mistakes=inner.mistakes | {"quoted"})
    origin = text[: start + len(text[start:].partition("/")[0])]
    if _PLACEHOLDER.search(_ENCODED.sub("", origin)):
        host = text.strip("<>").lstrip(".").lower()
        if not (text.startswith("<") and (has_known_suffix(host) or host == "localhost")):
            why = Sentence("it is a placeholder")
            return EntryReading(Kind.PLACEHOLDER, why=why, mistakes=frozenset({"template"}))
    if program := _BARE_APPID.fullmatch(text):
        site = make_mini_program(program[1])
        return EntryReading(
            Kind.SITES, (site,), is_guess=True, mistakes=frozenset({"missing-scheme"})
        )
    pattern = parse_entry(text)
    if any(admits_all(pattern, scheme) for scheme in BOTH):
        return EntryReading(Kind.EVERYBODY, why=_OPEN_TO_ALL)
    words = [*_split(text)]
    plain = [_IN_BRACKETS.sub("", word.strip(_QUOTES)) for word in words]
    mistakes: set[str] = set()
    if text.lower().startswith(("https?:", "http?:")):
        mistakes.add("regular-expression" if text[4:5] == "s" else "wildcard-scheme")
    is_expression = _EXPRESSION.search(origin.strip(_QUOTES)) or _IN_PATH.search(
        text[len(origin) :]
    )
    if is_expression and not re.match(r"[a-z]{4,5}:?\\", text, re.I):
        sites = tuple(dict.fromkeys(_read_expression(text.lower())))
        why = Sentence("OSS reads no regular expressions")
        kind = Kind.SITES if sites else Kind.NOTHING
        mistakes.add("regular-expression")
        return EntryReading(kind, sites, why, is_guess=True, mistakes=frozenset(mistakes))
    if len(words) > 1 or words != [text]:
        mistakes.add("joined")
    if plain != words:
        mistakes.add("quoted")
    found = [_read_one(word) for word in filter(None, plain)]
    mistakes.update(mistake for item in found for mistake in item.mistakes)
    sites = tuple(dict.fromkeys(site for item in found for site in item.sites))
    unread = next((item for item in found if not item.sites), None)
    if not sites:
        return replace(unread or _NOTHING, mistakes=frozenset(mistakes))
    return EntryReading(
        Kind.SITES,
        sites,
        is_guess=any(item.is_guess or not item.sites for item in found) or len(text) > MAX_LENGTH,
        has_path=any(item.has_path for item in found),
        may=tuple(dict.fromkeys(own for item in found for own in item.may)),
        mistakes=frozenset(mistakes),
    )


def _split(text: str) -> Iterator[str]:
    """Yield the entries that a text joins, without duplicates; punctuation may end an entry."""
    words: dict[str, None] = {}
    for word in (part for one in text.split() for part in _GLUED.split(one)):
        parts = _MARKS.split(word)
        are_entries = all(map(_LIKE_AN_ENTRY.match, (part.lstrip("\"'") for part in parts)))
        are_whole = all(
            _WITHOUT_PATH.fullmatch(one) or other.lower().startswith("http")
            for one, other in pairwise(parts)
        )
        joined = parts if are_entries and are_whole else [word.strip(",;，；、")]
        words.update(dict.fromkeys(filter(None, joined)))
    yield from (word for word in words if len(words) == 1 or not _FIELD.fullmatch(word))


def read_site(text: str) -> tuple[Site, ...]:
    """Read a site that a person names, such as a URL or `*.example.com`; () if it names none."""
    parts = Parts.split(text)
    is_web = parts.scheme in (None, *DEFAULT_PORTS)
    if not is_web or "@" in parts.host or not text.isprintable() or " " in text.strip():
        return ()
    if parts.port is not None and not is_port(parts.port):
        return ()
    host = parts.host.removeprefix("*.")
    if parts.scheme is None and "." not in host and not (host in RESERVED or is_address(host)):
        return ()
    found = read_entry(text if parts.rest else f"{text}/")
    is_plain = {*"*?_"}.isdisjoint(host) and parts.rest[:1] in ("", "/", "?", "#")
    if found.kind is not Kind.SITES or found.is_guess or not is_plain:
        return ()
    return found.sites


def _read_one(text: str) -> EntryReading:
    """Return the meaning of a single entry."""
    found = _SCHEME.fullmatch(text)
    assert found is not None  # noqa: S101 - every part may be missing
    web, other, rest = found["web"], found["other"], found["rest"]
    if found["odd"] or (other and {*"*?"}.isdisjoint(other)):
        said = Sentence("no browser sends {}:", found["odd"] or other)
        return EntryReading(Kind.FOREIGN, why=said)
    written = web or other or found["wild"] or ""
    mistakes = {_name_scheme(web, other or found["wild"], text)} - {""}
    user, at, _ = rest.partition("/")[0].rpartition("@")
    if at:
        mistakes.add("userinfo")
    if "#" in rest:
        mistakes.add("fragment")
    rest = rest.translate({ord("。"): ".", ord("．"): "."})
    rest = rest.removeprefix(f"{user}{at}")
    rest = rest.partition("#")[0] if "#" in rest else rest
    programs = f".{rest}".lower().lstrip(".*").startswith(SENDS_PATHS)
    rest = rest if programs else re.split(r"\?(?=\w*=)", rest)[0]
    is_guess = "." in user  # such as one host before that of somebody else
    if (query := _ANY_QUERY.fullmatch(rest)) and ends_in_suffix(query[1].lower()):
        rest, is_guess = query[1], True  # a ? in an entry is any character
    parts = Parts.split(f"http://{rest}")
    host = encode_host(parts.host.lower()) or ""
    if parts.host != parts.host.lower():
        mistakes.add("upper-case")
    if not parts.host.isascii():
        mistakes.add("international-host")
    if parts.host.endswith(".") and (parts.rest or parts.port):
        mistakes.add("closing-dot")
    if parts.port is not None and parts.port == DEFAULT_PORTS.get((web or "").rstrip("/:").lower()):
        mistakes.add("default-port")
    if f".{host.rstrip('*.')}".endswith((f".{SENDS_PATHS}", f"*{SENDS_PATHS}")):
        appid = APPID.search(parts.rest)
        if appid and "*" not in parts.rest.partition(appid[0])[0].lstrip("/*"):
            read = _read_appid(appid[0], parts.rest.partition(appid[0])[2])
            return replace(read, mistakes=frozenset(mistakes))
        return EntryReading(Kind.OTHERS, why=_PROGRAMS, mistakes=frozenset(mistakes))
    port, path = parts.port, parts.rest
    is_any_port = not {*"*?"}.isdisjoint(port or "")
    port = port and (port.rstrip("*") or "*")  # such as :8080*, which may end in `*` like a host
    schemes: tuple[str, ...] = BOTH
    if (written.lower().startswith("https") and written.lower() != "https?") or re.search(
        r"ps[:：;/\\]*\Z", web or "", re.I
    ):
        schemes = ("https",)
    elif web and port not in (None, "80"):
        schemes = ("http",)
    elif port == "443":
        schemes = ("https",)
    if (schemes, port) in ((BOTH, "80"), (("https",), "443")):
        port = None
    if port is None and parts.port is None and path.startswith(":*"):
        port = "*"
    if (port is not None and not is_port(port)) or (path[:1] == ":" and port is None):
        port, path, is_guess = None, "/", True  # no site has such a port
        schemes = BOTH if "http" in schemes else schemes
        mistakes.add("impossible-host")
    read = _read_host(schemes, host, port, path, is_whole=bool(written) or bool(path))
    if is_any_port and read.sites and port != "*":
        named = (site.owner._replace(ports=None) for site in read.sites)
        read = replace(read, may=(*read.may, *named))
    if read.kind is Kind.NOTHING or host.startswith("."):
        mistakes.add("impossible-host")
    return replace(
        read,
        is_guess=is_guess and bool(read.sites),
        has_path=path[:1] in ("/", "?") and path.strip("/*") != "",
        mistakes=frozenset(mistakes),
    )


def _name_scheme(web: str | None, wild: str | None, text: str) -> str:
    """Return the mistake in a scheme: misspelt, with a wildcard, or missing; "" without one."""
    if web:
        right = web.lower() in ("http://", "https://")
        return "" if web in ("http://", "https://") else "upper-case" if right else "broken-scheme"
    if wild:
        return "wildcard-scheme"
    return "missing-scheme" if text.lstrip("/")[:1].isalnum() else ""


def _read_appid(appid: str, rest: str) -> EntryReading:
    """Return the meaning of an entry with an appid; a wildcard after it leaves others in."""
    is_cut = rest[:1] in ("*", "?") and len(appid) < 18
    return EntryReading(Kind.SITES, (make_mini_program(appid),), is_guess=is_cut)


def _read_host(
    schemes: tuple[str, ...], host: str, port: str | None, path: str, *, is_whole: bool
) -> EntryReading:
    """Return the meaning of a host; `is_whole` is True if a scheme or a path marks it as one."""
    is_open = host.endswith("*") and not path.startswith("/")
    bare = host.rstrip("*") if is_open else host
    if is_open and _PART_OF_ADDRESS.fullmatch(bare):
        return EntryReading(Kind.NETWORK, why=Sentence("it means the addresses of a network"))
    if is_open and bare.endswith(".") and ends_in_suffix(bare.rstrip(".")):
        bare = bare.rstrip(".")
    if is_open and (bare.endswith((".", "-")) or not bare):
        return EntryReading(Kind.OTHERS, why=_OPEN_END) if bare else _NOTHING
    bare = bare.rstrip(".")
    tail = bare.lstrip("*.")
    if bare != tail == CONSOLE:
        return _name(make_console())
    if f".{tail}".endswith(f".{CONSOLE}"):
        schemes, port = ("https",), None  # the console has no others
    if bare == f"*{tail}" and tail.startswith("www."):
        bare = tail  # a wildcard for the scheme
    if is_open and tail != "localhost" and tail in RESERVED:  # a keyword, not the top-level name
        return EntryReading(Kind.OTHERS, why=Sentence("it is not a whole host"))
    is_machine_open = port is None and not path.startswith("/") and is_machine(tail)
    if tail != bare and is_host(tail) and not {*"*?"} & {*tail} and not tail.startswith("-"):
        if not _is_own(tail):
            return EntryReading(Kind.OTHERS, why=_OTHERS)
        above = tail.partition(".")[2]
        if bare == f"*{tail}" and "." in above and registered(above) is not None:
            hosts: tuple[str, ...] = (bare,)  # each such host has the same owner
        else:
            hosts = (f"*.{tail}", tail)
        sites = tuple(Site(schemes, name, port) for name in hosts)
        if port == "*" or is_machine_open:  # browsers omit the default port
            plain = BOTH if "http" in schemes else schemes
            sites = tuple(
                dict.fromkeys(
                    (
                        *(Site(plain, name) for name in hosts),
                        *(Site(schemes, name, "*") for name in hosts),
                    )
                )
            )
        return _name(*sites)
    if not is_host(bare):
        return _NOTHING
    site = Site(schemes, bare, port)
    fixed = site.fixed.partition(".")[2]
    if _PART_OF_ADDRESS.fullmatch(bare):
        return EntryReading(Kind.NETWORK, why=Sentence("it means the addresses of a network"))
    if bare == "www" or (site.is_wild and not (fixed and _is_own(fixed))):
        return EntryReading(Kind.OTHERS, why=_OPEN_END)
    if "." not in bare and bare != "localhost" and not is_address(bare):
        if is_open or not is_whole or not path.startswith("/"):
            return EntryReading(Kind.OTHERS, why=Sentence("it is not a whole host"))
    elif is_open and not ends_in_suffix(bare) and not is_machine(bare):
        return EntryReading(Kind.OTHERS, why=Sentence("it is not a whole host"))
    sites = (site,)
    is_unended = port is None and is_whole and not path.startswith("/")  # it matches all ports
    if port == "*" or (is_unended and is_machine(bare)):
        plain = BOTH if "http" in schemes else schemes
        sites = (Site(plain, bare), replace(site, port="*"))
    return _name(*sites) if read_sent(site.page(schemes[0])) else _NOTHING


def _name(*sites: Site) -> EntryReading:
    return EntryReading(Kind.SITES, sites)


def ends_in_suffix(host: str) -> bool:
    """Return whether a host ends in a public suffix that is not the name of a brand."""
    last = host.rpartition(".")[2]
    return has_known_suffix(host) and (len(last) == 2 or last in _GENERIC or "." in last)


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
        if f".{host}".endswith(f".{SENDS_PATHS}"):
            if appid := APPID.search(text):
                yield make_mini_program(appid[0])
            continue
        known = has_known_suffix(host) or host.rpartition(".")[2] in RESERVED or is_address(host)
        if not known:
            continue
        behind = re.match(r":([0-9]+)", plain[name.end() :])
        port = behind[1] if behind and is_port(behind[1]) else None
        port = None if port in DEFAULT_PORTS.values() else port
        if _REPEATED.search(before) and not before.endswith("//"):
            hosts = [f"*.{host}"]
        elif labels := _ALTERNATIVES.search(before):
            hosts = [f"{label}.{host}" for label in re.split(r"[|,]", labels[1])]
        elif optional := _OPTIONAL.search(before):
            hosts = [f"{optional[1]}.{host}", host]
        else:
            hosts = [host]
        for one in hosts:
            yield from _read_host(schemes, one, port, "/", is_whole=True).sites
