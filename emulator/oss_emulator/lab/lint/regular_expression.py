r"""An entry is written as a regular expression, which it is not.

Only `*` (any characters, also none) and `?` (exactly one) are wildcards, and neither can be escaped
(R-21). `^`, `$`, `\`, `(`, `)` and `|` are ordinary characters, which no browser's Referer has in
its host. An entry matches from the start anyway and goes on as it likes (R-20).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR

_SIGNS = re.compile(r"[\\^$()|]")
_GROUPS = 3
"""In how many groups the alternatives are written out; of further ones the first is taken."""


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Entries with signs of a regular expression."""
    for entry in subject.entries:
        if _SIGNS.search(entry.text):
            plain = _plain(entry.text)
            yield Suspicion(
                Evidence.UNMATCHED,
                tuple(text.replace("*", "www") for text in plain),
                "It is written as a regular expression; only * and ? have a meaning here.",
                Correction(plain),
                entry.place,
            )


def _plain(text: str) -> tuple[str, ...]:
    """The same with wildcards; of alternatives in brackets, an entry each."""
    group = re.search(r"\(([^()]*)\)", text)
    if group:
        before, after = text[: group.start()], text[group.end() :]
        inner = group[1].removeprefix("?:").split("|")[: None if text.count("(") <= _GROUPS else 1]
        return tuple(plain for one in inner for plain in _plain(f"{before}{one}{after}"))
    text = text.replace("s?:", "s:").removeprefix("^").removesuffix("$").removesuffix(".*")
    text = re.sub(r"(?<!\\)\.[*+]", "*", text)
    return (re.sub(r"\\(.)", r"\1", text),)
