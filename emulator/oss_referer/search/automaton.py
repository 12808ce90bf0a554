"""A search over all possible Referers: which of them match which entries.

All entries read the same text in parallel, one character at a time. The state of an entry is the
set of places in it that the text may have reached (`EntryReader`). Once an entry of a list matches,
the search drops the other entries of the list. Texts that lead to the same states form a class.
There are few classes, so a search that visits each class once covers every text. The shortest text
of a class is its witness.

Characters that occur in no entry are equivalent, so one of them represents all. A Referer contains
no line end, because no header can, and neither begins nor ends with a blank (R-10).
"""

import string
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum, IntEnum, auto
from functools import cached_property, lru_cache
from itertools import chain, compress
from typing import Any, NamedTuple

from oss_referer.engine import EntryList, Pattern, Reading, RefererPolicy, header
from oss_referer.engine.assumptions import CutPath
from oss_referer.search.url import MAX_LENGTH

MATCHED = -1  # every bit: a match is final, because entries match by prefix

LETTERS = tuple(zip(string.ascii_lowercase, string.ascii_uppercase, strict=True))
"""Each letter in lower and in upper case."""


class EntryReader:
    """Reads texts for one entry. A state is a set of places in the entry, as bits."""

    def __init__(self, pattern: Pattern, cut: int, holders: int) -> None:
        self.cut = cut
        self.holders = holders
        """The numbers of the lists that contain the entry, as bits."""
        segments = [pattern.head, *pattern.tail]
        text = "*".join(segments)
        if "*" in pattern.body and not pattern.tail:
            text = pattern.head  # a `*` at the end adds nothing to a prefix
        self._text = text
        self._end = 1 << len(text)
        self._of: defaultdict[str, int] = defaultdict(int)
        for place, item in enumerate(text):
            self._of[item] |= 1 << place
        for small, capital in LETTERS:
            self._of[small + capital] = self._of.get(small, 0) | self._of.get(capital, 0)
        self._stars = self._of.pop("*", 0)
        self._any = self._of.pop("?", 0)
        self.start = self._settle(1)

    def only(self, state: int) -> str:
        """Return the only character that can be read in a state; "" for several or none."""
        is_one = state > 0 and not state & (state - 1)
        return self._text[state.bit_length() - 1] if is_one and not state & self._any else ""

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
        # Drop the places before the last `*` that the text reached.
        reached = (state & self._stars).bit_length()
        return state >> (reached - 1) << (reached - 1) if reached else state


BUDGET = 600_000
"""The most steps of a search, which take well under a second; a step is for one entry."""
_BUDGET_OF_COVERS = BUDGET // 10  # small, because `covers` is called for many entries


class UndecidedError(Exception):
    """The search needs more steps than its budget."""


class Truncation(Enum):
    """How the rules truncate a Referer before they compare it."""

    NOT = "not"
    LOWERED = "lowered"
    """The rules truncate nothing, but compare the query in lower case (R-41)."""
    QUERY = "query"
    PATH = "path"

    @classmethod
    def of(cls, policy: RefererPolicy) -> "Truncation":
        """Return how the rules of a policy truncate a Referer."""
        if policy.reading.cuts_path:
            return cls.PATH
        if policy.configuration.allow_truncate_query_string:
            return cls.QUERY
        return cls.LOWERED if policy.reading.lowers_query else cls.NOT


class _Place(IntEnum):
    """How far a truncation has read a Referer."""

    BEFORE = auto()
    """Before any character that ends a host."""
    COLON = auto()
    """After a colon that may end the scheme."""
    SLASH = auto()
    """After the first slash that follows the colon; entries have not read this slash yet."""
    HOST = auto()
    """After the scheme."""
    CLOSED = auto()
    """In the part that is cut or compared in lower case."""


@dataclass(frozen=True, slots=True)
class SearchedEntry:
    """An entry, and the truncation of a Referer before the comparison."""

    pattern: Pattern
    cut: Truncation = Truncation.NOT
    needed: bool = False
    """Whether the entry must match every Referer that the search returns."""


EVERYTHING = SearchedEntry(Pattern.of("*", "*"))
"""An entry that matches every Referer."""


