"""The interface that the rules of every other system implement."""

from __future__ import annotations

from typing import Protocol, Self

from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.request import Signing


class Rules(Protocol):
    """The rules of another system, which can be translated and can decide on requests."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse rules in the form of their system. Raises SourceError."""

    def format(self) -> str:
        """Format rules in the form of their system."""

    @classmethod
    def from_oss(cls, configuration: RefererConfiguration) -> Self:
        """Return the rules that come closest to a configuration of OSS."""

    def to_oss(self) -> RefererConfiguration:
        """Return the configuration of OSS that comes closest to the rules."""

    def allows(self, referer: str | None, signed: Signing) -> bool:
        """Return whether the rules allow a request."""

    @property
    def entries(self) -> tuple[str, ...]:
        """The entries, in the syntax of OSS, from which probes are generated."""
