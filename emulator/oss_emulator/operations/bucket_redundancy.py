"""Transitions of a bucket to another redundancy: tasks that progress with the clock (P-85)."""

from random import getrandbits
from typing import Final

from oss_emulator.documents import redundancy
from oss_emulator.documents.redundancy import Transition, TransitionStatus
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.protocol import headers, paging, parameters, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

_TARGET: Final = "x-oss-target-redundancy-type"
_TASK: Final = "x-oss-redundancy-transition-taskid"
_LIST: Final = "ListBucketDataRedundancyTransition"


@answers(
    f"POST /bucket?{redundancy.SUBRESOURCE}",
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
    if target != redundancy.TARGET:
        message = f"Redundancy type {target!r} is not a valid target; use {redundancy.TARGET}."
        raise headers.invalid_argument(_TARGET, target, message)
    if bucket.region not in redundancy.REGIONS:
        raise OSSError(ErrorCase.TRANSITION_DISABLED)
    if redundancy.redundancy(bucket, now) != redundancy.SOURCE:
        message = f"Only a bucket with the redundancy type {redundancy.SOURCE} can be converted."
        raise headers.invalid_argument(_TARGET, target, message)
    if bucket.storage_class not in redundancy.STORAGE_CLASSES:
        message = f"A bucket of the storage class {bucket.storage_class} cannot be converted."
        raise headers.invalid_argument(_TARGET, target, message)
    if any(True for _ in redundancy.of(bucket)):
        raise OSSError(ErrorCase.TRANSITION_EXISTS, BucketName=bucket.name)
    task = Transition(bucket.name, f"{getrandbits(128):032x}", now)
    call.keep(redundancy.PREFIX + task.id, task.format())
    return xml.respond(redundancy.ROOT, ("TaskId", task.id))


@answers(f"GET /bucket?{redundancy.SUBRESOURCE}&{_TASK}", "GetBucketDataRedundancyTransition")
def get_bucket_data_redundancy_transition(call: Call) -> Response:
    """Show a task; raises `BucketDataRedundancyTransitionTaskNotExist`."""
    return xml.respond(redundancy.ROOT, *_find(call).describe(call.request.received))


@answers(f"GET /bucket?{redundancy.SUBRESOURCE}", "ListBucketDataRedundancyTransition")
def list_bucket_data_redundancy_transition(call: Call) -> Response:
    now = call.request.received
    tasks = redundancy.of(call.bucket)
    return xml.respond(_LIST, *((redundancy.ROOT, task.describe(now)) for task in tasks))


@answers(f"GET /?{redundancy.SUBRESOURCE}", "ListUserDataRedundancyTransition")
def list_user_data_redundancy_transition(call: Call) -> Response:
    """List a page of the tasks of all buckets of the caller, by bucket and task id."""
    query, now = call.request.query, call.request.received
    marker, limit = query.get("continuation-token", ""), parameters.max_keys(query)
    tasks = (
        (f"{task.bucket}/{task.id}", task)
        for bucket in call.storage.buckets()
        if bucket.owner == call.caller.id
        for task in redundancy.of(bucket)
    )
    page, following = paging.after(tasks, marker, limit)
    return xml.respond(
        _LIST,
        ("IsTruncated", bool(following)),
        ("NextContinuationToken", following),
        *((redundancy.ROOT, task.describe(now)) for _, task in page),
    )


@answers(f"DELETE /bucket?{redundancy.SUBRESOURCE}&{_TASK}", "DeleteBucketDataRedundancyTransition")
def delete_bucket_data_redundancy_transition(call: Call) -> Response:
    """Remove a task; a converted bucket stays converted.

    Raises `BucketDataRedundancyTransitionTaskNotExist`, and `AccessDenied` for a running task.
    """
    task, bucket, now = _find(call), call.bucket, call.request.received
    stage = task.stage(now)
    if stage is TransitionStatus.PROCESSING:
        raise OSSError(ErrorCase.TRANSITION_RUNS)
    if stage is TransitionStatus.FINISHED:
        call.storage.put_bucket(bucket._replace(redundancy=redundancy.TARGET))
    call.keep(redundancy.PREFIX + task.id, None)
    return Response(204)


def _find(call: Call) -> Transition:
    task_id = call.request.query[_TASK]
    for task in redundancy.of(call.bucket):
        if task.id == task_id:
            return task
    raise OSSError(ErrorCase.NO_SUCH_TRANSITION, BucketName=call.bucket.name)
