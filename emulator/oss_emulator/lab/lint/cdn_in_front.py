"""A CDN in front answers from its cache and never asks OSS.

The request that a CDN sends to OSS carries the Referer of whoever came first. Once the object is in
its cache, everybody gets it, also those whom these rules deny; and if the first one is denied, the
CDN may keep that answer for all. Where there is a CDN, set the Referer rules there.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.probes import STRANGER

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.NOTE


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Rules that deny anybody."""
    if subject.whitelist:
        yield Suspicion(
            Evidence.DENIED,
            (STRANGER,),
            "Behind a CDN it gets the object all the same, once the object is in the CDN's cache.",
            Correction(),
        )
