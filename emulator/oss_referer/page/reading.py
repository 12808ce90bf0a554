"""Reading what is pasted or opened: rules in any form, or what is wrong and the ways out."""

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
    """Rules that were read."""

    rules: RefererConfiguration
    form: str
    """A form of rules, or `nginx`."""
    name: str = ""
    names: tuple[str, ...] = ("",)
    """The names of all rules in the text."""

    @property
    def entries(self) -> int:
        return len(self.rules.whitelist) + len(self.rules.blacklist)


def read(text: str, name: str = "", assumptions: Assumptions = DEFAULT) -> ReadText:
    """Recognise the form of a text, and read its rules; `name` chooses among several.

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
    """Why a text cannot be read, and up to two ways out beside going back."""

    sentence: str
    line: int
    column: int
    before: str
    """The text of that line before the word; `after` is the text after it."""
    word: str
    after: str
    meant: str = ""
    """What the word was probably meant to be, or ""."""
    times: int = 0
    """How often the text has the word."""
    corrected: str = ""
    """The text with what was probably meant, which can be read."""
    addresses: tuple[str, ...] = ()
    """The addresses in the text, which can be taken as a list."""


_NAMES: Final = (
    *("RefererConfiguration", "Referer", *sorted(SWITCHES | LISTS)),
    *(*NAMES.values(), "bucket", "whitelist", "blacklist", "referer_blacklist", REFERER),
)
"""Names that people misspell."""

_WORD: Final = re.compile(r"[<\s/\"'{\[]*([\w.:-]+|\S)")
_ADDRESS: Final = re.compile(r"(?:https?://|\*\.)[^\s\"'<>,;{}\\\[\]]+")
_SHOWN: Final = 60
"""The most characters that are shown of a line on each side of the word."""


def explain(text: str, error: SourceError) -> Unreadable:
    """Say where a text cannot be read, and how to go on."""
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
    """Yield a name that was probably meant, and the text with it, if that can be read."""
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
