"""The preview in the OSS console has a Referer of its own.

The console shows objects on pages of hosts such as `oss.console.aliyun.com`. Without an entry for
them, the preview of an image fails with 403. The documentation names `*.console.aliyun.com`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.NOTE


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect whitelists that deny the console."""
    if subject.whitelist:
        yield Suspicion(
            Evidence.DENIED,
            ("https://oss.console.aliyun.com/",),
            "The rules deny the preview in the OSS console.",
            Correction(add=("https://oss.console.aliyun.com/",)),
        )
