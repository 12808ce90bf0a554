"""The message catalogues: what the console and the commands say, in each language.

Tables whose name begins with `engine_` translate what the emulator itself says in English, so the
English catalogue has none.
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from oss_emulator.referer import explanation
from oss_emulator.referer.decision import Step
from oss_emulator.referer.sentence import Sentence

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "zh": "中文"}
"""The languages, each with its own name; the first is the default."""

_FOLDER: Final = Path(__file__).with_name("messages")


@cache
def read(language: str) -> Mapping[str, str]:
    """Read a catalogue: texts by `page.name`."""
    tables = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return {
        f"{table}.{name}": text for table, texts in tables.items() for name, text in texts.items()
    }


class Catalogue:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = read(language)

    def __call__(self, name: str, /, **values: object) -> str:
        """Return a text with its values filled in."""
        return self._texts[name].format(**values) if values else self._texts[name]

    def step(self, step: Step) -> str:
        """Return a step of a decision in one sentence."""
        found = self._texts.get(f"engine_step.{step.stage}-{step.outcome}")
        if found is None:
            return explanation.sentence(step)
        return found.format(self._texts.get(f"engine_kind.{step.detail}", step.detail))

    def group(self, group: str) -> str:
        """Return the name of a group of scenarios."""
        return self._texts.get(f"engine_group.{group}", group)

    def assumption(self, variant: StrEnum) -> str:
        """Return what a variant of an assumed fact says."""
        return self.sentence(explanation.SENTENCES[variant])

    def access(self, reason: str) -> str:
        """Return what settled a decision on permissions."""
        return self._texts.get(f"engine_access.{reason}", reason)

    def sentence(self, sentence: Sentence) -> str:
        """Return a sentence of the lab, with the values that it has."""
        found = self._texts.get(f"engine_sentence.{sentence.template}")
        if found is None:
            return sentence
        values = (
            self.sentence(value) if isinstance(value, Sentence) else value
            for value in sentence.values
        )
        return found.format(*values)
