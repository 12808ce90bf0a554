"""The blacklist denies everything that a whitelist entry matches.

The service consults the blacklist first, and denies a Referer that it matches even if the whitelist
matches too (R-12). This rule reports a blacklist entry that matches everything that a whitelist
entry matches, or the whitelist entry if several entries do so together. It does not report an
exception, such as one sub-domain of many.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion, Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.plan.proof import covers
from oss_referer.search.entry import example


def suspect(subject: Subject) -> Suspicions:
    """Suspect blacklist entries that match all Referers of a whitelist entry."""
    white = [(entry, example(entry.text)) for entry in subject.whitelist]
    for black in subject.blacklist:
        for entry, page in white:
            if black.pattern.matches(page) and covers(black.pattern, entry.pattern, subject.cut):
                said = Sentence("It matches all that the whitelist entry {} matches.", entry.text)
                yield Suspicion(Evidence.DENIED, (page,), said, black.place)
                break
