"""The rules that are linted, with what each rule of the linter asks of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from oss_emulator.lab.automaton import Cut
from oss_emulator.lab.parts import Parts
from oss_emulator.referer.decision import Stage
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.pattern import Pattern, is_blank
from oss_emulator.referer.policy import RefererPolicy

from .finding import Claim, Place


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that is not blank."""

    place: Place
    text: str
    """Without white space around it."""
    parts: Parts
    pattern: Pattern


class Subject:
    """A configuration, its policy and its entries."""

    def __init__(self, configuration: RefererConfiguration) -> None:
        self.configuration = configuration
        self.policy = RefererPolicy.compile(configuration)
        self.cut = Cut.of(configuration)

    @cached_property
    def whitelist(self) -> tuple[Entry, ...]:
        """The entries of the whitelist that can match."""
        return tuple(_entries(Stage.WHITELIST, self.configuration.whitelist))

    @cached_property
    def blacklist(self) -> tuple[Entry, ...]:
        """The entries of the blacklist that can match."""
        return tuple(_entries(Stage.BLACKLIST, self.configuration.blacklist))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Those of both lists."""
        return self.whitelist + self.blacklist

    @property
    def lists(self) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
        """Both lists."""
        return self.whitelist, self.blacklist

    def holds(self, claim: Claim, referer: str | None, place: Place | None) -> bool:
        """Ask the engine whether a claim about a Referer is true."""
        allowed = self.policy.decide(referer).allowed
        if claim is Claim.ALLOWED:
            return allowed
        if claim is Claim.DENIED:
            return not allowed
        assert place is not None  # noqa: S101 - the other claims are about an entry
        if claim is Claim.UNMATCHED:
            alone = replace(self.configuration, whitelist=(place.entry,), blacklist=())
            return not RefererPolicy.compile(alone).decide(referer).allowed
        return RefererPolicy.compile(self._without(place)).decide(referer).allowed == allowed

    def _without(self, place: Place) -> RefererConfiguration:
        if place.list is Stage.WHITELIST:
            return replace(
                self.configuration, whitelist=_drop(self.configuration.whitelist, place.position)
            )
        return replace(
            self.configuration, blacklist=_drop(self.configuration.blacklist, place.position)
        )


def _drop(entries: tuple[str, ...], position: int) -> tuple[str, ...]:
    return entries[:position] + entries[position + 1 :]


def _entries(stage: Stage, texts: tuple[str, ...]) -> Iterator[Entry]:
    for position, text in enumerate(texts):
        if not is_blank(text):
            pattern = Pattern.compile(text)
            place = Place(stage, position, text)
            yield Entry(place, pattern.trimmed, Parts.split(text), pattern)
