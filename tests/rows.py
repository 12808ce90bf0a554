"""A table of rows as one test, because pytest adds a millisecond to each test."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
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
