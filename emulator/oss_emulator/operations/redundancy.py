"""Transitions of a bucket from LRS to ZRS: tasks that take a fixed time (P-85).

A bucket stores each task as a separate document. The state of a task depends only on the time.
"""

from collections.abc import Iterator
from enum import StrEnum
from random import getrandbits
from typing import Final, NamedTuple

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.protocol import dates, headers, paging, parameters, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.storage.base import Bucket

_PREFIX: Final = "redundancyTransition/"
_ROOT: Final = "BucketDataRedundancyTransition"

_TARGET: Final = "x-oss-target-redundancy-type"
_TASK: Final = "x-oss-redundancy-transition-taskid"
_LIST: Final = "ListBucketDataRedundancyTransition"

SOURCE: Final = "LRS"
TARGET: Final = "ZRS"

STORAGE_CLASSES: Final = frozenset({"Standard", "IA", "Archive"})
"""The storage classes of buckets that can be converted."""

REGIONS: Final = frozenset(
    """
    cn-hangzhou cn-shanghai cn-beijing cn-zhangjiakou cn-wulanchabu cn-shenzhen cn-hongkong
    ap-northeast-1 ap-southeast-1 ap-southeast-5 eu-central-1
    """.split()
)
"""The regions that convert buckets (CreateBucketDataRedundancyTransition)."""

QUEUED: Final = 600.0
"""Seconds that a task waits. How long the service takes depends on the bucket."""
PROCESSED: Final = 600.0
"""Seconds that a task runs."""


class TransitionStatus(StrEnum):
    QUEUEING = "Queueing"
    PROCESSING = "Processing"
    FINISHED = "Finished"


class Transition(NamedTuple):
    bucket: str
    id: str
    created: float

    def stage(self, now: float) -> TransitionStatus:
        """Return the state of the task at a time."""
        if now < self.created + QUEUED:
            return TransitionStatus.QUEUEING
        return TransitionStatus.PROCESSING if now < self._end else TransitionStatus.FINISHED

    def describe(self, now: float) -> xml.Children:
        """Return the elements that show the task at a time."""
        stage, started = self.stage(now), self.created + QUEUED
        share = min(1.0, max(0.0, (now - started) / PROCESSED))
        begun, ended = stage is not TransitionStatus.QUEUEING, stage is TransitionStatus.FINISHED
        return [
            ("Bucket", self.bucket),
            ("TaskId", self.id),
            ("Status", stage),
            ("CreateTime", dates.format_iso(self.created)),
            ("StartTime", dates.format_iso(started) if begun else None),
            ("EndTime", dates.format_iso(self._end) if ended else None),
            ("ProcessPercentage", int(100 * share)),
            ("EstimatedRemainingTime", 0),  # in hours; a task takes less than one hour
        ]

    @property
    def _end(self) -> float:
        return self.created + QUEUED + PROCESSED


def of(bucket: Bucket) -> Iterator[Transition]:
    """Return the tasks of a bucket, by id."""
    for name in sorted(bucket.documents):
        if name.startswith(_PREFIX):
            node = xml.parse(bucket.documents[name], _ROOT)
            created = dates.parse_iso(node.text("CreateTime")) or 0.0
            yield Transition(bucket.name, node.text("TaskId"), created)


def redundancy_of(bucket: Bucket, now: float) -> str:
    """Return the redundancy type of a bucket at a time."""
    finished = any(task.stage(now) is TransitionStatus.FINISHED for task in of(bucket))
    return TARGET if finished else bucket.redundancy


