"""The document of a SelectObject or CreateSelectObjectMeta request, and the frames of its answer.

docs/select.md lists the sources of codes and ECs.
"""

import re
from base64 import b64decode
from enum import IntEnum, StrEnum
from struct import pack
from typing import Final, NamedTuple, TypeAlias
from zlib import crc32

from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.parameters import is_number

MAX_SQL: Final = 16 * 1024
"""Bytes of a statement (SelectObject, limits)."""


class HeaderInfo(StrEnum):
    """How to treat the first row of a CSV object."""

    NONE = "NONE"
    IGNORE = "IGNORE"
    USE = "USE"


class RowRange(NamedTuple):
    """The part of an object to read, as in a Range header: `2-5`, `2-` or `-5`, the last five."""

    unit: str
    """`line` or `split`."""
    first: int | None
    last: int | None

    def resolve(self, total: int) -> tuple[int, int]:
        """Return the first and the last of `total` lines or splits; raises `InvalidRange`."""
        if self.first is None:
            first, last = max(0, total - (self.last or 0)), total - 1
        else:
            first, last = self.first, total - 1 if self.last is None else min(self.last, total - 1)
        if first < total:
            return first, last
        message = (
            f"The {self.unit} range is invalid. The non-negative value should be from 0 to"
            f" total_{self.unit}s - 1. Its semantics is same as the value in Http Range header."
            f"Actual {self.unit} range is {_digits(self.first)}-{_digits(self.last)}."
        )
        raise OSSError(ErrorCase.SELECT_RANGE_OUTSIDE, message)


def _digits(value: int | None) -> str:
    return "" if value is None else str(value)


class CSVInput(NamedTuple):
    """How a CSV object is read."""

    header: HeaderInfo = HeaderInfo.NONE
    record: bytes = b"\n"
    field: bytes = b","
    quote: bytes = b'"'
    comment: bytes = b""
    """The character that begins a line to skip; b"" for none."""
    part: RowRange | None = None
    quoted_records: bool = True
    """Whether a column in quotes may have the record delimiter."""


class JSONInput(NamedTuple):
    """How a JSON object is read."""

    lines: bool
    """Whether it is a sequence of values instead of one document."""
    part: RowRange | None = None
    numbers_as_strings: bool = False


Input: TypeAlias = CSVInput | JSONInput


class Output(NamedTuple):
    """How the result is written."""

    record: bytes = b"\n"
    field: bytes = b","
    all_columns: bool = False
    raw: bool = False
    checked: bool = False
    """Whether frames have the CRC-32 of their payload."""
    header: bool = False


class SelectRequest(NamedTuple):
    sql: str
    source: Input
    gzip: bool
    output: Output
    skip_partial: bool = False
    max_skipped: int | None = None
    """The number of bad rows that may be skipped; None if it is missing, which means 0 (Q-14)."""


class MetaRequest(NamedTuple):
    source: Input
    overwrite: bool


def parse_select(document: bytes, *, json: bool) -> SelectRequest:
    """Parse a SelectRequest; raises `OSSError` and `DocumentError`."""
    root = xml.parse(document, "SelectRequest")
    sql = _parse_sql(root.text("Expression"))
    compression = root.text("InputSerialization/CompressionType").upper() or "NONE"
    if compression not in ("NONE", "GZIP"):
        raise _invalid(ErrorCase.SELECT_COMPRESSION, compression)
    read = _parse_json(root) if json else _parse_csv(root)
    output = _parse_output(root, read, compressed=compression == "GZIP")
    if output.raw and output.checked:
        raise OSSError(ErrorCase.SELECT_PARAMETERS)
    return SelectRequest(
        sql,
        read,
        compression == "GZIP",
        output,
        skip_partial=_flag(root, "Options/SkipPartialDataRecord"),
        max_skipped=_parse_max_skipped(root.text("Options/MaxSkippedRecordsAllowed")),
    )


