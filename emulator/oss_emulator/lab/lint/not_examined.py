"""There are too many entries to examine them all.

The linter examines more than 10,000 entries. If most of them have to be compared with each
Referer, as thousands of wildcards before the same host are, it examines fewer. It examines the
first ones. It also ends after 2,000 entries with findings. Correct these first, or lint the others
in a file of their own; `--fix` corrects them all.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.probes import STRANGER

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect rules with more entries than are examined."""
    examined = subject.examined if subject.stopped is None else subject.stopped
    if subject.length > examined:
        yield Suspicion(
            Evidence.ALLOWED if subject.allows(STRANGER) else Evidence.DENIED,
            (STRANGER,),
            f"Only the first {examined:,} of {subject.length:,} entries were examined.",
            Correction(decide="correct these first, or lint the others in a file of their own"),
        )
