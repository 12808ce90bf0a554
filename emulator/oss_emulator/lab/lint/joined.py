"""Several entries are written as one.

The guide of 2021 calls entries "separated by a comma" (R-37), but a comma or a line break within an
entry is text, and no Referer of a site contains it. So the entry matches nothing. Write each entry
in an element of its own.
"""

import re
from collections.abc import Iterator

from oss_emulator.lab.parts import example
from oss_emulator.referer.sentence import Sentence

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import LintedEntry, Subject

SEVERITY = Severity.ERROR

_SPACE = re.compile(r"\s+")
_MARKS = re.compile(r"[,;，；、]+")
_LIKE_AN_ENTRY = re.compile(r"https?:|[\w*?-]+\.|\*|\Z", re.IGNORECASE)
_EXPRESSION = re.compile(r"[\\^$()|]")


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with white space within, or with commas between what looks like entries."""
    parts = split(entry.text)
    if parts == (entry.text,):
        return None
    return Suspicion(
        Evidence.UNMATCHED,
        tuple(example(part) for part in parts[:8]),
        Sentence("Several entries are joined in it, so it is compared as one text."),
        Correction(parts),
    )


def split(text: str) -> tuple[str, ...]:
    """Return the entries that are joined in a text, each once."""
    return tuple(dict.fromkeys(_split(text)))


def _split(text: str) -> Iterator[str]:
    for word in _SPACE.split(text):
        parts = _MARKS.split(word)
        joined = all(map(_LIKE_AN_ENTRY.match, parts)) and not _EXPRESSION.search(word)
        yield from filter(None, parts if joined else [word.strip(",;，；、")])
