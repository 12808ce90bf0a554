"""DuckDB, which runs a translation on batches; it reaches no files and no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import duckdb
import pyarrow as pa

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.selecting.statement import Type
from oss_emulator.selecting.translation import MACROS, Plan, Shown

MEMORY: Final = "128MiB"
"""What DuckDB may use for one request; it has no folder to spill to."""

BATCH: Final = 256
"""Rows of a result to take at a time; a row can have 512 KB."""

_CONFIGURATION: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": MEMORY,
    "temp_directory": "",
    "threads": "1",
}


class SelectEngine:
    """A database in memory for one request."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:", config=_CONFIGURATION)
        for macro in MACROS:
            self._connection.execute(macro)
        self._connection.execute("SET lock_configuration = true")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def filter(
        self, plan: Plan, schema: pa.Schema, batches: Iterator[pa.RecordBatch]
    ) -> Iterator[pa.RecordBatch]:
        """Run a plan on the table `rows`; batches are read as the results are taken."""
        connection = self._connection.cursor()
        with _reported():
            connection.register("rows", pa.RecordBatchReader.from_batches(schema, batches))
            found = connection.sql(plan.sql, params=plan.parameters or None)
            reader = found.to_arrow_reader(BATCH)
        while True:
            with _reported():
                batch = next(reader, None)
            if batch is None:
                return
            yield batch

    def aggregate(self, plan: Plan, batches: Iterable[pa.RecordBatch]) -> Sequence[Any]:
        """Return the results of aggregate functions on what `filter` found.

        Each is a pair: the value, or the sum of an average, and the count of its numbers. Numbers
        that are integers in every row are added as such.
        """
        connection, schema = self._connection.cursor(), _arguments(plan)
        wanted = [
            expression
            for number, each in enumerate(plan.shown)
            for expression in _aggregates(each, number)
        ]
        statement = f"SELECT {', '.join(wanted)} FROM found"  # noqa: S608 - our own names
        chosen = (batch.select(schema.names) for batch in batches)
        with _reported():
            connection.register("found", pa.RecordBatchReader.from_batches(schema, chosen))
            row = connection.execute(statement).fetchone()
        assert row is not None  # noqa: S101 - an aggregate without groups has one row
        return [
            (whole, count) if integers == count else (value, count)
            for value, count, whole, integers in zip(
                *(row[start::4] for start in range(4)), strict=True
            )
        ]


def _arguments(plan: Plan) -> pa.Schema:
    """Return the columns of the arguments of aggregate functions."""
    fields = [("n", pa.int64())]
    for number, each in enumerate(plan.shown):
        if each.function == "count":
            continue
        if each.type is Type.DECIMAL:
            fields.append((f"x{number}", pa.decimal128(38, 18)))
        elif each.type is Type.TIMESTAMP:
            fields.append((f"x{number}", pa.timestamp("us")))
        else:
            fields += [(f"x{number}", pa.float64()), (f"i{number}", pa.int64())]
    return pa.schema(fields)


def _aggregates(shown: Shown, number: int) -> list[str]:
    """Return the value and the count, of all numbers and of the integers."""
    if shown.function == "count":
        return ["count(*)", "count(*)", "count(*)", "count(*)"]
    function = "sum" if shown.function in ("sum", "avg") else shown.function
    found = [f"{function}(x{number})", f"count(x{number})"]
    if shown.type in (Type.DECIMAL, Type.TIMESTAMP):
        return [*found, "NULL", "-1"]
    return [*found, f"{function}(i{number})", f"count(i{number})"]


@contextmanager
def _reported() -> Iterator[None]:
    """Turn what DuckDB cannot calculate into an error of the statement."""
    try:
        yield
    except (duckdb.OutOfRangeException, duckdb.OutOfMemoryException) as error:
        message = f"The statement cannot be calculated: {str(error).splitlines()[0]}"
        raise OSSError(ErrorCase.SQL_UNSUPPORTED_SQL, message) from None
