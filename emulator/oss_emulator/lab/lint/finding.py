"""What a rule of the linter says, and the evidence without which it says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from oss_emulator.referer.decision import Decision, Stage


class Severity(StrEnum):
    """How bad a finding is. Notes are no fault of the rules: they are good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Evidence(StrEnum):
    """What a Referer is offered as evidence of."""

    ALLOWED = "is allowed"
    DENIED = "is denied"
    UNMATCHED = "is not matched by this entry"
    UNCHANGED = "is decided alike without this entry"


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """An entry in its list."""

    list: Stage
    """Stage.WHITELIST or Stage.BLACKLIST."""
    position: int
    """From 0."""
    entry: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What to write instead."""

    instead: tuple[str, ...] | None = None
    """The entries to put in the place of the one that is found fault with; none is to drop it."""
    add: tuple[str, ...] = ()
    """Entries for the whitelist."""
    set: str = ""
    """A switch of the configuration and its value, such as `AllowEmptyReferer: false`."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a rule suspects; it becomes a finding if the engine confirms it."""

    evidence: Evidence
    referers: tuple[str | None, ...]
    """The evidence, the best first; None is a request without a Referer."""
    reason: str
    correction: Correction
    place: EntryPlace | None = None
    severity: Severity | None = None
    """Where it is not that of its rule."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, why, the Referer that shows it, and what to write instead."""

    rule: str
    severity: Severity
    reason: str
    evidence: Evidence
    referer: str | None
    decision: Decision
    """What the engine says of that Referer by all the rules."""
    correction: Correction
    place: EntryPlace | None
