"""The Referers that browsers can send from all pages or from some, as a language for the search.

The language follows the WHATWG URL standard: lower case, ASCII, no default port, no user, no
fragment and no dot segments (B-02). A host is a valid DNS name or an IP address. By default a page
sends its origin with a `/`; with the policy `unsafe-url` it sends its path and its query too.

The language is a little too wide: it does not limit the length of a label, nor know which zeros of
an IPv6 address browsers omit. So check each Referer that the search finds with `is_sent`.
"""

import re
import string
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from oss_referer.search.automaton import Language
from oss_referer.search.url import DEFAULT_PORTS, MAX_HOST, WebURL, WebURLError, domain_of

_IN_NAME = frozenset(string.ascii_lowercase + string.digits + "-_!$&'()+,;=~")
_IN_HOST = _IN_NAME | {"."}
_IN_PATH = frozenset(map(chr, range(0x21, 0x7F))) - set('"#<>?`{}^|\\')
_IN_QUERY = frozenset(map(chr, range(0x21, 0x7F))) - set("\"#<>'")
_DOTS = re.compile(r"(?:\.|%2[eE])(?:\.|%2[eE])?")
_TOWARDS_DOTS = re.compile(r"(?:\.|%2[eE]){0,2}|(?:\.|%2[eE])?%2?")
_HEX = re.compile(r"0x[0-9a-f]*")
_START = "/."
"""The mark of the start of a host: no host contains a slash, and a sub-domain ends with a dot."""
_MAX_LABEL, _MAX_PORT = 63, "65535"

SENDS_PATHS = "servicewechat.com"
"""The host of mini programs, which send `/APPID/VERSION/page-frame.html` after it (R-44)."""


class OwnHost(NamedTuple):
    """A host of a site: a domain with all its sub-domains, or a single host."""

    host: str
    """The host as browsers send it, without a final dot."""
    with_sub_domains: bool
    schemes: frozenset[str] = frozenset(DEFAULT_PORTS)
    ports: frozenset[str] | None = frozenset()
    """Ports other than the default one; None for all. Only `Senders.OWN` reads them."""

    @classmethod
    def of(cls, site: WebURL) -> "OwnHost":
        """Return the registered domain of a page, or only its host if it has none."""
        host = site.host.removesuffix(".")
        domain = domain_of(host)
        return cls(host, False) if domain is None else cls(domain, True)

    def owns(self, host: str, scheme: str = "") -> bool:
        """Return whether a host belongs to the site; "" means any scheme."""
        if scheme and scheme not in self.schemes:
            return False
        bare = host.removesuffix(".")
        return bare == self.host or (self.with_sub_domains and bare.endswith(f".{self.host}"))


class Senders(Enum):
    """The pages that send the Referers of a language."""

    ALL = "all"
    OWN = "own"
    """The pages of some hosts, written as usual without a final dot."""
    FOREIGN = "foreign"
    """The pages of all other hosts."""


class _Reached(NamedTuple):
    part: str
    scheme: str = ""
    seen: str = ""
    """The longest suffix of the host read so far that is a prefix of one of the site's hosts."""
    label: str = ""
    """The relevant part of the current label, port or segment."""
    octets: int = 0
    """The number of previous labels; -1 if they are not parts of an IPv4 address."""
    may_end: bool = False
    """Whether the host may end here, after a dot."""


class _ReadSoFar:
    """How far a Referer has been read, with a cache of the states after it."""

    __slots__ = ("after", "place")

    def __init__(self, place: _Reached) -> None:
        self.place = place
        self.after: dict[str, _ReadSoFar | None] = {}


