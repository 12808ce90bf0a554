"""An entry has a path, but browsers send none to other sites.

By default (`strict-origin-when-cross-origin`) a browser sends another host only `https://host/`,
and the bucket is another host. Only a page with the policy `unsafe-url` or
`no-referrer-when-downgrade` sends its path. Write the entry up to its first `/`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import Cut

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.WARNING

_SENDS_PATHS = {"servicewechat.com"}
"""Hosts whose Referers always have a path: WeChat mini programs."""


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect entries with a path other than `/`, unless TruncatePath is true."""
    for entry in subject.entries if subject.cut is not Cut.PATH else ():
        parts = entry.parts
        is_path = parts.rest.startswith("/") and not set(parts.rest) & set("?#")
        if is_path and parts.scheme in ("http", "https") and parts.host not in _SENDS_PATHS:
            origin = f"{parts.origin}/"
            yield Suspicion(
                Evidence.UNMATCHED,
                (origin.replace("*", "www").replace("?", "x"),),
                "To other sites, browsers send the origin without the path.",
                Correction((origin,)),
                entry.place,
            )
