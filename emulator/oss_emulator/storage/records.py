"""Records as JSON text, with the names of blobs in place of their bytes."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from oss_referer.sources import json_text

from oss_emulator.storage.base import Account, Bucket, Object, Part, Restore, Upload
from oss_emulator.storage.blobs import Blob

Record = TypeVar("Record", Account, Bucket, Object, Part, Upload)

Name = Callable[[Blob], str]
"""Returns the name of a blob for a record."""
Find = Callable[[str], Blob]
"""Returns the blob with a name."""


def format(record: Account | Bucket | Object | Part | Upload, name: Name) -> str:
    """Format a record as text."""
    values = {
        # Most values are checked here, since a call for each of them takes long.
        field: value if value is None or isinstance(value, _PLAIN) else _plain(value, name)
        for field, value in zip(record._fields, record, strict=True)
    }
    return _ENCODER.encode(values)


def parse(kind: type[Record], text: str, find: Find) -> Record:
    """Parse a record; a field that is missing in the text gets its default."""
    values = json_text.parse(text, errors="surrogatepass")
    for field, make in _READERS.items():
        if values.get(field) is not None:
            values[field] = make(values[field], find)
    return kind(**values)


def names(text: str) -> list[str]:
    """Return the names of the blobs of a formatted object or part, in order."""
    found: list[str] = json_text.parse(text, errors="surrogatepass")["content"]
    return found


# In ASCII: metadata may have bytes that are not UTF-8 (P-57), which no database takes as text.
_ENCODER = json.JSONEncoder(separators=(",", ":"))


_PLAIN = (str, int, float)


def _plain(value: Any, name: Name) -> Any:
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, Restore):
        return value._asdict()
    if isinstance(value, Object):
        return format(value, name)
    if isinstance(value, tuple):
        return [name(blob) for blob in value]
    if isinstance(value, Mapping):
        return {key: _plain(item, name) for key, item in value.items()}
    return b64encode(value).decode() if isinstance(value, bytes) else value


_READERS: Mapping[str, Callable[[Any, Find], Any]] = {
    "content": lambda names, find: tuple(find(name) for name in names),
    "documents": lambda found, find: {key: b64decode(data) for key, data in found.items()},
    "draft": lambda text, find: parse(Object, text, find),
    "restore": lambda values, find: Restore(**values),
}