class CompiledRules:
    """The rules of a policy, prepared for a search."""

    def __init__(self, policy: RefererPolicy) -> None:
        self.policy = policy
        self.reading = policy.reading
        self.cut = Truncation.of(policy)

    @property
    def is_searchable(self) -> bool:
        """Whether the search can truncate a Referer as these rules do."""
        keeps_slash = self.policy.assumptions.cut_path is CutPath.WITH_SLASH
        return self.cut is not Truncation.PATH or not keeps_slash

    @cached_property
    def white(self) -> tuple[SearchedEntry, ...]:
        """The entries that allow a Referer; `EVERYTHING` if a Referer needs no entry."""
        if not self.reading.needs_whitelist:
            return (EVERYTHING,)
        return tuple(self.watch(self.reading.whitelist.patterns))

    @cached_property
    def black(self) -> tuple[SearchedEntry, ...]:
        """The entries that deny a Referer."""
        return tuple(self.watch(self.reading.blacklist.patterns))

    @cached_property
    def blacklisted(self) -> frozenset[str]:
        """The entries of the blacklist in the form that is compared."""
        return frozenset(pattern.body for pattern in self.reading.blacklist.patterns)

    def allowing(self, referer: str, without: Collection[str] = ()) -> SearchedEntry | None:
        """Return the first whitelist entry that matches a Referer, except for some bodies."""
        if not self.reading.needs_whitelist:
            return EVERYTHING
        return self._first(self.reading.whitelist, referer, without)

    def denying(self, referer: str, without: Collection[str] = ()) -> SearchedEntry | None:
        """Return the first blacklist entry that matches a Referer, except for some bodies."""
        return self._first(self.reading.blacklist, referer, without)

    def see(self, referer: str) -> str:
        """Return a Referer as entries are compared with it."""
        return self.reading.see(header.trim(referer))

    def read(self, entry: str) -> tuple[SearchedEntry, ...]:
        """Read another entry as these rules do; commas may separate it into several (R-37)."""
        alone = replace(self.policy.configuration, whitelist=(entry,), blacklist=())
        return tuple(self.watch(Reading(alone, self.policy.assumptions).whitelist.patterns))

    def watch(self, patterns: Iterable[Pattern]) -> Iterator[SearchedEntry]:
        """Yield the entries for a search, without duplicates."""
        bodies = {pattern.body: pattern for pattern in patterns}
        return (SearchedEntry(pattern, self.cut) for pattern in bodies.values())

    def _first(
        self, entries: EntryList, referer: str, without: Collection[str]
    ) -> SearchedEntry | None:
        seen = self.see(referer)
        found = entries.first(seen)
        if found is not None and found.body in without:
            rest = (item for item in entries.patterns if item.body not in without)
            found = next((item for item in rest if item.matches(seen)), None)
        return None if found is None else SearchedEntry(found, self.cut)


@dataclass(frozen=True, slots=True)
class Language:
    start: Any
    step: Callable[[Any, str], Any]
    """Returns the state after a character; None if no text of the language continues with it."""
    ends: Callable[[Any], bool]
    """Returns whether a text may end in a state."""
    letters: frozenset[str] = frozenset()
    """The characters that the language distinguishes."""


class _Move(NamedTuple):
    """The effect of a character on each truncation."""

    character: str
    places: tuple[_Place, ...]
    read: tuple[Sequence[str] | None, ...]
    """The characters that the entries read after each truncation; None if they read no more.

    `aA` is a letter in either case.
    """
    is_blank: bool

    @classmethod
    @lru_cache(100_000)
    def of(
        cls, character: str, cuts: tuple[Truncation, ...], places: tuple[_Place, ...]
    ) -> "_Move":
        """Return the effect of a character on truncations that have reached these places."""
        moved = [_move(cut, place, character) for cut, place in zip(cuts, places, strict=True)]
        read = tuple(characters for _, characters in moved)
        return cls(character, tuple(place for place, _ in moved), read, character in _BLANKS)


ANY = Language((), lambda state, _: state, lambda _: True)
"""All texts."""


class Budget:
    """A limit on the steps of searches, which is the same on every machine, unlike a time limit."""

    def __init__(self, steps: int = BUDGET) -> None:
        self._left = steps

    @property
    def left(self) -> int:
        """The remaining steps, at least 0."""
        return max(0, self._left)

    @contextmanager
    def lend(self, steps: int) -> Iterator["Budget"]:
        """Lend at most `steps`; unused steps come back when the context ends."""
        lent = min(steps, self.left)
        budget = Budget(lent)
        try:
            yield budget
        finally:
            self._left -= lent - budget.left

    def take(self, steps: int) -> None:
        """Subtract some steps. Raises UndecidedError if too few are left."""
        self._left -= steps
        if self._left < 0:
            raise UndecidedError