@answers(
    "POST /bucket?redundancyTransition",
    "CreateBucketDataRedundancyTransition",
    takes=Takes.NOTHING,
)
def create_bucket_data_redundancy_transition(call: Call) -> Response:
    """Start a task that converts the bucket from LRS to ZRS.

    Raises `AccessDenied` in a region without such transitions, `InvalidArgument` for another target
    or a bucket that cannot be converted, and `BucketDataRedundancyTransitionTaskAlreadyExist`.
    """
    bucket, now = call.bucket, call.request.received
    target = call.request.query.get(_TARGET, "")
    if target != TARGET:
        message = f"Redundancy type {target!r} is not a valid target; use {TARGET}."
        raise headers.invalid_argument(_TARGET, target, message)
    if bucket.region not in REGIONS:
        raise OSSError(ErrorCase.TRANSITION_DISABLED)
    if redundancy_of(bucket, now) != SOURCE:
        message = f"Only a bucket with the redundancy type {SOURCE} can be converted."
        raise headers.invalid_argument(_TARGET, target, message)
    if bucket.storage_class not in STORAGE_CLASSES:
        message = f"A bucket of the storage class {bucket.storage_class} cannot be converted."
        raise headers.invalid_argument(_TARGET, target, message)
    if any(True for _ in of(bucket)):
        raise OSSError(ErrorCase.TRANSITION_EXISTS, BucketName=bucket.name)
    task = Transition(bucket.name, f"{getrandbits(128):032x}", now)
    stored = [("Bucket", bucket.name), ("TaskId", task.id), ("CreateTime", dates.format_iso(now))]
    call.keep(_PREFIX + task.id, xml.format(_ROOT, stored))
    return xml.respond(_ROOT, ("TaskId", task.id))


@answers(f"GET /bucket?redundancyTransition&{_TASK}", "GetBucketDataRedundancyTransition")
def get_bucket_data_redundancy_transition(call: Call) -> Response:
    """Show a task; raises `BucketDataRedundancyTransitionTaskNotExist`."""
    return xml.respond(_ROOT, *_find(call).describe(call.request.received))


@answers("GET /bucket?redundancyTransition", "ListBucketDataRedundancyTransition")
def list_bucket_data_redundancy_transition(call: Call) -> Response:
    now = call.request.received
    tasks = of(call.bucket)
    return xml.respond(_LIST, *((_ROOT, task.describe(now)) for task in tasks))


@answers("GET /?redundancyTransition", "ListUserDataRedundancyTransition")
def list_user_data_redundancy_transition(call: Call) -> Response:
    """List a page of the tasks of all buckets of the caller, by bucket and task id."""
    query, now = call.request.query, call.request.received
    marker, limit = query.get("continuation-token", ""), parameters.max_keys(query)
    tasks = (
        (f"{task.bucket}/{task.id}", task)
        for bucket in call.storage.buckets()
        if bucket.owner == call.caller.id
        for task in of(bucket)
    )
    page, following = paging.after(tasks, marker, limit)
    return xml.respond(
        _LIST,
        ("IsTruncated", bool(following)),
        ("NextContinuationToken", following),
        *((_ROOT, task.describe(now)) for _, task in page),
    )


@answers(f"DELETE /bucket?redundancyTransition&{_TASK}", "DeleteBucketDataRedundancyTransition")
def delete_bucket_data_redundancy_transition(call: Call) -> Response:
    """Remove a task; a converted bucket stays converted.

    Raises `BucketDataRedundancyTransitionTaskNotExist`, and `AccessDenied` for a running task.
    """
    task, bucket, now = _find(call), call.bucket, call.request.received
    stage = task.stage(now)
    if stage is TransitionStatus.PROCESSING:
        raise OSSError(ErrorCase.TRANSITION_RUNS)
    if stage is TransitionStatus.FINISHED:
        call.storage.put_bucket(bucket._replace(redundancy=TARGET))
    call.keep(_PREFIX + task.id, None)
    return Response(204)


def _find(call: Call) -> Transition:
    task_id = call.request.query[_TASK]
    for task in of(call.bucket):
        if task.id == task_id:
            return task
    raise OSSError(ErrorCase.NO_SUCH_TRANSITION, BucketName=call.bucket.name)
