"""Tables of cases: a table as one test, and those in `fixtures/tests/`."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any

import pytest

Test = Callable[..., None]


def rows(names: str | tuple[str, ...], *table: Any) -> Callable[[Test], Test]:
    """Run a test for each row, like `pytest.mark.parametrize`, and report all rows that fail.

    The rows share their fixtures, so they must not change them.
    """
    columns = names.split(", ") if isinstance(names, str) else names
    cells = [dict(zip(columns, row if len(columns) > 1 else (row,), strict=True)) for row in table]
    assert cells, "without rows nothing is tested"

    def decorate(test: Test) -> Test:
        @wraps(test)
        def run(**fixtures: Any) -> None:
            failed: list[BaseException] = []
            for row in cells:
                try:
                    test(**fixtures, **row)
                except (Exception, BaseExceptionGroup, pytest.fail.Exception) as error:
                    error.add_note(f"in the row {row}")
                    failed.append(error)
            if failed:
                raise BaseExceptionGroup(f"{len(failed)} of {len(cells)} rows", failed)

        signature = inspect.signature(test)
        others = [of for name, of in signature.parameters.items() if name not in columns]
        run.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return run

    return decorate


def check_differences(found: Mapping[str, Iterable[str]]) -> None:
    """Fail with a line for each difference of each row; pytest would shorten a comparison."""
    lines = [f"{row}: {difference}" for row, of_row in found.items() for difference in of_row]
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


# --- The tables of cases in `fixtures/tests/`, one file or a table in a file for a folder of tests

_FOLDER = Path(__file__).parents[1] / "fixtures" / "tests"


def read_cases(name: str) -> Mapping[str, Any]:
    """Return the tables and texts of a folder by the names of their tests, or those used there.

    `unit.access` is the table `access` in `unit.toml`. Arrays in the rows of a table are tuples.
    """
    file, _, table = name.partition(".")
    cases = _read(file)
    return {
        test: of if isinstance(of, str) else [frozen(case) for case in of]
        for test, of in (cases[table] if table else cases).items()
    }


@cache
def _read(file: str) -> Mapping[str, Any]:
    return tomllib.loads((_FOLDER / f"{file}.toml").read_text(encoding="utf-8"))


def frozen(value: Any) -> Any:
    """Return a value with tuples for its lists, as the cases have them."""
    if isinstance(value, list | tuple):
        return tuple(map(frozen, value))
    if isinstance(value, dict):
        return {name: frozen(item) for name, item in value.items()}
    return value
