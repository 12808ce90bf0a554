"""An entry allows every WeChat mini program.

All mini programs send a Referer with the host `servicewechat.com`; only the appid in the path tells
them apart. `https://servicewechat.com/` therefore allows all mini programs.
"""

from oss_referer.browser.strangers import MINI_PROGRAMS
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion
from oss_referer.lint.mini_program import REFERER
from oss_referer.lint.subject import LintedEntry, Subject

SEVERITY = Severity.WARNING

_OTHER = f"{MINI_PROGRAMS}wxfedcba9876543210/1/page-frame.html"


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries with the host of mini programs and no appid."""
    if not entry.is_white or "servicewechat" not in entry.text:
        return None
    if not all(map(entry.pattern.matches, (REFERER, _OTHER))):
        return None
    return Suspicion(
        Evidence.ALLOWED,
        (REFERER,),
        Sentence("It names no appid, so it lets in every WeChat mini program."),
    )
