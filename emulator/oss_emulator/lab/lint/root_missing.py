"""A wildcard for sub-domains does not match the domain itself.

`https://*.example.com/` needs the dot before `example.com` (R-21), which `https://example.com/`
does not have. Write an entry for the domain too if it has pages.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.parts import example

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect whitelist entries with `*.` before a domain that is denied."""
    for entry in subject.whitelist:
        host = entry.parts.host
        if host.startswith("*.") and entry.parts.names_host and not _is_service(host):
            before, _, after = entry.text.partition("*.")
            root = f"{before or 'https://'}{after}"
            yield Suspicion(
                Evidence.DENIED,
                (example(root),),
                "The domain itself, without a sub-domain, is denied.",
                Correction((entry.text, root)),
                entry.place,
            )


def _is_service(host: str) -> bool:
    """Return whether a domain has only sub-domains, as that of the console does."""
    return host == "*.console.aliyun.com"
