"""The tables of cases in `fixtures/tests/`, one file for the tests of a folder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "fixtures" / "tests"


def read_cases(name: str) -> Mapping[str, Sequence[Any]]:
    """Return the cases of a folder by the names of their tests; arrays in them are tuples."""
    tables = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return {name: [_frozen(case) for case in cases] for name, cases in tables.items()}


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    if isinstance(value, dict):
        return {name: _frozen(item) for name, item in value.items()}
    return value
