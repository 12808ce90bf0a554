"""Reads multipart/form-data while it arrives: the fields of PostObject, then its file."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from oss_emulator.protocol.errors import Code, OSSError

MAX_NAME: Final = 8 * 1024
"""Bytes of the longest name of a field (PostObject)."""

MAX_VALUE: Final = 2 * 1024 * 1024
"""Bytes of the longest value of a field (PostObject)."""

MAX_FIELDS: Final = 8 * 1024 * 1024
"""Bytes of all fields before the file (EC 0006-00000112)."""

_FILE: Final = "file"
_FILENAME: Final = "${filename}"

_MAX_HEAD: Final = 2 * MAX_NAME
_MAX_PADDING: Final = 256
_MAX_BOUNDARY: Final = 256

_PARAMETER: Final = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:\\"|[^"])*)"|([^\s;]*))')


@dataclass(frozen=True, slots=True)
class Form:
    """What a form says before the bytes of its file."""

    fields: Mapping[str, str]
    """By name in lower case: names are compared without regard to case (PostObject)."""
    filename: str = ""
    content_type: str | None = None
    """The type that the file's own part names."""

    def text(self, name: str, default: str = "") -> str:
        """A field by its name as the documents spell it."""
        return self.fields.get(name.lower(), default)

    def has(self, name: str) -> bool:
        return name.lower() in self.fields

    def conditional(self, bucket: str) -> dict[str, str]:
        """What the conditions of a policy are about: the fields, the bucket and the type."""
        found = {"bucket": bucket, **self.fields}
        if self.content_type is not None:
            found.setdefault("content-type", self.content_type)
        return found

    @property
    def key(self) -> str:
        """The object's name, with the file's own name in the place of `${filename}`.

        Raises `InvalidArgument` without the field. Of a path only what follows the last slash or
        backslash is the file's name: some browsers send all of it.
        """
        if not self.has("key"):
            raise missing("key")
        name = re.split(r"[/\\]", self.filename)[-1]
        return self.text("key").replace(_FILENAME, name)


def missing(name: str, ec: str = "") -> OSSError:
    """The error of a field that is not there, or stands behind the file."""
    message = (
        f"The bucket POST must contain the specified '{name}'. "
        "If it is specified, please check the order of the fields"
    )
    return OSSError(Code.INVALID_ARGUMENT, message, ec=ec, ArgumentName=name, ArgumentValue="")


