"""`AllowEmptyReferer` false has no effect without a whitelist.

An empty Referer is denied only where there is a whitelist (R-11). Without one it is let in,
whatever the switch says and whatever the blacklist holds. To keep out empty Referers and nobody
else, let the whitelist be `*`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """The switch without an entry that it could work with."""
    if not subject.configuration.allow_empty_referer and not subject.whitelist:
        yield Suspicion(
            Evidence.ALLOWED,
            (None,),
            "AllowEmptyReferer is false, which has no effect while there is no whitelist.",
            Correction(add=("*",)),
        )