class SentReferers:
    """The Referers of pages: of all pages, of some own hosts, or of all other hosts.

    With `by_default`, only those that browsers send by default, without path and query.
    """

    def __init__(
        self, pages: Senders, own: Iterable[OwnHost] = (), *, by_default: bool = False
    ) -> None:
        self._pages, self._by_default = pages, by_default
        self._own = () if pages is Senders.ALL else tuple(dict.fromkeys(own))
        self._owned = {scheme: self._mark_hosts(scheme) for scheme in DEFAULT_PORTS}
        known = (_MINI_PROGRAMS,) if by_default else ()
        self._hosts = {scheme: sorted({*owned, *known}) for scheme, owned in self._owned.items()}
        self._reading = {
            "scheme": self._read_scheme,
            "host": self._read_host,
            "address": self._read_address,
            "port": self._read_port,
            "path": self._read_path,
            "end": lambda *_: None,
            "mini program": self._read_mini_program,
            "query": self._read_query,
        }
        self._has_only_names = pages is Senders.OWN and not any(
            own.host[-1:].isdigit() or own.host.startswith("[") for own in self._own
        )
        self._states: dict[_Reached, _ReadSoFar] = {}
        ports = (port for own in self._own for port in own.ports or ())
        names = (*(own.host for own in self._own), *ports, *(known and (SENDS_PATHS, _MINI_PAGE)))
        letters = frozenset("htps:/.a1?[]").union(*names)
        self.language = Language(self._state(_Reached("scheme")), self._step, self._ends, letters)

    def is_sent(self, referer: str) -> bool:
        """Return whether one of these pages can send a Referer."""
        url = read_sent(referer)
        if url is None:
            return False
        if self._by_default and not _is_by_default(url):
            return False
        owners = [own for own in self._owners(url.host) if url.scheme in own.schemes]
        if self._pages is not Senders.OWN:
            return self._pages is Senders.ALL or not owners
        fits = any(own.ports is None or url.port in ("", *own.ports) for own in owners)
        return fits and not url.host.endswith(".")

    def has_host(self, host: str) -> bool:
        """Return whether a host may be that of one of these pages."""
        owned = any(True for _ in self._owners(host))
        return self._pages is Senders.ALL or owned is (self._pages is Senders.OWN)

    def _owners(self, host: str) -> Iterator[OwnHost]:
        """Yield the own hosts that a host belongs to."""
        bare = host.removesuffix(".")
        yield from self._filed.get(bare, ())
        for dot in re.finditer(r"\.", bare):
            above = self._filed.get(bare[dot.end() :], ())
            yield from (own for own in above if own.with_sub_domains)

    @cached_property
    def _filed(self) -> dict[str, list[OwnHost]]:
        filed = defaultdict[str, list[OwnHost]](list)
        for own in self._own:
            filed[own.host].append(own)
        return filed

    def _mark_hosts(self, scheme: str) -> tuple[str, ...]:
        """Return the site's hosts for a scheme, each with the mark of its start."""
        return tuple(_mark(own) for own in self._own if scheme in own.schemes)

    def _ports_of(self, seen: str, scheme: str) -> frozenset[str] | None:
        """Return the ports of the pages of a host, by its relevant suffix `seen`; None for all."""
        if self._pages is not Senders.OWN:
            return None
        found: frozenset[str] = frozenset()
        for own in self._own:
            if scheme in own.schemes and seen.endswith(_mark(own)):
                if own.ports is None:
                    return None
                found |= own.ports
        return found

    def _step(self, state: _ReadSoFar, character: str) -> _ReadSoFar | None:
        if character not in state.after:
            reached = self._reading[state.place.part](state.place, character)
            state.after[character] = None if reached is None else self._state(reached)
        return state.after[character]

    def _state(self, place: _Reached) -> _ReadSoFar:
        """Return the state for a place, which is always the same object in every thread."""
        return self._states.get(place) or self._states.setdefault(place, _ReadSoFar(place))

    @staticmethod
    def _ends(state: _ReadSoFar) -> bool:
        place = state.place
        is_path = place.part == "path" and not _DOTS.fullmatch(place.label)
        is_page = place.part == "mini program" and place.label == _MINI_PAGE
        return is_path or is_page or place.part in ("query", "end")

    def _read_scheme(self, place: _Reached, character: str) -> _Reached | None:
        read = place.label + character
        if read in ("http://", "https://"):
            scheme = read.removesuffix("://")
            return _Reached("host", scheme, self._shorten_host(_START, scheme))
        known = "https://".startswith(read) or "http://".startswith(read)
        return place._replace(label=read) if known else None

    def _read_host(self, place: _Reached, character: str) -> _Reached | None:
        if character in "/:":
            # A host may end with a dot; browsers treat it as a different host.
            ends_in_dot = place.may_end and self._pages is not Senders.OWN
            may_end = self._may_end(place) if place.label else ends_in_dot
            if not may_end:
                return None
            if character == "/":
                return self._end_host(place)
            seen = place.seen if self._pages is Senders.OWN else ""
            return _Reached("port", place.scheme, seen=seen)
        seen = self._shorten_host(place.seen + character, place.scheme)
        if self._has_only_names:  # no label is part of an address
            return self._read_name(place._replace(seen=seen), character)
        if character == ".":
            return self._read_dot(place._replace(seen=seen), self._may_end(place))
        if character == "[" and not place.label and place.octets == 0:
            return place._replace(part="address", label="[", seen=seen)
        if character not in _IN_NAME or place.label == "]":
            return None
        label = _shorten_label(place.label + character, may_be_octet=place.octets >= 0)
        return place._replace(label=label, seen=seen)

    def _end_host(self, place: _Reached) -> _Reached:
        if not self._by_default:
            return _Reached("path")
        return _Reached("mini program" if place.seen.endswith(_MINI_PROGRAMS) else "end")

    def _read_name(self, place: _Reached, character: str) -> _Reached | None:
        if character == ".":
            return place._replace(label="") if place.label else None
        return place._replace(label=_NAME) if character in _IN_NAME else None

    @staticmethod
    def _read_dot(place: _Reached, may_end: bool) -> _Reached | None:
        """Read the dot after a label; `may_end` says whether the host may end before the dot."""
        if place.label in ("", "]"):
            return None
        is_octet = 0 <= place.octets < 3 and place.label in _OCTETS
        octets = place.octets + 1 if is_octet else -1
        return place._replace(label="", octets=octets, may_end=may_end and place.label == _NAME)

    def _read_address(self, place: _Reached, character: str) -> _Reached | None:
        """Read an IPv6 address: `octets` counts its groups, `may_end` is true after `::`."""
        group, full = place.label, 6 if place.may_end else 8
        place = place._replace(seen=self._shorten_host(place.seen + character, place.scheme))
        if character in string.hexdigits.lower():
            return _read_group(place, character, full)
        if group not in _AROUND_GROUPS:
            place = place._replace(octets=place.octets + 1)
        if character == "]":
            is_whole = place.octets <= full if place.may_end else place.octets == full
            is_whole = is_whole and group not in ("[", "[:", ":", "0:")
            return place._replace(part="host", label="]") if is_whole else None
        if character != ":" or place.octets > full:
            return None
        if group in ("[:", ":"):
            return None if place.may_end else place._replace(label="::", may_end=True)
        after = {"[": "[:", "0": "0:"}.get(group, ":")
        return None if group in ("::", "0:") else place._replace(label=after)

    def _read_port(self, place: _Reached, character: str) -> _Reached | None:
        ports = self._ports_of(place.seen, place.scheme)
        if character == "/":
            is_port = place.label not in ("", DEFAULT_PORTS[place.scheme])
            fits = ports is None or place.label in ports
            return _Reached("end" if self._by_default else "path") if is_port and fits else None
        port = place.label + character
        if ports is not None:
            fits = any(known.startswith(port) for known in ports)
            return place._replace(label=port) if fits else None
        is_port = character in string.digits and place.label != "0" and len(port) <= len(_MAX_PORT)
        if not is_port or int(port) > int(_MAX_PORT):
            return None
        return place._replace(label=_shorten_port(port))

    @staticmethod
    def _read_path(place: _Reached, character: str) -> _Reached | None:
        if character in "/?":
            if _DOTS.fullmatch(place.label):
                return None
            return _Reached("path" if character == "/" else "query")
        if character not in _IN_PATH:
            return None
        segment = place.label + character
        return _Reached("path", label=segment if _TOWARDS_DOTS.fullmatch(segment) else "a")

    @staticmethod
    def _read_mini_program(place: _Reached, character: str) -> _Reached | None:
        """Read the path of a mini program; `#` in the label stands for the appid or the version."""
        label = place.label
        signs = _APPID if len(label) < 2 else string.digits
        if label in ("", "#/") and character in signs:
            return place._replace(label=f"{label}#")
        if label in ("#", "#/#") and character in signs:
            return place
        label += character
        fits = character != "#" and _MINI_PAGE.startswith(label)
        return place._replace(label=label) if fits else None

    @staticmethod
    def _read_query(place: _Reached, character: str) -> _Reached | None:
        return place if character in _IN_QUERY else None

    def _may_end(self, place: _Reached) -> bool:
        """Return whether the host may end with the current label."""
        if self._pages is not Senders.ALL:
            is_own = place.seen.endswith(self._owned[place.scheme])
            if is_own is (self._pages is Senders.FOREIGN):
                return False
        return place.label in (_NAME, "]") or (place.octets == 3 and place.label in _OCTETS)

    def _shorten_host(self, read: str, scheme: str) -> str:
        """Return the longest suffix of a host that is a prefix of one of the site's hosts."""
        hosts = self._hosts[scheme]
        while read:
            place = bisect_left(hosts, read)
            if place < len(hosts) and hosts[place].startswith(read):
                break
            read = read[1:]
        return read


