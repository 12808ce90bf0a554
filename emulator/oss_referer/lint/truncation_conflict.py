"""`TruncatePath` is true and `AllowTruncateQueryString` is false.

The documentation of the Terraform provider says that `TruncatePath` needs
`AllowTruncateQueryString`; what the service does without it is not documented (R-27). It may refuse
the rules. Terraform sends `AllowTruncateQueryString` false if a file leaves it out (R-38).
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Correction, Evidence, Severity, Suspicion, Suspicions, Switch
from oss_referer.lint.subject import Subject

SEVERITY = Severity.WARNING

_CORRECTION = Correction(switch=(Switch.ALLOW_TRUNCATE_QUERY_STRING, True))


def suspect(subject: Subject) -> Suspicions:
    """Suspect the two switches."""
    rules = subject.configuration
    if rules.truncate_path and not rules.allow_truncate_query_string:
        allowed = subject.allows(STRANGER)
        yield Suspicion(
            Evidence.ALLOWED if allowed else Evidence.DENIED,
            (STRANGER,),
            Sentence(
                "TruncatePath is true without AllowTruncateQueryString, which is not documented."
            ),
            _CORRECTION,
        )
