"""A `*` stands directly before a domain, without a dot.

`*example.com` matches `http://www.example.com/` and also `http://notexample.com/`, because `*`
stands for any characters (R-21). Anybody can register such a domain. Write one entry for the domain
and one for its sub-domains, with a dot.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.parts import Parts

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect whitelist entries whose host begins with `*` and a letter."""
    for entry in subject.whitelist:
        parts = entry.parts
        domain = parts.host.lstrip("*")
        if domain != parts.host and domain[:1].isalnum() and "." in domain:
            scheme = parts.scheme or "https"
            glued = Parts(scheme, f"not{domain}", parts.port, parts.rest or "/").join()
            yield Suspicion(
                Evidence.ALLOWED,
                (glued.replace("*", "x"),),
                "It matches every domain whose name ends with this one.",
                Correction((f"{scheme}://{domain}/", f"{scheme}://*.{domain}/")),
                entry.place,
            )
