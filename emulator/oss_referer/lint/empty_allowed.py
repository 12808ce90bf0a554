"""With `AllowEmptyReferer` true, any page can get around the rules.

A page can make the browser send no Referer (`referrerpolicy="no-referrer"`), and the rules allow an
empty Referer before they consult any list (R-11). But the address bar, applications and some video
players send no Referer either, so only you can decide; `--fix` never changes the switch. Without a
whitelist the switch has no effect: an empty Referer is always allowed.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject

SEVERITY = Severity.NOTE


def suspect(subject: Subject) -> Suspicions:
    """Suspect the switch if there is a list to get around."""
    if subject.configuration.allow_empty_referer and (
        subject.has_whitelist or subject.has_blacklist
    ):
        yield Suspicion(
            Evidence.ALLOWED,
            (None,),
            Sentence(
                "AllowEmptyReferer is true, so every page that suppresses the Referer is allowed."
            ),
        )
