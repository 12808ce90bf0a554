"""With `AllowEmptyReferer` true, any page can get around the rules.

A page can make the browser send no Referer (`referrerpolicy="no-referrer"`), and an empty Referer
is allowed before any list is consulted (R-11). Set the switch to false unless people open objects
from the address bar, from applications or from a video player.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Correction, Evidence, Severity, Suspicion, Suspicions, Switch
from oss_referer.lint.subject import Subject

SEVERITY = Severity.WARNING


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
            Correction(switch=(Switch.ALLOW_EMPTY_REFERER, False)),
        )
