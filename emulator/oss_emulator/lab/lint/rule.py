"""LintRule: a rule of the linter, made from its module."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .finding import Severity, Suspicion
from .subject import Subject


@dataclass(frozen=True, slots=True)
class LintRule:
    """A rule of the linter."""

    name: str
    severity: Severity
    title: str
    page: str
    """Its documentation."""
    suspect: Callable[[Subject], Iterable[Suspicion]]
