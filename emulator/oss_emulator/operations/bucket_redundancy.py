"""Transitions of a bucket to another redundancy: tasks that are queued and never start."""

from random import getrandbits

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, Status, operation
from oss_emulator.protocol import dates, headers, paging, parameters, xml
from oss_emulator.protocol.errors import Code, OSSError, listed
from oss_emulator.protocol.message import Response

_NAME = "redundancyTransition"
_TARGET = "x-oss-target-redundancy-type"
_TASK = "x-oss-redundancy-transition-taskid"
_ROOT = "BucketDataRedundancyTransition"
_LIST = "ListBucketDataRedundancyTransition"
_PREFIX = f"{_NAME}/"


@operation(
    "CreateBucketDataRedundancyTransition", "POST", Resource.BUCKET, _NAME, status=Status.KEPT
)
def create_bucket_data_redundancy_transition(call: Call) -> Response:
    """Queue a task, which never starts. Raises `InvalidArgument`."""
    target = call.request.query.get(_TARGET, "")
    if target not in headers.REDUNDANCY_TYPES:
        message = f"Redundancy type {target!r} is unknown; use {listed(headers.REDUNDANCY_TYPES)}."
        raise headers.invalid_argument(_TARGET, target, message)
    task_id = f"{getrandbits(128):032x}"
    task: xml.Children = [
        ("Bucket", call.bucket.name),
        ("TaskId", task_id),
        ("Status", "Queueing"),
        ("CreateTime", dates.format_iso(call.request.received)),
        ("ProcessPercentage", 0),
        ("EstimatedRemainingTime", 0),
    ]
    call.keep(_PREFIX + task_id, xml.format(_ROOT, task))
    return xml.answer(_ROOT, [("TaskId", task_id)])


@operation(
    "GetBucketDataRedundancyTransition",
    "GET",
    Resource.BUCKET,
    f"{_NAME}&{_TASK}",
    status=Status.KEPT,
)
def get_bucket_data_redundancy_transition(call: Call) -> Response:
    """Return a task by its id; raises `NoSuchBucketDataRedundancyTransition`."""
    task = call.documents.get(_PREFIX + call.request.query[_TASK])
    if task is None:
        raise OSSError(Code.NO_SUCH_TRANSITION, BucketName=call.bucket.name)
    return xml.reply(task)


@operation("ListBucketDataRedundancyTransition", "GET", Resource.BUCKET, _NAME, status=Status.KEPT)
def list_bucket_data_redundancy_transition(call: Call) -> Response:
    """List the tasks of a bucket."""
    tasks = call.documents_below(_PREFIX).values()
    return xml.answer(_LIST, [(_ROOT, xml.parse(task, _ROOT).content) for task in tasks])


@operation("ListUserDataRedundancyTransition", "GET", Resource.SERVICE, _NAME, status=Status.KEPT)
def list_user_data_redundancy_transition(call: Call) -> Response:
    """List a page of the tasks of all buckets of the caller, by bucket and task id."""
    query = call.request.query
    marker, limit = query.get("continuation-token", ""), parameters.max_keys(query)
    tasks = (
        (f"{bucket.name}/{name}", document)
        for bucket in call.storage.buckets()
        if bucket.owner == call.caller.id
        for name, document in sorted(bucket.documents.items())
        if name.startswith(_PREFIX)
    )
    page, truncated = paging.first((task for task in tasks if task[0] > marker), limit)
    return xml.answer(
        _LIST,
        [
            ("IsTruncated", truncated),
            ("NextContinuationToken", page[-1][0] if truncated else ""),
            *((_ROOT, xml.parse(task, _ROOT).content) for _, task in page),
        ],
    )


@operation(
    "DeleteBucketDataRedundancyTransition",
    "DELETE",
    Resource.BUCKET,
    f"{_NAME}&{_TASK}",
    status=Status.KEPT,
)
def delete_bucket_data_redundancy_transition(call: Call) -> Response:
    """Remove a task; answers 204 even if there was none."""
    call.keep(_PREFIX + call.request.query[_TASK], None)
    return Response(204)
