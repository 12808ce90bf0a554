"""Writes the rows of a result as CSV or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any, Final

import pyarrow as pa

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.select import Output
from oss_emulator.selecting import json_nodes, timestamps
from oss_emulator.selecting.columns import Header, position
from oss_emulator.selecting.statement import Type
from oss_emulator.selecting.translation import Plan, Shown

MAX_ROW: Final = 1024 * 1024
"""Bytes of one row of a result (our choice; the service has a limit of its own)."""

_MANTISSA: Final = 1 << 128


class CSVWriter:
    """Writes rows of CSV."""

    def __init__(self, plan: Plan, output: Output, header: Header, quote: bytes) -> None:
        self._shown, self._output, self._header, self._quote = plan.shown, output, header, quote
        self._positions: list[int] = []
        if output.all_columns and not self._star:
            columns = [each.column for each in plan.shown if each.column is not None]
            self._positions = [position(column, header) for column in columns]
        special = {quote, output.field, output.record, b"\r", b"\n"}
        self._special = tuple(each for each in special if each)

    @property
    def _star(self) -> bool:
        return self._shown[0].name == "row"

    def head(self) -> bytes:
        """Return the row with the names of the columns, in lower case (Q-32); may be empty.

        Raises `HeaderInfoExceedsMaxSize`.
        """
        if not (self._output.header and self._header.names):
            return b""
        names = self._header.names
        if self._star:
            found = [name.lower() for name in names]
        elif self._positions:
            found = [names[place].lower() for place in range(len(names))]
        else:
            found = [self._name(each, number) for number, each in enumerate(self._shown, 1)]
        fields = [self._quoted(name.encode()) for name in found]
        if sum(map(len, fields)) + len(fields) > MAX_ROW:
            message = f"The names of the columns are longer than {MAX_ROW} bytes."
            raise OSSError(ErrorCase.HEADER_INFO_EXCEEDS_MAX_SIZE, message)
        return self._line(fields)

    def _name(self, shown: Shown, number: int) -> str:
        if shown.alias:
            return shown.alias
        if shown.column is None or shown.type is not Type.DYNAMIC:
            return f"_{number}"
        place = position(shown.column, self._header)
        names = self._header.names
        return names[place].lower() if place < len(names) else f"_{place + 1}"

    def rows(self, batch: pa.RecordBatch) -> Iterator[bytes]:
        """Write the rows of a batch, each with its delimiter; raises `OutputExceedsMaxSize`."""
        columns = {name: batch[name].to_pylist() for name in batch.schema.names}
        if self._star:
            for row in columns["row"]:
                yield row + self._output.record
            return
        made = [self._made(each, columns[each.name]) for each in self._shown]
        if not self._positions:
            for fields in zip(*made, strict=True):
                yield self._line(fields)
            return
        for width, fields in zip(columns["w"], zip(*made, strict=True), strict=True):
            line = [b""] * max(width, max(self._positions) + 1)
            for place, field in zip(self._positions, fields, strict=True):
                line[place] = field
            yield self._line(line)

    def _made(self, shown: Shown, values: Sequence[Any]) -> list[bytes]:
        if shown.type is Type.DYNAMIC:
            return [value or b"" for value in values]
        make = _TEXTS.get(shown.type, str)
        return [b"" if value is None else self._quoted(make(value).encode()) for value in values]

    def aggregates(self, results: Sequence[tuple[Any, int]]) -> bytes:
        """Write the row of the results of aggregate functions."""
        return self._line(
            [_aggregate(shown, *found).encode() for shown, found in _paired(self._shown, results)]
        )

    def _quoted(self, field: bytes) -> bytes:
        if not any(each in field for each in self._special):
            return field
        return self._quote + field.replace(self._quote, self._quote * 2) + self._quote

    def _line(self, fields: Sequence[bytes]) -> bytes:
        return _bounded(self._output.field.join(fields) + self._output.record)


class JSONWriter:
    """Writes rows of JSON."""

    def __init__(self, plan: Plan, output: Output) -> None:
        self._shown, self._record = plan.shown, output.record
        self._keys = [
            json_nodes.quote(self._key(each, number)).encode() + b":"
            for number, each in enumerate(plan.shown, 1)
        ]

    def _key(self, shown: Shown, number: int) -> str:
        """Return the alias, the last key of the path, or `_1` (SelectObject, JSON errors)."""
        if shown.alias:
            return shown.alias
        path = shown.column.path if shown.column is not None else ()
        named = path and isinstance(path[-1], str) and shown.type is Type.DYNAMIC
        return str(path[-1]) if named else f"_{number}"

    def head(self) -> bytes:
        """Return nothing: every row has its keys."""
        return b""

    def rows(self, batch: pa.RecordBatch) -> Iterator[bytes]:
        """Write the rows of a batch, each with its delimiter; raises `OutputExceedsMaxSize`."""
        columns = {name: batch[name].to_pylist() for name in batch.schema.names}
        if self._shown[0].name == "row":
            for row in columns["row"]:
                yield row + self._record
            return
        made = [self._made(each, columns[each.name]) for each in self._shown]
        for values in zip(*made, strict=True):
            yield self._line(values)

    def _made(self, shown: Shown, values: Sequence[Any]) -> Sequence[bytes | None]:
        """Return the text of values; None for a key that is left out."""
        if shown.type is Type.DYNAMIC:
            return values
        make = _JSON.get(shown.type, json_nodes.quote)
        return [b"null" if value is None else make(value).encode() for value in values]

    def aggregates(self, results: Sequence[tuple[Any, int]]) -> bytes:
        """Write the row of the results of aggregate functions."""
        pairs = _paired(self._shown, results)
        return self._line([self._value(shown, *found) for shown, found in pairs])

    def _value(self, shown: Shown, value: Any, count: int) -> bytes:
        text = _aggregate(shown, value, count)
        return (json_nodes.quote(text) if isinstance(value, datetime) else text or "null").encode()

    def _line(self, values: Sequence[bytes | None]) -> bytes:
        pairs = zip(self._keys, values, strict=True)
        members = b",".join(key + value for key, value in pairs if value is not None)
        return _bounded(b"{%b}%b" % (members, self._record))


def _paired(
    shown: Sequence[Shown], results: Sequence[tuple[Any, int]]
) -> Iterator[tuple[Shown, tuple[Any, int]]]:
    return zip(shown, results, strict=True)


def _bounded(row: bytes) -> bytes:
    if len(row) > MAX_ROW:
        message = f"A row of the result is longer than {MAX_ROW} bytes."
        raise OSSError(ErrorCase.OUTPUT_EXCEEDS_MAX_SIZE, message)
    return row


def _aggregate(shown: Shown, value: Any, count: int) -> str:
    """Format a result of an aggregate function, "" for no value.

    Of doubles, sums and averages are shown with the digits of 128 bits (Q-33).
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return timestamps.format(value)
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if shown.function == "avg":
        return expand(_cut(Fraction(value)) / count)
    if shown.function == "sum" and isinstance(value, float):
        return expand(Fraction(value))
    return number(value)


