"""An entry is blank or has white space around it.

The service trims white space around an entry and ignores a blank entry (R-25, assumed). A whitelist
of blank entries counts as empty, so it denies nobody.
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import example, is_blank

SEVERITY = Severity.WARNING


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries that trimming changes."""
    written = entry.place.entry
    if entry.text == written:
        return None
    return Suspicion(
        Evidence.ALLOWED if entry.is_white else Evidence.DENIED,
        (example(entry.text),),
        Sentence("It has white space around it, which the service is assumed to trim."),
    )


def suspect(subject: Subject) -> Suspicions:
    """Suspect blank entries."""
    for place in subject.lines:
        if is_blank(place.entry):
            reason = Sentence("It is blank and therefore ignored.")
            yield Suspicion(Evidence.UNCHANGED, (STRANGER,), reason, place)
