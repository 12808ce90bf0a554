"""A host is written with capital letters, but browsers send it in lower case.

Entries are compared character by character (R-24, assumed). A browser converts every host to lower
case before it sends it (B-02).
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect entries whose scheme or host has a capital letter."""
    for entry in subject.entries:
        origin, lower = entry.parts.origin, entry.parts.origin.lower()
        if origin != lower and entry.parts.scheme is not None:
            corrected = lower + entry.parts.rest
            yield Suspicion(
                Evidence.UNMATCHED,
                (corrected.replace("*", "www") + ("" if entry.parts.rest else "/"),),
                "Browsers send the host in lower case, and upper and lower case differ.",
                Correction((corrected,)),
                entry.place,
            )
