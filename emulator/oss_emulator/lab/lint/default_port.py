"""The scheme's own port is written, and browsers leave it out.

A port is text like the rest (R-22): `https://www.example.com:443/` needs `:443` in the Referer,
where browsers name a port only if it is not the scheme's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.parts import DEFAULT_PORTS

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries with http and port 80, or https and port 443."""
    for entry in subject.entries:
        parts = entry.parts
        if parts.port is not None and parts.port == DEFAULT_PORTS.get(parts.scheme or ""):
            corrected = f"{parts.scheme}://{parts.host}{parts.rest or '/'}"
            yield Suspicion(
                Evidence.UNMATCHED,
                (corrected.replace("*", "www"),),
                f"Browsers leave the port {parts.port} of {parts.scheme} out of the Referer.",
                Correction((corrected,)),
                entry.place,
            )
