"""The lines of a plan: an entry of rules or an addition, with its change or its question."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from oss_referer.engine import Sentence
from oss_referer.plan.changes import NO_CHANGE, Change, EntryPlace
from oss_referer.plan.reading import UNREAD, UNSAID, EntryReading, Site


class Option(NamedTuple):
    """An answer to a question."""

    said: Sentence
    change: Change


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the rules, or an addition, and what the plan does with it."""

    place: EntryPlace | None
    """The entry; None for an addition, or for the rules as a whole."""
    reading: EntryReading = UNREAD
    sites: tuple[Site, ...] = ()
    """The sites of the owner that the entry names."""
    change: Change = NO_CHANGE
    """The safe change."""
    why: Sentence = UNSAID
    """The reason for the change, for the question or for keeping the entry."""
    question: Sentence = UNSAID
    """What only the owner can decide; "" without a question."""
    options: tuple[Option, ...] = ()
    """The answers to the question, apart from leaving all as it is, which holds until then."""
    about: str = ""
    """The rule of the linter that explains a change of the rules as a whole."""
    is_twin: bool = False
    """Whether the same entry stands before it."""
    stranger: str | None = None
    """A Referer of a stranger that the entry lets in now."""
    is_in_path: bool = False
    """Whether only strangers who send their whole URL get in by it."""
    is_searched: bool = True
    """Whether the search for strangers has ended, so that no stranger is a proof."""

    @property
    def removes(self) -> bool:
        """Whether its change, or the first answer to its question, removes the entry."""
        change = self.options[0].change if self.options else self.change
        return change.instead == ()

    @property
    def is_open(self) -> bool:
        """Whether it has a change or a question."""
        return bool(self.change) or bool(self.question)


@dataclass(frozen=True, slots=True)
class WhoGetsIn:
    """Who gets in by some rules, over all Referers that browsers send by default."""

    denied: tuple[str, ...]
    """A page of each site of the owner that cannot get in."""
    strangers: tuple[str, ...]
    """Referers of strangers, one for each entry that lets strangers in."""
    open: tuple[str, ...]
    """The schemes over which everybody gets in who sends a Referer, apart from a blacklist."""
    is_searched: bool
    """Whether all searches have ended, so that what is not named is proved."""


def ask(line: Line, said: Sentence) -> Line:
    """Return a line whose change is an answer to a question, because it is not certainly safe."""
    place, instead = line.place, line.change.instead
    if not line.change:
        return line
    name = Sentence("remove it") if instead == () else Sentence("write it so")
    if place is None:
        name = Sentence("add it") if line.change.whitelist else Sentence("set the switch")
    options = [Option(name, line.change)]
    if place and instead and place.entry not in instead:
        options.append(Option(Sentence("remove it"), Change(place, ())))
    return replace(line, change=Change(), question=said, options=tuple(options))
