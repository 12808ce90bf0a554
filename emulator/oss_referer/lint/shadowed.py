"""A whitelist entry has no effect because the blacklist denies everything that it matches.

The service consults the blacklist first, and denies a Referer that it matches even if the whitelist
matches too (R-12). This rule reports a whitelist entry only if the blacklist matches everything
that the entry matches. It does not report an exception, such as one sub-domain of many.
"""

from oss_referer.engine import GramIndex, Sentence
from oss_referer.lint.finding import Evidence, Suspicion, Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.search.entry import example


def suspect(subject: Subject) -> Suspicions:
    """Suspect whitelist entries whose Referers are all blacklisted."""
    black = [entry.pattern for entry in subject.blacklist]
    filed = GramIndex(black)
    for entry in subject.whitelist:
        page = example(entry.text)
        # Usually one blacklist entry is enough, and it must match at least this page.
        single = [other for other in filed.candidates(page) if other.matches(page)]
        if any(subject.covers([other], entry.pattern) for other in single) or (
            single and entry.pattern.has_wildcards and subject.covers(black, entry.pattern)
        ):
            yield Suspicion(
                Evidence.DENIED,
                (page,),
                Sentence(
                    "The blacklist, consulted first, matches everything that this entry matches."
                ),
                entry.place,
            )
