"""An entry contains quotation marks, or is in brackets.

The quotes or the brackets of a program, of a shell or of a text have become part of the entry. An
entry is compared from its first character on (R-20), and no Referer begins with such a character,
so the entry matches nothing.
"""

import re

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import is_blank

_QUOTES = "\"'`“”‘’„«»「」"
_BRACKETS = {"[": "]", "(": ")", "<": ">", "{": "}", "【": "】", "（": "）", "《": "》"}
_ADDRESS = re.compile(r"\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]")


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with a quote in the origin or at the end, or in brackets."""
    text = entry.text
    if set(f"{entry.parts.origin}{text[-1]}") & set(_QUOTES):
        plain = text.translate({ord(quote): None for quote in _QUOTES})
        reason = Sentence("The quotation marks are part of the entry.")
    else:
        plain, reason = text, Sentence("The brackets are part of the entry.")
    plain = _unwrap(plain.strip(WHITE_SPACE))
    if plain == text or ("|" in plain and "(" in text):
        return None  # alternatives of a regular expression have their own rule
    if is_blank(plain):
        return Suspicion(Evidence.UNMATCHED, (STRANGER,), reason)
    return Suspicion.unmatched(plain, reason)


def _unwrap(text: str) -> str:
    """Return a text without the brackets around it, even if one of the pair is missing."""
    while len(text) > 1 and _BRACKETS.get(text[0]) == text[-1]:
        inner = text[1:-1]
        if _ADDRESS.fullmatch(text) or not _is_balanced(inner, text[0], text[-1]):
            return text
        text = inner.strip(WHITE_SPACE)
    for start, end in _BRACKETS.items():
        if end not in text:
            text = text.lstrip(start + WHITE_SPACE)
        if start not in text:
            text = text.rstrip(end + WHITE_SPACE)
    return text


def _is_balanced(text: str, start: str, end: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == start) - (character == end)
        if depth < 0:
            return False
    return depth == 0
