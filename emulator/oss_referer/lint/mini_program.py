"""WeChat mini programs have their own Referer.

The mini program of any site sends `https://servicewechat.com/<appid>/<version>/page-frame.html`
(R-44). Without an entry such as `https://servicewechat.com/<appid>/`, the rules deny it.
"""

from oss_referer.browser.strangers import MINI_PROGRAMS
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject

SEVERITY = Severity.NOTE
COMMON = True

REFERER = f"{MINI_PROGRAMS}wx0123456789abcdef/1/page-frame.html"


def suspect(subject: Subject) -> Suspicions:
    """Suspect whitelists that name no mini program."""
    if subject.has_whitelist and not any(
        "servicewechat" in entry.text for entry in subject.whitelist
    ):
        yield Suspicion(
            Evidence.DENIED, (REFERER,), Sentence("The rules deny WeChat mini programs.")
        )
