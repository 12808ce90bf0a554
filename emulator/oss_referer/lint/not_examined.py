"""It is not known whether an entry lets in other sites.

The search for a page of another site that the entry matches reached its limit, which keeps it
within a few seconds. Entries with many wildcards need the most steps.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Severity, Suspicions
from oss_referer.lint.subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Suspicions:
    """Suspect entries whose search reached its limit."""
    for entry in subject.whitelist:
        if not subject.lines[entry.place].is_searched:
            reason = Sentence(
                "Whether it lets in other sites is not known; the search ended too soon."
            )
            yield subject.describe(reason, place=entry.place)
