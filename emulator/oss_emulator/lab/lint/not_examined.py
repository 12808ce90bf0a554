"""There are too many entries to examine them all.

The linter examines about the first 10,000 entries, and fewer if most of them must be compared with
each Referer, as thousands of wildcards before the same host must be. It also stops after 1,000
entries with findings, and with more than 5,000 entries it does not check the assumptions. Correct
these first, or lint the others in a file of their own.
"""

from oss_emulator.lab.probes import STRANGER
from oss_emulator.referer.sentence import Sentence

from .finding import Correction, Evidence, Severity, Suspicion, Suspicions
from .subject import MOST_ASSUMED, Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Suspicions:
    """Suspect rules with more entries than are examined."""
    examined = subject.examined if subject.stopped is None else subject.stopped
    if subject.length > examined:
        reason = Sentence(
            "Only the first {} of {} entries were examined.", f"{examined:,}", f"{subject.length:,}"
        )
    elif subject.length > MOST_ASSUMED:
        reason = Sentence(
            "The assumptions behind {} entries were not examined.", f"{subject.length:,}"
        )
    elif subject.undecided:
        reason = Sentence(
            "Whether {} lets in other sites is not known; the search ended too soon.",
            subject.undecided[0].text,
        )
    else:
        return
    yield Suspicion(
        Evidence.ALLOWED if subject.allows(STRANGER) else Evidence.DENIED,
        (STRANGER,),
        reason,
        Correction(
            decide=Sentence("correct these first, or lint the others in a file of their own")
        ),
    )
