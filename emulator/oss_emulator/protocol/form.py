"""Reads multipart/form-data as it arrives: the fields of PostObject, then its file."""

import re
from collections.abc import Callable, Mapping
from sys import getsizeof, maxsize
from typing import Final, NamedTuple

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError

from oss_emulator.protocol.errors import ErrorCase, OSSError

MAX_NAME: Final = 8 * 1024
"""Bytes of the longest field name (PostObject)."""

MAX_VALUE: Final = 2 * 1024 * 1024
"""Bytes of the longest field value (PostObject)."""

MAX_FIELDS: Final = 8 * 1024 * 1024
"""Bytes of all fields together (EC 0006-00000112)."""

_FILE: Final = "file"
_FILENAME: Final = "${filename}"

_MAX_HEAD: Final = 2 * MAX_NAME
"""Bytes of all headers of one part."""

_MAX_BOUNDARY: Final = 256

_ENTRY: Final = 100
"""Bytes of memory that an entry of a dict takes, about."""

_PARAMETER: Final = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:\\"|[^"])*)"|([^\s;]*))')


class Form(NamedTuple):
    """The fields of a form, and the headers of its file."""

    fields: Mapping[str, str]
    """The fields by name in lower case; names are case-insensitive (PostObject)."""
    filename: str = ""
    content_type: str | None = None
    original: "Form | None" = None
    """The form as received, if this one was translated from S3 (P-75)."""

    def text(self, name: str, default: str = "") -> str:
        """Return a field by its name in any case."""
        return self.fields.get(name.lower(), default)

    def has(self, name: str) -> bool:
        return name.lower() in self.fields

    @property
    def stored_type(self) -> str | None:
        """The Content-Type that the object gets, None if the form has none (PostObject).

        It is the field x-oss-content-type, else the type of the file's part, else the field
        Content-Type.
        """
        stated = self.text("x-oss-content-type") or self.content_type
        return stated or self.fields.get("content-type")

    @property
    def key(self) -> str:
        """The object's name, with `${filename}` replaced by the file's name.

        Some browsers send the path of the file; only the part after its last slash or backslash is
        used. Raises `InvalidArgument` if the form has no field `key`.
        """
        if not self.has("key"):
            raise missing("key")
        name = re.split(r"[/\\]", self.filename)[-1]
        return self.text("key").replace(_FILENAME, name)


def missing(name: str, ec: str = "") -> OSSError:
    """Make the error for a field that is missing or comes after the file."""
    message = (
        f"The bucket POST must contain the specified '{name}'. "
        "If it is specified, please check the order of the fields"
    )
    return OSSError(ErrorCase.INVALID_ARGUMENT, message, ec=ec, ArgumentName=name, ArgumentValue="")