class Reader:
    """Takes a body in pieces of any size and keeps no more of it than a field and a delimiter.

    `form` is None until the file begins; from then on `feed` returns the file's bytes.
    """

    def __init__(self, content_type: str) -> None:
        """Raises `RequestIsNotMultiPartContent`."""
        self.form: Form | None = None
        self._delimiter = b"\r\n--" + _boundary(content_type)
        # The first delimiter stands at the beginning of the body, the others begin a line.
        self._buffer = bytearray(b"\r\n")
        self._searched = 0
        self._fields: dict[str, str] = {}
        self._before = 0
        self._name = ""
        self._content: list[bytes] = []
        self._step: Callable[[], bool] = self._skip

    def feed(self, chunk: bytes) -> bytes:
        """Read on; returns those bytes of the file that are certain now.

        Raises `MalformedPOSTRequest`, `FieldItemTooLong`, `MaxPOSTPreDataLengthExceededError` and
        `IncorrectNumberOfFilesInPOSTRequest`.
        """
        self._buffer += chunk
        while self._step():
            pass
        content = b"".join(self._content)
        self._content.clear()
        return content

    def finish(self) -> Form:
        """The form, now that the body has ended; raises `MalformedPOSTRequest` if it is not whole.

        Every file that `feed` returned belongs to it.
        """
        if self.form is None or self._step != self._end:
            raise OSSError(Code.MALFORMED_POST)
        return self.form

    # Each step reads one thing if it is there as a whole, and tells whether to go on.

    def _skip(self) -> bool:
        """What belongs to nothing: before the first delimiter, and fields behind the file."""
        found = self._search()
        kept = len(self._buffer) - len(self._delimiter) + 1
        skipped = max(0, kept) if found is None else found
        if self.form is None:
            self._count(skipped)
        self._drop(skipped)
        return found is not None and self._pass_delimiter()

    def _pass_delimiter(self) -> bool:
        self._drop(len(self._delimiter))
        self._step = self._after_delimiter
        return True

    def _after_delimiter(self) -> bool:
        """Two hyphens end the form; otherwise a line ends and a part begins."""
        if len(self._buffer) < 2:
            return False
        if self._buffer.startswith(b"--"):
            if self.form is None:
                raise OSSError(Code.ONE_FILE_REQUIRED)
            self._step = self._end
            return True
        end = self._buffer.find(b"\r\n", 0, _MAX_PADDING)
        if end < 0:
            if len(self._buffer) >= _MAX_PADDING:
                raise OSSError(Code.MALFORMED_POST)
            return False
        if self._buffer[:end].strip(b" \t"):
            raise OSSError(Code.MALFORMED_POST)
        self._drop(end)
        self._step = self._head
        return True

    def _head(self) -> bool:
        """The headers of a part, which an empty line ends."""
        end = self._buffer.find(b"\r\n\r\n", 0, _MAX_HEAD)
        if end < 0:
            if len(self._buffer) >= _MAX_HEAD:
                raise OSSError(Code.FIELD_TOO_LONG)
            return False
        headers = _read_headers(self._buffer[:end])
        self._drop(end + 4)
        parameters = _parameters(headers.get("content-disposition", ""))
        name = parameters.get("name", "")
        if not name:
            raise OSSError(Code.MALFORMED_POST)
        if len(name.encode(errors="surrogateescape")) > MAX_NAME:
            raise OSSError(Code.FIELD_TOO_LONG)
        self._name = name.lower()
        self._step = self._value
        if self._name == _FILE:
            if self.form is not None:
                raise OSSError(Code.ONE_FILE_REQUIRED)
            filename = parameters.get("filename", "")
            self.form = Form(dict(self._fields), filename, headers.get("content-type"))
            self._step = self._file
        elif self.form is not None:
            self._step = self._skip
        return True

    def _value(self) -> bool:
        end = self._search()
        if (len(self._buffer) - len(self._delimiter) if end is None else end) > MAX_VALUE:
            raise OSSError(Code.FIELD_TOO_LONG)
        if end is None:
            return False
        self._count(len(self._name) + end)
        # Of a repeated field the first counts, as with headers.
        self._fields.setdefault(self._name, _decode(self._buffer[:end]))
        self._drop(end)
        return self._pass_delimiter()

    def _file(self) -> bool:
        found = self._search()
        kept = len(self._buffer) - len(self._delimiter) + 1
        certain = max(0, kept) if found is None else found
        if certain:
            self._content.append(bytes(self._buffer[:certain]))
            self._drop(certain)
        return found is not None and self._pass_delimiter()

    def _end(self) -> bool:
        """Whatever follows the last delimiter means nothing."""
        self._buffer.clear()
        return False

    def _search(self) -> int | None:
        """Where the next delimiter begins; what was searched once is not searched again."""
        found = self._buffer.find(self._delimiter, self._searched)
        if found < 0:
            self._searched = max(0, len(self._buffer) - len(self._delimiter) + 1)
            return None
        return found

    def _drop(self, length: int) -> None:
        del self._buffer[:length]
        self._searched = max(0, self._searched - length)

    def _count(self, length: int) -> None:
        self._before += length
        if self._before > MAX_FIELDS:
            raise OSSError(Code.FIELDS_TOO_LARGE)


def _boundary(content_type: str) -> bytes:
    kind, _, _ = content_type.partition(";")
    boundary = _parameters(content_type).get("boundary", "")
    if kind.strip().lower() != "multipart/form-data" or not 0 < len(boundary) <= _MAX_BOUNDARY:
        raise OSSError(Code.NOT_MULTIPART)
    return boundary.encode(errors="surrogateescape")


def _read_headers(lines: bytearray) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _decode(lines).split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _parameters(header: str) -> dict[str, str]:
    """The parameters behind the first value of a header.

    Browsers write a quotation mark as %22 and line ends as %0D and %0A (HTML, multipart/form-data);
    others escape the mark with a backslash.
    """
    return {
        name.lower(): bare or quoted.replace('\\"', '"').replace("%22", '"')
        for name, quoted, bare in _PARAMETER.findall(header)
    }


def _decode(data: bytearray) -> str:
    """Text; what is no UTF-8 becomes surrogates, as in headers."""
    return data.decode("utf-8", "surrogateescape")
