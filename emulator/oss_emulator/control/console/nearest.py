"""Nearest: the entry that its author probably meant for a Referer, and the part that differs."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple, Self

from oss_referer.engine import Pattern
from oss_referer.search.entry import Parts


class Difference(StrEnum):
    """The first difference between an entry and a Referer."""

    SCHEME = "scheme"
    HOST = "host"
    PORT = "port"
    PATH = "path"
    LETTER_CASE = "letter-case"
    END = "end"
    """The Referer ends before the entry, for example without a slash after its host."""


class Marked(NamedTuple):
    """A text in three parts; the middle part differs from another text."""

    before: str
    differs: str
    after: str

    @classmethod
    def cut(cls, text: str, start: int, end: int) -> Self:
        return cls(text[:start], text[start:end], text[end:])


class NearMiss(NamedTuple):
    """An entry that does not match a Referer, and the place where they differ."""

    entry: str
    """The entry as it was configured."""
    parting: Difference
    is_related: bool
    """Whether both hosts have a domain in common."""
    ours: Marked
    """The compared part of the entry, in which the difference is marked."""
    theirs: Marked
    """The Referer, in which the difference is marked."""


def find_nearest(patterns: Iterable[Pattern], referer: str) -> NearMiss | None:
    """Return the entry closest to a Referer, as compared, that none matches; None without entries.

    People look for the entry that they meant for a site. So the same host counts most, then the
    longest common end of both hosts, such as `.example.com`, then the common beginning.
    """
    host = Parts.split(referer).host.lower()

    def likeness(pattern: Pattern) -> tuple[bool, int, int]:
        own = Parts.split(pattern.body).host.lower()
        common = _count_common(own.split(".")[::-1], host.split(".")[::-1])
        alike = common if common > 1 else 0  # a common top-level name is not a likeness
        return own == host, alike, _count_common(pattern.body, referer)

    nearest = max(patterns, key=likeness, default=None)
    if nearest is None:
        return None
    is_same, alike, _ = likeness(nearest)
    parting, ours, theirs = _part(nearest.body, referer)
    return NearMiss(nearest.text, parting, is_same or alike > 0, ours, theirs)


def _part(body: str, referer: str) -> tuple[Difference, Marked, Marked]:
    """Return the first part that differs: scheme, host, port or the rest; and both with marks."""
    ours, theirs = Parts.split(body), Parts.split(referer)
    hosts = [_start(one) for one in (ours, theirs)]
    ends = [start + len(one.host) for start, one in zip(hosts, (ours, theirs), strict=True)]
    rests = [len(one.origin) for one in (ours, theirs)]

    def cut(
        kind: Difference, starts: Sequence[int], ends: Sequence[int]
    ) -> tuple[Difference, Marked, Marked]:
        return kind, Marked.cut(body, starts[0], ends[0]), Marked.cut(referer, starts[1], ends[1])

    schemes = [one.scheme or "" for one in (ours, theirs)]
    if not _fits(*schemes) and not (ours.scheme is None and body[:1] in ("*", "?")):
        kind = _or_case(Difference.SCHEME, *schemes)
        return cut(kind, (0, 0), (len(schemes[0]), len(schemes[1])))
    if not _fits(ours.host, theirs.host):
        kind = _or_case(Difference.HOST, ours.host, theirs.host)
        if kind is Difference.LETTER_CASE:
            return cut(kind, hosts, ends)
        begin, tail = _cut_labels(ours.host, theirs.host)
        return cut(kind, [one + size for one, size in zip(hosts, begin, strict=True)],
                   [end - tail for end in ends])  # fmt: skip
    if not _fits(ours.port or "", theirs.port or ""):
        return cut(Difference.PORT, ends, rests)
    common = _count_common(ours.rest, theirs.rest)
    kind = Difference.END if common == len(theirs.rest) else Difference.PATH
    if theirs.rest.lower().startswith(ours.rest.lower()):
        kind = Difference.LETTER_CASE
    return cut(kind, [rest + common for rest in rests], (len(body), len(referer)))


def _start(parts: Parts) -> int:
    """Return the offset of the host."""
    return 0 if parts.scheme is None else len(parts.scheme) + len("://")


def _fits(entry: str, text: str) -> bool:
    """Return whether a part of an entry, with its wildcards, matches the whole of a text."""
    return Pattern.of(entry, f"{entry}\n").matches(f"{text}\n")


def _or_case(kind: Difference, entry: str, text: str) -> Difference:
    return Difference.LETTER_CASE if _fits(entry.lower(), text.lower()) else kind


def _cut_labels(entry: str, host: str) -> tuple[Sequence[int], int]:
    """Return where the labels that differ begin in both hosts, and the length of the common end."""
    ours, theirs = (one.replace(".", "\n.\n").split("\n") for one in (entry, host))
    common = _count_common(ours[::-1], theirs[::-1])
    tail = sum(map(len, ours[len(ours) - common :]))
    rest = [one[: len(one) - common] for one in (ours, theirs)]
    begin = [0, 0]
    for pair in zip(*rest, strict=False):
        if not _fits(*pair):
            break
        begin = [size + len(text) for size, text in zip(begin, pair, strict=True)]
    return begin, tail


def _count_common(some: Sequence[str], others: Sequence[str]) -> int:
    """Return how many items at the start are equal."""
    pairs = zip(some, others, strict=False)
    return next(
        (number for number, (one, other) in enumerate(pairs) if one != other),
        min(len(some), len(others)),
    )
