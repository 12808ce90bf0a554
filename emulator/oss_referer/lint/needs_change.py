"""The plan changes an entry, or asks about it, for a reason that no other rule explains.

A site that you name may have no entry, or an entry may name a part of a host or of a port. The
reason says what is wrong, and the correction is that of the plan.
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Suspicions:
    """Suspect what the plan changes or asks and no other rule reports."""
    for line in subject.plan.lines:
        if not subject.is_unexplained(line):
            continue
        reason = (
            Sentence("Only you can decide what to do with it.")
            if line.question
            else Sentence("It needs a change: {}.", line.why)
        )
        pages = tuple(site.page(scheme) for site in line.sites for scheme in site.schemes)
        if line.place is None and line.sites:
            reason = Sentence("No entry lets in this site.")
        last = Evidence.ALLOWED if subject.allows(STRANGER) else Evidence.DENIED
        for evidence, referers in (
            (Evidence.ALLOWED, (line.stranger,) if line.stranger else ()),
            (Evidence.DENIED, pages),
            (Evidence.ALLOWED, pages),
            (last, (STRANGER,)),
        ):
            if subject.is_unexplained(line):
                yield Suspicion(evidence, referers, reason, line.place, line=line)
