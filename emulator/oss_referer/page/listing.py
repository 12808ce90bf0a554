"""The list of rules as its own correction: each line with what becomes of it, why, and for whom."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby
from typing import Any, Final, NamedTuple

from oss_referer.advice.review import Answer, Question, Review
from oss_referer.engine import Stage
from oss_referer.page.guests import Guest
from oss_referer.plan import Change, Line, find_places


class Fate(StrEnum):
    """What becomes of a line."""

    STAYS = "stays"
    CHANGES = "changes"
    LEAVES = "leaves"
    COMES = "comes"
    ASKS = "asks"
    MEANT = "meant"
    """It stays because the reader says that it is meant so."""
    GONE = "gone"
    """Only the saved list has it, and a site of the owner is locked out without it."""


class EntryRow(NamedTuple):
    fate: Fate
    text: str
    """The entry; for one that comes, as it will be; "" for the rules as a whole."""
    line: Line
    parts: Sequence[tuple[str, str]] = ()
    """The texts of the entry and of its correction, each with `ins`, `del` or ""."""
    question: Question | None = None
    requests: int = 0
    guests: Sequence[Guest] = ()
    """The owner's sites that it lets in, or locks out if it is gone."""

    @property
    def is_quiet(self) -> bool:
        return self.fate is Fate.STAYS and not self.line.stranger

    @property
    def answers(self) -> Sequence[tuple[Answer, dict[str, Any]]]:
        """The answers to the question, each with the name of its change."""
        answers = self.question.answers if self.question else ()
        return [(one, name_change(option.change))
                for one, option in zip(answers, self.line.options, strict=True)]  # fmt: skip


def name_change(change: Change) -> dict[str, Any]:
    """Return values for JSON that identify a change of rules in a request."""
    place, values = change.place, change.to_dict()
    lists = {name: list(one) if isinstance(one, tuple) else one for name, one in values.items()}
    return {"list": place.list.value if place else None, **lists,
            "position": place.position if place else None}  # fmt: skip


_WORD: Final = re.compile(r"\w+|\W")


def compare(old: str, new: str) -> Sequence[tuple[str, str]]:
    """Return the difference of two entries by words."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    parts: list[tuple[str, str]] = []
    for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        pieces = (
            [("", before[i:j])] if kind == "equal" else [("del", before[i:j]), ("ins", after[k:m])]
        )
        parts += [("".join(words), tag) for tag, words in pieces if words]
    return parts


class Listing:
    """The rows of both lists."""

    def __init__(
        self, said: Review, wanted: frozenset[str], saved: Sequence[str],
        guests: Sequence[Guest], counts: Mapping[str, int],
    ) -> None:  # fmt: skip
        """Take the entries that are meant, the saved whitelist, and the requests by entry."""
        self._plan, self._meant, self._counts = said.plan, wanted, counts
        self._questions = dict(zip(map(id, said.plan.questions), said.questions, strict=True))
        self._lines = {line.place: line for line in said.plan.lines if line.place}
        self._lets_in = defaultdict[str, list[Guest]](list)
        self._locks_out = defaultdict[str, list[Guest]](list)
        for one in guests:
            now, then = one.visitor.now, one.visitor.then
            if one.visitor.wanted and then.allowed and not now.allowed:
                self._lets_in[then.entry or ""].append(one)
            if one.is_newly_out:
                self._locks_out[one.was.entry or ""].append(one)
        self._why = {one.entry: one.why for one in said.lines}
        self._shown = {*said.plan.rules.whitelist, *said.plan.rules.blacklist}
        self._gone, anchor = defaultdict[str, list[EntryRow]](list), ""
        for entry in saved:  # what is missed stands after the last entry that is still there
            if entry in said.plan.rules.whitelist:
                anchor = entry
            elif missed := self._locks_out.get(entry):
                self._shown.add(entry)
                self._gone[anchor].append(EntryRow(Fate.GONE, entry, Line(None), guests=missed))

    def rows(self, stage: Stage) -> Iterator[EntryRow]:
        """Yield the rows of a list."""
        is_white = stage is Stage.WHITELIST
        lines = self._plan.lines
        if is_white:
            yield from (self._ask(line, "") for line in lines if line.question and not line.place)
            yield from self._gone[""]
        for place in find_places(self._plan.rules):
            if place.list is stage:
                yield from self._rows_of(place.entry, self._lines.get(place, Line(place)))
                yield from self._gone[place.entry] if is_white else ()
        for line in lines:
            yield from self._add(line, line.change.whitelist if is_white else line.change.blacklist)

    def _rows_of(self, entry: str, line: Line) -> Iterator[EntryRow]:
        instead, count = line.change.instead, self._counts.get(entry, 0)
        if line.question:
            yield self._ask(line, entry)._replace(requests=count)
        elif instead is None or entry in instead:
            fate = Fate.MEANT if entry in self._meant else Fate.STAYS
            yield EntryRow(fate, entry, line, requests=count)
        elif not instead:
            yield EntryRow(Fate.LEAVES, entry, line, requests=count)
        else:
            near = instead[0]  # over https
            if "://" in entry:
                near = max(instead, key=lambda text: SequenceMatcher(None, entry, text).ratio())
            self._shown.add(near)
            parts = compare(entry, near)
            yield EntryRow(Fate.CHANGES, entry, line, parts, None, count, self._lets_in[near])
        yield from self._add(line, instead or ())

    def _ask(self, line: Line, entry: str) -> EntryRow:
        return EntryRow(Fate.ASKS, entry, line, question=self._questions[id(line)])

    def _add(self, line: Line, texts: Sequence[str]) -> Iterator[EntryRow]:
        for text in texts:
            if text not in self._shown:
                self._shown.add(text)
                why = self._why.get(text, line.why)
                yield EntryRow(Fate.COMES, text, replace(line, why=why), guests=self._lets_in[text])


FOLDED: Final = 4
"""The fewest quiet rows in a run that a list of more than `LONG` rows folds."""
LONG: Final = 30
MOST_ROWS: Final = 1_000
"""The most rows of a list that a page shows: with more, a browser responds too slowly."""


def fold(rows: Sequence[EntryRow]) -> Sequence[tuple[bool, Sequence[EntryRow]]]:
    """Return the rows in runs, each with whether it is folded."""
    runs = [(quiet, [*some]) for quiet, some in groupby(rows, key=lambda row: row.is_quiet)]
    return [(quiet and len(some) >= FOLDED and len(rows) > LONG, some) for quiet, some in runs]
