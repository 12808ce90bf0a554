"""What the rules of every other system can do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from oss_emulator.lab.probes import Probe
from oss_emulator.referer.assumptions import Assumptions
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.request import Signing


class Rules(Protocol):
    """The rules of another system, which decide on requests."""

    def allows(self, referer: str | None, signed: Signing) -> bool:
        """Return whether the rules allow a request."""

    @property
    def entries(self) -> tuple[str, ...]:
        """The entries, in the syntax of OSS, from which probes are generated."""

    @property
    def probes(self) -> Iterable[Probe]:
        """Further probes, for what the entries do not show."""


class SourceRules(Rules, Protocol):
    """Rules that were parsed, to be translated to OSS."""

    def to_oss(self) -> RefererConfiguration:
        """Return the configuration of OSS that comes closest to the rules."""


class ResultRules(Rules, Protocol):
    """Rules that were translated from OSS."""

    def format(self) -> str:
        """Format rules in the form of their system."""


@dataclass(frozen=True, slots=True)
class System:
    """Another system."""

    title: str
    """Its name within a sentence."""
    parse: Callable[[str], SourceRules]
    """Parses rules in the form of the system. Raises SourceError."""
    from_oss: Callable[[RefererConfiguration, Assumptions], ResultRules]
    """Returns the rules that come closest to a configuration of OSS."""
    knows_signatures: bool
    """Whether a signed request may be decided otherwise than an anonymous one."""
