"""Assumptions in TOML, one line for each: `empty_whitelist = "empty-whitelist-denies"`.

A missing line leaves the default variant.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from oss_referer.engine import FACTS, Assumptions
from oss_referer.engine.assumptions import SENTENCES
from oss_referer.sources.toml import SourceError, TomlDocument, read_file


class AssumptionsError(ValueError):
    """A file of assumptions is not valid; the text names the file, the place and the mistake."""


def read(path: Path | str) -> Assumptions:
    """Read a file of assumptions. Raises AssumptionsError."""
    try:
        return parse(read_file(Path(path)))
    except OSError as error:
        raise AssumptionsError(f"{path} cannot be read: {error.strerror}") from None
    except SourceError as error:
        raise AssumptionsError(f"{path}, {error}") from None


def parse(source: str | bytes) -> Assumptions:
    """Parse assumptions. Raises SourceError for an unknown fact or variant."""
    assumptions: Assumptions = TomlDocument.parse(source).convert(Assumptions)
    return assumptions


def format(assumptions: Assumptions, say: Callable[[StrEnum], str] = SENTENCES.__getitem__) -> str:
    """Format all assumptions, each with a comment; `say` returns the comment for a variant."""
    return "".join(
        f'{name} = "{variant}"  # {FACTS[name]}: {say(variant)}\n'
        for name, variant in assumptions.chosen().items()
    )
