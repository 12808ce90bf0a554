"""A browser requests a video twice, once without a Referer.

For an MP4 in the address bar, the first request has no Referer and the second has the address of
the video itself (B-06). If `AllowEmptyReferer` is false, the first one is denied (R-11) and the
video does not play. Show videos on a page, or use a signed URL and a bucket that allows empty
Referers.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.NOTE


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect rules that deny a request without a Referer."""
    if not subject.configuration.allow_empty_referer:
        yield Suspicion(
            Evidence.DENIED,
            (None,),
            "A video opened from the address bar fails: one of its requests has no Referer.",
            Correction(set="AllowEmptyReferer: true"),
        )
