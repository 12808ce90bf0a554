"""An entry is longer than any Referer.

A browser cuts a Referer of more than 4,096 characters to the origin (B-03), so a longer entry
matches nothing that a browser sends. Perhaps the entry joins many entries (R-37).
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion, Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.search.entry import is_blank
from oss_referer.search.url import MAX_LENGTH


def suspect(subject: Subject) -> Suspicions:
    """Suspect entries that are longer than a Referer can be."""
    for place in subject.lines:
        count = len(place.entry)
        if count > MAX_LENGTH and not is_blank(place.entry):
            reason = Sentence(
                "It has {} characters, but a Referer has at most {}.",
                f"{count:,}",
                f"{MAX_LENGTH:,}",
            )
            yield Suspicion(Evidence.UNMATCHED, (STRANGER,), reason, place)
