"""What the rules of every other system can be asked, so that they can be compared with ours."""

from __future__ import annotations

from typing import Protocol, Self

from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.request import Signing


class RulesError(ValueError):
    """A document that holds no rules of a system; with where, from 1."""

    def __init__(self, sentence: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {sentence}")
        self.sentence = sentence
        self.line = line
        self.column = column


class Rules(Protocol):
    """Rules of another system."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read them in their own form. Raises RulesError."""

    def format(self) -> str:
        """Write them in their own form."""

    @classmethod
    def from_oss(cls, configuration: RefererConfiguration) -> Self:
        """What comes closest to a configuration."""

    def to_oss(self) -> RefererConfiguration:
        """The configuration that comes closest to them."""

    def allows(self, referer: str | None, signed: Signing) -> bool:
        """Whether a request gets through."""

    @property
    def entries(self) -> tuple[str, ...]:
        """What Referers to try are made of: their entries, as ours would be written."""


def place_of(before: str) -> tuple[int, int]:
    """Line and column of what follows a text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")
