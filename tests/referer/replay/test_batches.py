"""Batches that are judged in processes, compared with the same in this process."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pyarrow as pa
from oss_referer import RefererConfiguration
from oss_referer.replay.batches import VERDICTS, judge_batches, judge_in_processes
from oss_referer.replay.judge import Judge

JUDGE = Judge(RefererConfiguration(False, whitelist=("https://www.example.com/",)))
NAMES = ["referer", "kind", "requests", "bytes", "is_foreign"]


def make(count: int) -> Iterator[pa.RecordBatch]:
    for number in range(count):
        hosts = [f"https://www.example.{end}/{number}" for end in ("com", "org", "com.evil.test")]
        columns = [hosts, ["NGOS", "NGOD", "UGOS"], [1, 2, 3], [4, 5, 6], [False, True, False]]
        yield pa.record_batch([pa.array(column) for column in columns], names=NAMES)


def test_processes_judge_all_batches_in_their_order() -> None:
    judged = list(judge_in_processes(JUDGE, make(7), processes=2))
    assert judged == list(judge_batches(JUDGE, make(7)))
    assert len(judged) == 7


def test_judged_batch_has_the_groups_and_what_the_judge_says() -> None:
    (batch,) = make(1)
    referers = [*batch.column(0).to_pylist()[:2], "https://例子.test/"]
    groups = batch.set_column(0, "referer", pa.array(referers))
    (judged,) = judge_batches(JUDGE, iter([groups]))
    judged.validate(full=True)
    assert judged.schema == VERDICTS
    letters = ["NGOS", "NGOD", "UGOS"]
    assert [tuple(row.values()) for row in judged.to_pylist()] == [
        (*[*group.values()][:4], *JUDGE.judge(group["referer"], kind))
        for group, kind in zip(groups.to_pylist(), letters, strict=True)
    ]


def test_batches_are_taken_as_results_are_asked_for() -> None:
    taken: list[int] = []

    def count() -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(make(50)):
            taken.append(number)
            yield batch

    judged = judge_in_processes(JUDGE, count(), processes=1)
    assert isinstance(judged, Generator)
    next(judged)
    judged.close()
    assert len(taken) <= 4
