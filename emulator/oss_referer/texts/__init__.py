"""The catalogues: the texts of the commands and the pages in each language.

Tables with a name that begins with `engine_` translate English texts in the code, so the English
catalogue has none.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from oss_referer.engine import Sentence, Step, explanation
from oss_referer.engine.assumptions import SENTENCES

FOLDER: Final = Path(__file__).parent
"""The folder with the texts of this package."""

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "zh": "中文"}
"""The languages, each with its own name; the first is the default."""


@cache
def read(language: str, folders: Sequence[Path] = (FOLDER,)) -> Mapping[str, str]:
    """Read the texts of some folders in a language, by `page.name`. `folders` is a tuple."""
    import tomllib  # only here: the import is slow, and commands in English need no texts

    found: dict[str, str] = {}
    for folder in folders:
        tables = tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))
        for table, texts in tables.items():
            found |= {f"{table}.{name}": text for name, text in texts.items()}
    return found


_SLOT: Final = r"\{(message|list)?\}"
"""The slots of a template: `{}` for a value, `{message}` for a message that is translated, and
`{list}` for alternatives such as `a, b or c`."""


class _Recognised(NamedTuple):
    literals: Sequence[str]
    """The texts before, between and after its values."""
    kinds: Sequence[str]
    """The kind of each value: `message`, `list`, or "" for any other value."""
    text: str

    def match(self, message: str) -> Sequence[str] | None:
        """Return the values of a message, each as short as possible; None for another message.

        A message may quote text of a stranger. A regular expression could take minutes on it.
        """
        first, *between, last = self.literals
        if not message.startswith(first):
            return None
        rest = message.removeprefix(first)
        values: list[str] = []
        for literal in between:
            value, found, rest = rest.partition(literal)
            if not found:
                return None
            values.append(value)
        return [*values, rest.removesuffix(last)] if rest.endswith(last) else None

    def before(self, values: Sequence[str]) -> str:
        """Return the value at the start of a message; "" if it begins otherwise."""
        return values[0] if values and not self.literals[0] else ""


_LONGEST: Final = 1_000
"""The most characters of a message to recognise; a longer one may quote many others in turn."""


@cache
def _messages(language: str, folders: Sequence[Path]) -> Sequence[_Recognised]:
    """Return the templates that have values, those with the longest literal text first."""
    begin = "engine_message."
    found = [
        _Recognised(re.split(_SLOT, name.removeprefix(begin))[::2], re.findall(_SLOT, name), text)
        for name, text in read(language, folders).items()
        if name.startswith(begin) and re.search(_SLOT, name)
    ]
    return sorted(found, key=lambda known: len("".join(known.literals)), reverse=True)


class Catalogue:
    """The texts of some folders in one language: those of this package, and perhaps others."""

    def __init__(self, language: str, folders: Sequence[Path] = (FOLDER,)) -> None:
        self.language = language
        self._folders = tuple(folders)
        self._texts = read(language, self._folders)

    def __call__(self, name: str, /, **values: object) -> str:
        """Return a text with its values filled in."""
        return self._texts[name].format(**values) if values else self._texts[name]

    def step(self, step: Step) -> str:
        found = self._texts.get(f"engine_step.{step.stage}-{step.outcome}")
        if found is None:
            return explanation.sentence(step)
        return found.format(self._texts.get(f"engine_kind.{step.detail}", step.detail))

    def rule(self, name: str, page: str) -> str:
        """Return the page of a rule of the linter; its title is the first line."""
        return self._texts.get(f"engine_rule.{name}", page)

    def scenario_group(self, group: str) -> str:
        return self._texts.get(f"engine_sentence.{group}", group)

    def assumption(self, variant: StrEnum) -> str:
        return self.sentence(SENTENCES[variant])

    def access(self, reason: str) -> str:
        return self._texts.get(f"engine_access.{reason}", reason)

    def message(self, message: str) -> str:
        """Translate an error and the errors in it; an unknown error stays as it is.

        Errors are plain text, since they also come from libraries and the operating system. So
        this recognises them by their templates.
        """
        if len(message) > _LONGEST:
            return message
        if "{" not in message and (whole := self._texts.get(f"engine_message.{message}")):
            return whole
        matches = [
            (values, known)
            for known in _messages(self.language, self._folders)
            if (values := known.match(message)) is not None
        ]
        if not matches:
            return message
        # Prefer the outermost template, such as `FILE, line 1, column 2: …`.
        values, known = min(matches, key=lambda match: len(match[1].before(match[0])))
        return known.text.format(*map(self._value, values, known.kinds))

    def _value(self, value: str, kind: str) -> str:
        if kind == "message":
            return self.message(value)
        before, found, last = value.rpartition(" or ") if kind == "list" else ("", "", value)
        said = f"{before}{self._texts['engine_word.or']}{last}" if found else value
        return self._texts.get(f"engine_name.{said}", said)

    def sentence(self, sentence: Sentence) -> str:
        """Translate a sentence and the sentences in its values; an unknown one stays."""
        names = (f"{table}.{sentence.template}" for table in ("engine_sentence", "reason"))
        found = next(filter(None, map(self._texts.get, names)), None)
        if found is None:
            return sentence
        values = (
            self.sentence(value) if isinstance(value, Sentence) else self._value(value, "")
            for value in sentence.values
        )
        return found.format(*values)
