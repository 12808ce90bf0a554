"""Tasks that fetch a URL into a bucket: start one and read its state (P-81).

The server runs the tasks. This module also makes the request and the callback that end a task.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from oss_emulator.access.authorize import Permission
from oss_emulator.documents import async_fetch, callback_policy
from oss_emulator.documents.async_fetch import MAX_KEPT, MAX_RUNNING, FetchTask
from oss_emulator.operations import permissions
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import callback, headers, xml
from oss_emulator.protocol.address import check_key
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Callback, Request, Response
from oss_emulator.storage.base import Bucket, Storage

_TASK_ID: Final = "x-oss-task-id"


@answers(f"POST /bucket?{async_fetch.SUBRESOURCE}", "PutAsyncFetchTask")
def put_async_fetch_task(call: Call) -> Response:
    """Start a task that fetches a URL and stores the response.

    The caller needs `oss:PutObject` on the object as well. Raises `ObjectAlreadyExists`,
    `InvalidObjectName`, `InvalidArgument` for the storage class or the callback, `AccessDenied`,
    and `ServiceUnavailable` while too many tasks of the bucket run.
    """
    now, bucket = call.request.received, call.bucket
    task = async_fetch.parse(call.body.read(), now)
    check_key(task.key)
    if task.key.startswith(("/", "\\")):
        raise OSSError(ErrorCase.INVALID_OBJECT_NAME)
    present = call.storage.object(bucket.name, task.key)
    permissions.check(call, bucket, task.key, Permission.WRITE, present, actions=("oss:PutObject",))
    if task.storage_class:
        headers.storage_class({"x-oss-storage-class": task.storage_class}, "")
    failure_callback(bucket, task)  # only to validate the callback
    if task.ignores_same_key and present is not None and not present.delete_marker:
        raise OSSError(ErrorCase.FETCHED_OBJECT_EXISTS, Key=task.key)
    tasks = [each.at(now) for each in async_fetch.of(bucket.documents)]
    if sum(not each.state.ended for each in tasks) >= MAX_RUNNING:
        message = f"{MAX_RUNNING} tasks of this bucket are running; wait until one has ended."
        raise OSSError(ErrorCase.SERVICE_UNAVAILABLE, message)
    ended = [each.name for each in tasks if each.state.ended]
    for name in ended[: max(0, len(ended) - MAX_KEPT + 1)]:
        call.keep(name, None)
    call.keep(task.name, async_fetch.format(task))
    answer = xml.respond("AsyncFetchTaskResult", ("TaskId", task.id))
    return answer._replace(fetch=task.id)


@answers(f"GET /bucket?{async_fetch.SUBRESOURCE}", "GetAsyncFetchTask")
def get_async_fetch_task(call: Call) -> Response:
    """Return a task and its state; raises `InvalidArgument` and `NoSuchAsyncFetchTask`."""
    task_id = headers.required(call.request.headers, _TASK_ID, "the id of the task")
    task = async_fetch.find(call.documents, task_id)
    if task is None:
        raise OSSError(ErrorCase.NO_SUCH_FETCH_TASK, TaskId=task_id)
    task = task.at(call.request.received)
    return xml.respond(
        "AsyncFetchTaskInfo",
        ("TaskId", task.id),
        ("State", task.state),
        ("ErrorMsg", task.message),
        ("TaskInfo", async_fetch.describe(task)),
    )


def update(storage: Storage, bucket: str, task: FetchTask) -> None:
    """Store the new state of a task, unless its bucket or the task itself has gone."""
    with storage.transaction():
        record = storage.bucket(bucket)
        if record is None or task.name not in record.documents:
            return
        documents = {**record.documents, task.name: async_fetch.format(task)}
        storage.put_bucket(record._replace(documents=documents))


def store_request(bucket: str, task: FetchTask, found: Mapping[str, str], now: float) -> Request:
    """Make the request that stores what a task has fetched.

    `found` are the headers of the fetched response, with names in lower case.
    """
    stored = ("content-type", "content-encoding")
    asked = {
        "host": "localhost",
        **{name: found[name] for name in stored if name in found},
        "x-oss-forbid-overwrite": str(task.ignores_same_key).lower(),
    }
    if task.storage_class:
        asked["x-oss-storage-class"] = task.storage_class
    if task.callback:
        asked["x-oss-callback"] = task.callback
    target = f"/{bucket}/{quote(task.key, safe='')}"
    return Request.parse("PUT", target, asked.items(), now)


def failure_callback(bucket: Bucket, task: FetchTask) -> Callback | None:
    """Return the callback that reports a failure; None if there is none.

    The variables of an object, such as its ETag, are empty. Raises `InvalidArgument`.
    """
    parameter, custom = task.callback, dict[str, str]()
    name = callback.policy_name(parameter) if parameter else None
    if name is not None:
        parameter, stored = callback_policy.find(bucket.documents, name)
        custom = callback.parse_variables(stored)
    system = {"bucket": bucket.name, "object": task.key, "operation": "PutObject"}
    wanted = callback.parse_callback(parameter, system, custom)
    return wanted if task.calls_back_on_failure else None
