"""The Referers that pages of other sites can send, as a language that the search can read.

The language is that of the WHATWG URL standard: lower case, ASCII, no default port, no user, no
fragment and no dot segments (B-02). A host is one that DNS can hold, or an IP address. A page can
send its path and its query with the policy `unsafe-url`.

It is a little too wide: it does not bound the length of labels, and it does not know which zeros of
an IPv6 address are left out. So a Referer that is found must still be checked with `is_sent`.
"""

import re
import string
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from .automaton import Language
from .domains import suffix_list
from .parts import DEFAULT_PORTS
from .url import WebURL, WebURLError

_IN_NAME = frozenset(string.ascii_lowercase + string.digits + "-_!$&'()+,;=~")
_IN_PATH = frozenset(map(chr, range(0x21, 0x7F))) - set('"#<>?`{}^|\\')
_IN_QUERY = frozenset(map(chr, range(0x21, 0x7F))) - set("\"#<>'")
_DOTS = re.compile(r"(?:\.|%2[eE])(?:\.|%2[eE])?")
_TOWARDS_DOTS = re.compile(r"(?:\.|%2[eE]){0,2}|(?:\.|%2[eE])?%2?")
_HEX = re.compile(r"0x[0-9a-f]*")
_MAX_LABEL, _MAX_HOST, _MAX_PORT = 63, 253, "65535"


class _Own(NamedTuple):
    """A host of the site: a domain with all its sub-domains, or one host alone."""

    host: str
    with_sub_domains: bool


class _Reached(NamedTuple):
    """How far a Referer has been read."""

    part: str
    scheme: str = ""
    seen: tuple[int, ...] = ()
    """For each host of the site, how much of its beginning the host read so far ends with."""
    label: str = ""
    """What matters of the label, the port or the segment that is being read."""
    octets: int = 0
    """The number of labels before this one, -1 if they are not parts of an IPv4 address."""
    may_end: bool = False
    """Whether the host may end here, after a dot."""


class ForeignReferers:
    """The Referers of pages that belong to no host of some sites."""

    def __init__(self, sites: Iterable[WebURL]) -> None:
        self._own = tuple(dict.fromkeys(map(_own, sites)))
        # A slash stands for the start of a host without sub-domains: no host contains one.
        self._texts = [("." if own.with_sub_domains else "/") + own.host for own in self._own]
        self._failures = [_failures(text) for text in self._texts]
        self._reading = {
            "scheme": self._read_scheme,
            "host": self._read_host,
            "address": self._read_address,
            "port": self._read_port,
            "path": self._read_path,
            "query": self._read_query,
        }
        letters = frozenset("htps:/.a1?[]").union(*(own.host for own in self._own))
        self.language = Language(_Reached("scheme"), cache(self._step), self._ends, letters)

    def is_sent(self, referer: str) -> bool:
        """Return whether a page of another site can send a Referer, as browsers read URLs."""
        try:
            url = WebURL.parse(referer)
        except WebURLError:
            return False
        bare = url.host.removesuffix(".")
        is_name = all(0 < len(label) <= _MAX_LABEL for label in bare.split("."))
        fits = url.is_address or (is_name and len(bare) <= _MAX_HOST)
        return fits and url.text == referer and not self.owns(url.host)

    def owns(self, host: str) -> bool:
        """Return whether a host belongs to the sites."""
        bare = host.removesuffix(".")
        return any(
            bare == own.host or (own.with_sub_domains and bare.endswith(f".{own.host}"))
            for own in self._own
        )

    def _step(self, place: _Reached, character: str) -> _Reached | None:
        return self._reading[place.part](place, character)

    @staticmethod
    def _ends(place: _Reached) -> bool:
        is_path = place.part == "path" and not _DOTS.fullmatch(place.label)
        return is_path or place.part == "query"

    def _read_scheme(self, place: _Reached, character: str) -> _Reached | None:
        read = place.label + character
        if read in ("http://", "https://"):
            return _Reached("host", read.removesuffix("://"), tuple(1 for _ in self._own))
        known = "https://".startswith(read) or "http://".startswith(read)
        return place._replace(label=read) if known else None

    def _read_host(self, place: _Reached, character: str) -> _Reached | None:
        if character in "/:":
            may_end = self._may_end(place) if place.label else place.may_end
            return _after_host(place, character) if may_end else None
        seen = self._follow(place.seen, character)
        if character == ".":
            return self._read_dot(place._replace(seen=seen), self._may_end(place))
        if character == "[" and not place.label and place.octets == 0:
            return place._replace(part="address", label="[", seen=seen)
        if character not in _IN_NAME or place.label == "]":
            return None
        return place._replace(label=_shorten_label(place.label + character), seen=seen)

    @staticmethod
    def _read_dot(place: _Reached, may_end: bool) -> _Reached | None:
        """Read the dot behind a label; `may_end` says whether the host might end before it."""
        if place.label in ("", "]"):
            return None
        is_octet = 0 <= place.octets < 3 and place.label in _OCTETS
        octets = place.octets + 1 if is_octet else -1
        return place._replace(label="", octets=octets, may_end=may_end and place.label == _NAME)

    def _read_address(self, place: _Reached, character: str) -> _Reached | None:
        """Read an IPv6 address: `octets` counts its groups, `may_end` says whether one is `::`."""
        group, full = place.label, 6 if place.may_end else 8
        place = place._replace(seen=self._follow(place.seen, character))
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

    @staticmethod
    def _read_port(place: _Reached, character: str) -> _Reached | None:
        if character == "/":
            is_port = place.label not in ("", DEFAULT_PORTS[place.scheme])
            return _Reached("path") if is_port else None
        port = place.label + character
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
    def _read_query(place: _Reached, character: str) -> _Reached | None:
        return place if character in _IN_QUERY else None

    def _may_end(self, place: _Reached) -> bool:
        """Whether the host may end with the label that is being read."""
        if any(seen == len(text) for seen, text in zip(place.seen, self._texts, strict=True)):
            return False
        return place.label in (_NAME, "]") or (place.octets == 3 and place.label in _OCTETS)

    def _follow(self, seen: tuple[int, ...], character: str) -> tuple[int, ...]:
        """Read a character of a host in the search of Knuth, Morris and Pratt."""
        after = []
        for state, text, failures in zip(seen, self._texts, self._failures, strict=True):
            while state and (state == len(text) or text[state] != character):
                state = failures[state - 1]
            after.append(state + (text[state] == character))
        return tuple(after)


