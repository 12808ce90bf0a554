"""Writes the Chinese of the pages that a run measures: `make docs`, and the runs themselves.

docs/benchmarks.md and docs/conformance.md hold the numbers of one run. Their Chinese pages are made
from their text, phrase by phrase, so they show the same numbers and need no run of their own.

A phrase is a heading, a paragraph, an item of a list or a cell of a table. A file has the Chinese
of each. `{name}` in a phrase is a value, which is translated as well, and `{NAME}` one that is not.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.docs.translations import accept

ROOT = Path(__file__).parents[2]
PAGES = {
    "benchmarks": ROOT / "benchmarks" / "zh.toml",
    "conformance": ROOT / "tests" / "conformance" / "zh.toml",
}
"""The pages by name, each with the file of its phrases."""

_CODE = re.compile(r"`[^`]*`")
_NAMES = ("Debian", "Linux", "Python")
_WORD = re.compile(rf"(?<![\w.])(?!(?:ms|{'|'.join(_NAMES)})\b)[A-Z]?[a-z]{{2,}}(?!\w|\.\w)")
_ITEM = re.compile(r"^( *- )", re.MULTILINE)
_CELL = re.compile(r"(\s*\|\s*)")


class PhraseError(Exception):
    """The Chinese of a phrase is missing."""


class Phrases:
    """The Chinese of the phrases of one page."""

    def __init__(self, chinese: Mapping[str, str]) -> None:
        self._chinese = chinese
        self._patterns = {
            phrase: re.compile(_pattern(phrase)) for phrase in chinese if "{" in phrase
        }

    def say(self, text: str) -> str:
        """Return the Chinese of a text. One without words, such as a number, stays as it is."""
        if text in self._chinese:
            return self._chinese[text]
        for phrase, pattern in self._patterns.items():
            if match := pattern.fullmatch(text):
                values = {
                    name: value if name.isupper() else self.say(value)
                    for name, value in match.groupdict().items()
                }
                return self._chinese[phrase].format(**values)
        if _WORD.search(_CODE.sub("", text)):
            raise PhraseError(text)
        return text


def _pattern(phrase: str) -> str:
    """Return the regular expression of a phrase: a repeated `{name}` is the same value."""
    parts = re.split(r"\{(\w+)\}", phrase)
    texts, names = parts[::2], parts[1::2]
    seen: set[str] = set()
    pattern = re.escape(texts[0])
    for name, text in zip(names, texts[1:], strict=True):
        pattern += f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"
        pattern += re.escape(text)
        seen.add(name)
    return pattern


def translate(english: str, name: str, phrases: Phrases) -> str:
    """Return the Chinese version of an English page, section by section."""
    return accept("\n\n".join(_blocks(english, name, phrases)) + "\n", english)


def _blocks(english: str, name: str, phrases: Phrases) -> Iterator[str]:
    for block in english.strip().split("\n\n"):
        if block == f"English | [简体中文](zh/{name}.md)":
            yield f"[English](../{name}.md) | 简体中文"
        elif heading := re.fullmatch(r"(#+) (.*)", block):
            yield f"{heading[1]} {phrases.say(heading[2])}\n<!-- follows: {heading[2]}, 0 -->"
        elif block.startswith("|"):
            yield _table(block, phrases)
        elif block.startswith("- "):
            yield _list(block, phrases)
        else:
            yield phrases.say(" ".join(block.split()))


def _table(block: str, phrases: Phrases) -> str:
    # `|` and the blanks around it are every other part.
    lines = (_CELL.split(line) for line in block.splitlines())
    return "\n".join(
        "".join(part if index % 2 else phrases.say(part) for index, part in enumerate(line))
        for line in lines
    )


def _list(block: str, phrases: Phrases) -> str:
    _, *parts = _ITEM.split(block)
    items = zip(parts[::2], parts[1::2], strict=True)
    return "\n".join(f"{mark}{phrases.say(' '.join(text.split()))}" for mark, text in items)


def render(name: str) -> str:
    """Return the Chinese of a page as it is now; raises `PhraseError` with what to do."""
    path = PAGES[name]
    english = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    phrases = Phrases(tomllib.loads(path.read_text(encoding="utf-8")))
    try:
        return translate(english, name, phrases)
    except PhraseError as error:
        file = path.relative_to(ROOT)
        raise PhraseError(
            f"docs/zh/{name}.md was not written: {file} has no Chinese for {str(error)!r}. "
            "Add it, and run `make docs`."
        ) from None


def write(name: str) -> None:
    """Write the Chinese of a page."""
    (ROOT / "docs" / "zh" / f"{name}.md").write_text(render(name), encoding="utf-8")


if __name__ == "__main__":
    try:
        for page in PAGES:
            write(page)
    except PhraseError as error:
        sys.exit(f"phrases: {error}")
