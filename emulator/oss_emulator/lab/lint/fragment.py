"""An entry contains a fragment, which browsers never send.

What follows a `#` in an address stays in the browser: the Referer of
`https://www.example.com/#/home` is `https://www.example.com/`.
"""

from __future__ import annotations

from oss_emulator.lab.parts import example
from oss_emulator.lab.probes import STRANGER
from oss_emulator.referer.sentence import Sentence

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import LintedEntry, Subject

SEVERITY = Severity.ERROR


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with a `#`."""
    before, sign, _ = entry.text.partition("#")
    if not sign:
        return None
    return Suspicion(
        Evidence.UNMATCHED,
        (example(before) if before else STRANGER,),
        Sentence("Browsers leave the fragment, the part from # on, out of the Referer."),
        Correction((before,) if before else ()),
        entry.place,
    )