def parse_meta(document: bytes, *, json: bool) -> MetaRequest:
    """Parse a CsvMetaRequest or JsonMetaRequest; raises `OSSError` and `DocumentError`."""
    root = xml.parse(document, "JsonMetaRequest" if json else "CsvMetaRequest")
    compression = root.text("InputSerialization/CompressionType")
    if compression.upper() not in ("", "NONE"):
        raise _invalid(ErrorCase.SELECT_COMPRESSION, compression)
    read = _parse_json(root) if json else _parse_csv(root)
    if isinstance(read, JSONInput) and not read.lines:
        raise _invalid(ErrorCase.SELECT_JSON_TYPE, "DOCUMENT")
    return MetaRequest(read, _flag(root, "OverwriteIfExists"))


def _parse_sql(text: str) -> str:
    if not text:
        raise OSSError(ErrorCase.SQL_EMPTY)
    try:
        # A longer text cannot decode to a statement of the allowed size.
        sql = b64decode(text, validate=True) if len(text) < 2 * MAX_SQL else None
    except ValueError:
        raise OSSError(ErrorCase.SQL_NOT_BASE64) from None
    if sql is None or len(sql) > MAX_SQL:
        message = f"The SQL statement is longer than {MAX_SQL} bytes."
        raise OSSError(ErrorCase.SQL_TOO_LONG, message)
    try:
        statement = sql.decode()
    except UnicodeDecodeError:
        raise OSSError(ErrorCase.SQL_NOT_BASE64, "The SQL statement is not UTF-8.") from None
    if not statement.strip():
        raise OSSError(ErrorCase.SQL_EMPTY)
    return statement


def _parse_csv(root: xml.Node) -> CSVInput:
    csv = "InputSerialization/CSV"
    header = root.text(f"{csv}/FileHeaderInfo").upper() or "NONE"
    if header not in HeaderInfo.__members__:
        raise _invalid(ErrorCase.SELECT_HEADER_INFO, header)
    found = {
        name: _characters(root, f"{csv}/{element}", getattr(CSVInput(), name), most, code)
        for name, element, most, code in (
            ("record", "RecordDelimiter", 2, ErrorCase.SELECT_INPUT_RECORD),
            ("field", "FieldDelimiter", 1, ErrorCase.SELECT_INPUT_FIELD),
            ("quote", "QuoteCharacter", 1, ErrorCase.SELECT_INPUT_QUOTE),
            ("comment", "CommentCharacter", 1, ErrorCase.SELECT_COMMENT),
        )
    }
    part = _parse_part(root.text(f"{csv}/Range"))
    quoted_records = _flag(root, f"{csv}/AllowQuotedRecordDelimiter", usual=True)
    return CSVInput(HeaderInfo(header), **found, part=part, quoted_records=quoted_records)


def _parse_json(root: xml.Node) -> JSONInput:
    kind = root.text("InputSerialization/JSON/Type")
    if kind.upper() not in ("LINES", "DOCUMENT"):
        raise _invalid(ErrorCase.SELECT_JSON_TYPE, kind)
    part = _parse_part(root.text("InputSerialization/JSON/Range"))
    lines = kind.upper() == "LINES"
    if part is not None and not lines:
        raise OSSError(ErrorCase.SELECT_RANGE_OF_DOCUMENT)
    return JSONInput(lines, part, _flag(root, "InputSerialization/JSON/ParseJsonNumberAsString"))


def _parse_output(root: xml.Node, source: Input, *, compressed: bool) -> Output:
    usual = source if isinstance(source, CSVInput) else Output()
    place = f"OutputSerialization/{'CSV' if isinstance(source, CSVInput) else 'JSON'}"
    record, field = ErrorCase.SELECT_OUTPUT_RECORD, ErrorCase.SELECT_OUTPUT_FIELD
    checked = _flag(root, "OutputSerialization/EnablePayloadCrc")
    chosen = compressed and isinstance(source, CSVInput) and not checked
    return Output(
        _characters(root, f"{place}/RecordDelimiter", usual.record, 2, record),
        _characters(root, f"{place}/FieldDelimiter", usual.field, 1, field),
        all_columns=_flag(root, "OutputSerialization/KeepAllColumns"),
        raw=_flag(root, "OutputSerialization/OutputRawData", usual=chosen),
        checked=checked,
        header=_flag(root, "OutputSerialization/OutputHeader"),
    )


