"""No Referer of a browser matches an entry.

A search over all Referers that browsers can send (B-02) has found none that the entry matches. The
entry has no effect. Usually a character is wrong.
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion, Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.plan.proof import may_be_sent
from oss_referer.search.automaton import Truncation


def suspect(subject: Subject) -> Suspicions:
    """Suspect entries that match nothing and that no other rule reports."""
    for entry in subject.entries:
        has_cut_path = subject.cut is Truncation.PATH and "/" in entry.parts.rest
        is_known = has_cut_path and may_be_sent(entry.pattern)
        if entry.is_foreign or is_known or entry.place in subject.reported:
            continue  # truncate_path and needs_path report paths that are cut
        yield Suspicion(
            Evidence.UNMATCHED,
            (STRANGER,),
            Sentence("No Referer of a browser matches it."),
            entry.place,
            is_dead=True,
        )
