"""What an engine does for a replay: it reads, splits, groups and joins; it decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from .verdict import Judge

Row = tuple[Any, ...]


class UnsplittableError(Exception):
    """The engine cannot split the lines of a file; they must be cleaned first."""


class EngineError(Exception):
    """The engine failed; the text says why."""


class Engine(Protocol):
    """An SQL engine with the tables `requests` and `verdicts` of a replay."""

    def scan(self, files: Sequence[Path], requests: str) -> None:
        """Add the result of the statement on the lines of files to the table `requests`.

        Raises UnsplittableError; the table is then as it was.
        """

    def find(self, files: Sequence[Path], odd: str) -> list[Row]:
        """Return the rows of a statement on the lines of files."""

    def judge(self, judge: Judge, groups: str) -> None:
        """Make the table `verdicts` of the groups that a statement finds."""

    def keep(self, name: str, statement: str) -> None:
        """Make a table of the rows of a statement."""

    def rows(self, statement: str) -> list[Row]:
        """Return the rows of a statement on the tables."""

    def close(self) -> None:
        """Release everything."""


Progress = Callable[[float], None]
"""Told the finished part of the scan, from 0 to 1."""

HEX = "\x02hex:"
"""Begins the text of a line whose bytes are not UTF-8; their digits follow."""
