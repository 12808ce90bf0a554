"""LintRule: a rule of the linter, made from its module.

A module has `examine`, which looks at one entry, or `suspect`, which looks at all rules.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .finding import Severity, Suspicion
from .subject import LintedEntry, Subject

Examine = Callable[[LintedEntry, Subject], Suspicion | None]
Suspect = Callable[[Subject], Iterable[Suspicion]]


@dataclass(frozen=True, slots=True)
class LintRule:
    """A rule of the linter."""

    name: str
    severity: Severity
    title: str
    page: str
    """Its documentation."""
    examine: Examine | None = None
    suspect: Suspect | None = None
    common: bool = False
    """Whether its findings hold for nearly every configuration."""
