"""Entries: one list of entries, compiled together, so that a decision does not try each of them.

Every entry needs certain short strings ("grams") in a Referer to match it: pieces of its literal
runs. Each entry is filed under the gram that fewest other entries need. For a Referer, the grams
it contains are collected once; only the entries filed under one of them, and whose other rare
grams are there too, are worth trying. So the cost is that of walking the Referer plus that of the
few entries that nearly match, however long the list.

Entries that differ only in single characters between their `*` have no rare gram: of those, all
whose characters occur in the Referer are tried.

Grams are case-folded, so that what only letter case keeps from matching is found as well (R-24).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from .pattern import Pattern, is_blank

# A run of literal characters gives grams of the longest of these sizes that fits into it.
_GRAM_SIZES = (4, 2, 1)
# How many grams an entry is filed under and then checked for, the rarest first.
_GRAMS_PER_ENTRY = 8
# A long run gives at most about this many grams, so that compiling stays linear and quick.
_GRAMS_PER_RUN = 64


class Entries:
    """A whitelist or a blacklist, ready to be matched."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(texts)
        self.patterns = tuple(Pattern.compile(text) for text in self.texts if not is_blank(text))
        self._filed: defaultdict[str, list[int]] = defaultdict(list)
        self._needed: list[tuple[str, ...]] = []
        self._always: list[int] = []  # such as `*`, which needs nothing
        self._file()

    @property
    def has_blanks(self) -> bool:
        """Whether an entry is ignored because nothing is left of it after trimming (R-25)."""
        return len(self.patterns) < len(self.texts)

    def candidates(self, referer: str) -> list[Pattern]:
        """The entries worth trying, in configured order: no other matches in any letter case."""
        folded = referer.casefold()
        present = {
            folded[place : place + size]
            for size in self._sizes
            for place in range(len(folded) - size + 1)
        }
        numbers = [
            number
            for gram in self._filed.keys() & present
            for number in self._filed[gram]
            if present.issuperset(self._needed[number])
        ]
        return [self.patterns[number] for number in sorted(numbers + self._always)]

    def _file(self) -> None:
        grams = [dict.fromkeys(_grams(pattern)) for pattern in self.patterns]
        count = Counter(gram for needed in grams for gram in needed)
        self._sizes = {len(gram) for gram in count}
        for number, needed in enumerate(grams):
            rarest = sorted(needed, key=count.__getitem__)
            self._needed.append(tuple(rarest[:_GRAMS_PER_ENTRY]))
            (self._filed[rarest[0]] if rarest else self._always).append(number)


def _grams(pattern: Pattern) -> Iterator[str]:
    for run in sorted(map(str.casefold, pattern.literals), key=len, reverse=True):
        size = next(size for size in _GRAM_SIZES if size <= len(run))
        for place in range(0, len(run) - size + 1, 1 + len(run) // _GRAMS_PER_RUN):
            yield run[place : place + size]
