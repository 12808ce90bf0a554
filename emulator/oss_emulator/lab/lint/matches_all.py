"""An entry matches every site.

`*` stands for any characters (R-21), so `*`, `http*` and `https://*` in the whitelist let everybody
in, and in the blacklist keep everybody out, whatever the whitelist says (R-12).
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
        "It matches every site, so the whitelist keeps nobody out.",
    ),
    Stage.BLACKLIST: (Evidence.DENIED, "It matches every site, so the whitelist lets nobody in."),
}


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries that match a stranger, though they name no host."""
    for entry in subject.entries:
        matched = tuple(referer for referer in _REFERERS if entry.pattern.matches(referer))
        if matched and not entry.parts.names_host:
            claim, reason = _REASONS[entry.place.list]
            yield Suspicion(claim, matched, reason, Correction(()), entry.place)
