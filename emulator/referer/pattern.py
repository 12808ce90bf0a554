"""Pattern: one entry of a whitelist or blacklist, compiled.

An entry matches by prefix (R-20), so it ends in an implicit `*` and never needs backtracking: the
segment before its first `*` must stand at the start, and each further segment is taken at its
leftmost place after the one before. Taking a segment further left never spoils what follows.

That is linear in the Referer's length for every entry:

- A segment with one run of literal characters is found by str.find. CPython (3.10 on) searches
  naively only where the work is capped (needle under 100 characters or haystack under 2,500) and
  uses the linear two-way algorithm elsewhere.
- A segment with `?` between literals is found on bit sets. Bit p of `_positions(referer, c)` says
  that character p of the Referer is c; the segment stands at p where the sets of its characters,
  each shifted by its offset, all have bit p. That is one shift and one `&` a literal character.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from .header import WHITE_SPACE

_LITERAL = re.compile(r"[^?]+")


def is_blank(entry: str) -> bool:
    """Whether nothing is left of an entry after trimming; such an entry is ignored (R-25)."""
    return not entry.strip(WHITE_SPACE)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One entry that can match. Make it with `compile`."""

    text: str
    """The entry verbatim, as it was configured."""
    trimmed: str
    """The entry without surrounding white space (R-25): what is matched."""
    head: Segment
    tail: tuple[Segment, ...]

    @classmethod
    def compile(cls, entry: str) -> Pattern:
        """Compile one entry.

        Raises ValueError for a blank entry: taken literally it would match everything (R-25).
        """
        trimmed = entry.strip(WHITE_SPACE)
        if not trimmed:
            raise ValueError("a blank entry cannot be matched")
        head, *tail = trimmed.split("*")
        return cls(
            entry, trimmed, Segment.compile(head), tuple(Segment.compile(s) for s in tail if s)
        )

    @property
    def has_wildcards(self) -> bool:
        """Whether a `*` or `?` is written in it."""
        return not {"*", "?"}.isdisjoint(self.trimmed)

    @property
    def literals(self) -> tuple[str, ...]:
        """The runs of literal characters, which every Referer it matches contains."""
        return tuple(text for segment in (self.head, *self.tail) for _, text in segment.literals)

    def matches(self, referer: str) -> bool:
        """Whether the entry matches a (truncated) Referer. Case-sensitive (R-24)."""
        if not self.head.stands_at_start(referer):
            return False
        end = self.head.length
        for segment in self.tail:
            start = segment.find(referer, end)
            if start < 0:
                return False
            end = start + segment.length
        return True


class Segment(NamedTuple):  # by the ten thousand, and a tuple is made quickest
    """What stands between two `*` of an entry: literal characters and `?`."""

    length: int
    literals: tuple[tuple[int, str], ...]
    """Each run of literal characters with its offset."""

    @classmethod
    def compile(cls, text: str) -> Segment:
        """Compile a text without `*`."""
        if text and "?" not in text:
            return cls(len(text), ((0, text),))
        return cls(len(text), tuple((run.start(), run[0]) for run in _LITERAL.finditer(text)))

    def stands_at_start(self, referer: str) -> bool:
        """Whether the Referer begins with this segment."""
        return len(referer) >= self.length and all(
            referer.startswith(text, offset) for offset, text in self.literals
        )

    def find(self, referer: str, start: int) -> int:
        """The leftmost place of this segment at or after `start`; -1 if there is none."""
        last = len(referer) - self.length
        if last < start:
            return -1
        if not self.literals:
            return start
        if len(self.literals) > 1:
            return self._find_on_bits(referer, start, last)
        offset, text = self.literals[0]
        found = referer.find(text, start + offset, last + offset + len(text))
        return found - offset if found >= 0 else -1

    def _find_on_bits(self, referer: str, start: int, last: int) -> int:
        places = (1 << (last + 1)) - (1 << start)
        for offset, text in self.literals:
            for shift, character in enumerate(text, offset):
                places &= _positions(referer, character) >> shift
                if not places:
                    return -1
        return (places & -places).bit_length() - 1


# Shared between the entries tried on one Referer; small, because a Referer may be large.
@lru_cache(maxsize=128)
def _positions(referer: str, character: str) -> int:
    bits = bytearray(len(referer) // 8 + 1)
    place = referer.find(character)
    while place >= 0:
        bits[place >> 3] |= 1 << (place & 7)
        place = referer.find(character, place + 1)
    return int.from_bytes(bits, "little")
