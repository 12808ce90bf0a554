"""Splits a CSV object into records and fields, as bytes and piece by piece (RFC 4180)."""

import re
import zlib
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Final

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.select import CSVInput

MAX_RECORD: Final = 256 * 1024
"""Maximum bytes of a row and of a column (limits on SQL statements)."""

MAX_BATCH: Final = 8192
"""Maximum number of records in a batch."""

_PIECE: Final = 256 * 1024
"""Bytes to decompress at once, so that a small object cannot fill the memory."""

_GZIP: Final = 31

_FOLLOWING: Final = bytes(range(0x80, 0xC0))
"""The bytes of a UTF-8 character after its first."""


def decompress(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress gzip members, which zeros may separate; raises `DecompressFailure`."""
    machine = zlib.decompressobj(_GZIP)
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if machine.eof:
                    rest = rest.lstrip(b"\0")  # tar pads archives
                    if not rest:
                        break
                    machine = zlib.decompressobj(_GZIP)
                piece = machine.decompress(rest, _PIECE)
                if piece:
                    yield piece
                rest = machine.unused_data if machine.eof else machine.unconsumed_tail
        if machine.eof:
            return
    except zlib.error:
        pass
    raise OSSError(ErrorCase.SELECT_GZIP)


def validate(chunks: Iterable[bytes], *, cut: bool = False) -> Iterator[bytes]:
    """Yield the chunks unchanged; raises `InvalidTextEncoding` if they are not UTF-8.

    With `cut`, the first chunk may begin within a character.
    """
    decoder = getincrementaldecoder("utf-8")()
    try:
        for chunk in chunks:
            decoder.decode(chunk.lstrip(_FOLLOWING) if cut else chunk)
            cut = False
            yield chunk
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise OSSError(ErrorCase.SELECT_ENCODING) from None


def is_comment(record: bytes, source: CSVInput) -> bool:
    """Return whether a record is a comment instead of a row."""
    return bool(source.comment) and record.startswith(source.comment)


def records(chunks: Iterable[bytes], source: CSVInput) -> Iterator[Sequence[bytes]]:
    """Split chunks into records without their delimiters; raises `InvalidCsvLine`.

    A delimiter in quotes does not end a record, unless AllowQuotedRecordDelimiter is false: a
    record continues while it has an odd number of quotes.
    """
    delimiter, quote = source.record, source.quote
    rest, open_size = b"", 0
    open_parts: list[bytes] = []
    for chunk in chunks:
        data = rest + chunk
        parts = data.split(delimiter)
        rest = parts.pop()
        whole = parts
        if source.quoted_records and (open_parts or quote in data):
            whole = []
            for part in parts:
                odd = part.count(quote) % 2 == 1
                if not open_parts and not odd:
                    whole.append(part)
                    continue
                closes = odd and bool(open_parts)
                open_parts.append(part)
                open_size += len(part) + len(delimiter)
                if open_size > MAX_RECORD + len(delimiter):
                    break
                if closes:
                    whole.append(delimiter.join(open_parts))
                    open_parts, open_size = [], 0
        yield from _batches(whole)
        if len(rest) + open_size > MAX_RECORD + len(delimiter):
            raise _too_long()
    last = delimiter.join([*open_parts, rest])
    if source.quoted_records and last.count(quote) % 2:
        raise _open_quote()
    if open_parts or rest:
        yield [last]


def _batches(whole: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(whole), MAX_BATCH):
        batch = whole[start : start + MAX_BATCH]
        if max(map(len, batch)) > MAX_RECORD:
            yield list(takewhile(lambda record: len(record) <= MAX_RECORD, batch))
            raise _too_long()
        yield batch


def _open_quote() -> OSSError:
    return OSSError(ErrorCase.CSV_LINE, "The line is invalid: a column has no closing quote.")


def _too_long() -> OSSError:
    return OSSError(ErrorCase.CSV_LINE, f"A row is longer than {MAX_RECORD} bytes.")


def splitter(source: CSVInput) -> Callable[[bytes], list[bytes]]:
    """Return the function that splits a record into fields, with their quotes."""
    field, quote = source.field, source.quote
    pattern = _field_pattern(field, quote)

    def split(record: bytes) -> list[bytes]:
        if quote not in record:
            return record.split(field)
        fields, offset = [], 0
        while True:
            match = pattern.match(record, offset)
            if match is None:
                raise _open_quote()
            fields.append(match[0])
            offset = match.end() + 1
            if offset > len(record):
                return fields

    return split


@lru_cache(64)
def _field_pattern(field: bytes, quote: bytes) -> re.Pattern[bytes]:
    """A field in quotes, with any text after the closing quote, or a field without quotes."""
    q, f = re.escape(quote), re.escape(field)
    return re.compile(rb"%b(?:[^%b]|%b%b)*+%b[^%b]*|(?!%b)[^%b]*" % (q, q, q, q, q, f, q, f))


def value(field: bytes, quote: bytes) -> bytes:
    """Return the value of a field without its quotes."""
    if len(field) >= 2 and field.startswith(quote) and field.endswith(quote):
        return field[1:-1].replace(quote * 2, quote)
    return field