def _mark(own: OwnHost) -> str:
    """Return a host with the mark of its start, or with the dot before its sub-domains."""
    return f"{'.' if own.with_sub_domains else _START}{own.host}"


_APPID = string.ascii_letters + string.digits
_MINI_PAGE = "#/#/page-frame.html"
_MINI_PATH = re.compile(r"/[0-9A-Za-z]+/[0-9]+/page-frame\.html")
_MINI_PROGRAMS = _mark(OwnHost(SENDS_PATHS, with_sub_domains=False))

_NAME = "a"
"""The sign for a label that browsers do not read as a number."""

_OCTETS = frozenset(map(str, range(256)))

_AROUND_GROUPS = ("[", "[:", ":", "0:", "::")
"""The signs between the groups of an IPv6 address; `0:` is the colon after a zero."""

_MAX_GROUP = 4


def _shorten_label(label: str, *, may_be_octet: bool) -> str:
    """Return a sign for the kind of a label: an octet, another number or a name."""
    if label == "0" or (may_be_octet and label in _OCTETS):
        return label
    if label.isdigit():
        return "00"
    return "0x" if _HEX.fullmatch(label) else _NAME


def _read_group(place: _Reached, digit: str, full: int) -> _Reached | None:
    group = place.label
    if group not in _AROUND_GROUPS:
        fits = group != "0" and len(group) < _MAX_GROUP
        return place._replace(label=f"{group}1") if fits else None
    is_known = group != "[:" and not (digit == "0" and group == "::")  # a zero belongs to `::`
    fits = is_known and place.octets < full
    return place._replace(label="0" if digit == "0" else "1") if fits else None