def effort(policy: RefererPolicy, referer: str) -> int:
    """Return the steps of a decision on a Referer (see `EntryList.effort`)."""
    lists = (policy.reading.blacklist, policy.reading.whitelist)
    return sum(entries.effort(referer) for entries in lists)


def find(
    lists: Sequence[Sequence[SearchedEntry]],
    wanted: Callable[[Sequence[bool]], bool],
    dead_end: Callable[[Sequence[bool]], bool] = lambda _: False,
    budget: Budget | None = None,
    language: Language = ANY,
) -> str | None:
    """Return the shortest non-empty Referer of a language that is wanted, or None.

    `wanted` gets a boolean for each list: whether one of its entries matches. `dead_end` gets the
    same values and returns whether every longer Referer is unwanted too. Raises UndecidedError.
    """
    walk = _Walk(lists, budget or Budget(), language)
    bits = [1 << number for number in range(len(lists))]
    seen = set()
    waiting = deque([(walk.start, "")])
    while waiting:
        before, text = waiting.popleft()
        for characters, after in walk.read(before):
            if after in seen:
                continue
            seen.add(after)
            matched = [bool(after.matched & bit) for bit in bits]
            if wanted(matched) and language.ends(after.spot) and not after.is_blank:
                return text + characters[0]
            if not dead_end(matched):
                waiting.append((after, text + characters[0]))
    return None


class _SearchState(NamedTuple):
    """The state of a search, which is equal for all texts of a class."""

    spot: Any
    """The state of the language."""
    places: tuple[_Place, ...]
    """The place of each truncation."""
    open: tuple[tuple[int, int], ...]
    """The numbers of the entries that may still match and are still needed, with their states."""
    matched: int
    """The numbers of the lists with a matching entry, as bits."""
    is_blank: bool | None
    """Whether the text ends with a blank; None for the empty text."""


class _Walk:
    def __init__(
        self, lists: Sequence[Sequence[SearchedEntry]], budget: Budget, language: Language
    ) -> None:
        watched = [*chain.from_iterable(lists)]
        budget.take(sum(len(item.pattern.body) for item in watched))
        if any(len(item.pattern.body) > MAX_LENGTH for item in watched):
            raise UndecidedError  # no browser sends a Referer that long (B-03)
        self.alphabet = _alphabet((item.pattern for item in watched), language.letters)
        self._budget = budget
        self._language = language
        self._cuts = tuple(dict.fromkeys(item.cut for item in watched))
        # Equal entries with the same truncation are read once for all lists that contain them.
        holders: defaultdict[tuple[str, Truncation], int] = defaultdict(int)
        for number, entries in enumerate(lists):
            for item in entries:
                holders[_identify(item)] |= 1 << number
        needed = {_identify(item): item for item in watched if item.needed}
        different = needed | {_identify(item): item for item in watched}
        self._readers = [
            EntryReader(item.pattern, self._cuts.index(item.cut), holders[known])
            for known, item in different.items()
        ]
        self._needed = range(len(needed))
        self._moves: dict[tuple[_Place, ...], list[_Move]] = {}
        self._steps: dict[Any, list[Any]] = {}
        before = (_Place.BEFORE,) * len(self._cuts)
        starts = ((number, reader.start) for number, reader in enumerate(self._readers))
        self.start = _SearchState(language.start, before, *self._sort([*starts], 0), None)

    def read(self, before: _SearchState) -> Iterator[tuple[str, _SearchState]]:
        """Yield the following states, each with the characters that lead to it.

        A state is left out if a needed entry can no longer match.
        """
        spot, places, entries, matched, is_blank = before
        columns: Iterable[tuple[_Move, Any]]
        if character := self._only(entries, places):
            move = _Move.of(character, self._cuts, places)
            columns = [(move, self._language.step(spot, character))]
        else:
            columns = zip(self._move(places), self._step(spot), strict=True)
        usable = [
            (move, next_spot)
            for move, next_spot in columns
            if next_spot is not None and not (move.is_blank and is_blank is None)
        ]
        rows: list[list[int]] = []
        for number, at in entries:  # the needed ones first, so that few characters are left
            self._budget.take(len(usable) + 1)
            reader = self._readers[number]
            row = [reader.advance(at, move.read[reader.cut]) for move, _ in usable]
            if number in self._needed and not all(row):
                usable = [*compress(usable, row)]
                rows = [[*compress(other, row)] for other in rows]
                row = [*filter(None, row)]
            rows.append(row)
        self._budget.take(len(usable) + 1)
        alike: dict[tuple[Any, ...], str] = {}
        for (move, next_spot), *states in zip(usable, *rows, strict=True):
            after = (next_spot, move.places, move.is_blank, *states)
            alike[after] = alike.get(after, "") + move.character
        for (next_spot, next_places, is_blank_now, *states), characters in alike.items():
            read = [(number, at) for (number, _), at in zip(entries, states, strict=True)]
            still, found = self._sort(read, matched)
            yield characters, _SearchState(next_spot, next_places, still, found, is_blank_now)

    def _only(self, entries: Sequence[tuple[int, int]], places: tuple[_Place, ...]) -> str:
        """Return the only character with which a needed entry can still match; "" if unknown."""
        if not (entries and entries[0][0] in self._needed):
            return ""
        number, at = entries[0]
        reader = self._readers[number]
        return "" if places[reader.cut] is _Place.CLOSED else reader.only(at)

    def _move(self, places: tuple[_Place, ...]) -> list[_Move]:
        """Return the effect of each character on the truncations, cached for all entries."""
        if places not in self._moves:
            self._moves[places] = [
                _Move.of(character, self._cuts, places) for character in self.alphabet
            ]
        return self._moves[places]

    def _step(self, spot: Any) -> list[Any]:
        if spot not in self._steps:
            step = self._language.step
            self._steps[spot] = [step(spot, character) for character in self.alphabet]
        return self._steps[spot]

    def _sort(
        self, entries: Sequence[tuple[int, int]], matched: int
    ) -> tuple[tuple[tuple[int, int], ...], int]:
        """Return the entries that may still match and are needed, and the lists that match.

        One matching entry is enough for a list, so the other entries of that list are dropped.
        """
        for number, at in entries:
            if at == MATCHED:
                matched |= self._readers[number].holders
        still = (
            (number, at)
            for number, at in entries
            if at and self._readers[number].holders & ~matched
        )
        return tuple(still), matched


