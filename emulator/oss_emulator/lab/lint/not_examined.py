"""There are too many entries to examine them all.

The linter examines more than 10,000 entries. If most of them have to be compared with each
Referer, as thousands of wildcards before the same host are, it examines fewer. It examines the
first ones. Lint the others in a file of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.probes import STRANGER

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect rules with more entries than are examined."""
    if subject.length > subject.examined:
        yield Suspicion(
            Evidence.ALLOWED if subject.allows(STRANGER) else Evidence.DENIED,
            (STRANGER,),
            f"Only the first {subject.examined:,} of {subject.length:,} entries were examined.",
            Correction(decide="lint the other entries in a file of their own"),
        )
