"""An entry is a keyword of another system.

`none` and `blocked` are keywords of nginx, `'self'` is one of a Content-Security-Policy, and `null`
comes from a program. Here they are ordinary text, which no Referer begins with. What stands for
requests without a Referer is the switch `AllowEmptyReferer` (R-11).
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Correction, Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject

_KEYWORDS = frozenset(
    "none blocked server_names null nil undefined self unsafe-inline no-referrer same-origin empty"
    " about:blank data: blob: (none) (empty) direct -".split()
)


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries that other systems understand."""
    if entry.text.strip("'\"").lower() not in _KEYWORDS:
        return None
    return Suspicion(
        Evidence.UNMATCHED,
        (STRANGER,),
        Sentence(
            "It is a keyword of another system; OSS takes it as text that no Referer begins with."
        ),
        Correction(
            decide=Sentence("leave it out, or set AllowEmptyReferer if an empty Referer is meant")
        ),
        is_dead=True,
    )
