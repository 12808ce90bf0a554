"""An entry needs a query, and queries are cut off before entries are compared.

`AllowTruncateQueryString`, which is true unless it is set, cuts the Referer at its first `?`
(R-26); entries are not cut (R-28). Besides, the `?` of an entry is no question mark but a wildcard
(R-21). Leave the query out of the entry, and the path with it, which browsers do not send across
sites; or set `AllowTruncateQueryString` to false.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import Cut

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries with a path and a `?` in it."""
    for entry in subject.entries if subject.cut is Cut.QUERY else ():
        if "?" in entry.parts.rest:
            yield Suspicion(
                Evidence.UNMATCHED,
                (entry.text.replace("*", "www"),),
                "AllowTruncateQueryString cuts the query off the Referer before it is compared.",
                Correction((f"{entry.parts.origin}/",)),
                entry.place,
            )
