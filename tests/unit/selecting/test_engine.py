"""DuckDB without files and without a network."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.selecting.engine import BATCH, SelectEngine
from oss_emulator.selecting.translation import Plan

SCHEMA = pa.schema([("n", pa.int64())])


def batches(count: int) -> pa.RecordBatchReader:
    found = (pa.record_batch([list(range(1000))], SCHEMA) for _ in range(count))
    return pa.RecordBatchReader.from_batches(SCHEMA, found)


def run(engine: SelectEngine, sql: str) -> list[pa.RecordBatch]:
    plan = Plan(sql, {}, (), frozenset(), (), ())
    return list(engine.filter(plan, SCHEMA, batches(3)))


def test_batches_pass() -> None:
    engine = SelectEngine()
    found = run(engine, "SELECT n FROM rows WHERE n < 500")
    assert sum(batch.num_rows for batch in found) == 1500
    assert max(batch.num_rows for batch in found) <= BATCH
    engine.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "COPY (SELECT 1) TO '{file}.copy'",
        "ATTACH '{file}.db'",
        "INSTALL httpfs",
        "LOAD '{file}'",
        "SELECT * FROM SCHEMA",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x')",
    ],
)
def test_nothing_outside_is_reached(sql: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("secret\n", encoding="utf-8")
    engine = SelectEngine()
    with pytest.raises(duckdb.Error):
        run(engine, sql.format(file=file))
    engine.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize(
    "sql", ["SET memory_limit = '9GB'", "SET enable_external_access = true", "RESET threads"]
)
def test_settings_are_locked(sql: str) -> None:
    engine = SelectEngine()
    with pytest.raises(duckdb.Error, match="locked"):
        run(engine, sql)
    engine.close()


def test_memory_is_limited() -> None:
    engine = SelectEngine()
    with pytest.raises(OSSError) as raised:
        run(engine, "SELECT list(repeat('x', 100000)) FROM range(100000)")
    assert raised.value.code == "SqlUnsupportedSql"
    engine.close()
