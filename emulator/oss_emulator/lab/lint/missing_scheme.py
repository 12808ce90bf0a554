"""An entry without a scheme matches nothing a browser sends.

A Referer begins with `http://` or `https://`, and an entry is compared from the first character on
(R-20). So `www.example.com` is accepted, kept and answered, and lets nobody in (R-23). It is the
usual reason of "configured but no effect", and of a whole site that gets 403. Write the scheme; and
the closing `/`, so that no longer host is let in.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries that begin with the text of a host."""
    for entry in subject.entries:
        bare = entry.text.removeprefix("//")
        # A colon without slashes, as in "mibrowser:home", is a scheme of another kind.
        has_scheme = entry.parts.scheme is not None or entry.parts.rest.startswith(":")
        if bare[:1].isalnum() and not has_scheme:
            ending = "" if "/" in bare else "/"
            corrected = tuple(f"{scheme}://{bare}{ending}" for scheme in ("https", "http"))
            yield Suspicion(
                Evidence.UNMATCHED,
                corrected,
                "It has no scheme, and every Referer of a browser begins with one.",
                Correction(corrected),
                entry.place,
            )
