"""An entry contains a fragment, which browsers never send.

What follows a `#` in an address stays in the browser: the Referer of
`https://www.example.com/#/home` is `https://www.example.com/`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect entries with a `#`."""
    for entry in subject.entries:
        before, sign, _ = entry.text.partition("#")
        if sign:
            yield Suspicion(
                Evidence.UNMATCHED,
                (before.replace("*", "www"),),
                "Browsers leave the fragment, the part from # on, out of the Referer.",
                Correction((before,)),
                entry.place,
            )
