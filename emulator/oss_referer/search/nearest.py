"""The nearest miss: the entry that comes closest to a Referer, and the place where they part.

People look for the entry that they meant for a site. So the host counts first: the same host, then
the longest common end of both hosts, such as `.example.com`. Then counts how far the entry matches.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from oss_referer.engine.pattern import Pattern

from .parts import Parts

LONGEST = 1_000
"""The characters of a Referer that are looked at; a longer path hardly tells entries apart."""

MEASURED = 100
"""The most entries, of those with the nearest hosts, that are followed through the Referer."""


class Parting(StrEnum):
    """What differs first between an entry and a Referer."""

    SCHEME = "scheme"
    HOST = "host"
    PORT = "port"
    PATH = "path"
    LETTER_CASE = "letter-case"
    END = "end"
    """The Referer ends before the entry does, for example without a slash after its host."""


class NearMiss(NamedTuple):
    """An entry that does not match a Referer, and where they part."""

    entry: str
    """The entry as it was configured."""
    body: str
    """What of the entry is compared; `agrees` is a place in it."""
    agrees: int
    """The characters of the body that agree with the Referer."""
    matched: int
    """The characters of the Referer that agree with them."""
    parting: Parting
    is_related: bool
    """Whether both hosts have a domain in common."""


def find(patterns: Iterable[Pattern], referer: str) -> NearMiss | None:
    """Find the entry that comes closest to a Referer, as it is compared, that none matches.

    None if there are no entries.
    """
    referer = referer[:LONGEST]
    host = _host(referer)
    ranked = sorted(patterns, key=lambda one: _likeness(one, host), reverse=True)[:MEASURED]
    if not ranked:
        return None
    nearest = _likeness(ranked[0], host)
    alike = (pattern for pattern in ranked if _likeness(pattern, host) == nearest)
    agrees, matched, pattern = max(
        ((*_measure(pattern.body, referer), pattern) for pattern in alike),
        key=lambda measured: measured[1],
    )
    parting = _name(pattern.body, agrees, referer, matched)
    return NearMiss(
        entry=pattern.text,
        body=pattern.body,
        agrees=agrees,
        matched=matched,
        parting=parting,
        is_related=nearest > (False, 0),
    )


def _host(text: str) -> str:
    return Parts.split(text[:LONGEST].lower()).host


def _likeness(pattern: Pattern, host: str) -> tuple[bool, int]:
    """Say whether the hosts are the same, and how many labels end both, such as `example.com`."""
    own = _host(pattern.body)
    pairs = zip(reversed(own.split(".")), reversed(host.split(".")), strict=False)
    common = 0
    for ours, theirs in pairs:
        if ours != theirs:
            break
        common += 1
    return own == host, common if common > 1 else 0  # a top-level name alone says nothing


def _measure(body: str, referer: str) -> tuple[int, int]:
    """Follow an entry through a Referer until they part; returns the places in both."""
    head, *others = body.split("*")
    agrees = matched = _count_common(head, referer)
    if agrees < len(head):
        return agrees, matched
    for segment in others:
        agrees += 1  # the wildcard itself
        place, length = _find_longest(segment, referer, matched)
        if length < len(segment):
            # A single character, such as a dot, agrees by chance.
            return (agrees + length, place + length) if length > 1 else (agrees, matched)
        agrees, matched = agrees + length, place + length
    return agrees, matched


def _find_longest(segment: str, referer: str, start: int) -> tuple[int, int]:
    """Find where the longest beginning of a segment stands, and its length; leftmost wins."""
    best = (start, 0)
    for place in range(start, len(referer)):
        length = _count_common(segment, referer[place : place + len(segment)])
        if length > best[1]:
            best = (place, length)
    return best


def _count_common(entry: str, referer: str) -> int:
    """Count the characters that agree from the start; `?` agrees with any."""
    count = 0
    for ours, theirs in zip(entry, referer, strict=False):
        if ours not in ("?", theirs):
            break
        count += 1
    return count


def _name(body: str, agrees: int, referer: str, matched: int) -> Parting:
    """Name what differs between the rest of an entry and that of a Referer."""
    rest = body[agrees:]
    if body[:agrees].endswith("*"):  # nothing behind it agrees, so it may stand for anything
        return _name_place(body, agrees)
    if matched >= len(referer):
        return Parting.END
    if referer[matched:].lower().startswith(rest.lower()):
        return Parting.LETTER_CASE
    place = _name_place(referer, matched)
    if rest[:1] == ":" and place is Parting.PATH:
        return Parting.PORT
    is_longer = matched == len(Parts.split(referer).origin) and rest[:1] != "/"
    return Parting.HOST if is_longer and place is Parting.PATH else place


def _name_place(text: str, place: int) -> Parting:
    """Name the part of a Referer or an entry in which a place lies."""
    parts = Parts.split(text)
    start = 0 if parts.scheme is None else len(parts.scheme) + len("://")
    if place < start:
        return Parting.SCHEME
    if place < start + len(parts.host):
        return Parting.HOST
    return Parting.PORT if place < len(parts.origin) else Parting.PATH
