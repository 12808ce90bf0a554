"""What the rules of every other system can be asked, so that they can be compared with ours."""

from __future__ import annotations

from typing import Protocol, Self

from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.request import Signing


class Rules(Protocol):
    """Rules of another system."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read them in their own form. Raises SourceError."""

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
