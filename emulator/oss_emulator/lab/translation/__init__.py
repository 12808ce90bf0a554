"""Translation of rules between OSS and other systems, with the losses of a translation.

Each system has a small model of its decisions, so losses can be computed: both sides decide on
Referers generated from the entries of both, and each Referer that they decide differently is a
loss.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from oss_emulator.lab import probes
from oss_emulator.lab.probes import Probe, ProbeKind
from oss_emulator.referer import header
from oss_emulator.referer.assumptions import DEFAULT, Assumptions
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.reading import Reading
from oss_emulator.referer.request import Scope, Signing, classify, is_checked

from .cdn import CdnRules
from .cos import CosRules
from .nginx import NginxRules
from .nginx_map import NginxMap
from .rules import Rules, System
from .s3_policy import S3Rules

__all__ = ["SYSTEMS", "Loss", "Rules", "losses"]

SYSTEMS: dict[str, System] = {
    "nginx": System("nginx", NginxRules.parse, NginxMap.from_oss, knows_signatures=False),
    "cos": System("COS", CosRules.parse, lambda ours, _: CosRules.from_oss(ours), True),
    "cdn": System("the CDN", CdnRules.parse, lambda ours, _: CdnRules.from_oss(ours), False),
    "s3-policy": System("S3", S3Rules.parse, lambda ours, _: S3Rules.from_oss(ours), True),
}
"""The systems to translate from and to."""

_OF_SIGNED = frozenset({ProbeKind.MISSING, ProbeKind.PAGE, ProbeKind.STRANGER})
"""The probes for signed requests; others would show no further losses."""

_MOST_PROBED, _FEWEST_PROBED = 100, 8
_MOST_PROBED_ALIKE = 3
_LONGEST_PROBED = 4_000
_MANY = 2_000
"""Bounds on the entries that are probed: how many, how many of one shape, and how long (B-03). Of
more than `_MANY` entries fewer are probed, as each probe takes longer."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A cause for which the two sides decide differently, with an example."""

    kind: ProbeKind
    referer: str | None
    signed: Signing
    theirs: bool
    """Whether the other system allows the example; OSS does the opposite."""

    @property
    def cause(self) -> object:
        """What the loss is about: a kind of Referer, or that a request is signed."""
        return self.kind if self.signed is Signing.NONE else self.signed


def losses(
    rules: Rules,
    configuration: RefererConfiguration,
    assumptions: Assumptions = DEFAULT,
    *,
    opens: bool = True,
    signed: bool = True,
) -> tuple[Loss, ...]:
    """Return the losses of a translation: one verified example of each cause.

    If a cause has examples in both directions, the result is one that the other system allows;
    without `opens`, one that it denies. `signed` tries signed requests as well.
    """
    reading = Reading(configuration, assumptions)
    entries = _select((*rules.entries, *configuration.whitelist, *configuration.blacklist))
    # People write a `?` for a query, which makes it a wildcard in an entry.
    asked = (Probe(item.replace("*", ""), ProbeKind.VERBATIM) for item in entries if "?" in item)
    made = (*rules.probes, *probes.make(entries), *asked)
    found: dict[object, Loss] = {}
    plain: set[tuple[str | None, bool]] = set()  # what differs without a signature too
    for probe, signing in _cases(made, signed=signed):
        checked = is_checked(classify(signing, "GET", Scope.OBJECT), assumptions.checked_requests)
        ours = not checked or reading.judge(header.trim(probe.referer)).reason.allows
        # Some place denies it, although another one may allow it.
        elsewhere = probe.kind is ProbeKind.OTHER_PLACE
        theirs = not elsewhere and rules.allows(probe.referer, signing)
        if theirs == ours or (signing is not Signing.NONE and (probe.referer, theirs) in plain):
            continue
        if signing is Signing.NONE:
            plain.add((probe.referer, theirs))
        loss = Loss(probe.kind, probe.referer, signing, theirs)
        known = found.get(loss.cause)
        if known is None or (known.theirs != opens and theirs == opens):
            found[loss.cause] = loss
    return tuple(loss for loss in found.values() if not _is_implied(loss, found.values()))


def _select(entries: Iterable[str]) -> list[str]:
    """Select the entries to probe: of a long list only some of each shape."""
    distinct = dict.fromkeys(entries)
    most = max(_MOST_PROBED * _MANY // max(len(distinct), _MANY), _FEWEST_PROBED)
    selected: list[str] = []
    shapes: Counter[str] = Counter()
    for entry in distinct:
        if len(entry) > _LONGEST_PROBED:
            continue
        shape = _WORD.sub("a", entry)
        shapes[shape] += 1
        if shapes[shape] <= _MOST_PROBED_ALIKE:
            selected.append(entry)
    # Of too many shapes, the shortest are the plainest.
    return selected if len(selected) <= most else sorted(selected, key=len)[:most]


_WORD = re.compile(r"[\w-]+(?:\.[\w-]+)*")


def _is_implied(loss: Loss, found: Iterable[Loss]) -> bool:
    """Return whether a simpler kind differs in the same way and makes this one redundant."""
    plainer = {
        other.kind
        for other in found
        if (other.signed, other.theirs) == (loss.signed, loss.theirs) and other is not loss
    }
    return bool(plainer & _PLAINER.get(loss.kind, frozenset()))


_STRANGERS = (
    *(ProbeKind.IN_PATH, ProbeKind.IN_QUERY, ProbeKind.LONGER_HOST, ProbeKind.OTHER_ENDING),
    ProbeKind.GLUED_HOST,
)
_PLAINER = {
    ProbeKind.EMPTY: frozenset({ProbeKind.MISSING}),
    ProbeKind.ORIGIN: frozenset({ProbeKind.PAGE}),
    ProbeKind.DEEP_PAGE: frozenset({ProbeKind.PAGE, ProbeKind.OTHER_SCHEME}),
    ProbeKind.QUERY: frozenset({ProbeKind.PAGE, ProbeKind.OTHER_SCHEME}),
    ProbeKind.DEEP_SUB_DOMAIN: frozenset({ProbeKind.SUB_DOMAIN}),
    **{kind: frozenset({ProbeKind.STRANGER}) for kind in _STRANGERS},
    ProbeKind.VERBATIM: frozenset(ProbeKind) - {ProbeKind.VERBATIM},
}


def _cases(made: tuple[Probe, ...], *, signed: bool) -> Iterator[tuple[Probe, Signing]]:
    yield from ((probe, Signing.NONE) for probe in made)
    for signing in (Signing.URL, Signing.HEADER) if signed else ():
        yield from ((probe, signing) for probe in made if probe.kind in _OF_SIGNED)
