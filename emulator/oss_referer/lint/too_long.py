"""An entry is longer than any Referer.

A browser cuts a Referer of more than 4,096 characters to the origin (B-03), so a longer entry
matches nothing that a browser sends. Perhaps the entry joins many entries (R-37).
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import LEAVE_OUT, Correction, Evidence, Suspicion, Suspicions
from oss_referer.lint.joined import split
from oss_referer.lint.risk import WIDENS
from oss_referer.lint.subject import Subject
from oss_referer.search.entry import Parts, is_blank
from oss_referer.search.url import MAX_LENGTH, is_host


def suspect(subject: Subject) -> Suspicions:
    """Suspect entries that are longer than a Referer can be."""
    for place in subject.written:
        count = len(place.entry)
        if count > MAX_LENGTH and not is_blank(place.entry):
            reason = Sentence(
                "It has {} characters, but a Referer has at most {}.",
                f"{count:,}",
                f"{MAX_LENGTH:,}",
            )
            correction = _shorten(place.entry)
            yield Suspicion(Evidence.UNMATCHED, (STRANGER,), reason, correction, place)


def _shorten(text: str) -> Correction:
    """Return the entries that a text joins, or else its origin."""
    parts = split(text)
    if len(parts) > 1:
        return Correction(tuple(part for part in parts if len(part) <= MAX_LENGTH))
    origin = Parts.split(text)
    if origin.scheme in ("http", "https") and is_host(origin.host):
        return Correction((Parts(origin.scheme, origin.host, None, "/").join(),), risk=WIDENS)
    return Correction(decide=LEAVE_OUT)
