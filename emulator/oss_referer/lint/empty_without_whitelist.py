"""`AllowEmptyReferer` false has no effect without a whitelist.

An empty Referer is denied only if there is a whitelist (R-11). Without one it is allowed, whatever
the switch and the blacklist say. To deny empty Referers only, use the whitelist `*`.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion, Suspicions
from oss_referer.lint.subject import Subject


def suspect(subject: Subject) -> Suspicions:
    """Suspect the switch if there is no whitelist."""
    if not subject.configuration.allow_empty_referer and not subject.has_whitelist:
        yield Suspicion(
            Evidence.ALLOWED,
            (None,),
            Sentence("AllowEmptyReferer is false, which has no effect without a whitelist."),
        )
