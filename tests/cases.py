"""The tables of cases in `fixtures/tests/`, one file or a table in a file for a folder of tests."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "fixtures" / "tests"


def read_cases(name: str) -> Mapping[str, Sequence[Any]]:
    """Return the cases of a folder by the names of their tests; arrays in them are tuples.

    `unit.access` is the table `access` in `unit.toml`.
    """
    file, _, table = name.partition(".")
    cases = tomllib.loads((_FOLDER / f"{file}.toml").read_text(encoding="utf-8"))
    return {
        test: [frozen(case) for case in of]
        for test, of in (cases[table] if table else cases).items()
    }


def frozen(value: Any) -> Any:
    """Return a value with tuples for its lists, as the cases have them."""
    if isinstance(value, list | tuple):
        return tuple(map(frozen, value))
    if isinstance(value, dict):
        return {name: frozen(item) for name, item in value.items()}
    return value
