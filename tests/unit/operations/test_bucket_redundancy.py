"""Transitions of buckets to another redundancy: queued tasks."""

from __future__ import annotations

from tests.unit.operations.service import Caller

CREATE = "/bucket?redundancyTransition&x-oss-target-redundancy-type=ZRS"
TASK = "/bucket?redundancyTransition&x-oss-redundancy-transition-taskid=%s"


def test_task_is_queued_and_never_starts(ask: Caller) -> None:
    task = ask("POST", CREATE).text("TaskId")
    got = ask("GET", TASK % task)
    assert (got.text("Bucket"), got.text("Status")) == ("bucket", "Queueing")
    assert ask("GET", "/bucket?bucketInfo").text("Bucket/DataRedundancyType") == "LRS"


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
    task = ask("POST", CREATE).text("TaskId")
    for _ in range(2):
        assert ask("DELETE", TASK % task).status == 204
    answer = ask("GET", TASK % task)
    assert (answer.status, answer.code) == (404, "NoSuchBucketDataRedundancyTransition")


def test_unknown_redundancy_is_refused(ask: Caller) -> None:
    answer = ask("POST", CREATE.replace("ZRS", "XRS"))
    assert answer.code == "InvalidArgument"
    assert answer.text("Message") == "Redundancy type 'XRS' is unknown; use LRS or ZRS."