_PART: Final = re.compile(r"(line|split)-range=([0-9]{0,18})-([0-9]{0,18})")


def _parse_part(text: str) -> RowRange | None:
    if not text:
        return None
    match = _PART.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise _invalid(ErrorCase.SELECT_RANGE, text)
    first, last = (int(each) if each else None for each in match.groups()[1:])
    part = RowRange(match[1], first, last)
    if first is not None and last is not None and last < first:
        raise _invalid(ErrorCase.SELECT_RANGE, text)
    return part


def _parse_max_skipped(text: str) -> int | None:
    if not text:
        return None
    if not is_number(text):
        raise _invalid(ErrorCase.SELECT_MAX_SKIPPED, text)
    return int(text)


def _flag(root: xml.Node, path: str, *, usual: bool = False) -> bool:
    text = root.text(path).lower()
    if text not in ("", "true", "false"):
        name = path.rpartition("/")[2]
        raise xml.DocumentError(f"The element {name} is {text!r}; it must be true or false.")
    return text == "true" if text else usual


def _characters(root: xml.Node, path: str, usual: bytes, most: int, code: ErrorCase) -> bytes:
    """Decode up to `most` characters in base64; an empty element means `usual`."""
    text = root.text(path)
    if not text:
        return usual
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        raise _invalid(code, text) from None
    if not (found.isascii() and 1 <= len(found) <= most):
        raise _invalid(code, text)
    return found


def _invalid(code: ErrorCase, value: str) -> OSSError:
    return OSSError(code, f"{code.value.message}:{value}")


_VERSION: Final = 1


class FrameType(IntEnum):
    """The content of a frame."""

    DATA = 8388609
    CONTINUOUS = 8388612
    END = 8388613
    CSV_META_END = 8388614
    JSON_META_END = 8388615


def data(offset: int, content: bytes, *, checked: bool) -> bytes:
    """Format rows of a result; `offset` is the position up to which the object was read."""
    return _frame(FrameType.DATA, pack("!Q", offset) + content, checked=checked)


def continuous(offset: int, *, checked: bool) -> bytes:
    """Format a frame that only reports progress, which keeps the connection alive."""
    return _frame(FrameType.CONTINUOUS, pack("!Q", offset), checked=checked)


def end(offset: int, scanned: int, status: int, message: str = "", *, checked: bool) -> bytes:
    """Format the last frame of a selection; `message` is `ErrorCodes.DetailMessage`, "" for none.

    `scanned` is the number of bytes that were read.
    """
    payload = pack("!QQI", offset, scanned, status) + message.encode()
    return _frame(FrameType.END, payload, checked=checked)


def meta_end(scanned: int, splits: int, rows: int, columns: int | None) -> bytes:
    """Format the whole answer of CreateSelectObjectMeta; `columns` is None for JSON."""
    payload = pack("!QQIIQ", scanned, scanned, 200, splits, rows)
    if columns is None:
        return _frame(FrameType.JSON_META_END, payload + _NO_ERROR, checked=True)
    return _frame(FrameType.CSV_META_END, payload + pack("!I", columns) + _NO_ERROR, checked=True)


_NO_ERROR: Final = b"."
"""An empty code before the point, and an empty message after it (Q-13)."""


def _frame(kind: FrameType, payload: bytes, *, checked: bool) -> bytes:
    head = pack("!III", _VERSION << 24 | kind, len(payload), 0)
    return head + payload + pack("!I", crc32(payload) if checked else 0)
