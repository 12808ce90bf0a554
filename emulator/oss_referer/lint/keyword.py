"""An entry is a keyword of another system.

`none` and `blocked` are keywords of nginx, `'self'` is one of a Content-Security-Policy, and `null`
comes from a program. Here they are ordinary text, and no Referer begins with them. For requests
without a Referer, use the switch `AllowEmptyReferer` (R-11).
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject

_KEYWORDS = frozenset(
    "none blocked server_names null nil undefined self unsafe-inline no-referrer same-origin empty"
    " about:blank data: blob: (none) (empty) direct -".split()
)


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries that are keywords of other systems."""
    if entry.text.strip("'\"").lower() not in _KEYWORDS:
        return None
    return Suspicion(
        Evidence.UNMATCHED,
        (STRANGER,),
        Sentence(
            "It is a keyword of another system; OSS treats it as text, and no Referer begins with "
            "it."
        ),
        is_dead=True,
    )
