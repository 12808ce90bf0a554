"""A host is not written in ASCII, but browsers send it in ASCII.

The Referer of `https://例え.example/` is `https://xn--r8jz45g.example/` (B-02). Write the entry in
that form.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.parts import encode_host

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect entries whose host has a letter outside ASCII."""
    for entry in subject.entries:
        host = entry.parts.host
        if not host.isascii():
            ascii_host = encode_host(host)
            if ascii_host is None:
                continue
            head, _, tail = entry.text.partition(host)
            corrected = f"{head}{ascii_host}{tail}"
            yield Suspicion(
                Evidence.UNMATCHED,
                (corrected.replace("*", "www") + ("" if entry.parts.rest else "/"),),
                "Browsers send this host in its ASCII form.",
                Correction((corrected,)),
                entry.place,
            )