def number(value: float | Decimal) -> str:
    """Format a number with the fewest digits that identify it."""
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return repr(value).removesuffix(".0")


def _cut(value: Fraction) -> Fraction:
    """Cut a number to a decimal whose digits are a number of 128 bits."""
    if value == 0:
        return value
    scale = 0
    magnitude = abs(value)
    while magnitude * 10 ** (scale + 1) < _MANTISSA:
        scale += 1
    power = Fraction(10) ** scale
    cut = Fraction(int(magnitude * power)) / power
    return cut if value > 0 else -cut


def expand(value: Fraction) -> str:
    """Format a number with as many digits as 128 bits have (Q-33)."""
    cut = _cut(value)
    if cut.denominator == 1:
        return str(cut.numerator)
    scale = 0
    while cut.denominator != 1:
        cut, scale = cut * 10, scale + 1
    digits = str(abs(cut.numerator)).rjust(scale + 1, "0")
    return f"{'-' if cut < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def _word(value: bool) -> str:
    return "true" if value else "false"


_TEXTS: Final[Mapping[Type, Callable[[Any], str]]] = {
    Type.INT: str,
    Type.DOUBLE: number,
    Type.DECIMAL: number,
    Type.BOOL: _word,
    Type.TIMESTAMP: timestamps.format,
}

_JSON: Final[Mapping[Type, Callable[[Any], str]]] = {
    **_TEXTS,
    Type.TIMESTAMP: lambda value: json_nodes.quote(timestamps.format(value)),
}
