"""An entry contains quotation marks.

The quotes of a program or of a shell have become part of the entry. An entry is compared from its
first character on (R-20), and no Referer begins with a quote, so the entry matches nothing.
"""

from oss_emulator.lab.entry import is_blank
from oss_emulator.referer.sentence import Sentence

from .finding import Severity, Suspicion
from .subject import LintedEntry, Subject

SEVERITY = Severity.ERROR

_QUOTES = "\"'`“”‘’„«»「」"


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with a quote in the origin or at the end."""
    text = entry.text
    if not set(f"{entry.parts.origin}{text[-1]}") & set(_QUOTES):
        return None
    plain = text.translate({ord(quote): None for quote in _QUOTES})
    left = "" if is_blank(plain) else plain
    return Suspicion.unmatched(left, Sentence("The quotation marks are part of the entry."))
