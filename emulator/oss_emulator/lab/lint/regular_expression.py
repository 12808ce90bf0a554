r"""An entry is written as a regular expression.

Only `*` (any characters, or none) and `?` (exactly one) are wildcards, and neither can be escaped
(R-21). `^`, `$`, `\`, `(`, `)` and `|` are ordinary characters, which the host of a Referer never
contains. An entry matches from the start of the Referer, and anything may follow (R-20).
"""

import re

from oss_emulator.lab.parts import example
from oss_emulator.referer.sentence import Sentence

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import LintedEntry, Subject

SEVERITY = Severity.ERROR

_SIGNS = re.compile(r"[\\^$()|]")
_GROUP = re.compile(r"\(([^()]*)\)")
_GROUPS = 3
"""The number of groups that are expanded; further groups use their first alternative."""
_MOST = 50
"""The most groups of an expression to expand; from others the special characters are removed."""


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with characters of a regular expression."""
    if not _SIGNS.search(entry.text):
        return None
    plain = tuple(dict.fromkeys(filter(None, _plain(entry.text))))
    return Suspicion(
        Evidence.UNMATCHED,
        (*map(example, plain), "https://evil.test/"),
        Sentence("It is written as a regular expression, but only * and ? are wildcards."),
        Correction(plain),
    )


def _plain(text: str) -> tuple[str, ...]:
    """Return the entries with wildcards, one for each alternative in parentheses."""
    group = _GROUP.search(text) if text.count("(") <= _MOST else None
    if group:
        before, after = text[: group.start()], text[group.end() :]
        inner = group[1].removeprefix("?:").split("|")[: None if text.count("(") <= _GROUPS else 1]
        return tuple(plain for one in inner for plain in _plain(f"{before}{one}{after}"))
    text = text.replace("s?:", "s:").removeprefix("^").removesuffix("$").removesuffix(".*")
    text = re.sub(r"(?<!\\)\.[*+]", "*", text)
    text = re.sub(r"\\(.)", r"\1", text)
    return (_SIGNS.sub("", text),)
