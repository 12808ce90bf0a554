"""An entry has a path, but the path is cut off the Referer before the comparison.

`TruncatePath` leaves `scheme://host[:port]` of a Referer, without a `/` (R-27), and does not cut
the entries (R-28). An entry with a path, even a single `/`, therefore matches nothing. Remove the
path with its `/`. Without that `/` the entry also matches longer hosts, which cannot be prevented
while `TruncatePath` is true.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import Cut

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect entries with a path if TruncatePath is true."""
    for entry in subject.entries if subject.cut is Cut.PATH else ():
        if "/" in entry.parts.rest and entry.parts.names_host:
            yield Suspicion(
                Evidence.UNMATCHED,
                (entry.text.replace("*", "www"),),
                "TruncatePath cuts the path with its / off the Referer.",
                Correction((entry.parts.origin,)),
                entry.place,
            )
