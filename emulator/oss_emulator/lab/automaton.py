"""What entries match, decided for every Referer there can be, and not for some of them.

Entries are read side by side, one character at a time, over all texts. What can still become of an
entry is a set of places in it, kept as bits; there are few such sets. So the texts fall into few
classes, and to look at each class once is to look at every text. The shortest text of a wanted
class is its witness.

Characters that no entry writes are alike, so one of them stands for all. White space is left out:
a URL has none.
"""

from __future__ import annotations

import string
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from oss_emulator.referer.header import WHITE_SPACE
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.pattern import Pattern

BUDGET = 600_000
"""How many steps of one entry a search may take: well under a second."""
_BUDGET_OF_COVERS = BUDGET // 10  # it is asked of many entries

_MATCHED = -1  # every bit: an entry that has matched stays matched, for it matches by prefix


class UndecidedError(Exception):
    """There are too many classes to look at."""


class Cut(Enum):
    """How a Referer is cut before it is compared."""

    NOT = "not"
    QUERY = "query"
    PATH = "path"

    @classmethod
    def of(cls, rules: RefererConfiguration) -> Cut:
        """How these rules cut it."""
        if rules.truncate_path:
            return cls.PATH
        return cls.QUERY if rules.allow_truncate_query_string else cls.NOT


class _Place(Enum):
    """Where in a Referer a cut has come to."""

    BEFORE = "no character that ends a host yet"
    COLON = "a colon that may end the scheme"
    SLASH = "the first slash after that colon, which is held back"
    HOST = "after the scheme"
    CLOSED = "what follows is cut off"


@dataclass(frozen=True, slots=True)
class Watched:
    """An entry, and how a Referer is cut before it is compared with it."""

    pattern: Pattern
    cut: Cut = Cut.NOT


def find(
    watched: Sequence[Watched],
    wanted: Callable[[Sequence[bool]], bool],
    barren: Callable[[Sequence[bool]], bool] = lambda _: False,
    budget: int = BUDGET,
) -> str | None:
    """The shortest Referer, not empty, for which `wanted` holds of what entries match; or None.

    `wanted` is asked with one truth value an entry; so is `barren`, which says that no longer
    Referer is wanted either. Raises UndecidedError.
    """
    cuts = tuple(dict.fromkeys(item.cut for item in watched))
    readers = [_Reader(item.pattern, cuts.index(item.cut)) for item in watched]
    alphabet = _alphabet(item.pattern for item in watched)
    start = (tuple(_Place.BEFORE for _ in cuts), tuple(reader.start for reader in readers))
    seen = set()  # where it starts is a class as well, if a text that is not empty leads there
    waiting = deque([(start, "")])
    while waiting:
        (places, states), text = waiting.popleft()
        budget -= len(alphabet) * (len(readers) + 1)
        if budget < 0:
            raise UndecidedError
        for character in alphabet:
            moves = [_move(cut, place, character) for cut, place in zip(cuts, places, strict=True)]
            after = (
                tuple(place for place, _ in moves),
                tuple(
                    reader.read(state, moves[reader.cut][1])
                    for reader, state in zip(readers, states, strict=True)
                ),
            )
            if after not in seen:
                seen.add(after)
                matched = [state == _MATCHED for state in after[1]]
                if wanted(matched):
                    return text + character
                if not barren(matched):
                    waiting.append((after, text + character))
    return None


def covers(pattern: Pattern, others: Iterable[Pattern], cut: Cut) -> bool:
    """Whether every Referer that an entry matches is matched by one of the others too.

    False as well where that is not decided, and for an entry that matches nothing.
    """
    watched = [Watched(item, cut) for item in (pattern, *others)]
    try:
        uncovered = find(
            watched,
            wanted=lambda matched: matched[0] and not any(matched[1:]),
            barren=lambda matched: any(matched[1:]),
            budget=_BUDGET_OF_COVERS,
        )
        if uncovered is not None:
            return False
        return find(watched[:1], lambda matched: matched[0]) is not None
    except UndecidedError:
        return False


class _Reader:
    """Reads texts for one entry. A state is a set of places in it, as bits."""

    def __init__(self, pattern: Pattern, cut: int) -> None:
        self.cut = cut
        segments = [pattern.head, *pattern.tail]
        text = "*".join(segments)
        if "*" in pattern.trimmed and not pattern.tail:
            text = pattern.head  # a `*` at the end says what the prefix says
        self._end = 1 << len(text)
        self._stars = sum(1 << place for place, item in enumerate(text) if item == "*")
        self._any = sum(1 << place for place, item in enumerate(text) if item == "?")
        self._of = {
            wanted: sum(1 << place for place, item in enumerate(text) if item == wanted)
            for wanted in set(text) - {"*", "?"}
        }
        self.start = self._settle(1)

    def read(self, state: int, characters: str) -> int:
        """The state after some characters."""
        for character in characters:
            if state in (0, _MATCHED):
                break
            wanted = self._of.get(character, 0) | self._any
            state = self._settle(((state & wanted) << 1) | (state & self._stars))
        return state

    def _settle(self, state: int) -> int:
        state |= (state & self._stars) << 1
        if state & self._end:
            return _MATCHED
        # What stands before the last `*` that was reached has no say any more.
        reached = (state & self._stars).bit_length()
        return state >> (reached - 1) << (reached - 1) if reached else state


def _move(cut: Cut, place: _Place, character: str) -> tuple[_Place, str]:
    """Where a cut comes to with one more character, and what the entries get to read of it."""
    if cut is Cut.NOT:
        return place, character
    if cut is Cut.QUERY:
        closed = place is _Place.CLOSED or character == "?"
        return (_Place.CLOSED, "") if closed else (place, character)
    if place is _Place.COLON and character == "/":
        return _Place.SLASH, ""
    if place is _Place.SLASH:
        return (_Place.HOST, "//") if character == "/" else (_Place.CLOSED, "")
    if place is _Place.CLOSED or character in "/?#":
        return _Place.CLOSED, ""
    if place is _Place.HOST:
        return place, character
    return (_Place.COLON if character == ":" else _Place.BEFORE), character


def _alphabet(patterns: Iterable[Pattern]) -> list[str]:
    written = {character for pattern in patterns for character in pattern.trimmed} - {"*"}
    written |= set("/:?#")
    other = next(
        (letter for letter in string.ascii_lowercase + string.digits if letter not in written),
        "\N{LATIN SMALL LETTER Z WITH CARON}",
    )
    return [other, *sorted(written - set(WHITE_SPACE))]
