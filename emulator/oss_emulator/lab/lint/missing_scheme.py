"""An entry without a scheme matches nothing that a browser sends.

A Referer begins with `http://` or `https://`, and an entry is compared from the first character on
(R-20). The service accepts, stores and returns `www.example.com`, but it matches no Referer (R-23).
This is the usual cause of "configured but no effect", and of a whole site that gets 403. Write the
scheme, and the closing `/` so that no longer host matches.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect entries that begin with a host."""
    for entry in subject.entries:
        bare = entry.text.removeprefix("//")
        # "mibrowser:home" has a scheme of another kind, a colon without slashes.
        has_scheme = entry.parts.scheme is not None or entry.parts.rest.startswith(":")
        if bare[:1].isalnum() and not has_scheme:
            ending = "" if "/" in bare else "/"
            corrected = tuple(f"{scheme}://{bare}{ending}" for scheme in ("https", "http"))
            yield Suspicion(
                Evidence.UNMATCHED,
                corrected,
                "It has no scheme, but every Referer of a browser begins with one.",
                Correction(corrected),
                entry.place,
            )
