"""The tests that are known to fail, and how a run differs from them."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

VERSIONS = ("v1", "v2", "v4")
"""The signature versions with which the suite runs."""


class Class(Enum):
    """Why a test fails; the value is the name of its table in expected.toml."""

    MACHINE = "machine"
    SUITE = "suite"
    NOT_EMULATED = "not-emulated"
    NOT_YET = "not-yet"


VACUOUS = "vacuous"
"""The table of tests that pass and cannot fail."""


class ExpectedError(Exception):
    """expected.toml is not valid."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Tests of one file that fail for the same reason."""

    file: str
    reason: str
    tests: tuple[str, ...]
    """The names of the tests in pytest, without the file."""
    versions: tuple[str, ...] = VERSIONS
    """The signature versions with which the tests fail."""

    def __iter__(self) -> Iterator[str]:
        """Yield the full names of the tests."""
        return (f"tests/{self.file}::{test}" for test in self.tests)


@dataclass(frozen=True, slots=True)
class Expected:
    """The content of expected.toml."""

    failing: Mapping[Class, tuple[Entry, ...]]
    vacuous: tuple[Entry, ...]

    def names(self, version: str) -> frozenset[str]:
        """Return the tests that are known to fail with this signature version."""
        entries = (entry for group in self.failing.values() for entry in group)
        return frozenset(name for entry in entries if version in entry.versions for name in entry)


def load(path: Path) -> Expected:
    """Read the list; raises `ExpectedError` if it is not valid or names a test twice."""
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
    return tuple(Entry(**{name: _frozen(value) for name, value in row.items()}) for row in rows)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _refuse_doubles(file: str, entries: Iterable[Entry]) -> None:
    seen = set()
    for entry in entries:
        for place in ((name, version) for name in entry for version in entry.versions):
            if place in seen:
                raise ExpectedError(f"{file}: {place[0]} is listed twice for {place[1]}")
            seen.add(place)


@dataclass(frozen=True, slots=True)
class Differences:
    """The tests whose outcome was not expected, sorted by name."""

    failed: tuple[str, ...]
    """Tests that failed and are not listed."""
    passed: tuple[str, ...]
    """Tests that are listed and passed."""
    missing: tuple[str, ...]
    """Tests that are listed and not in the suite."""

    def __bool__(self) -> bool:
        return bool(self.failed or self.passed or self.missing)


def compare(listed: frozenset[str], outcome: Mapping[str, bool]) -> Differences:
    """Compare the outcome of a run (test name to passed) with the list."""
    return Differences(
        failed=tuple(sorted(n for n, passed in outcome.items() if not passed and n not in listed)),
        passed=tuple(sorted(n for n, passed in outcome.items() if passed and n in listed)),
        missing=tuple(sorted(listed - outcome.keys())),
    )
