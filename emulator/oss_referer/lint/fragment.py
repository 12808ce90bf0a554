"""An entry contains a fragment, which browsers never send.

The browser does not send the part of an address from `#` on: the Referer of
`https://www.example.com/#/home` is `https://www.example.com/`.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Suspicion
from oss_referer.lint.subject import LintedEntry, Subject


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with a `#`."""
    before, sign, _ = entry.text.partition("#")
    if not sign:
        return None
    return Suspicion.unmatched(
        before, Sentence("Browsers leave the fragment, the part from # on, out of the Referer.")
    )
