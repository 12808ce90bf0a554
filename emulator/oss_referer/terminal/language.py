"""The language of texts for people: the value of `--lang`, or else the language of the locale.

Only text for people is translated: JSON, SARIF, annotations, JUnit XML and the log of the server
are the same in every language. Programs wait for `--ready-file`.
"""

import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from oss_referer import texts as catalogues
from oss_referer.engine import Sentence, Step, explanation
from oss_referer.texts import FOLDER, Catalogue

LANGUAGES = tuple(catalogues.LANGUAGES)
"""The values of `--lang`."""

FLAG = "--lang"
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The environment variables of the locale; the first one that is set counts."""

_catalogue: Catalogue | None = None
"""The catalogue of the language of this command; None for English."""


def choose(language: str | None, texts: Sequence[Path] = (FOLDER,)) -> None:
    """Choose the language of this command, by default the locale's; `texts` are folders."""
    if language is None:
        locale = next(filter(None, map(os.environ.get, _VARIABLES)), "")
        language = re.split("[_.@-]", locale)[0].lower()
    global _catalogue
    _catalogue = None
    if language in LANGUAGES[1:]:
        _catalogue = Catalogue(language, texts)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")


def current() -> str:
    return _catalogue.language if _catalogue else LANGUAGES[0]


def lead(given: Sequence[str]) -> list[str]:
    """Return a command line with the command first, because `--lang` may precede it."""
    flag, *rest = given = [*given] or ["--help"]
    name, equals, _ = flag.partition("=")
    if name != FLAG or not (equals or rest):
        return given
    chosen = [flag] if equals else [flag, rest.pop(0)]
    return [*rest[:1], *chosen, *rest[1:]] if rest else [*chosen, "--help"]


def named(given: Sequence[str]) -> str | None:
    """Return the language that a command line seems to name, before it is parsed."""
    before = given[: given.index("--")] if "--" in given else given
    for number, word in enumerate(before):
        name, equals, value = word.partition("=")
        if name == FLAG:
            found = value if equals else "".join(before[number + 1 : number + 2])
            return found if found in LANGUAGES else None
    return None


def say(text: str) -> str:
    """Translate a sentence to the language of this command; any other text stays as it is."""
    if _catalogue is None or not isinstance(text, Sentence):
        return text
    return _catalogue.sentence(text)


def say_step(step: Step) -> str:
    """Describe a step of a decision in the language of this command."""
    if _catalogue is None:
        return explanation.sentence(step)
    return _catalogue.step(step)


def say_rule(name: str, page: str) -> str:
    """Return the page of a rule of the linter in the language of this command."""
    return page if _catalogue is None else _catalogue.rule(name, page)


def explain(message: str) -> str:
    """Translate an error, or a heading of the help, to the language of this command."""
    return message if _catalogue is None else _catalogue.message(message)


def complain(message: str) -> None:
    """Print an error to standard error in the language of this command."""
    print(f"oss-emulator: {explain(message)}", file=sys.stderr)
