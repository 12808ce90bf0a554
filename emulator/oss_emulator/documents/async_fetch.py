"""Tasks that fetch a URL into a bucket in the background (PutAsyncFetchTask, P-81).

A bucket stores each task as a separate document.
"""

from collections.abc import Iterator
from enum import StrEnum
from random import getrandbits
from typing import Any, Final, NamedTuple

from oss_emulator.documents.document import Documents, parse_schema
from oss_emulator.protocol import xml

SUBRESOURCE: Final = "asyncFetch"

PREFIX: Final = f"{SUBRESOURCE}/"
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

_ROOT: Final = "AsyncFetchTask"


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


def parse(document: bytes, now: float) -> FetchTask:
    """Parse a request for a new task; raises `DocumentError`."""
    node = _SCHEMA.parse(document)
    return _read(node, f"{getrandbits(128):032x}", now)


def format(task: FetchTask) -> bytes:
    own: xml.Children = [
        ("TaskId", task.id),
        ("Created", str(task.created)),
        ("State", task.state),
        ("ErrorMsg", task.message),
        ("Stored", task.stored),
    ]
    return xml.format(_ROOT, [*own, (_SCHEMA.name, describe(task))])


def describe(task: FetchTask) -> xml.Children:
    return [(element, getattr(task, name)) for element, name in _FIELDS.items()]


def find(documents: Documents, task_id: str) -> FetchTask | None:
    """Find a task by its id; None if it is missing."""
    document = documents.get(PREFIX + task_id)
    return None if document is None else _parse_stored(document)


def of(documents: Documents) -> Iterator[FetchTask]:
    """Return the tasks of a bucket, the oldest first."""
    stored = (text for name, text in documents.items() if name.startswith(PREFIX))
    return iter(sorted(map(_parse_stored, stored), key=lambda task: task.created))


def _parse_stored(document: bytes) -> FetchTask:
    node = xml.parse(document, _ROOT)
    configuration = node.first(_SCHEMA.name)
    assert configuration is not None  # noqa: S101 - `format` writes it
    task = _read(configuration, node.text("TaskId"), float(node.text("Created")))
    return task._replace(
        state=State(node.text("State")),
        message=node.text("ErrorMsg"),
        stored=node.text("Stored") == "true",
    )


def _read(node: xml.Node, task_id: str, created: float) -> FetchTask:
    texts: dict[str, Any] = {name: node.text(element) for element, name in _FIELDS.items()}
    flags = {name: texts.pop(name) == "true" for name in _FLAGS}
    return FetchTask(id=task_id, created=created, **texts, **flags)


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
"""The elements of a configuration, and the fields of a task."""

_FLAGS: Final = ("ignores_same_key", "calls_back_on_failure")
