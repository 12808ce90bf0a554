"""A whitelist entry lets nobody in, because the blacklist keeps all of them out.

The blacklist is asked first, and what it matches is denied whatever the whitelist says (R-12). This
is found where the blacklist matches all that the whitelist entry matches; an exception, such as one
sub-domain of many, is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import covers
from oss_emulator.lab.parts import example

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Whitelist entries whose Referers are all blacklisted."""
    black = [entry.pattern for entry in subject.blacklist]
    for entry in subject.whitelist:
        page = example(entry.text)
        # One entry mostly does it, and those that do not match even this page are no help at first.
        single = [other for other in black if other.matches(page)]
        if any(covers(entry.pattern, [other], subject.cut) for other in single) or (
            single and covers(entry.pattern, black, subject.cut)
        ):
            yield Suspicion(
                Evidence.DENIED,
                (page,),
                "The blacklist, which goes first, matches all that it matches.",
                Correction(()),
                entry.place,
            )
