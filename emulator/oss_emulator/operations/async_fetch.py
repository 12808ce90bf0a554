"""Tasks that fetch a URL into a bucket in the background: start one and read its state (P-81).

A bucket stores each task as a separate document. The server runs the tasks. This module also makes
the request and the callback that end a task.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from random import getrandbits
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from oss_emulator.access.authorize import Permission
from oss_emulator.operations import permissions
from oss_emulator.operations.call import Call
from oss_emulator.operations.configurations import find_callback
from oss_emulator.operations.document import Documents
from oss_emulator.operations.operation import answers
from oss_emulator.operations.schema import parse_schema
from oss_emulator.protocol import callback, headers, xml
from oss_emulator.protocol.address import check_key
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Callback, Request, Response
from oss_emulator.storage.base import Bucket, Storage

_TASK_ID: Final = "x-oss-task-id"

PREFIX: Final = "asyncFetch/"
"""The start of the name of a task's document; the id of the task follows."""

MAX_RUNNING: Final = 100
"""Maximum number of tasks of a bucket that run or wait at the same time."""

MAX_KEPT: Final = 100
"""Maximum number of ended tasks that a bucket stores; older tasks are removed."""

MAX_AGE: Final = 3600
"""Seconds after which a task that has not ended counts as failed."""

_SCHEMA: Final = parse_schema("""
AsyncFetchTaskConfiguration
  Url name
  Object name
  Host? text
  ContentMD5? text
  Callback? text
  StorageClass? text
  IgnoreSameKey? boolean =true
  CallbackWhenFailed? boolean =true
""")


class State(StrEnum):
    RUNNING = "Running"
    RETRY = "Retry"
    SUCCESS = "Success"
    FAILED = "Failed"
    CALLBACK_FAILED = "FetchSuccessCallbackFailed"

    @property
    def ended(self) -> bool:
        return self not in (State.RUNNING, State.RETRY)


class FetchTask(NamedTuple):
    id: str
    created: float
    """Seconds since the epoch."""
    url: str
    key: str
    host: str
    """The Host header to send; "" for the host of the URL."""
    content_md5: str
    """The MD5 that the content must have, in base64; "" for any."""
    callback: str
    """The parameter `callback`, "" for none."""
    storage_class: str
    """"" for the class of the bucket."""
    ignores_same_key: bool
    """Whether an existing object with the key is kept."""
    calls_back_on_failure: bool
    state: State = State.RUNNING
    message: str = ""
    stored: bool = False
    """Whether the object is stored. If it is, at most the callback remains."""

    @property
    def name(self) -> str:
        return PREFIX + self.id

    def at(self, now: float) -> "FetchTask":
        """Return the task as it is at a time: interrupted if it runs for `MAX_AGE` or longer."""
        if self.state.ended or now < self.created + MAX_AGE:
            return self
        return self.interrupted()

    def interrupted(self) -> "FetchTask":
        """Return the task as failed, because nothing continues it."""
        if self.stored:
            message = "The task was interrupted before its callback was answered."
            return self._replace(state=State.CALLBACK_FAILED, message=message)
        return self._replace(state=State.FAILED, message="The task was interrupted.")


_FIELDS: Final = {
    "Url": "url",
    "Object": "key",
    "Host": "host",
    "ContentMD5": "content_md5",
    "Callback": "callback",
    "StorageClass": "storage_class",
    "IgnoreSameKey": "ignores_same_key",
    "CallbackWhenFailed": "calls_back_on_failure",
}
"""The elements of a request, and the fields of a task."""


def _asked(node: xml.Node) -> dict[str, Any]:
    """Return the fields of a task that its request gives."""
    found = {name: node.text(element) for element, name in _FIELDS.items()}
    flags = ("ignores_same_key", "calls_back_on_failure")
    return {**found, **{name: found[name] == "true" for name in flags}}


def _describe(task: FetchTask) -> xml.Children:
    return [(element, getattr(task, name)) for element, name in _FIELDS.items()]


