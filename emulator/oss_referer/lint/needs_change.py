"""The plan changes an entry, or asks about it, for a reason that no other rule explains.

A site that you name may have no entry, or an entry may name a part of a host or of a port. The
reason says what is wrong, and the correction is that of the plan.
"""

from oss_referer.engine import Sentence
from oss_referer.engine.sentence import join
from oss_referer.lint.finding import Severity, Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.plan import Line

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Suspicions:
    """Suspect what the plan changes or asks and no other rule reports."""
    for line in subject.unexplained:
        pages = [site.page(scheme) for site in line.sites for scheme in site.schemes]
        shown = filter(None, (line.stranger, *sorted(pages, key=subject.allows)))
        yield subject.describe(_say(line), *shown, place=line.place, line=line)


def _say(line: Line) -> Sentence:
    instead = line.change.instead or ()
    if line.place is None and line.sites:
        return Sentence("No entry lets in this site.")
    if line.question:
        return Sentence("Only you can decide what to do with it.")
    if line.place is None:
        return Sentence("The rules need a change: {}.", line.why)
    if line.place.entry in instead:
        return Sentence("It needs another entry beside it: {}.", line.why)
    if line.sites:
        return Sentence("It is not the safe entry for {}.", join([one.name for one in line.sites]))
    return Sentence("It needs a change: {}.", line.why)
