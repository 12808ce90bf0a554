"""Translation of rules between OSS and other systems, with the losses of a translation.

Each system has a small model of its decisions, so losses can be computed: both sides decide on
Referers generated from the entries of both, and each Referer that they decide differently is a
loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from oss_emulator.lab import probes
from oss_emulator.lab.probes import Probe, ProbeKind
from oss_emulator.referer.assumptions import DEFAULT, Assumptions
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.policy import RefererPolicy
from oss_emulator.referer.request import Signing

from .cdn import CdnRules
from .cos import CosRules
from .nginx import NginxRules
from .rules import Rules
from .s3_policy import S3Rules

__all__ = ["SYSTEMS", "Loss", "Rules", "losses"]

SYSTEMS: dict[str, type[Rules]] = {
    "nginx": NginxRules,
    "cos": CosRules,
    "cdn": CdnRules,
    "s3-policy": S3Rules,
}
"""The systems to translate from and to."""

_KNOWS_SIGNATURES = (CosRules, S3Rules)

_OF_SIGNED = frozenset({ProbeKind.MISSING, ProbeKind.PAGE, ProbeKind.STRANGER})
"""The probes for signed requests; others would show no further losses."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A kind of Referer that the two sides decide differently, with an example."""

    kind: ProbeKind
    referer: str | None
    signed: Signing
    theirs: bool
    """Whether the other system allows the example; OSS does the opposite."""


def losses(
    rules: Rules, configuration: RefererConfiguration, assumptions: Assumptions = DEFAULT
) -> tuple[Loss, ...]:
    """Return the losses of a translation: one verified example of each kind."""
    policy = RefererPolicy.compile(configuration, assumptions)
    entries = (*rules.entries, *configuration.whitelist, *configuration.blacklist)
    first: dict[tuple[ProbeKind, Signing, bool], Loss] = {}
    for probe, signed in _cases(rules, probes.make(entries)):
        theirs = rules.allows(probe.referer, signed)
        if theirs != policy.decide(probe.referer, signed=signed).allowed:
            loss = Loss(probe.kind, probe.referer, signed, theirs)
            first.setdefault((probe.kind, signed, theirs), loss)
    return tuple(loss for loss in first.values() if not _is_implied(loss, tuple(first)))


def _is_implied(loss: Loss, found: tuple[tuple[ProbeKind, Signing, bool], ...]) -> bool:
    """Return whether a simpler kind differs in the same way and makes this one redundant."""
    plainer = {
        kind for kind, signed, theirs in found if (signed, theirs) == (loss.signed, loss.theirs)
    }
    return bool(plainer & _PLAINER.get(loss.kind, frozenset()))


_PLAINER = {
    ProbeKind.DEEP_PAGE: frozenset({ProbeKind.PAGE, ProbeKind.OTHER_SCHEME}),
    ProbeKind.QUERY: frozenset({ProbeKind.PAGE, ProbeKind.OTHER_SCHEME}),
    ProbeKind.VERBATIM: frozenset(ProbeKind) - {ProbeKind.VERBATIM},
}


def _cases(rules: Rules, made: tuple[Probe, ...]) -> Iterator[tuple[Probe, Signing]]:
    yield from ((probe, Signing.NONE) for probe in made)
    if isinstance(rules, _KNOWS_SIGNATURES):
        for signed in (Signing.URL, Signing.HEADER):
            yield from ((probe, signed) for probe in made if probe.kind in _OF_SIGNED)
