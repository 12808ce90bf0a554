"""An entry contains a placeholder that a template should have filled in.

`https://${var.domain}/` is in the rules with its placeholder, and no Referer contains `${`. So the
entry matches nothing. Only you know the value: fill in the template before you set the rules.
"""

import re

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.url import has_known_suffix

_SCHEME = re.compile(r"[a-z]*:?[/\\]{1,3}", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"[$#%]\{[^}]*\}|\{\{[^}]*\}\}|\{[A-Za-z_][\w .-]*\}|\$\(?[A-Za-z_][\w.]*\)?"
    r"|<[\w .-]+>|%[A-Z_]{2,}%|%s\b"
)


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with a placeholder in their origin."""
    text = entry.text
    found = _PLACEHOLDER.search(text)
    if found is None or found.start() >= _end_of_origin(text):
        return None
    inner = found[0].strip("<>").lstrip(".").lower()
    if found[0].startswith("<") and (inner == "localhost" or has_known_suffix(inner)):
        return None  # a host in brackets
    return Suspicion(
        Evidence.UNMATCHED,
        (STRANGER,),
        Sentence("The placeholder {} was not filled in.", found[0][:40]),
    )


def _end_of_origin(text: str) -> int:
    """Return the offset of the path. A placeholder may contain slashes before it."""
    scheme = _SCHEME.match(text)
    end = text.find("/", scheme.end() if scheme else 0)
    return len(text) if end < 0 else end
