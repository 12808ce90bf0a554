"""An entry has a path, if only `/`, and paths are cut off before entries are compared.

`TruncatePath` leaves `scheme://host[:port]` of a Referer, without a `/` (R-27); entries are not cut
(R-28). So no entry with a path ever matches. Leave the path out, `/` and all. Without that `/` the
entry matches longer hosts too, which nothing can prevent while `TruncatePath` is true.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import Cut

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries with a path under TruncatePath."""
    for entry in subject.entries if subject.cut is Cut.PATH else ():
        if "/" in entry.parts.rest and entry.parts.names_host:
            yield Suspicion(
                Evidence.UNMATCHED,
                (entry.text.replace("*", "www"),),
                "TruncatePath cuts the path off the Referer, and its / with it.",
                Correction((entry.parts.origin,)),
                entry.place,
            )
