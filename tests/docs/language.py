"""The languages of generated pages: English, and Chinese with the words of zh.toml.

`translations.accept` completes the marks below Chinese headings.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WORDS = Path(__file__).with_name("zh.toml")


@dataclass(frozen=True)
class Language:
    """A language of a page. Texts are given in English; without words they stay so."""

    words: Mapping[str, str] | None = None

    def say(self, text: str, **values: str) -> str:
        """Return a text in this language, with the values of its `{names}`."""
        if self.words is not None:
            if text not in self.words:
                raise ValueError(f"The page has no Chinese for {text!r}; add it to {WORDS.name}.")
            text = self.words[text]
        return text.format(**values) if values else text

    def top(self, title: str, name: str) -> str:
        """Return the title of a page, and the line that links the page in the other language."""
        links = f"English | [简体中文](zh/{name})"
        if self.words is not None:
            links = f"[English](../{name}) | 简体中文"
        return f"{self.heading(title, level=1)}\n{links}\n"

    def heading(self, title: str, level: int = 2) -> str:
        """Return a heading. In Chinese, add a mark below it that names the English heading."""
        mark = "" if self.words is None else f"<!-- follows: {title}, 0 -->\n"
        return f"{'#' * level} {self.say(title)}\n{mark}"


ENGLISH = Language()


def chinese(page: str) -> Language:
    """Return the Chinese of a page, which is a table of zh.toml."""
    return Language(tomllib.loads(WORDS.read_text(encoding="utf-8"))[page])
