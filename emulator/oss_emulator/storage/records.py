"""Records as JSON text, for storages that keep text; bytes of objects are named, not held."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from oss_emulator.storage.base import Account, Bucket, Object, Part, Restore, Upload
from oss_emulator.storage.blobs import Blob

Record = TypeVar("Record", Account, Bucket, Object, Part)

Name = Callable[[Blob], str]
"""How a blob is named in a record."""
Find = Callable[[str], Blob]
"""The blob of that name."""


def write(record: Account | Bucket | Object | Part, name: Name) -> str:
    """Write a record."""
    values = {field: _plain(value, name) for field, value in record._asdict().items()}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def read(kind: type[Record], text: str, find: Find) -> Record:
    """Read a record that was written; fields it does not name have their defaults."""
    values = json.loads(text)
    for field, make in _READERS.items():
        if values.get(field) is not None:
            values[field] = make(values[field], find)
    return kind(**values)


def names(text: str) -> list[str]:
    """The names of the blobs of a written object or part, in order."""
    found: list[str] = json.loads(text)["content"]
    return found


def write_upload(upload: Upload, name: Name) -> str:
    """Write an upload."""
    draft = write(upload.draft, name)
    return json.dumps({"id": upload.id, "initiated": upload.initiated, "draft": draft})


def read_upload(text: str, find: Find) -> Upload:
    """Read an upload that was written."""
    values = json.loads(text)
    return Upload(values["id"], values["initiated"], read(Object, values["draft"], find))


def _plain(value: Any, name: Name) -> Any:
    if isinstance(value, Restore):
        return value._asdict()
    if isinstance(value, tuple):
        return [name(blob) for blob in value]
    if isinstance(value, Mapping):
        return {key: _plain(item, name) for key, item in value.items()}
    return b64encode(value).decode() if isinstance(value, bytes) else value


_READERS: Mapping[str, Callable[[Any, Find], Any]] = {
    "content": lambda names, find: tuple(find(name) for name in names),
    "documents": lambda found, find: {key: b64decode(data) for key, data in found.items()},
    "restore": lambda values, find: Restore(**values),
}
