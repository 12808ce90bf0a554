"""There are no rules.

Without a whitelist and a blacklist, hotlink protection is off: every site is allowed (R-15).
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject

SEVERITY = Severity.NOTE


def suspect(subject: Subject) -> Suspicions:
    """Suspect rules without entries, unless the switch shows that something was intended."""
    if (
        not (subject.has_whitelist or subject.has_blacklist)
        and subject.configuration.allow_empty_referer
    ):
        yield Suspicion(
            Evidence.ALLOWED, (STRANGER,), Sentence("There are no rules, so every site is allowed.")
        )