def _format(task: FetchTask) -> bytes:
    own: xml.Children = [
        ("TaskId", task.id),
        ("Created", str(task.created)),
        ("State", task.state),
        ("ErrorMsg", task.message),
        ("Stored", task.stored),
    ]
    return xml.format("AsyncFetchTask", [*own, (_SCHEMA.name, _describe(task))])


def _read(document: bytes) -> FetchTask:
    node = xml.parse(document, "AsyncFetchTask")
    return FetchTask(
        id=node.text("TaskId"),
        created=float(node.text("Created")),
        state=State(node.text("State")),
        message=node.text("ErrorMsg"),
        stored=node.text("Stored") == "true",
        **_asked(node.all(_SCHEMA.name)[0]),
    )


def find(documents: Documents, task_id: str) -> FetchTask | None:
    """Find a task by its id; None if it is missing."""
    document = documents.get(PREFIX + task_id)
    return None if document is None else _read(document)


def of(documents: Documents) -> Iterator[FetchTask]:
    """Return the tasks of a bucket, the oldest first."""
    stored = (text for name, text in documents.items() if name.startswith(PREFIX))
    return iter(sorted(map(_read, stored), key=lambda task: task.created))


@answers("POST /bucket?asyncFetch", "PutAsyncFetchTask")
def put_async_fetch_task(call: Call) -> Response:
    """Start a task that fetches a URL and stores the response.

    The caller needs `oss:PutObject` on the object as well. Raises `ObjectAlreadyExists`,
    `InvalidObjectName`, `InvalidArgument` for the storage class or the callback, `AccessDenied`,
    and `ServiceUnavailable` while too many tasks of the bucket run.
    """
    now, bucket = call.request.received, call.bucket
    asked = _asked(_SCHEMA.parse(call.body.read()))
    task = FetchTask(f"{getrandbits(128):032x}", now, **asked)
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
    tasks = [each.at(now) for each in of(bucket.documents)]
    if sum(not each.state.ended for each in tasks) >= MAX_RUNNING:
        message = f"{MAX_RUNNING} tasks of this bucket are running; wait until one has ended."
        raise OSSError(ErrorCase.SERVICE_UNAVAILABLE, message)
    ended = [each.name for each in tasks if each.state.ended]
    for name in ended[: max(0, len(ended) - MAX_KEPT + 1)]:
        call.keep(name, None)
    call.keep(task.name, _format(task))
    answer = xml.respond("AsyncFetchTaskResult", ("TaskId", task.id))
    return answer._replace(fetch=task.id)


@answers("GET /bucket?asyncFetch", "GetAsyncFetchTask")
def get_async_fetch_task(call: Call) -> Response:
    """Return a task and its state; raises `InvalidArgument` and `NoSuchAsyncFetchTask`."""
    task_id = headers.required(call.request.headers, _TASK_ID, "the id of the task")
    task = find(call.documents, task_id)
    if task is None:
        raise OSSError(ErrorCase.NO_SUCH_FETCH_TASK, TaskId=task_id)
    task = task.at(call.request.received)
    return xml.respond(
        "AsyncFetchTaskInfo",
        ("TaskId", task.id),
        ("State", task.state),
        ("ErrorMsg", task.message),
        ("TaskInfo", _describe(task)),
    )


def update(storage: Storage, bucket: str, task: FetchTask) -> None:
    """Store the new state of a task, unless its bucket or the task itself has gone."""
    with storage.transaction():
        record = storage.bucket(bucket)
        if record is None or task.name not in record.documents:
            return
        documents = {**record.documents, task.name: _format(task)}
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
        parameter, stored = find_callback(bucket.documents, name)
        custom = callback.parse_variables(stored)
    system = {"bucket": bucket.name, "object": task.key, "operation": "PutObject"}
    wanted = callback.parse_callback(parameter, system, custom)
    return wanted if task.calls_back_on_failure else None
