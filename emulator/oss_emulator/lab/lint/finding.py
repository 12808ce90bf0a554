"""Findings of the linter, and the suspicions and evidence that lead to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from oss_emulator.referer.decision import Decision, Stage


class Severity(StrEnum):
    """How severe a finding is. A note is good to know and not a mistake in the rules."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Evidence(StrEnum):
    """What a Referer shows."""

    ALLOWED = "is allowed"
    DENIED = "is denied"
    UNMATCHED = "is not matched by this entry"
    UNCHANGED = "is decided alike without this entry"
    ASSUMED = "is decided by an assumption"


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
    """A proposed correction."""

    instead: tuple[str, ...] | None = None
    """The entries that replace the wrong one; an empty tuple removes it."""
    add: tuple[str, ...] = ()
    """Entries to add to the whitelist."""
    set: str = ""
    """A switch and its value, such as `AllowEmptyReferer: false`."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A problem that a rule suspects; it becomes a finding if the engine confirms it."""

    evidence: Evidence
    referers: tuple[str | None, ...]
    """The Referers to try, the best first; None is a request without a Referer."""
    reason: str
    correction: Correction
    place: EntryPlace | None = None
    severity: Severity | None = None
    """The severity, if it is not that of the rule."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, the Referer that shows it, and a correction."""

    rule: str
    severity: Severity
    reason: str
    evidence: Evidence
    referer: str | None
    decision: Decision
    """The decision of all the rules on that Referer."""
    correction: Correction
    place: EntryPlace | None
