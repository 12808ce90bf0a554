"""Subject: the configuration that is linted, with what the rules of the linter ask about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from oss_emulator.lab.automaton import Cut
from oss_emulator.lab.entry import is_blank, parse_entry
from oss_emulator.lab.parts import Parts
from oss_emulator.referer.assumptions import DEFAULT, Assumptions
from oss_emulator.referer.decision import Basis, Stage
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.pattern import Pattern
from oss_emulator.referer.policy import RefererPolicy

from .finding import EntryPlace, Evidence


@dataclass(frozen=True, slots=True)
class LintedEntry:
    """An entry that is not blank, with its place and parts."""

    place: EntryPlace
    text: str
    """The entry without the white space around it."""
    parts: Parts
    pattern: Pattern


class Subject:
    """A configuration, its policy and its entries."""

    def __init__(
        self, configuration: RefererConfiguration, assumptions: Assumptions = DEFAULT
    ) -> None:
        self.configuration = configuration
        self.assumptions = assumptions
        self.policy = RefererPolicy.compile(configuration, assumptions)
        self.cut = Cut.of(configuration, assumptions)

    @cached_property
    def whitelist(self) -> tuple[LintedEntry, ...]:
        """The entries of the whitelist that are not blank."""
        return tuple(_entries(Stage.WHITELIST, self.configuration.whitelist))

    @cached_property
    def blacklist(self) -> tuple[LintedEntry, ...]:
        """The entries of the blacklist that are not blank."""
        return tuple(_entries(Stage.BLACKLIST, self.configuration.blacklist))

    @property
    def entries(self) -> tuple[LintedEntry, ...]:
        """The entries of both lists."""
        return self.whitelist + self.blacklist

    @property
    def lists(self) -> tuple[tuple[LintedEntry, ...], tuple[LintedEntry, ...]]:
        """The two lists of entries."""
        return self.whitelist, self.blacklist

    def holds(self, evidence: Evidence, referer: str | None, place: EntryPlace | None) -> bool:
        """Ask the engine whether a Referer shows what it is offered as evidence of."""
        decision = self.policy.decide(referer)
        allowed = decision.allowed
        if evidence is Evidence.ASSUMED:
            return decision.basis is Basis.ASSUMED
        if evidence is Evidence.ALLOWED:
            return allowed
        if evidence is Evidence.DENIED:
            return not allowed
        assert place is not None  # noqa: S101 - the other kinds of evidence concern an entry
        if evidence is Evidence.UNMATCHED:
            alone = replace(self.configuration, whitelist=(place.entry,), blacklist=())
            return not self._compile(alone).decide(referer).allowed
        return self._compile(self._without(place)).decide(referer).allowed == allowed

    def _compile(self, configuration: RefererConfiguration) -> RefererPolicy:
        return RefererPolicy.compile(configuration, self.assumptions)

    def _without(self, place: EntryPlace) -> RefererConfiguration:
        if place.list is Stage.WHITELIST:
            return replace(
                self.configuration, whitelist=_drop(self.configuration.whitelist, place.position)
            )
        return replace(
            self.configuration, blacklist=_drop(self.configuration.blacklist, place.position)
        )


def _drop(entries: tuple[str, ...], position: int) -> tuple[str, ...]:
    return entries[:position] + entries[position + 1 :]


def _entries(stage: Stage, texts: tuple[str, ...]) -> Iterator[LintedEntry]:
    for position, text in enumerate(texts):
        if not is_blank(text):
            pattern = parse_entry(text)
            place = EntryPlace(stage, position, text)
            yield LintedEntry(place, pattern.body, Parts.split(text), pattern)
