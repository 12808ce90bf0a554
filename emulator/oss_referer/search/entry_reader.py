"""How an entry reads a text: the set of places in it that the text may have reached, as bits."""

import string
from collections import defaultdict
from collections.abc import Sequence

from oss_referer.engine.pattern import Pattern

MATCHED = -1  # every bit: a match is final, because entries match by prefix

LETTERS = tuple(zip(string.ascii_lowercase, string.ascii_uppercase, strict=True))
"""Each letter in lower and in upper case."""


class EntryReader:
    """Reads texts for one entry. A state is a set of places in the entry, as bits."""

    def __init__(self, pattern: Pattern, cut: int, holders: int) -> None:
        self.cut = cut
        self.holders = holders
        """The numbers of the lists that have the entry, as bits."""
        segments = [pattern.head, *pattern.tail]
        text = "*".join(segments)
        if "*" in pattern.body and not pattern.tail:
            text = pattern.head  # a `*` at the end adds nothing to a prefix
        self._end = 1 << len(text)
        self._of: defaultdict[str, int] = defaultdict(int)
        for place, item in enumerate(text):
            self._of[item] |= 1 << place
        for small, capital in LETTERS:
            self._of[small + capital] = self._of.get(small, 0) | self._of.get(capital, 0)
        self._stars = self._of.pop("*", 0)
        self._any = self._of.pop("?", 0)
        self.start = self._settle(1)

    def advance(self, state: int, characters: Sequence[str] | None) -> int:
        """Return the state after some characters."""
        if characters is None:
            return 0
        for character in characters:
            if state in (0, MATCHED):
                break
            wanted = self._of.get(character, 0) | self._any
            state = self._settle(((state & wanted) << 1) | (state & self._stars))
        return state

    def _settle(self, state: int) -> int:
        state |= (state & self._stars) << 1
        if state & self._end:
            return MATCHED
        # Places before the last `*` that was reached no longer matter.
        reached = (state & self._stars).bit_length()
        return state >> (reached - 1) << (reached - 1) if reached else state
