"""An entry lets in pages of other sites.

A search over all Referers that browsers can send (B-02) has found one from another site that the
entry matches and the blacklist does not. A site is a registered domain with all its sub-domains.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion, Suspicions
from oss_referer.lint.subject import Subject


def suspect(subject: Subject) -> Suspicions:
    """Suspect whitelist entries that match other sites and that no other rule reports."""
    for entry in subject.whitelist:
        if entry.is_foreign or entry.place in subject.reported:
            continue
        page = subject.lines[entry.place].stranger
        if page is not None:
            yield Suspicion(
                Evidence.ALLOWED,
                (page,),
                Sentence("It also matches pages of other sites."),
                entry.place,
            )
