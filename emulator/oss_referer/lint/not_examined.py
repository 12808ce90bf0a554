"""It is not known whether an entry lets in other sites.

The search for a page of another site that the entry matches reached its limit, which keeps it
within a few seconds. Entries with many wildcards need the most steps.
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Correction, Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Suspicions:
    """Suspect the first entry whose search reached its limit."""
    if subject.undecided:
        yield Suspicion(
            Evidence.ALLOWED if subject.allows(STRANGER) else Evidence.DENIED,
            (STRANGER,),
            Sentence(
                "Whether {} lets in other sites is not known; the search ended too soon.",
                subject.undecided[0].text,
            ),
            Correction(decide=Sentence("write the host of the site, with a / after it")),
        )
