"""Several entries are written as one.

The guide of 2021 calls entries "separated by a comma" (R-37), but a comma or a line break within an
entry is text, and no Referer of a site contains it. So the entry matches nothing. Write each entry
in its own element.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts, example

_SPACE = re.compile(r"\s+")
_MARKS = re.compile(r"[,;，；、]+")
_LIKE_AN_ENTRY = re.compile(r"https?:|localhost\b|[\w*?]*:?//|[\w*?-]+\.|\*|\Z", re.IGNORECASE)
_CERTAIN = re.compile(r"https?:|\S*//|[\w*?-]*\.[\w*?-]+|localhost\b|\*\Z", re.IGNORECASE)
_EXPRESSION = re.compile(r"[\\^$()|{}]")
_BROKEN_SCHEME = re.compile(r"(?:https?(?::[\\/]*|[\\/]+))+", re.IGNORECASE)
_PATH = re.compile(r"/[*]*|")
"""The path before a comma that separates entries; after another path, the comma belongs to it..."""
_SCHEME = re.compile(r"https?\??://", re.IGNORECASE)
"""...unless a scheme follows the comma."""


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with inner white space, or with commas between parts like entries."""
    words = split(entry.text)
    if words == (entry.text,):
        return None
    # Drop words that do not resemble an entry, such as the comment `# production`.
    parts = tuple(filter(_CERTAIN.match, words))
    return Suspicion(
        Evidence.UNMATCHED,
        tuple(map(example, (parts or words)[:8])),
        Sentence("Several entries are joined in it, so it is compared as one text.")
        if len(words) > 1
        else Sentence(
            "It begins or ends with a punctuation mark, which no address of a site has there."
        ),
    )


def split(text: str) -> tuple[str, ...]:
    """Return the entries that a text joins, without duplicates."""
    return tuple(dict.fromkeys(_split(text)))


def _split(text: str) -> Iterator[str]:
    for word in _SPACE.split(text):
        read = _BROKEN_SCHEME.sub("https://", word)
        parts = _MARKS.split(read)
        joined = (
            all(map(_LIKE_AN_ENTRY.match, parts))
            and not _EXPRESSION.search(read)
            and all(
                _PATH.fullmatch(Parts.split(part.lstrip("/")).rest) or _SCHEME.match(following)
                for part, following in pairwise(parts)
            )
        )
        yield from filter(None, _MARKS.split(word) if joined else [word.strip(",;，；、")])
