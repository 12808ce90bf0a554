"""An entry has a path, and across sites browsers send none.

By default (`strict-origin-when-cross-origin`) a browser sends only `https://host/` to another host,
and the bucket is on another host. Only a page that asks for `unsafe-url` or
`no-referrer-when-downgrade` sends its path. Write the entry up to the first `/`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import Cut

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.WARNING

_SENDS_PATHS = {"servicewechat.com"}
"""Hosts whose Referers always have a path: WeChat's mini programs."""


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries with more of a path than `/`, where paths are compared at all."""
    for entry in subject.entries if subject.cut is not Cut.PATH else ():
        parts = entry.parts
        is_path = parts.rest.startswith("/") and not set(parts.rest) & set("?#")
        if is_path and parts.scheme in ("http", "https") and parts.host not in _SENDS_PATHS:
            origin = f"{parts.origin}/"
            yield Suspicion(
                Evidence.UNMATCHED,
                (origin.replace("*", "www").replace("?", "x"),),
                "Across sites a browser sends the origin alone, without the path.",
                Correction((origin,)),
                entry.place,
            )
