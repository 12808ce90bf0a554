"""GramIndex: finds the few entries of a list that a Referer may match.

An entry can match only a Referer that contains certain short strings ("grams"): pieces of its
literal runs. The index files each entry under the gram that the fewest other entries need, and a
lookup tries only entries whose rare grams the Referer contains. It costs as much as walking the
Referer and trying the few entries that nearly match, however long the list is.

Almost every Referer contains a run of a single character, so the order of two such runs is a gram
as well: `*a*b*` needs an `a` before a `b`. Grams are case-folded, so that an entry that differs
only in letter case is a candidate too (R-24).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from .pattern import Pattern

# The grams of a run have the largest of these sizes that fits into it.
_GRAM_SIZES = (4, 2, 1)
# Joins two characters that must occur in this order; no run of literals contains it.
_PAIR = "*"
# At most so many of the rarest grams of an entry are checked.
_GRAMS_PER_ENTRY = 8
# At most so many texts between wildcards of an entry give grams.
_RUNS_PER_ENTRY = 256
# A long run gives about this many grams at most, so that compiling stays linear and quick.
_GRAMS_PER_RUN = 64


class GramIndex:
    """A whitelist or a blacklist with its index."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self._filed: defaultdict[str, list[int]] = defaultdict(list)
        self._needed: list[tuple[str, ...]] = []
        self._always: list[int] = []  # such as `*`, which needs no gram
        grams = [dict.fromkeys(_grams(pattern)) for pattern in self.patterns]
        count = Counter(gram for needed in grams for gram in needed)
        self._pairs = {gram for gram in count if _PAIR in gram}
        self._sizes = {len(gram) for gram in count.keys() - self._pairs}
        for number, needed in enumerate(grams):
            rarest = sorted(needed, key=count.__getitem__)
            self._needed.append(tuple(rarest[:_GRAMS_PER_ENTRY]))
            (self._filed[rarest[0]] if rarest else self._always).append(number)

    def first(self, referer: str) -> Pattern | None:
        """Return the first entry that matches a Referer, in configured order."""
        return next((entry for entry in self.candidates(referer) if entry.matches(referer)), None)

    def candidates(self, referer: str) -> list[Pattern]:
        """Return the entries that may match in some letter case, in configured order."""
        present = self._grams_in(referer)
        numbers = [
            number
            for gram in self._filed.keys() & present
            for number in self._filed[gram]
            if present.issuperset(self._needed[number])
        ]
        return [self.patterns[number] for number in sorted(numbers + self._always)]

    def effort(self, referer: str) -> int:
        """Return the work for a Referer: how many entries and pairs of characters it looks at."""
        filed = self._filed.keys() & self._grams_in(referer)
        return len(self._always) + len(self._pairs) + sum(len(self._filed[gram]) for gram in filed)

    def _grams_in(self, referer: str) -> set[str]:
        folded = referer.casefold()
        present = {
            folded[place : place + size]
            for size in self._sizes
            for place in range(len(folded) - size + 1)
        }
        return present | {
            pair for pair in self._pairs if -1 < folded.find(pair[0]) < folded.rfind(pair[-1])
        }


def _grams(pattern: Pattern) -> Iterator[str]:
    runs = [run.casefold() for run in pattern.literals[:_RUNS_PER_ENTRY]]
    for run in sorted(runs, key=len, reverse=True):
        size = next(size for size in _GRAM_SIZES if size <= len(run))
        for place in range(0, len(run) - size + 1, 1 + len(run) // _GRAMS_PER_RUN):
            yield run[place : place + size]
    for one, next_one in pairwise(runs):
        if len(one) == len(next_one) == 1:
            yield f"{one}{_PAIR}{next_one}"
