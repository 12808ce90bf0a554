"""Pattern: one entry of a whitelist or blacklist, compiled.

An entry matches by prefix (R-20), as if it ended in `*`, and needs no backtracking: the Referer
must begin with the segment before the first `*`, and each further segment matches at its leftmost
place after the previous one. A leftmost match never prevents the match of a later segment.

Matching is linear in the length of the Referer for every entry:

- A segment without `?` is found by str.find. CPython 3.10 and later search naively only where the
  work is bounded, for a needle under 100 characters or a haystack under 2,500, and otherwise in
  linear time.
- A segment with `?` is found with bit sets. Bit p of `_places(referer, c)` is set if character p of
  the Referer is c. The segment matches at p if bit p is set in the sets of all its characters, each
  set shifted by the character's offset: one shift and one `&` for each character.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from .header import lower


@dataclass(frozen=True)
class Pattern:
    """A compiled entry."""

    text: str
    """The entry as it was configured."""
    body: str
    """The text to compare; by default the entry without surrounding white space (R-25)."""
    head: str
    """The segment before the first `*`."""
    tail: tuple[str, ...]
    """The segments after the first `*`, without empty ones."""
    lowers_query: bool
    """Whether capitals match small letters after the first `?` of a Referer (R-41)."""

    @classmethod
    def of(cls, text: str, body: str, *, lowers_query: bool = False) -> "Pattern":
        """Compile an entry; `body` is the text to compare."""
        head, *tail = body.split("*")
        return cls(text, body, head, tuple(segment for segment in tail if segment), lowers_query)

    @property
    def has_wildcards(self) -> bool:
        """Whether the entry contains `*` or `?`."""
        return "*" in self.body or "?" in self.body

    @property
    def literals(self) -> list[str]:
        """The runs of literal characters; a matching Referer contains them all."""
        return [run for run in self.body.replace("?", "*").split("*") if run]

    @cached_property
    def labels(self) -> frozenset[str]:
        """The whole texts between two of `.` and `/` that every matching Referer contains."""
        first, *others = self.body.replace("?", "*").split("*")
        inner = (run for other in others for run in split(other)[1:-1])
        labels = filter(None, (*split(first)[:-1], *inner))
        return frozenset(
            label for label in labels if not self.lowers_query or label == lower(label)
        )

    def matches(self, referer: str) -> bool:
        """Return whether the entry matches a truncated Referer, character by character (R-24).

        If `lowers_query`, the query of the Referer must be in lower case.
        """
        query = referer.find("?") + 1 if self.lowers_query else 0
        if not _stands_at_start(self.head, referer, query):
            return False
        end = len(self.head)
        for segment in self.tail:
            if "?" in segment:
                start = _find_with_wildcards(referer, segment, end, query)
            else:
                start = referer.find(segment, end)
                if start < 0 and query:  # a segment without `?` is before the query or in it
                    start = referer.find(lower(segment), max(end, query))
            if start < 0:
                return False
            end = start + len(segment)
        return True


def split(text: str) -> list[str]:
    """Return the labels of a Referer: the texts between `.` and `/`."""
    return text.replace("/", ".").split(".")


def _stands_at_start(segment: str, referer: str, query: int) -> bool:
    if "?" not in segment:
        return referer.startswith(segment)
    if len(referer) < len(segment):
        return False
    wanted = segment[:query] + lower(segment[query:]) if query else segment
    return all(one in ("?", found) for one, found in zip(wanted, referer, strict=False))


def _find_with_wildcards(referer: str, segment: str, start: int, query: int) -> int:
    """Return the leftmost place of a segment with `?` at or after `start`; -1 if it is missing.

    If `query` is not 0, capitals match small letters from that offset on (R-41).
    """
    last = len(referer) - len(segment)
    if last < start:
        return -1
    places = (1 << (last + 1)) - (1 << start)
    for offset, character in enumerate(segment):
        if character != "?":
            found = _places(referer, character)
            if query and (small := lower(character)) != character:
                found |= _places(referer, small) >> query << query
            places &= found >> offset
            if not places:
                return -1
    return (places & -places).bit_length() - 1  # the lowest bit


# The entries tried on one Referer share the cache, which is small because a Referer may be large.
@lru_cache(maxsize=128)
def _places(referer: str, character: str) -> int:
    bits = bytearray(len(referer) // 8 + 1)
    place = referer.find(character)
    while place >= 0:
        bits[place >> 3] |= 1 << (place & 7)
        place = referer.find(character, place + 1)
    return int.from_bytes(bits, "little")


@lru_cache(maxsize=4_096)
def wildcard(
    text: str, some: str = ".", *, whole: bool = True, flags: re.RegexFlag = re.NOFLAG
) -> re.Pattern[str]:
    """Compile a wildcard text of a policy or another system to a regular expression.

    It matches a whole text or, without `whole`, a prefix. `some` is the expression that `*`
    repeats. Each part between two `*` matches only at its leftmost place, without backtracking,
    since a later place never helps the next part. The last part must match at the end. Entries of
    Referer rules use `Pattern`, which handles R-41 and need not compile 10,000 expressions.
    """
    head, *tail = (re.escape(part).replace(r"\?", ".") for part in text.split("*"))
    last = tail.pop() if whole and tail else None
    middle = "".join(f"(?>{some}*?{part})" for part in tail if part)
    end = "" if last is None else f"{some}*{last}"
    return re.compile(head + middle + end + (r"\Z" if whole else ""), flags | re.DOTALL)
