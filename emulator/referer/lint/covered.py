"""An entry changes nothing, because another one matches all that it matches.

Often the wider one is wider than was meant: if this one was written with care, look at the other.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..automaton import covers
from ..parts import example
from .finding import Claim, Correction, Severity, Suspicion
from .subject import Entry, Subject

SEVERITY = Severity.NOTE


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries that one other entry of the same list covers."""
    for entries in subject.lists:
        # A duplicate has a rule of its own.
        for entry in {entry.text: entry for entry in reversed(entries)}.values():
            wider = next((other for other in entries if _covers(subject, other, entry)), None)
            if wider is not None:
                yield Suspicion(
                    Claim.UNCHANGED,
                    (example(entry.text),),
                    f"Everything it matches is matched by {wider.place.entry} too.",
                    Correction(()),
                    entry.place,
                )


def _covers(subject: Subject, wider: Entry, entry: Entry) -> bool:
    if wider.text == entry.text or not wider.pattern.matches(example(entry.text)):
        return False
    if not covers(entry.pattern, [wider.pattern], subject.cut):
        return False
    # Of two that match the same, the later one is the one too many.
    same = covers(wider.pattern, [entry.pattern], subject.cut)
    return not same or wider.place.position < entry.place.position