_NAME = "a"
"""A label that no browser takes for a number."""

_OCTETS = frozenset(map(str, range(256)))

_AROUND_GROUPS = ("[", "[:", ":", "0:", "::")
"""What stands around the groups of an IPv6 address; `0:` is the colon behind a zero."""

_MAX_GROUP = 4


def _shorten_label(label: str) -> str:
    """Return what matters of a label: whether it is an octet, another number or a name."""
    if label in _OCTETS:
        return label
    if label.isdigit():
        return "00"
    return "0x" if _HEX.fullmatch(label) else _NAME


def _read_group(place: _Reached, digit: str, full: int) -> _Reached | None:
    """Read a digit of a group of an IPv6 address."""
    group = place.label
    if group not in _AROUND_GROUPS:
        fits = group != "0" and len(group) < _MAX_GROUP
        return place._replace(label=f"{group}1") if fits else None
    is_known = group != "[:" and not (digit == "0" and group == "::")  # it would be part of `::`
    fits = is_known and place.octets < full
    return place._replace(label="0" if digit == "0" else "1") if fits else None


def _shorten_port(port: str) -> str:
    """Return what matters of a port: whether it is a default, and how far it may grow."""
    if port == "0" or any(known.startswith(port) for known in ("443", "80", _MAX_PORT)):
        return port
    return ("9" if port > _MAX_PORT[: len(port)] else "1") * len(port)


def _after_host(place: _Reached, character: str) -> _Reached:
    return _Reached("path") if character == "/" else _Reached("port", place.scheme)


def domain_of(url: WebURL) -> str | None:
    """Return the domain that somebody has registered; None for an address and a public suffix."""
    host = url.host.removesuffix(".")
    domain: str | None = None if url.is_address else suffix_list().privatesuffix(host)
    return domain


def _own(site: WebURL) -> _Own:
    domain = domain_of(site)
    return _Own(site.host.removesuffix("."), False) if domain is None else _Own(domain, True)


def _failures(text: str) -> list[int]:
    """Return, for each beginning of a text, the length of its longest border."""
    borders = [0]
    for place in range(1, len(text)):
        length = borders[-1]
        while length and text[length] != text[place]:
            length = borders[length - 1]
        borders.append(length + (text[length] == text[place]))
    return borders
