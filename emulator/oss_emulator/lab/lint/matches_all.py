"""An entry matches every site.

`*` stands for any characters (R-21). In the whitelist, `*`, `http*` and `https://*` allow
everybody; in the blacklist they deny everybody, whatever the whitelist says (R-12).
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.probes import STRANGER
from oss_emulator.referer.decision import Stage

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR

_REFERERS = (STRANGER, STRANGER.replace("https", "http"))
_REASONS = {
    Stage.WHITELIST: (
        Evidence.ALLOWED,
        "It matches every site, so the whitelist denies nobody.",
    ),
    Stage.BLACKLIST: (Evidence.DENIED, "It matches every site, so the whitelist allows nobody."),
}


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect entries that match a stranger and name no host."""
    for entry in subject.entries:
        matched = tuple(referer for referer in _REFERERS if entry.pattern.matches(referer))
        if matched and not entry.parts.names_host:
            evidence, reason = _REASONS[entry.place.list]
            yield Suspicion(evidence, matched, reason, Correction(()), entry.place)
