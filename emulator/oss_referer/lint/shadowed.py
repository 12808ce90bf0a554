"""The blacklist denies everything that a whitelist entry matches.

The service consults the blacklist first, and denies a Referer that it matches even if the whitelist
matches too (R-12). This rule reports a blacklist entry that matches everything that a whitelist
entry matches, or the whitelist entry if several entries do so together. It does not report an
exception, such as one sub-domain of many.
"""

from oss_referer.engine import GramIndex, Sentence
from oss_referer.lint.finding import Evidence, Suspicion, Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.search.entry import example


def suspect(subject: Subject) -> Suspicions:
    """Suspect blacklist entries that match all Referers of a whitelist entry."""
    written = {id(entry.pattern): entry for entry in subject.blacklist}
    black = [entry.pattern for entry in subject.blacklist]
    filed = GramIndex(black)
    done = set()
    for entry in subject.whitelist:
        page = example(entry.text)
        # Usually one blacklist entry is enough, and it must match at least this page.
        single = [other for other in filed.candidates(page) if other.matches(page)]
        wider = next((one for one in single if subject.covers([one], entry.pattern)), None)
        if wider is not None:
            place = written[id(wider)].place
            if place not in done:
                said = Sentence(
                    "It matches everything that {} in the whitelist matches.", entry.text
                )
                yield Suspicion(Evidence.DENIED, (page,), said, place)
            done.add(place)
        elif single and entry.pattern.has_wildcards and subject.covers(black, entry.pattern):
            said = Sentence(
                "The blacklist, consulted first, matches everything that this entry matches."
            )
            yield Suspicion(Evidence.DENIED, (page,), said, entry.place)
