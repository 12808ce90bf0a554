"""Judges batches of groups in Arrow, row by row; with Spark this runs on the executors."""

import signal
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate, islice
from multiprocessing import get_context

import pyarrow as pa

from oss_referer.traffic.judge import Judge

VERDICTS = pa.schema(
    [
        ("referer", pa.string()),
        ("kind", pa.string()),
        ("requests", pa.int64()),
        ("bytes", pa.int64()),
        ("verdict", pa.string()),
        ("why", pa.string()),
        ("assumed", pa.int32()),
        ("checked", pa.int32()),
        ("allowed", pa.int32()),
        ("entry", pa.string()),
        ("host", pa.string()),
        ("origin", pa.string()),
        ("bare", pa.int32()),
        ("own", pa.int32()),
    ]
)
"""The columns of the table `verdicts`."""

_SQL_TYPES = {pa.string(): "string", pa.int64(): "bigint", pa.int32(): "int"}
SQL_SCHEMA = ", ".join(f"{item.name} {_SQL_TYPES[item.type]}" for item in VERDICTS)
"""The same columns in SQL, for both engines."""


def judge_batches(judge: Judge, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Judge the groups of batches with the columns of the statement `groups`."""
    for batch in batches:
        texts, letters, foreign = (batch.column(number).to_pylist() for number in (0, 1, 4))
        judged = list(zip(*map(judge.judge, texts, letters, foreign), strict=True))
        if not judged:
            continue
        columns = [
            _texts(column) if item.type == pa.string() else _numbers(column)
            for column, item in zip(judged, list(VERDICTS)[4:], strict=True)
        ]
        head = [_as(batch.column(number), item) for number, item in enumerate(list(VERDICTS)[:4])]
        yield pa.RecordBatch.from_arrays([*head, *columns], schema=VERDICTS)


def judge_in_processes(
    judge: Judge, batches: Iterable[pa.RecordBatch], processes: int
) -> Iterator[pa.RecordBatch]:
    """Judge batches in processes, in their order, with few batches in memory at a time."""
    remaining = iter(batches)
    ignoring = signal.SIGINT, signal.SIG_IGN  # only this process handles Ctrl-C
    pool = ProcessPoolExecutor(processes, get_context("spawn"), signal.signal, ignoring)
    asked = replace(judge)  # without compiled rules, which cannot be pickled
    try:
        waiting: deque[Future[list[pa.RecordBatch]]] = deque()
        while True:
            for batch in islice(remaining, 2 * processes - len(waiting)):
                waiting.append(pool.submit(_judge_one, asked, batch))
            if not waiting:
                return
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _judge_one(judge: Judge, batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    return list(judge_batches(_compiled(judge), iter([batch])))


@lru_cache(1)
def _compiled(judge: Judge) -> Judge:
    """Return the judge of the first batch, which has compiled its rules."""
    return judge


# These functions avoid `pa.array`, which imports pandas if it is installed, and casts, which import
# `pyarrow.compute`. Each import takes longer than the rest of the start of a process.


def _as(column: pa.Array, item: pa.Field) -> pa.Array:
    """Convert a column to a type, which it usually already has."""
    return column if column.type == item.type else column.cast(item.type)


def _texts(column: Sequence[str]) -> pa.Array:
    written = [text.encode() for text in column]
    ends = array("i", accumulate(map(len, written), initial=0))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(written))]
    return pa.Array.from_buffers(pa.string(), len(column), buffers)


def _numbers(column: Sequence[int]) -> pa.Array:
    return pa.Array.from_buffers(pa.int32(), len(column), [None, pa.py_buffer(array("i", column))])
