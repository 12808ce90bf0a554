"""An entry contains a character that cannot be seen.

A copy from a document or a chat may contain a byte order mark, a zero-width space or a space of
another width. The rules compare this character like any other, and no Referer contains it, because
browsers send ASCII (B-02).
"""

import unicodedata

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import is_blank

_HIDDEN = {"Cc", "Cf", "Co", "Cn"}
_SPACES = {"Zs", "Zl", "Zp"}


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with control and format characters, or with wide spaces at their ends."""
    plain = "".join(item for item in entry.text if not _is_hidden(item))
    wide = "".join({item for item in plain if _is_wide(item)})
    plain = plain.strip(f"{WHITE_SPACE}{wide}")
    if plain == entry.text:
        return None
    gone = next(item for item in entry.text if _is_hidden(item) or _is_wide(item))
    reason = Sentence(
        "It contains the invisible character {}, which no Referer contains.", f"U+{ord(gone):04X}"
    )
    if is_blank(plain):
        return Suspicion(Evidence.UNMATCHED, (STRANGER,), reason)
    return Suspicion.unmatched(plain, reason)


def _is_wide(character: str) -> bool:
    return character not in WHITE_SPACE and unicodedata.category(character) in _SPACES


def _is_hidden(character: str) -> bool:
    return character not in WHITE_SPACE and unicodedata.category(character) in _HIDDEN