class FormReader:
    """Reads a body in pieces of any size; holds the fields in memory, but not the file.

    `form` is None until the file begins; from then on `feed` returns the file's bytes.
    """

    def __init__(self, content_type: str) -> None:
        """Raises `RequestIsNotMultiPartContent` for a type that is not multipart/form-data."""
        boundary = _parse_boundary(content_type)
        self.form: Form | None = None
        self._delimiter = b"\r\n--" + boundary
        # The first delimiter may be the first line of the body; the others follow a line end.
        self._preamble: bytes | None = b"\r\n"
        self._fields: dict[str, str] = {}
        self._size_of_fields = 0
        self._memory = 0
        self._headers: dict[str, str] = {}
        self._size_of_headers = 0
        self._header_name = b""
        self._header_value = b""
        self._name = ""
        self._value = bytearray()
        self._content: list[bytes] = []
        self._add_data: Callable[[bytes], None] = self._ignore
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._add_header_name,
                "on_header_value": self._add_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": lambda data, start, end: self._add_data(data[start:end]),
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )
        # `_count_header` limits the headers instead, with the service's errors. The parser accepts
        # these limits as arguments only since 0.0.27.
        self._parser.max_header_count = self._parser.max_header_size = maxsize

    def feed(self, chunk: bytes) -> bytes:
        """Parse the next bytes of the body and return the file's bytes among them.

        Raises `MalformedPOSTRequest`, `FieldItemTooLong`, `MaxPOSTPreDataLengthExceededError` and
        `IncorrectNumberOfFilesInPOSTRequest`.
        """
        if self._ended:  # what follows the last delimiter is ignored (RFC 2046, 5.1.1)
            return b""
        if self._preamble is not None:
            chunk = self._skip_preamble(self._preamble + chunk)
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise OSSError(ErrorCase.MALFORMED_POST) from None
        content = b"".join(self._content)
        self._content.clear()
        return content

    @property
    def memory(self) -> int:
        """Bytes of memory that the fields take, about; short fields take much more than arrived."""
        return self._memory + len(self._value)

    def finish(self) -> Form:
        """Return the form after the last byte of the body.

        Raises `MalformedPOSTRequest` for a body that ends before its last delimiter.
        """
        if self.form is None or not self._ended:
            raise OSSError(ErrorCase.MALFORMED_POST)
        return self.form

    def _skip_preamble(self, data: bytes) -> bytes:
        """Drop the text before the first delimiter (RFC 2046, 5.1.1).

        python-multipart accepts only line ends there.
        """
        found = data.find(self._delimiter)
        skipped = max(0, len(data) - len(self._delimiter) + 1) if found < 0 else found
        self._count(skipped)
        self._preamble = data[skipped:] if found < 0 else None
        return b"" if found < 0 else data[found + len(b"\r\n") :]

    def _begin_part(self) -> None:
        self._headers.clear()
        self._size_of_headers = 0
        self._value.clear()
        self._add_data = self._ignore

    def _add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]
        self._count_header(end - start)

    def _add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]
        self._count_header(end - start)

    def _end_header(self) -> None:
        name = _decode(self._header_name).lower()
        self._headers.setdefault(name, _decode(self._header_value).strip())
        self._header_name = self._header_value = b""
        self._count_header(len(b":\r\n"))

    def _end_headers(self) -> None:
        """Decide by the headers of a part whether to store it, to pass it on or to ignore it."""
        parameters = _parse_parameters(self._headers.get("content-disposition", ""))
        name = parameters.get("name", "")
        if not name:
            raise OSSError(ErrorCase.MALFORMED_POST, ec="0006-00000109")
        if len(name.encode(errors="surrogateescape")) > MAX_NAME:
            raise OSSError(ErrorCase.FIELD_TOO_LONG)
        self._name = name.lower()
        if self._name != _FILE:
            # A field after the file is ignored (PostObject).
            self._add_data = self._ignore if self.form is not None else self._add_to_field
            return
        if self.form is not None:
            raise OSSError(ErrorCase.ONE_FILE_REQUIRED)
        content_type = self._headers.get("content-type")
        self.form = Form(self._fields, parameters.get("filename", ""), content_type)
        self._add_data = self._content.append

    def _ignore(self, data: bytes) -> None:
        pass

    def _add_to_field(self, data: bytes) -> None:
        self._value += data
        if len(self._value) > MAX_VALUE:
            raise OSSError(ErrorCase.FIELD_TOO_LONG, ec="0006-00000111")

    def _end_part(self) -> None:
        if self.form is None:
            self._count(len(self._name) + len(self._value))
            # The first of several fields with one name counts, as with headers.
            if self._name not in self._fields:
                self._fields[self._name] = value = _decode(self._value)
                self._memory += getsizeof(self._name) + getsizeof(value) + _ENTRY

    def _end(self) -> None:
        if self.form is None:
            raise OSSError(ErrorCase.ONE_FILE_REQUIRED)
        self._ended = True

    def _count(self, size: int) -> None:
        self._size_of_fields += size
        if self._size_of_fields > MAX_FIELDS:
            raise OSSError(ErrorCase.FIELDS_TOO_LARGE)

    def _count_header(self, size: int) -> None:
        self._size_of_headers += size
        if self._size_of_headers > _MAX_HEAD:
            raise OSSError(ErrorCase.FIELD_TOO_LONG)


def _parse_boundary(content_type: str) -> bytes:
    kind, _, _ = content_type.partition(";")
    boundary = _parse_parameters(content_type).get("boundary", "")
    if kind.strip().lower() != "multipart/form-data" or not 0 < len(boundary) <= _MAX_BOUNDARY:
        raise OSSError(ErrorCase.NOT_MULTIPART)
    return boundary.encode(errors="surrogateescape")


def _parse_parameters(header: str) -> dict[str, str]:
    """Parse the parameters after the first value of a header.

    Browsers write a quotation mark as %22 and line ends as %0D and %0A (HTML, multipart/form-data);
    other clients escape the quotation mark with a backslash.
    """
    return {
        name.lower(): bare or quoted.replace('\\"', '"').replace("%22", '"')
        for name, quoted, bare in _PARAMETER.findall(header)
    }


def _decode(data: bytes | bytearray) -> str:
    """Decode UTF-8; other bytes become surrogates, as in headers."""
    return data.decode("utf-8", "surrogateescape")
