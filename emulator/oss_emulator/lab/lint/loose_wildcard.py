"""A `*` stands right before a domain, without a dot between them.

`*example.com` matches `http://www.example.com/`, and `http://notexample.com/` as well: `*` stands
for any characters (R-21). Whoever registers such a domain is let in. Write the domain, and its
sub-domains with a dot.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.parts import Parts

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Whitelist entries whose host begins with `*` and a letter."""
    for entry in subject.whitelist:
        parts = entry.parts
        domain = parts.host.lstrip("*")
        if domain != parts.host and domain[:1].isalnum() and "." in domain:
            scheme = parts.scheme or "https"
            glued = Parts(scheme, f"not{domain}", parts.port, parts.rest or "/").join()
            yield Suspicion(
                Evidence.ALLOWED,
                (glued.replace("*", "x"),),
                "It matches every domain whose name ends like this one.",
                Correction((f"{scheme}://{domain}/", f"{scheme}://*.{domain}/")),
                entry.place,
            )
