"""An entry changes nothing, because another one matches all that it matches.

Often the wider one is wider than was meant: if this one was written with care, look at the other.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import covers
from oss_emulator.lab.parts import example
from oss_emulator.referer.entries import Entries

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import LintedEntry, Subject

SEVERITY = Severity.NOTE


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries that one other entry of the same list covers."""
    for entries in subject.lists:
        first = {entry.text: entry for entry in reversed(entries)}  # a duplicate has its own rule
        filed = Entries(first)
        for entry in first.values():
            page = example(entry.text)
            wider = next(
                (
                    first[pattern.text]
                    for pattern in filed.candidates(page)
                    if pattern.matches(page) and _covers(subject, first[pattern.text], entry)
                ),
                None,
            )
            if wider is not None:
                yield Suspicion(
                    Evidence.UNCHANGED,
                    (page,),
                    f"Everything it matches is matched by {wider.place.entry} too.",
                    Correction(()),
                    entry.place,
                )


def _covers(subject: Subject, wider: LintedEntry, entry: LintedEntry) -> bool:
    if wider is entry or not covers(entry.pattern, [wider.pattern], subject.cut):
        return False
    # Of two that match the same, the later one is the one too many.
    same = covers(wider.pattern, [entry.pattern], subject.cut)
    return not same or wider.place.position < entry.place.position
