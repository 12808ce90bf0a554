"""LintRule: one rule of the linter, made of its module."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .finding import Severity, Suspicion
from .subject import Subject


@dataclass(frozen=True, slots=True)
class LintRule:
    """A rule of the linter, made of its module."""

    name: str
    severity: Severity
    title: str
    page: str
    """Its documentation."""
    suspect: Callable[[Subject], Iterable[Suspicion]]
