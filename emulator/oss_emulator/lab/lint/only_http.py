"""A site is allowed by http only.

The scheme is compared as text (R-22): `http://www.example.com/` does not match
`https://www.example.com/`. A site that has moved to https is denied. Write both entries.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import Cut
from oss_emulator.lab.parts import Parts, example

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect whitelist entries with http:// if the host is denied with https://."""
    for entry in subject.whitelist:
        parts = entry.parts
        if parts.scheme == "http" and parts.names_host:
            # Close an open host as well, except under TruncatePath, where it must stay open.
            rest = parts.rest or ("" if subject.cut is Cut.PATH else "/")
            http, https = (
                Parts(scheme, parts.host, parts.port, rest).join() for scheme in ("http", "https")
            )
            yield Suspicion(
                Evidence.DENIED,
                (example(https),),
                "The same site is denied by https.",
                Correction((http, https)),
                entry.place,
            )
