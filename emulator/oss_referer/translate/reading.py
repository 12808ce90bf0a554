"""Reads pasted or opened texts: rules in any form, or else the mistake with ways to correct it."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final, NamedTuple

from oss_referer.engine import DEFAULT, Assumptions, RefererConfiguration
from oss_referer.sources import forms
from oss_referer.sources.referer_xml import LISTS, SWITCHES
from oss_referer.sources.resources import NAMES, REFERER, NoRulesError
from oss_referer.sources.toml import SourceError
from oss_referer.translate import SYSTEMS


class ReadText(NamedTuple):
    rules: RefererConfiguration
    form: str
    """The name of a form of rules, or `nginx`."""
    name: str = ""
    names: tuple[str, ...] = ("",)
    """The names of all rules in the text."""

    @property
    def entries(self) -> int:
        return len(self.rules.whitelist) + len(self.rules.blacklist)


def read(text: str, name: str = "", assumptions: Assumptions = DEFAULT) -> ReadText:
    """Detect the form of a text, and read its rules; `name` chooses among several.

    Raises SourceError.
    """
    text = text.removeprefix("\ufeff")
    document = forms.encode(text)
    try:
        form = forms.detect(document)
        found = forms.find(document, form, assumptions)
        chosen = name if name in found else next(iter(found))
        return ReadText(found[chosen](), form.value, chosen, tuple(found))
    except NoRulesError:
        if "valid_referers" not in text:
            raise
        return ReadText(SYSTEMS["nginx"].parse(text).to_oss(), "nginx")


class Unreadable(NamedTuple):
    """The reason why a text cannot be read, and up to two ways to correct it."""

    sentence: str
    line: int
    column: int
    before: str
    """The text of the line before the wrong word; `after` is the text after it."""
    word: str
    after: str
    meant: str = ""
    """The word that the author probably meant, or ""."""
    times: int = 0
    """The number of occurrences of the word in the text."""
    corrected: str = ""
    """The text with the corrected word, which can be read."""
    addresses: tuple[str, ...] = ()
    """The addresses in the text, which can be used as a list."""


_NAMES: Final = (
    *("RefererConfiguration", "Referer", *sorted(SWITCHES | LISTS)),
    *(*NAMES.values(), "bucket", "whitelist", "blacklist", "referer_blacklist", REFERER),
)
"""Names that people misspell."""

_WORD: Final = re.compile(r"[<\s/\"'{\[]*([\w.:-]+|\S)")
_ADDRESS: Final = re.compile(r"(?:https?://|\*\.)[^\s\"'<>,;{}\\\[\]]+")
_SHOWN: Final = 60
"""The most characters of a line to show on each side of the word."""


def explain(text: str, error: SourceError) -> Unreadable:
    """Return the place where a text cannot be read, and ways to correct it."""
    lines = text.removeprefix("\ufeff").split("\n")  # as the place of an error counts them
    line = lines[error.line - 1] if error.line <= len(lines) else ""
    found = _WORD.match(line, max(error.column - 1, 0))
    start, end = found.span(1) if found else (len(line), len(line))
    word = line[start:end]
    meant = next(_guess(text, word), ("", ""))
    return Unreadable(
        error.sentence,
        error.line,
        error.column,
        line[max(start - _SHOWN, 0) : start],
        word[:_SHOWN],
        line[end : end + _SHOWN],
        meant[0],
        len(re.findall(rf"\b{re.escape(word)}\b", text)) if meant[0] else 0,
        meant[1],
        tuple(dict.fromkeys(_ADDRESS.findall(text))),
    )


def _guess(text: str, word: str) -> Iterator[tuple[str, str]]:
    """Yield the names that the author probably meant, each with a corrected text that is valid."""
    lower = {one.lower(): one for one in _NAMES}
    for close in get_close_matches(word.lower(), lower, 3, 0.75):
        if lower[close] == word:
            continue
        corrected = re.sub(rf"\b{re.escape(word)}\b", lower[close], text)
        try:
            read(corrected)
        except SourceError:
            continue
        yield lower[close], corrected
