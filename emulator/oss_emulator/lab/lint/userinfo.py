"""An entry contains a user name or a password.

Browsers leave `user:password@` out of the Referer, so the entry matches nothing.
"""

from __future__ import annotations

from oss_emulator.lab.parts import example
from oss_emulator.referer.sentence import Sentence

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import LintedEntry, Subject

SEVERITY = Severity.ERROR


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with an `@` before the path."""
    before, sign, after = entry.text.rpartition("://")
    authority, slash, path = after.partition("/")
    _, at, host = authority.rpartition("@")
    if not at or not host:
        return None
    corrected = f"{before}{sign}{host}{slash}{path}"
    return Suspicion(
        Evidence.UNMATCHED,
        (example(corrected),),
        Sentence("Browsers leave the user name and password out of the Referer."),
        Correction((corrected,)),
        entry.place,
    )
