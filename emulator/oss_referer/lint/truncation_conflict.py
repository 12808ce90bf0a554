"""`TruncatePath` is true and `AllowTruncateQueryString` is false.

The documentation of the Terraform provider says that `TruncatePath` needs
`AllowTruncateQueryString`. It is not documented what the service does otherwise (R-27); it may
refuse the rules. Terraform sends `AllowTruncateQueryString` false if a file omits it (R-38).
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Severity, Suspicions
from oss_referer.lint.subject import Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Suspicions:
    """Suspect this combination of the two switches."""
    rules = subject.configuration
    if rules.truncate_path and not rules.allow_truncate_query_string:
        yield subject.describe(
            Sentence(
                "TruncatePath is true without AllowTruncateQueryString, which is not documented."
            )
        )
