"""A whitelist entry has no effect because the blacklist denies everything that it matches.

The blacklist is consulted first, and what it matches is denied whatever the whitelist says (R-12).
This rule reports a whitelist entry only if the blacklist matches everything that it matches, and
not if the blacklist makes an exception, such as one sub-domain of many.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import covers
from oss_emulator.lab.parts import example

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect whitelist entries whose Referers are all blacklisted."""
    black = [entry.pattern for entry in subject.blacklist]
    for entry in subject.whitelist:
        page = example(entry.text)
        # Usually one blacklist entry suffices, and it must match this page at least.
        single = [other for other in black if other.matches(page)]
        if any(covers(entry.pattern, [other], subject.cut) for other in single) or (
            single and covers(entry.pattern, black, subject.cut)
        ):
            yield Suspicion(
                Evidence.DENIED,
                (page,),
                "The blacklist, consulted first, matches everything that this entry matches.",
                Correction(()),
                entry.place,
            )
