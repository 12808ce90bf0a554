"""A host is written with capital letters, and browsers send it in small ones.

Entries are compared character by character (R-24, which the service does not document). A browser
turns every host into small letters before it sends it.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries whose scheme or host has a capital letter."""
    for entry in subject.entries:
        origin, lower = entry.parts.origin, entry.parts.origin.lower()
        if origin != lower and entry.parts.scheme is not None:
            corrected = lower + entry.parts.rest
            yield Suspicion(
                Evidence.UNMATCHED,
                (corrected.replace("*", "www") + ("" if entry.parts.rest else "/"),),
                "Browsers send the host in small letters, and capital ones differ from them.",
                Correction((corrected,)),
                entry.place,
            )
