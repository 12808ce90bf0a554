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
        reason = line.question or Sentence("It needs a change: {}.", line.why)
        pages = tuple(site.page(scheme) for site in line.sites for scheme in site.schemes)
        if line.place is None:
            reason = Sentence("No entry lets in this site.")
        if line.stranger is not None:
            yield Suspicion(Evidence.ALLOWED, (line.stranger,), reason, line.place, line=line)
        if subject.is_unexplained(line):
            yield Suspicion(Evidence.DENIED, pages, reason, line.place, line=line)
        is_in = subject.allows(STRANGER)
        last = Evidence.ALLOWED if is_in else Evidence.DENIED
        if subject.is_unexplained(line):
            yield Suspicion(last, (STRANGER,), reason, line.place, line=line)
