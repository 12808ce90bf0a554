"""A site is let in by http only.

The scheme is text like the rest (R-22): `http://www.example.com/` does not match
`https://www.example.com/`. A site that has moved to https is shut out, and a bare `https://` link
to it too. Write both.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import Cut
from oss_emulator.lab.parts import Parts, example

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Whitelist entries with http:// whose host is kept out with https://."""
    for entry in subject.whitelist:
        parts = entry.parts
        if parts.scheme == "http" and parts.names_host:
            # An open host is corrected on the way; under TruncatePath it has to stay open.
            rest = parts.rest or ("" if subject.cut is Cut.PATH else "/")
            http, https = (
                Parts(scheme, parts.host, parts.port, rest).join() for scheme in ("http", "https")
            )
            yield Suspicion(
                Evidence.DENIED,
                (example(https),),
                "The same site by https is kept out.",
                Correction((http, https)),
                entry.place,
            )
