"""The table of the mutants that no test can kill, since they change nothing."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import oss_emulator

PACKAGE = Path(oss_emulator.__file__).parent
TABLE = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Survivor:
    """A line of a file, what some mutants make of it, and why that changes nothing."""

    file: str
    line: str
    changed: list[str]
    why: str

    @property
    def keys(self) -> list[tuple[str, str, str]]:
        """The names of its mutants."""
        return [(self.file, self.line, changed) for changed in self.changed]


def read() -> list[Survivor]:
    """Read the table."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8")).get("survivor", [])
    return [Survivor(**row) for row in rows]
