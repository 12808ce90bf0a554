"""Translation of rules between OSS and other systems, with the losses of a translation.

A small model of each system decides on Referers, so that losses can be computed: both sides decide
on Referers generated from the entries of both, and each Referer with different verdicts is a loss.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from oss_referer.browser import probes
from oss_referer.browser.probes import Probe, ProbeKind
from oss_referer.engine import DEFAULT, Assumptions, Reading, RefererConfiguration, Sentence, header
from oss_referer.translate.cdn import CdnRules
from oss_referer.translate.nginx import NginxMap, NginxRules


class Rules(Protocol):
    """The rules of another system, which decide on anonymous requests.

    None of the systems knows the signatures of OSS.
    """

    def allows(self, referer: str | None) -> bool:
        """Return whether the rules allow a request."""

    @property
    def entries(self) -> tuple[str, ...]:
        """The entries, in the syntax of OSS, to generate probes from."""

    @property
    def probes(self) -> Iterable[Probe]:
        """Further probes, for behaviour that the entries do not show."""


class SourceRules(Rules, Protocol):
    """Parsed rules of another system, for translation to OSS."""

    def to_oss(self) -> RefererConfiguration:
        """Return the configuration of OSS that is closest to the rules."""


class ResultRules(Rules, Protocol):
    """Rules of another system, translated from OSS."""

    def format(self, say: Callable[[Sentence], str] = str) -> str:
        """Format rules in the form of their system; `say` translates comments."""


@dataclass(frozen=True, slots=True)
class System:
    title: str
    """The name of the system within a sentence."""
    parse: Callable[[str], SourceRules]
    """Parses rules in the form of the system. Raises SourceError."""
    from_oss: Callable[[RefererConfiguration, Assumptions], ResultRules]
    """Returns the rules that are closest to a configuration of OSS."""


SYSTEMS = {
    "nginx": System("nginx", NginxRules.parse, NginxMap.from_oss),
    "cdn": System(Sentence("the CDN"), CdnRules.parse, lambda ours, _: CdnRules.from_oss(ours)),
}
"""The other systems, by name."""

_MOST_PROBED, _MOST_PROBED_ALIKE = 100, 3
"""The most entries to probe, and the most of one shape, since more would show the same."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A cause of different verdicts, with an example."""

    kind: ProbeKind
    referer: str | None
    theirs: bool
    """Whether the other system allows the example; OSS does the opposite."""


def losses(
    rules: Rules,
    configuration: RefererConfiguration,
    assumptions: Assumptions = DEFAULT,
    *,
    opens: bool = True,
) -> tuple[Loss, ...]:
    """Return the losses of a translation: one verified example of each cause.

    If a cause has examples in both directions, return one that the other system allows; without
    `opens`, one that the other system denies.
    """
    reading = Reading(configuration, assumptions)
    entries = _select((*rules.entries, *configuration.whitelist, *configuration.blacklist))
    # People write `?` to begin a query, but in an entry it is a wildcard.
    asked = (Probe(item.replace("*", ""), ProbeKind.VERBATIM) for item in entries if "?" in item)
    made = (*rules.probes, *probes.make(entries), *asked)
    found: dict[ProbeKind, Loss] = {}
    for probe in made:
        ours = reading.decide(header.trim(probe.referer)).reason.allows
        # One place denies it, although another may allow it.
        theirs = probe.kind is not ProbeKind.OTHER_PLACE and rules.allows(probe.referer)
        if theirs == ours:
            continue
        known = found.get(probe.kind)
        if known is None or (known.theirs != opens and theirs == opens):
            found[probe.kind] = Loss(probe.kind, probe.referer, theirs)
    return tuple(loss for loss in found.values() if not _is_implied(loss, found.values()))


def _select(entries: Iterable[str]) -> list[str]:
    """Return the entries to probe, which are only some of each shape."""
    selected: list[str] = []
    shapes: Counter[str] = Counter()
    for entry in dict.fromkeys(entries):
        shape = _WORD.sub("a", entry)
        shapes[shape] += 1
        if shapes[shape] <= _MOST_PROBED_ALIKE:
            selected.append(entry)
    # With too many entries, keep the shortest, because they are the simplest.
    return sorted(selected, key=len)[:_MOST_PROBED] if len(selected) > _MOST_PROBED else selected


_WORD = re.compile(r"[\w-]+(?:\.[\w-]+)*")


def _is_implied(loss: Loss, found: Iterable[Loss]) -> bool:
    """Return whether a simpler kind with the same verdict makes a loss redundant."""
    plainer = _PLAINER.get(loss.kind, frozenset())
    return any(other.kind in plainer and other.theirs == loss.theirs for other in found)


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
