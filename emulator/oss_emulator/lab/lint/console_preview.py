"""The preview in the OSS console has a Referer of its own.

The console shows objects from pages on hosts such as `oss.console.aliyun.com`. Without an entry for
them the preview of an image fails with 403. The documents name `*.console.aliyun.com`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.NOTE


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Whitelists that do not let the console in."""
    if subject.whitelist:
        yield Suspicion(
            Evidence.DENIED,
            ("https://oss.console.aliyun.com/",),
            "The preview in the OSS console is kept out.",
            Correction(add=("https://oss.console.aliyun.com/",)),
        )
