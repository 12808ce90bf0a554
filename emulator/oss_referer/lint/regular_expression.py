r"""An entry is written as a regular expression.

Only `*` (any characters, or none) and `?` (exactly one) are wildcards, and neither can be escaped
(R-21). `^`, `$`, `\`, `(`, `)`, `[`, `]`, `{`, `}` and `|` are ordinary characters, which no host
name contains. `https?:` needs one more character before its colon, and `.*` needs a dot. An
entry matches from the start of the Referer, and anything may follow (R-20). So rewrite the entry:
`https://*.example.com/` instead of `^https://.+\.example\.com/`.
"""

import re

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.plan.reading import ends_in_suffix
from oss_referer.search.entry import Parts

_IN_ORIGIN = re.compile(r"[\\^$()|+{}\[\]]|(?:\A|//)\.[*+]|\A(?:https\?|~)", re.IGNORECASE)
_IN_PATH = re.compile(r"[\\^|]|\$\Z|\.[*+]|\[[^\]]*\][*+?]")
_SCHEME = re.compile(r"https\?://|http(?:\(s\|?\)|\[s\])\??://", re.IGNORECASE)
_ADDRESS = re.compile(r"\[[0-9A-Fa-f:.]*\]")
_BACKSLASHES = re.compile(r"\A(https?):?[\\/]{1,4}")
"""A misspelt scheme, which has its own rule."""
_ANYTHING = ".*"


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with characters of a regular expression."""
    if not is_expression(entry.text):
        return None
    pages = (site.page("https") for site in subject.reading(entry.place).sites)
    return Suspicion(
        Evidence.UNMATCHED,
        (*pages, STRANGER),
        Sentence(
            "It is written as a regular expression, but OSS knows only two wildcards: * for any "
            "characters and ? for exactly one."
        ),
    )


def is_expression(text: str) -> bool:
    """Return whether a text looks like a regular expression."""
    plain = _ADDRESS.sub("", _BACKSLASHES.sub(r"\1://", text), count=1)
    parts = Parts.split(plain)
    if _SCHEME.search(plain) or _IN_ORIGIN.search(parts.origin) or _IN_PATH.search(parts.rest):
        return True
    return parts.host.endswith(_ANYTHING) and ends_in_suffix(parts.host[: -len(_ANYTHING)])
