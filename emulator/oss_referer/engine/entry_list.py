"""EntryList: a list of entries that finds the first one matching a Referer with a few lookups.

Two indexes find most entries without a walk through the Referer character by character:

- An entry without wildcards is found by bisection. The list is sorted and has no entry that begins
  with another one, so only the entry before the Referer can be its prefix (R-20).
- An entry with a whole label, a text between two of `.` and `/`, is indexed by its rarest label.
  A Referer that matches has the same label.

`GramIndex` finds the other entries, and entries whose label is common. It could find all of them,
but usual entries would take 5 to 12 times as long: 7 µs for a Referer instead of 1.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from .pattern import Pattern, split

# Characters of a gram: the largest of these sizes that fits into the run.
_GRAM_SIZES = (4, 2, 1)
# Joins two characters that must occur in this order; no run of literals contains it.
_PAIR = "*"
# The most grams of an entry that a lookup checks, the rarest first.
_GRAMS_PER_ENTRY = 8
# The most texts between wildcards of an entry that give grams.
_RUNS_PER_ENTRY = 256
# About the most grams of a long run, so that compiling stays linear and quick.
_GRAMS_PER_RUN = 64


class GramIndex:
    """Finds the few entries of a list that a Referer may match.

    An entry can match only a Referer that contains certain short strings ("grams"): pieces of its
    literal runs. The index files each entry under the gram that the fewest other entries need, and
    a lookup tries only entries whose rare grams the Referer contains. A lookup walks the Referer
    once and tries the few entries that nearly match, however long the list is.

    A run of one character occurs in almost every Referer, so the order of two such runs is a gram
    as well: `*a*b*` needs an `a` before a `b`. Grams are case-folded, so that an entry that differs
    only in letter case is a candidate too (R-24).
    """

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
        """Return the cost of a lookup: the number of entries and pairs of characters it tries."""
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


# The most entries with the same label; a label of more entries narrows down too little.
_ENTRIES_PER_LABEL = 16


class EntryList:
    """A whitelist or a blacklist, compiled."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self._numbers: dict[str, int] = {}
        """The number of the first entry with each body."""
        for number, pattern in enumerate(self.patterns):
            self._numbers.setdefault(pattern.body, number)
        self._prefixes: list[str] = []
        self._with_prefix: list[list[int]] = []  # in configured order
        self._labelled: dict[str, list[int]] = {}
        self._file_prefixes()
        self._others = GramIndex(self._file_labels())
        self._labels = frozenset(self._labelled)

    def first(self, referer: str) -> Pattern | None:
        """Return the first entry that matches a Referer, in configured order."""
        patterns = self.patterns
        found = len(patterns)
        place = bisect_right(self._prefixes, referer)
        if place and referer.startswith(self._prefixes[place - 1]):
            numbers = self._with_prefix[place - 1]
            found = next(n for n in numbers if referer.startswith(patterns[n].body))
        labels = split(referer)
        if not self._labels.isdisjoint(labels):
            for label in labels:
                for number in self._labelled.get(label, ()):
                    if number < found and patterns[number].matches(referer):
                        found = number
        if self._others.patterns:
            other = self._others.first(referer)
            found = found if other is None else min(found, self._numbers[other.body])
        return patterns[found] if found < len(patterns) else None

    def effort(self, referer: str) -> int:
        """Return the cost of a lookup: the number of entries and pairs of characters it tries."""
        labels = set(split(referer)) & self._labels
        tried = sum(len(self._labelled[label]) for label in labels)
        return tried + self._others.effort(referer)

    def _file_prefixes(self) -> None:
        plain = {
            body: number
            for body, number in self._numbers.items()
            if not self.patterns[number].has_wildcards
        }
        for body in sorted(plain):
            if not self._prefixes or not body.startswith(self._prefixes[-1]):
                self._prefixes.append(body)
                self._with_prefix.append([])
            self._with_prefix[-1].append(plain[body])
        for numbers in self._with_prefix:
            numbers.sort()

    def _file_labels(self) -> Iterator[Pattern]:
        """Index entries with wildcards by their rarest labels; yield those without a rare label."""
        wild = [n for n in self._numbers.values() if self.patterns[n].has_wildcards]
        count = Counter(label for number in wild for label in self.patterns[number].labels)
        for number in wild:
            pattern = self.patterns[number]
            rarest = min(pattern.labels, key=lambda label: (count[label], label), default="")
            if rarest and count[rarest] <= _ENTRIES_PER_LABEL:
                self._labelled.setdefault(rarest, []).append(number)
            else:
                yield pattern
