"""An entry is blank or has white space around it.

White space around an entry is trimmed, and a blank entry is ignored (R-25, assumed). A whitelist of
blank entries counts as empty, so it denies nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.entry import is_blank
from oss_emulator.lab.parts import example
from oss_emulator.lab.probes import STRANGER
from oss_emulator.referer.decision import Stage

from .finding import Correction, EntryPlace, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect entries that trimming changes."""
    configuration = subject.configuration
    for stage, texts in (
        (Stage.WHITELIST, configuration.whitelist),
        (Stage.BLACKLIST, configuration.blacklist),
    ):
        for position, text in enumerate(texts):
            place = EntryPlace(stage, position, text)
            if is_blank(text):
                yield Suspicion(
                    Evidence.UNCHANGED,
                    (STRANGER,),
                    "It is blank and therefore ignored.",
                    Correction(()),
                    place,
                )
        for entry in subject.entries:
            if entry.place.list is stage and entry.text != entry.place.entry:
                yield Suspicion(
                    Evidence.ALLOWED if stage is Stage.WHITELIST else Evidence.DENIED,
                    (example(entry.text),),
                    "It has white space around it, which the service is assumed to trim.",
                    Correction((entry.text,)),
                    entry.place,
                )
