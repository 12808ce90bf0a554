"""`AllowEmptyReferer` true is a way around every rule.

Any page can have the browser send no Referer (`referrerpolicy="no-referrer"`), and an https page
that shows an http object sends none. An empty Referer is let in before any list is asked (R-11).
Set it to false, if nobody opens objects from the address bar, from applications or from a video
player.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """The switch where there is a list that it lets people around."""
    if subject.configuration.allow_empty_referer and subject.entries:
        yield Suspicion(
            Evidence.ALLOWED,
            (None,),
            "AllowEmptyReferer is true, so any page gets in that has the browser send no Referer.",
            Correction(set="AllowEmptyReferer: false"),
        )
