"""The language of what people read: that of `--lang`, or else that of the locale.

Only text for people is translated: JSON, SARIF, annotations, JUnit XML, the server's log and what
programs wait for are the same in every language.
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
"""The variables of the locale; the first that is set counts."""

_catalogue: Catalogue | None = None
"""What says things in the language of this command; None says everything in English."""


def choose(language: str | None, texts: Sequence[Path] = (FOLDER,)) -> None:
    """Speak a language from now on, with the texts of some folders; without one, the locale's."""
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
    """Return a command line with the command first: `--lang` may stand before it."""
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
    """Return a sentence in the language of this command; any other text stays as it is."""
    if _catalogue is None or not isinstance(text, Sentence):
        return text
    return _catalogue.sentence(text)


def say_step(step: Step) -> str:
    """Return a step of a decision in the language of this command."""
    if _catalogue is None:
        return explanation.sentence(step)
    return _catalogue.step(step)


def say_rule(name: str, page: str) -> str:
    """Return what a rule of the linter means in the language of this command."""
    return page if _catalogue is None else _catalogue.rule(name, page)


def explain(message: str) -> str:
    """Return an error, or a heading of the help, in the language of this command."""
    return message if _catalogue is None else _catalogue.message(message)


def complain(message: str) -> None:
    """Print an error to standard error, in the language of this command."""
    print(f"oss-emulator: {explain(message)}", file=sys.stderr)
