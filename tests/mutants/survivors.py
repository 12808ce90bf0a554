"""The rooms whose mutants are tried, and the table of mutants that no test can kill."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import oss_emulator

SOURCE = Path(oss_emulator.__file__).parents[1]
"""The folder that the packages are in."""

ROOMS = {
    "oss_referer/engine": ("referer/engine",),
    "oss_emulator/protocol/signature": (
        "unit/protocol/signature",
        "unit/operations/test_exchanges.py",
        "unit/pipeline/test_signed.py",
    ),
    "oss_emulator/access": ("unit/access", "unit/sts"),
    "oss_emulator/pipeline": ("unit/pipeline", "unit/operations/test_exchanges.py"),
}
"""The folders and files of tests for each room."""

PACKAGES = sorted({room.partition("/")[0] for room in ROOMS})
TESTS = Path(__file__).parents[1]
TABLE = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Survivor:
    """A line of a file, the lines of some mutants in its place, and why these change nothing."""

    file: str
    line: str
    changed: list[str]
    why: str

    @property
    def keys(self) -> list[tuple[str, str, str]]:
        """The keys of its mutants."""
        return [(self.file, self.line, changed) for changed in self.changed]


def read() -> list[Survivor]:
    """Read the table."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8")).get("survivor", [])
    return [Survivor(**row) for row in rows]
