r"""An entry is written as a regular expression.

Only `*` (any characters, or none) and `?` (exactly one) are wildcards, and neither can be escaped
(R-21). `^`, `$`, `\`, `(`, `)` and `|` are ordinary characters, which the host of a Referer never
contains. An entry matches from the start of the Referer, and anything may follow (R-20).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.ERROR

_SIGNS = re.compile(r"[\\^$()|]")
_GROUPS = 3
"""How many groups are written out; of the alternatives in further groups the first is used."""


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect entries with characters of a regular expression."""
    for entry in subject.entries:
        if _SIGNS.search(entry.text):
            plain = _plain(entry.text)
            yield Suspicion(
                Evidence.UNMATCHED,
                tuple(text.replace("*", "www") for text in plain),
                "It is written as a regular expression, but only * and ? are wildcards.",
                Correction(plain),
                entry.place,
            )


def _plain(text: str) -> tuple[str, ...]:
    """Return the entries with wildcards, one for each alternative in parentheses."""
    group = re.search(r"\(([^()]*)\)", text)
    if group:
        before, after = text[: group.start()], text[group.end() :]
        inner = group[1].removeprefix("?:").split("|")[: None if text.count("(") <= _GROUPS else 1]
        return tuple(plain for one in inner for plain in _plain(f"{before}{one}{after}"))
    text = text.replace("s?:", "s:").removeprefix("^").removesuffix("$").removesuffix(".*")
    text = re.sub(r"(?<!\\)\.[*+]", "*", text)
    return (re.sub(r"\\(.)", r"\1", text),)
