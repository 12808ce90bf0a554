"""Changes of rules: entries that replace another one, additions, switches. Each stands alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from oss_referer.engine import RefererConfiguration, Stage
from oss_referer.engine.header import WHITE_SPACE

LISTS = (Stage.WHITELIST, Stage.BLACKLIST)


class Switch(StrEnum):
    """A switch that a change may set, by the name of its field in RefererConfiguration."""

    ALLOW_EMPTY_REFERER = "allow_empty_referer"
    ALLOW_TRUNCATE_QUERY_STRING = "allow_truncate_query_string"
    TRUNCATE_PATH = "truncate_path"

    @property
    def element(self) -> str:
        """The name of its element in XML."""
        return "".join(word.capitalize() for word in self.value.split("_"))


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """An entry in its list."""

    list: Stage
    """Stage.WHITELIST or Stage.BLACKLIST."""
    position: int
    """The position in the list, from 0."""
    entry: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an entry, or of the rules as a whole."""

    place: EntryPlace | None = None
    instead: tuple[str, ...] | None = None
    """The entries that replace the one at `place`; () removes it, None keeps it."""
    whitelist: tuple[str, ...] = ()
    """Entries to add to the whitelist."""
    blacklist: tuple[str, ...] = ()
    """Entries to add to the blacklist."""
    switch: tuple[Switch, bool] | None = None
    """A switch to set, and its value."""

    def __bool__(self) -> bool:
        """Return whether it changes anything."""
        keeps = self.instead is None or (self.place and self.instead == (self.place.entry,))
        return not keeps or bool(self.whitelist or self.blacklist or self.switch)

    def to_dict(self) -> dict[str, object]:
        """Return the change as values for JSON."""
        return {
            "instead": self.instead,
            "add": self.whitelist,
            "add_to_blacklist": self.blacklist,
            "set": {self.switch[0].element: self.switch[1]} if self.switch else {},
        }

    def added(self, stage: Stage) -> tuple[str, ...]:
        """Return the entries that the change writes into a list."""
        here = self.place is not None and self.place.list is stage
        more = self.whitelist if stage is Stage.WHITELIST else self.blacklist
        return (*(self.instead or () if here else ()), *more)


NO_CHANGE = Change()


def find_places(rules: RefererConfiguration) -> tuple[EntryPlace, ...]:
    """Return the places of all entries of both lists."""
    return tuple(
        EntryPlace(stage, position, entry)
        for stage in LISTS
        for position, entry in enumerate(getattr(rules, stage.value))
    )


def apply(rules: RefererConfiguration, changes: Iterable[Change]) -> RefererConfiguration:
    """Return rules with some changes, whose places are those of `rules`; they add no duplicates."""
    chosen = tuple(changes)
    new: dict[str, Any] = {one.switch[0].value: one.switch[1] for one in chosen if one.switch}
    for stage in LISTS:
        entries = getattr(rules, stage.value)
        instead = {
            one.place.position: one.instead
            for one in chosen
            if one.place and one.place.list is stage and one.instead is not None
        }
        kept = (text for place, text in enumerate(entries) if place not in instead)
        present = {text.strip(WHITE_SPACE) for text in kept}
        written: list[str] = []
        for position, text in enumerate(entries):
            if position not in instead:
                written.append(text)
                continue
            for one in instead[position]:
                # An entry that stays beside its additions is not a duplicate of itself.
                if one.strip(WHITE_SPACE) not in present:
                    present.add(one.strip(WHITE_SPACE))
                    written.append(one)
        more = (one.whitelist if stage is Stage.WHITELIST else one.blacklist for one in chosen)
        for one in dict.fromkeys(text for texts in more for text in texts):
            if one.strip(WHITE_SPACE) not in present:
                present.add(one.strip(WHITE_SPACE))
                written.append(one)
        new[stage.value] = tuple(written)
    return replace(rules, **new)
