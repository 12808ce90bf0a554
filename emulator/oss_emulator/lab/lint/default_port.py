"""An entry contains the default port of its scheme, which browsers leave out.

A port is compared as text (R-22): `https://www.example.com:443/` needs `:443` in the Referer, but
browsers send a port only if it is not the default of the scheme (B-02).
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.parts import DEFAULT_PORTS

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect entries with http and port 80, or with https and port 443."""
    for entry in subject.entries:
        parts = entry.parts
        if parts.port is not None and parts.port == DEFAULT_PORTS.get(parts.scheme or ""):
            corrected = f"{parts.scheme}://{parts.host}{parts.rest or '/'}"
            yield Suspicion(
                Evidence.UNMATCHED,
                (corrected.replace("*", "www"),),
                f"Browsers leave the default port {parts.port} out of the Referer.",
                Correction((corrected,)),
                entry.place,
            )
