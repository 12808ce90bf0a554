"""An entry contains a placeholder that a template should have filled in.

`https://${var.domain}/` is in the rules with its placeholder, and no Referer contains `${`. So the
entry matches nothing. Only you know the value: fill in the template before you set the rules.
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.plan import Kind


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with a placeholder in their origin."""
    if subject.reading(entry.place).kind is not Kind.PLACEHOLDER:
        return None
    reason = Sentence("It is a placeholder that was not filled in.")
    return Suspicion(Evidence.UNMATCHED, (STRANGER,), reason)
