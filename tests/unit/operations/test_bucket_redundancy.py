"""Transitions of buckets to another redundancy: tasks that the clock moves on."""

from __future__ import annotations

import pytest
from oss_emulator.documents import redundancy

from tests.unit.operations.service import Caller

CREATE = "/bucket?redundancyTransition&x-oss-target-redundancy-type=ZRS"
TASK = "/bucket?redundancyTransition&x-oss-redundancy-transition-taskid=%s"
CLASS = (
    "<CreateBucketConfiguration><StorageClass>{}</StorageClass>"
    "<DataRedundancyType>{}</DataRedundancyType></CreateBucketConfiguration>"
)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, {"Status": "Queueing", "ProcessPercentage": "0", "StartTime": None, "EndTime": None}),
        (900, {"Status": "Processing", "ProcessPercentage": "50", "EndTime": None}),
        (1200, {"Status": "Finished", "ProcessPercentage": "100"}),
    ],
)
def test_task_moves_on_with_the_clock(
    ask: Caller, seconds: int, expected: dict[str, str | None]
) -> None:
    """P-85"""
    assert redundancy.QUEUED + redundancy.PROCESSED == 1200
    task = ask("POST", CREATE).text("TaskId")
    ask.now += seconds
    got = ask("GET", TASK % task)
    assert (got.text("Bucket"), got.text("TaskId")) == ("bucket", task)
    assert {name: got.text(name) for name in expected} == expected
    finished = expected["Status"] == "Finished"
    shown = ask("GET", "/bucket?bucketInfo").text("Bucket/DataRedundancyType")
    assert shown == ("ZRS" if finished else "LRS")
    # The times are known once they have come.
    assert [got.text(name) is not None for name in ("StartTime", "EndTime")] == [
        seconds >= redundancy.QUEUED,
        finished,
    ]


def test_tasks_of_all_buckets_are_listed_page_by_page(ask: Caller) -> None:
    ask("PUT", "/other")
    ask("POST", CREATE)
    ask("POST", CREATE.replace("bucket", "other"))
    assert ask("GET", "/bucket?redundancyTransition").body.count(b"<TaskId>") == 1
    first = ask("GET", "/?redundancyTransition&max-keys=1")
    assert first.text("BucketDataRedundancyTransition/Bucket") == "bucket"
    token = first.text("NextContinuationToken")
    rest = ask("GET", f"/?redundancyTransition&continuation-token={token}")
    assert rest.text("BucketDataRedundancyTransition/Bucket") == "other"
    assert rest.text("IsTruncated") == "false"


def test_deleted_task_is_missing(ask: Caller) -> None:
    """P-85"""
    task = ask("POST", CREATE).text("TaskId")
    assert ask("DELETE", TASK % task).status == 204
    for method in ("GET", "DELETE"):
        answer = ask(method, TASK % task)
        assert (answer.status, answer.code) == (404, "BucketDataRedundancyTransitionTaskNotExist")
    assert ask("POST", CREATE).status == 200


def test_running_task_and_its_bucket_cannot_be_deleted(ask: Caller) -> None:
    """P-85"""
    task = ask("POST", CREATE).text("TaskId")
    ask.now += redundancy.QUEUED
    assert ask("DELETE", TASK % task).code == "AccessDenied"
    answer = ask("DELETE", "/bucket")
    assert (answer.code, answer.text("EC")) == ("AccessDenied", "0015-00000304")


def test_bucket_stays_converted_without_its_task(ask: Caller) -> None:
    task = ask("POST", CREATE).text("TaskId")
    ask.now += redundancy.QUEUED + redundancy.PROCESSED
    assert ask("PUT", "/bucket", CLASS.format("Standard", "ZRS")).status == 200
    assert ask("DELETE", TASK % task).status == 204
    assert ask("GET", "/bucket?bucketInfo").text("Bucket/DataRedundancyType") == "ZRS"
    assert ask("DELETE", "/bucket").status == 204


@pytest.mark.parametrize(
    ("storage_class", "kind", "target", "message"),
    [
        ("Standard", "LRS", "LRS", "Redundancy type 'LRS' is not a target; use ZRS."),
        ("Standard", "LRS", "XRS", "Redundancy type 'XRS' is not a target; use ZRS."),
        ("Standard", "ZRS", "ZRS", "Only a bucket with the redundancy type LRS can be converted."),
        (
            "ColdArchive",
            "LRS",
            "ZRS",
            "A bucket of the storage class ColdArchive cannot be converted.",
        ),
    ],
)
def test_only_some_buckets_are_converted(
    ask: Caller, storage_class: str, kind: str, target: str, message: str
) -> None:
    """P-85"""
    ask("PUT", "/other", CLASS.format(storage_class, kind))
    answer = ask("POST", CREATE.replace("bucket", "other").replace("ZRS", target))
    assert (answer.code, answer.text("Message")) == ("InvalidArgument", message)


def test_bucket_has_one_task(ask: Caller) -> None:
    """P-85"""
    ask("POST", CREATE)
    answer = ask("POST", CREATE)
    assert answer.code == "BucketDataRedundancyTransitionTaskAlreadyExist"


def test_some_regions_convert_no_buckets(ask: Caller) -> None:
    """P-85"""
    host = "far.oss-cn-chengdu.aliyuncs.com"
    assert ask("PUT", "/", Host=host).status == 200
    answer = ask("POST", CREATE.replace("/bucket", "/"), Host=host)
    assert (answer.code, answer.text("EC")) == ("AccessDenied", "0052-00000101")
    assert answer.text("Message") == "Bucket data redundancy transition is disabled."