def _shorten_port(port: str) -> str:
    """Return a sign for a port: whether it is a default, and how many digits may follow."""
    if port == "0" or any(known.startswith(port) for known in ("443", "80", _MAX_PORT)):
        return port
    return ("9" if port > _MAX_PORT[: len(port)] else "1") * len(port)


ALL_PAGES = SentReferers(Senders.ALL)
"""The Referers of all pages."""

ALL_BY_DEFAULT = SentReferers(Senders.ALL, by_default=True)
"""The Referers that all pages send by default."""


def read_sent(referer: str) -> WebURL | None:
    """Parse a Referer; return None for a text that no browser sends."""
    try:
        url = WebURL.parse(referer)
    except WebURLError:
        return None
    bare = url.host.removesuffix(".")
    is_name = all(0 < len(label) <= _MAX_LABEL for label in bare.split("."))
    is_name = is_name and _IN_HOST.issuperset(bare)
    fits = url.is_address or (is_name and len(bare) <= MAX_HOST)
    return url if fits and url.text == referer else None


def _is_by_default(url: WebURL) -> bool:
    """Return whether a page can send exactly this URL by default."""
    if url.host == SENDS_PATHS and not url.port:
        return _MINI_PATH.fullmatch(url.path) is not None and not url.query
    return url.path == "/" and not url.query
