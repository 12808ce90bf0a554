"""Pattern: one entry of a whitelist or blacklist, compiled.

An entry matches by prefix (R-20), so it ends in an implicit `*` and never needs backtracking: the
segment before its first `*` must stand at the start, and each further segment is taken at its
leftmost place after the one before. Taking a segment further left never spoils what follows.

That is linear in the Referer's length for every entry:

- A segment without `?` is found by str.find. CPython (3.10 on) searches naively only where the work
  is capped, a needle under 100 characters or a haystack under 2,500, and else in linear time.
- A segment with `?` is found on bit sets. Bit p of `_places(referer, c)` says that character p of
  the Referer is c; the segment stands at p where the sets of its characters, each shifted by its
  offset, all have bit p. That is one shift and one `&` for each of its characters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .header import WHITE_SPACE


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
    head: str
    """The segment before its first `*`."""
    tail: tuple[str, ...]
    """The segments after it; none is empty."""

    @classmethod
    def compile(cls, entry: str) -> Pattern:
        """Compile one entry.

        Raises ValueError for a blank entry: taken literally it would match everything (R-25).
        """
        trimmed = entry.strip(WHITE_SPACE)
        if not trimmed:
            raise ValueError("a blank entry cannot be matched")
        head, *tail = trimmed.split("*")
        return cls(entry, trimmed, head, tuple(segment for segment in tail if segment))

    @property
    def has_wildcards(self) -> bool:
        """Whether a `*` or `?` is written in it."""
        return "*" in self.trimmed or "?" in self.trimmed

    @property
    def folded(self) -> Pattern:
        """The entry case-folded (R-24), for a Referer folded as well; itself if it already is."""
        folded = self.text.casefold()
        return self if folded == self.text else Pattern.compile(folded)

    @property
    def literals(self) -> list[str]:
        """The runs of literal characters, which every Referer it matches contains."""
        return [run for run in self.trimmed.replace("?", "*").split("*") if run]

    def matches(self, referer: str) -> bool:
        """Whether the entry matches a Referer, as truncation left it. Case-sensitive (R-24)."""
        if not _stands_at_start(self.head, referer):
            return False
        end = len(self.head)
        for segment in self.tail:
            if "?" in segment:
                start = _find_with_wildcards(referer, segment, end)
            else:
                start = referer.find(segment, end)
            if start < 0:
                return False
            end = start + len(segment)
        return True


def _stands_at_start(segment: str, referer: str) -> bool:
    if "?" not in segment:
        return referer.startswith(segment)
    return len(referer) >= len(segment) and all(
        wanted in ("?", found) for wanted, found in zip(segment, referer, strict=False)
    )


def _find_with_wildcards(referer: str, segment: str, start: int) -> int:
    """The leftmost place of a segment with `?` at or after `start`; -1 if there is none."""
    last = len(referer) - len(segment)
    if last < start:
        return -1
    places = (1 << (last + 1)) - (1 << start)
    for offset, character in enumerate(segment):
        if character != "?":
            places &= _places(referer, character) >> offset
            if not places:
                return -1
    return (places & -places).bit_length() - 1  # the lowest bit


# Shared by the entries that are tried on one Referer; small, because a Referer may be large.
@lru_cache(maxsize=128)
def _places(referer: str, character: str) -> int:
    bits = bytearray(len(referer) // 8 + 1)
    place = referer.find(character)
    while place >= 0:
        bits[place >> 3] |= 1 << (place & 7)
        place = referer.find(character, place + 1)
    return int.from_bytes(bits, "little")
