"""What is known not to pass, and how that compares with what did not pass."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

VERSIONS = ("v1", "v2", "v4")
"""The signature versions the suite is run with."""


class Class(Enum):
    """Why a test does not pass; the value is the name of the table in expected.toml."""

    REAL_SERVICE = "real-service"
    MACHINE = "machine"
    NOT_EMULATED = "not-emulated"
    NOT_YET = "not-yet"


VACUOUS = "vacuous"
"""The table of the tests that pass and cannot fail."""


class ExpectedError(Exception):
    """expected.toml does not say what it must."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Tests of one file that share a reason."""

    file: str
    reason: str
    tests: tuple[str, ...]
    """As pytest names them, without the file."""
    versions: tuple[str, ...] = VERSIONS
    """The signature versions it holds for."""

    def __iter__(self) -> Iterator[str]:
        """The full names of the tests."""
        return (f"tests/{self.file}::{test}" for test in self.tests)


@dataclass(frozen=True, slots=True)
class Expected:
    """The content of expected.toml."""

    failing: Mapping[Class, tuple[Entry, ...]]
    vacuous: tuple[Entry, ...]

    def names(self, version: str) -> frozenset[str]:
        """The tests that do not pass with this signature version."""
        entries = (entry for group in self.failing.values() for entry in group)
        return frozenset(name for entry in entries if version in entry.versions for name in entry)


def load(path: Path) -> Expected:
    """Read the list; raises `ExpectedError` for what is in it twice or not to be understood."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = tables.keys() - {each.value for each in Class} - {VACUOUS}
    if unknown:
        raise ExpectedError(f"{path.name}: no class is called {', '.join(sorted(unknown))}")
    try:
        failing = {each: _entries(tables.get(each.value, ())) for each in Class}
        expected = Expected(failing, _entries(tables.get(VACUOUS, ())))
    except TypeError as error:
        raise ExpectedError(f"{path.name}: {error}") from None
    _refuse_doubles(path.name, (entry for group in failing.values() for entry in group))
    return expected


def _entries(rows: Iterable[Mapping[str, Any]]) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            **{
                name: tuple(value) if isinstance(value, list) else value
                for name, value in row.items()
            }
        )
        for row in rows
    )


def _refuse_doubles(file: str, entries: Iterable[Entry]) -> None:
    seen = set()
    for entry in entries:
        for place in ((name, version) for name in entry for version in entry.versions):
            if place in seen:
                raise ExpectedError(f"{file}: {place[0]} is listed twice for {place[1]}")
            seen.add(place)


@dataclass(frozen=True, slots=True)
class Differences:
    """Where the outcome is not the expected one; each a list of names in order."""

    failed: tuple[str, ...]
    """Did not pass and are not listed."""
    passed: tuple[str, ...]
    """Are listed and passed."""
    missing: tuple[str, ...]
    """Are listed and not in the suite."""

    def __bool__(self) -> bool:
        return bool(self.failed or self.passed or self.missing)


def compare(listed: frozenset[str], outcome: Mapping[str, bool]) -> Differences:
    """Hold the outcome of a run, passed or not by test, against the list."""
    return Differences(
        failed=tuple(sorted(n for n, passed in outcome.items() if not passed and n not in listed)),
        passed=tuple(sorted(n for n, passed in outcome.items() if passed and n in listed)),
        missing=tuple(sorted(listed - outcome.keys())),
    )
