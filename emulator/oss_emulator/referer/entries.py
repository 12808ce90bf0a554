"""Entries: one list of entries, compiled together, so that a decision does not try each of them.

Every entry needs certain short strings ("grams") in a Referer to match it: pieces of its literal
runs. Each entry is filed under the gram that fewest other entries need. For a Referer, the grams
it contains are collected once; only the entries filed under one of them, and whose other rare
grams are there too, are worth trying. So the cost is that of walking the Referer plus that of the
few entries that nearly match, however long the list.

Runs of single characters are in almost every Referer. Of two such runs, one after the other, the
order is a gram as well: `*a*b*` needs an `a` somewhere before a `b`. Such an entry of which every
pair is there, though not all in one line, is tried: some 2 µs for each, and only of such entries
does a list of thousands take longer than a short one.

Grams are case-folded, so that what only letter case keeps from matching is found as well (R-24).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from .pattern import Pattern, is_blank

# A run of literal characters gives grams of the longest of these sizes that fits into it.
_GRAM_SIZES = (4, 2, 1)
# Stands between two characters that are wanted in this order; no run of literals has one.
_PAIR = "*"
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
        present |= {
            pair for pair in self._pairs if -1 < folded.find(pair[0]) < folded.rfind(pair[-1])
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
        self._pairs = {gram for gram in count if _PAIR in gram}
        self._sizes = {len(gram) for gram in count.keys() - self._pairs}
        for number, needed in enumerate(grams):
            rarest = sorted(needed, key=count.__getitem__)
            self._needed.append(tuple(rarest[:_GRAMS_PER_ENTRY]))
            (self._filed[rarest[0]] if rarest else self._always).append(number)


def _grams(pattern: Pattern) -> Iterator[str]:
    runs = [run.casefold() for run in pattern.literals]
    for run in sorted(runs, key=len, reverse=True):
        size = next(size for size in _GRAM_SIZES if size <= len(run))
        for place in range(0, len(run) - size + 1, 1 + len(run) // _GRAMS_PER_RUN):
            yield run[place : place + size]
    for one, next_one in pairwise(runs):
        if len(one) == len(next_one) == 1:
            yield f"{one}{_PAIR}{next_one}"
