"""A video that is opened in a browser is asked for twice, once without a Referer.

For an MP4 the browser sends a second request: one of the two has a Referer, the other has none.
With `AllowEmptyReferer` false one of them is denied (R-11), and the video does not play. Play
videos from a page, or by a signed URL with empty Referers allowed on a bucket of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.NOTE


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Rules by which a request without a Referer is denied."""
    if not subject.configuration.allow_empty_referer:
        yield Suspicion(
            Evidence.DENIED,
            (None,),
            "A video opened from the address bar fails: one of its requests has no Referer.",
            Correction(set="AllowEmptyReferer: true"),
        )