def _identify(item: SearchedEntry) -> tuple[str, Truncation]:
    return item.pattern.body, item.cut


def covers(pattern: Pattern, others: Iterable[Pattern], cut: Truncation) -> bool:
    """Return whether the others together match each Referer that an entry matches.

    Return False also if the search is undecided, and for an entry that matches nothing.
    """
    lists = [
        [SearchedEntry(pattern, cut, needed=True)],
        [SearchedEntry(item, cut) for item in others],
    ]
    try:
        uncovered = find(
            lists,
            wanted=lambda matched: matched[0] and not matched[1],
            dead_end=lambda matched: matched[1],
            budget=Budget(_BUDGET_OF_COVERS),
        )
        if uncovered is not None:
            return False
        return find(lists[:1], lambda matched: matched[0]) is not None
    except UndecidedError:
        return False


_EITHER_CASE = {letter: ("".join(both),) for both in LETTERS for letter in both}
"""The letters of a query, each with one symbol for both cases (R-41)."""


@lru_cache(10_000)
def _move(cut: Truncation, place: _Place, character: str) -> tuple[_Place, Sequence[str] | None]:
    """Return the next place of a truncation, and what entries read; None if they read no more."""
    if cut is Truncation.NOT:
        return place, character
    closed = place is _Place.CLOSED or character == "?"
    if cut is Truncation.LOWERED:
        read = _EITHER_CASE.get(character, character) if place is _Place.CLOSED else character
        return (_Place.CLOSED if closed else place), read
    if cut is Truncation.QUERY:
        return (_Place.CLOSED, None) if closed else (place, character)
    if place is _Place.COLON and character == "/":
        return _Place.SLASH, ""
    if place is _Place.SLASH:
        return (_Place.HOST, "//") if character == "/" else (_Place.CLOSED, None)
    if place is _Place.CLOSED or character in "/?#":
        return _Place.CLOSED, None
    if place is _Place.HOST:
        return place, character
    return (_Place.COLON if character == ":" else _Place.BEFORE), character


def _alphabet(patterns: Iterable[Pattern], letters: frozenset[str]) -> list[str]:
    written = {character for pattern in patterns for character in pattern.body} - {"*"}
    written |= set("/:?#") | letters
    in_any_case = {character.lower() for character in written}
    candidates = chain(string.ascii_lowercase, string.digits, map(chr, _WITHOUT_CASE))
    other = next(letter for letter in candidates if letter not in in_any_case)
    return [other, *sorted(filter(header.is_sendable, written))]


_BLANKS = " \t"
_WITHOUT_CASE = range(0x4E00, 0xA000)
"""Ideographs; there are more of them than the entries of a bucket have bytes (R-42)."""
