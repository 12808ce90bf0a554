"""An entry without a scheme matches nothing a browser sends.

A Referer begins with `http://` or `https://`, and an entry is compared from the first character on
(R-20). So `www.example.com` is accepted, kept and answered, and lets nobody in (R-23). It is the
usual reason of "configured but no effect", and of a whole site that gets 403. Write the scheme; and
the closing `/`, so that no longer host is let in.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Claim, Correction, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries that begin with the text of a host."""
    for entry in subject.entries:
        if entry.parts.scheme is None and entry.parts.names_host and entry.text[0] not in "*?":
            bare = entry.text.removeprefix("//")
            ending = "" if "/" in bare else "/"
            corrected = tuple(f"{scheme}://{bare}{ending}" for scheme in ("https", "http"))
            yield Suspicion(
                Claim.UNMATCHED,
                corrected,
                "It has no scheme, and every Referer of a browser begins with one.",
                Correction(corrected),
                entry.place,
            )
