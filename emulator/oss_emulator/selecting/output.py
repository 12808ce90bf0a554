"""Writes the rows of a result as CSV or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any, Final

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.select import CSVInput, Output
from oss_emulator.selecting import json_nodes
from oss_emulator.selecting import statement as ast
from oss_emulator.selecting.checking import type_of
from oss_emulator.selecting.evaluation import Evaluator, FunctionResult
from oss_emulator.selecting.json_nodes import MISSING
from oss_emulator.selecting.rows import CSVCells, JSONCells
from oss_emulator.selecting.values import format_timestamp

MAX_ROW: Final = 1024 * 1024
"""Maximum bytes of one row of a result (our choice; the limit of the service is unknown)."""

_MANTISSA: Final = 1 << 128


class CSVWriter:
    def __init__(
        self,
        projections: Sequence[ast.Projection],
        output: Output,
        cells: CSVCells,
        source: CSVInput,
    ) -> None:
        self._projections, self._output, self._quote = projections, output, source.quote
        self._header, self._split, self._evaluator = cells.header, cells.split, Evaluator(cells)
        self._star = isinstance(projections[0].expression, ast.Star)
        self._joins = output.field != source.field
        special = {source.quote, output.field, output.record, b"\r", b"\n"}
        self._special = tuple(each for each in special if each)
        self._places = []
        if output.all_columns and not self._star:
            columns = [ast.column_of(each.expression) for each in projections]
            self._places = [self._header.find(each) for each in columns if each is not None]
        self._fields = [self._field(each.expression) for each in projections]

    def head(self) -> bytes:
        """Return the row with the names of the columns, in lower case (Q-32); may be empty.

        Raises `HeaderInfoExceedsMaxSize`.
        """
        names = self._header.names
        if not (self._output.header and names):
            return b""
        if self._star or self._places:
            found = [name.lower() for name in names]
        else:
            found = [self._name(each, number) for number, each in enumerate(self._projections, 1)]
        fields = [self._quoted(name) for name in found]
        if sum(map(len, fields)) + len(fields) > MAX_ROW:
            message = f"The names of the columns are longer than {MAX_ROW} bytes."
            raise OSSError(ErrorCase.HEADER_INFO_EXCEEDS_MAX_SIZE, message)
        return self.line(fields)

    def _name(self, projection: ast.Projection, number: int) -> str:
        if projection.alias:
            return projection.alias
        if not isinstance(projection.expression, ast.Column):
            return f"_{number}"
        place, names = self._header.find(projection.expression), self._header.names
        return names[place].lower() if place < len(names) else f"_{place + 1}"

    def _field(self, expression: ast.Expression) -> Callable[[Sequence[bytes]], bytes]:
        """Return the function that writes one result; columns are copied unchanged (Q-36)."""
        if isinstance(expression, ast.Star | ast.Aggregate):
            return lambda cells: b""
        if isinstance(expression, ast.Column):
            place = self._header.find(expression)
            return lambda cells: cells[place] if place < len(cells) else b""
        read, write = self._evaluator.value(expression), _TEXTS.get(type_of(expression), str)
        return lambda cells: b"" if (found := read(cells)) is None else self._quoted(write(found))

    def row(self, record: bytes, cells: Sequence[bytes]) -> bytes:
        """Write a row with its delimiter; raises `OutputExceedsMaxSize` and `BadRowError`."""
        if self._star:
            shown = self._output.field.join(self._split(record)) if self._joins else record
            return shown + self._output.record
        fields = [field(cells) for field in self._fields]
        if self._places:
            line = [b""] * max(len(cells), max(self._places) + 1)
            for place, field in zip(self._places, fields, strict=True):
                line[place] = field
            fields = line
        return self.line(fields)

    def aggregates(self, results: Iterable[FunctionResult]) -> bytes:
        return self.line([_format(each).encode() for each in results])

    def _quoted(self, text: str) -> bytes:
        field = text.encode()
        if not any(each in field for each in self._special):
            return field
        return self._quote + field.replace(self._quote, self._quote * 2) + self._quote

    def line(self, fields: Sequence[bytes]) -> bytes:
        return _bounded(self._output.field.join(fields) + self._output.record)


class JSONWriter:
    def __init__(
        self, projections: Sequence[ast.Projection], output: Output, cells: JSONCells
    ) -> None:
        self._record, self._evaluator = output.record, Evaluator(cells)
        self._star = isinstance(projections[0].expression, ast.Star)
        self._keys = [self._key(each, number) for number, each in enumerate(projections, 1)]
        self._values = [self._value(each.expression) for each in projections]

    def _key(self, projection: ast.Projection, number: int) -> str:
        """Write the key of a result: alias, last key of the path, or `_1` (SelectObject)."""
        found = projection.expression
        last = found.path[-1] if isinstance(found, ast.Column) and found.path else None
        usual = last if isinstance(last, str) else f"_{number}"
        return json_nodes.quote(projection.alias or usual) + ":"

    def head(self) -> bytes:
        """Return nothing, because every row has its keys."""
        return b""

    def _value(self, expression: ast.Expression) -> Callable[[object], str | None]:
        """Return the function that writes one result, or returns None to omit the key."""
        if isinstance(expression, ast.Star | ast.Aggregate):
            return lambda cells: None
        if isinstance(expression, ast.Column):
            path = expression.path

            def show(cells: object) -> str | None:
                found = json_nodes.find(cells, path)
                return None if found is MISSING else json_nodes.write(found)

            return show
        read = self._evaluator.value(expression)
        write = _JSON.get(type_of(expression), json_nodes.quote)
        return lambda cells: "null" if (found := read(cells)) is None else write(found)

    def row(self, node: json_nodes.JSONNode, cells: object) -> bytes:
        """Write a row with its delimiter; raises `OutputExceedsMaxSize` and `BadRowError`."""
        if self._star:  # an object unchanged, any other value as the member `_1`
            text = json_nodes.compact(node.text)
            shown = text if isinstance(node.value, dict) else f'{{"_1":{text}}}'
            return shown.encode() + self._record
        return self._line(value(cells) for value in self._values)

    def aggregates(self, results: Iterable[FunctionResult]) -> bytes:
        texts = ((_format(each), isinstance(each.value, datetime)) for each in results)
        return self._line(
            json_nodes.quote(text) if quoted else text or "null" for text, quoted in texts
        )

    def _line(self, values: Iterable[str | None]) -> bytes:
        pairs = zip(self._keys, values, strict=True)
        members = ",".join(key + text for key, text in pairs if text is not None).encode()
        return _bounded(b"{%b}%b" % (members, self._record))


def _bounded(row: bytes) -> bytes:
    if len(row) > MAX_ROW:
        message = f"A row of the result is longer than {MAX_ROW} bytes."
        raise OSSError(ErrorCase.OUTPUT_EXCEEDS_MAX_SIZE, message)
    return row


def _format(result: FunctionResult) -> str:
    """Format a result of an aggregate function, "" for no value.

    Sums and averages of doubles have the digits of 128 bits (Q-33).
    """
    function, value, rows = result
    if value is None:
        return ""
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if function == "avg":
        return expand(_cut(Fraction(value)) / rows)
    if function == "sum" and isinstance(value, float):
        return expand(Fraction(value))
    return number(value)


def number(value: float | Decimal) -> str:
    """Format a number with the fewest digits that identify it."""
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return repr(value).removesuffix(".0")


def _cut(value: Fraction) -> Fraction:
    """Truncate a number to a decimal whose digits fit into 128 bits."""
    if value == 0:
        return value
    scale, magnitude = 0, abs(value)
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


_TEXTS: Final[Mapping[ast.Type, Callable[[Any], str]]] = {
    ast.Type.INT: str,
    ast.Type.DOUBLE: number,
    ast.Type.DECIMAL: number,
    ast.Type.BOOL: lambda value: "true" if value else "false",
    ast.Type.TIMESTAMP: format_timestamp,
}

_JSON: Final[Mapping[ast.Type, Callable[[Any], str]]] = {
    **_TEXTS,
    ast.Type.TIMESTAMP: lambda value: json_nodes.quote(format_timestamp(value)),
}
