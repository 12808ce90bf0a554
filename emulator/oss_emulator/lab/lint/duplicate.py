"""An entry is there twice.

The second one changes nothing: which of two equal entries matches makes no difference. Mostly
another entry was meant, such as the one for the other scheme.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.parts import example

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries that stand in the same list before."""
    for entries in subject.lists:
        seen: set[str] = set()
        for entry in entries:
            if entry.text in seen:
                yield Suspicion(
                    Evidence.UNCHANGED,
                    (example(entry.text),),
                    "The same entry stands in this list before.",
                    Correction(()),
                    entry.place,
                )
            seen.add(entry.text)
