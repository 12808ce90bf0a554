"""A host is written with capital letters, but browsers send it in lower case.

Entries are compared character by character (R-24, assumed; R-41 applies to queries only). A browser
converts every host to lower case before it sends the Referer (B-02).
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Suspicion
from oss_referer.lint.subject import LintedEntry, Subject


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries whose scheme or host has a capital letter."""
    origin, lower = entry.parts.origin, entry.parts.origin.lower()
    if origin == lower or entry.is_foreign:
        return None
    reason = Sentence("Browsers send the host in lower case, and upper and lower case differ.")
    return Suspicion.unmatched(lower + entry.parts.rest, reason)
