"""Writes the Chinese of generated pages: for `make docs` and the measuring runs.

Their Chinese is made from the English page, phrase by phrase, with the same rows and numbers.

A phrase is a heading, a paragraph, an item of a list or a cell of a table. `zh/NAME.toml` has the
Chinese of each phrase of `docs/NAME.md`; the first one that matches counts. `{name}` in a phrase is
a value that is translated as well, and `{NAME}` is a value that is not.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.docs.translations import mark

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {path.stem: path for path in sorted(Path(__file__).with_name("zh").glob("*.toml"))}
"""The pages by name, each with the file of its phrases."""

_CODE = re.compile(r"`[^`]*`")
_NAMES = ("Debian", "Linux", "Python", "http", "https")
_WORD = re.compile(rf"(?<![\w.:])(?!(?:ms|{'|'.join(_NAMES)})\b)[A-Z]?[a-z]{{2,}}(?!\w|\.\w)")
_VALUE = r"(?:`[^`]*`|[^`])+?"
"""A value of a phrase has whole code marks."""
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
        pattern += f"(?P={name})" if name in seen else f"(?P<{name}>{_VALUE})"
        pattern += re.escape(text)
        seen.add(name)
    return pattern


def translate(english: str, name: str, phrases: Phrases) -> str:
    """Return the Chinese of an English page."""
    return "\n\n".join(_blocks(english, name, phrases)) + "\n"


def _blocks(english: str, name: str, phrases: Phrases) -> Iterator[str]:
    for block in re.split(r"\n{2,}", english.strip()):
        if block == f"English | [简体中文](zh/{name}.md)":
            yield f"[English](../{name}.md) | 简体中文"
        elif heading := re.fullmatch(r"(#+) (.*)", block):
            yield f"{heading[1]} {phrases.say(heading[2])}"
        elif block.startswith("```"):
            yield block
        elif block.startswith("|"):
            yield _table(block, phrases)
        elif block.startswith("- "):
            yield _list(block, phrases)
        else:
            yield phrases.say(" ".join(block.split()))


def _table(block: str, phrases: Phrases) -> str:
    # Every other part is a `|` with the blanks around it.
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
    """Return the Chinese page as it should be now; raises `PhraseError` with what to do."""
    english = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    phrases = Phrases(tomllib.loads(PAGES[name].read_text(encoding="utf-8")))
    try:
        chinese = translate(english, name, phrases)
    except PhraseError as error:
        raise PhraseError(
            f"docs/zh/{name}.md was not written: {PAGES[name].name} has no Chinese for "
            f"{str(error)!r}. Add it, and run `make docs`."
        ) from None
    return mark(chinese, english)


def write(name: str) -> None:
    """Write the Chinese of a page, unless it is the same: others may read it meanwhile."""
    path, text = DOCS / "zh" / f"{name}.md", render(name)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    try:
        for page in PAGES:
            write(page)
    except PhraseError as error:
        sys.exit(f"phrases: {error}")
