"""Makes the batches of columns that a plan needs from the rows of an object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import pyarrow as pa

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.select import CSVInput, HeaderInfo, JSONInput
from oss_emulator.selecting import csv_rows, json_nodes, timestamps
from oss_emulator.selecting.checking import index_of
from oss_emulator.selecting.json_nodes import MISSING, JSONNode, Number, Reader
from oss_emulator.selecting.statement import Column, Step
from oss_emulator.selecting.translation import Plan
from oss_emulator.selecting.window import Window

MAX_NODES: Final = 4096
MAX_TEXT: Final = 1024 * 1024
"""Nodes, and characters of nodes, of one batch."""


class ScanProgress:
    """How far an object was read, and what stopped it."""

    def __init__(self) -> None:
        self.offset = 0
        self.rows = 0
        """The rows of the window that were read."""
        self.error: Exception | None = None
        self.stopped = False
        """Whether nobody waits for more rows."""


def guarded(batches: Iterable[pa.RecordBatch], progress: ScanProgress) -> Iterator[pa.RecordBatch]:
    """Pass batches on up to an error, which `progress` keeps: rows before it are results.

    DuckDB, which asks for the batches, would make an error of its own of any other.
    """
    try:
        for batch in batches:
            if progress.stopped:
                return
            yield batch
    except Exception as error:
        progress.error = error


def schema(plan: Plan, *, json: bool, all_columns: bool, partial: bool) -> pa.Schema:
    """Return the columns of the table `rows`, in the order in which they are made."""
    fields = [("o", pa.int64()), ("n", pa.int64())]
    if partial:
        fields.append(("p", pa.bool_()))
    if any(each.name == "row" for each in plan.shown):
        fields.append(("row", pa.binary()))
    if all_columns and not json:
        fields.append(("w", pa.int32()))
    for index in sorted(plan.evaluated):
        fields.append((f"c{index}", pa.string()))
        if json:
            fields.append((f"k{index}", pa.string()))
    fields += [(f"r{index}", pa.binary()) for index in sorted(plan.projected)]
    fields += [(f"t{number}", pa.timestamp("us")) for number in range(len(plan.stamps))]
    return pa.schema(fields)


def _batch(wanted: pa.Schema, columns: Mapping[str, Sequence[Any]]) -> pa.RecordBatch:
    return pa.record_batch([_array(columns[each.name], each.type) for each in wanted], wanted)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == pa.string() and any(isinstance(value, bytes) for value in values[:1]):
        return pa.array(values, pa.binary()).cast(kind)
    return pa.array(values, kind)


def _stamps(plan: Plan, number: int, texts: Sequence[str | None]) -> list[Any]:
    form = plan.stamps[number].format
    return [timestamps.parse(text, form) if text else None for text in texts]


# CSV


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns of a CSV object."""

    names: tuple[str, ...] = ()

    @classmethod
    def read(cls, chunks: Iterable[bytes], source: CSVInput) -> Header:
        """Read the first row that is no comment; raises what `records` raises."""
        for batch in csv_rows.records(csv_rows.validate(chunks), source):
            for record in batch:
                if not _is_comment(record, source):
                    fields = csv_rows.splitter(source)(record)
                    values = (csv_rows.value(field, source.quote) for field in fields)
                    return cls(tuple(value.decode().strip().lstrip("\ufeff") for value in values))
        return cls()

    def find(self, name: str) -> int:
        """Return the index of a column, from 0; case does not matter (Q-32).

        Raises `SqlInvalidColumnName`.
        """
        index = index_of(name)
        if index is not None:
            return index - 1
        lowered = [each.lower() for each in self.names]
        if name.lower() not in lowered:
            message = f"The CSV object has no column {name}."
            raise OSSError(ErrorCase.SQL_INVALID_COLUMN_NAME, message)
        return lowered.index(name.lower())


def position(column: Column, header: Header) -> int:
    """Return the index of a column of CSV, from 0; raises `SqlInvalidColumnName`."""
    return header.find(str(column.path[0]))


def _is_comment(record: bytes, source: CSVInput) -> bool:
    return bool(source.comment) and record.startswith(source.comment)


class CSVColumns:
    """Makes batches of a CSV object."""

    def __init__(
        self,
        plan: Plan,
        source: CSVInput,
        header: Header,
        wanted: pa.Schema,
        field: bytes,
    ) -> None:
        """`field` separates the columns of the result."""
        self._plan, self._source, self._schema = plan, source, wanted
        self._split = csv_rows.splitter(source)
        self._field = field
        self._positions = [position(column, header) for column in plan.columns]
        self._splits = bool(plan.columns) or "w" in wanted.names

    def read(
        self, chunks: Iterable[bytes], window: Window, progress: ScanProgress
    ) -> Iterator[pa.RecordBatch]:
        """Read the rows of a window; `progress` follows."""
        source, offset, row = self._source, window.offset, window.row
        delimiter = len(source.record)
        has_header = source.header is not HeaderInfo.NONE and offset == 0
        known = window.offset

        def counted() -> Iterator[bytes]:
            nonlocal known
            for chunk in chunks:
                known += len(chunk)
                yield chunk

        for batch in csv_rows.records(csv_rows.validate(counted(), cut=offset > 0), source):
            ends = list(accumulate((len(each) + delimiter for each in batch), initial=offset))
            ends[-1] = min(ends[-1], known)  # the last row may have no delimiter
            starts, offset = ends[:-1], ends[-1]
            numbers = range(row, row + len(batch))
            row += len(batch)
            kept: list[tuple[int, int, bytes]] = []
            for number, start, end, record in zip(numbers, starts, ends[1:], batch, strict=True):
                beyond = window.last is not None and number > window.last
                if beyond or (window.within and start > window.within[1]):
                    yield from self._make(kept)
                    return
                is_row = not _is_comment(record, source)
                is_header, has_header = is_row and has_header, has_header and not is_row
                if number < window.first or (window.within and start < window.within[0]):
                    continue
                progress.offset = end
                progress.rows += 1
                if is_row and not is_header:
                    kept.append((end, number, record))
            yield from self._make(kept)

    def _make(self, kept: Sequence[tuple[int, int, bytes]]) -> Iterator[pa.RecordBatch]:
        if not kept:
            return
        rows = [record for _, _, record in kept]
        fields: list[list[bytes]] = []
        columns: dict[str, Sequence[Any]] = {
            "o": [end for end, _, _ in kept],
            "n": [number for _, number, _ in kept],
        }
        if self._splits or self._field != self._source.field:
            try:
                fields = [self._split(row) for row in rows]
            except OSSError as error:
                yield from self._make(self._before(kept))
                raise error from None
        columns["w"] = [len(each) for each in fields]
        columns["p"] = self._partial(fields, len(rows))
        columns["row"] = rows
        if self._field != self._source.field:
            columns["row"] = [self._field.join(each) for each in fields]
        quote = self._source.quote
        for index, place in enumerate(self._positions):
            shown = [each[place] if place < len(each) else None for each in fields]
            columns[f"r{index}"] = shown
            if index in self._plan.evaluated:
                columns[f"c{index}"] = [
                    each if each is None or quote not in each else csv_rows.value(each, quote)
                    for each in shown
                ]
        for number, stamp in enumerate(self._plan.stamps):
            values = columns[f"c{stamp.column}"]
            columns[f"t{number}"] = _stamps(
                self._plan, number, [None if each is None else each.decode() for each in values]
            )
        yield _batch(self._schema, columns)

    def _before(self, kept: Sequence[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
        """Return the rows before the first one that cannot be split."""
        found = []
        for each in kept:
            try:
                self._split(each[2])
            except OSSError:
                break
            found.append(each)
        return found

    def _partial(self, fields: Sequence[Sequence[bytes]], count: int) -> list[bool]:
        """Return which rows lack a column that the statement uses."""
        if not self._positions:
            return [False] * count
        needed = max(self._positions) + 1
        return [len(each) < needed for each in fields]


# JSON


class JSONColumns:
    """Makes batches of the nodes of a JSON object."""

    def __init__(
        self, plan: Plan, source: JSONInput, root: Sequence[Step], wanted: pa.Schema
    ) -> None:
        self._plan, self._source, self._root, self._schema = plan, source, root, wanted

    def read(
        self, chunks: Iterable[bytes], window: Window, progress: ScanProgress
    ) -> Iterator[pa.RecordBatch]:
        """Read the nodes of a window of lines, or of a document; `progress` follows."""
        number, size = 0, 0
        kept: list[JSONNode] = []
        numbers: list[int] = []
        try:
            for node in self._nodes(chunks, window, progress):
                json_nodes.check_limits(node.value)
                progress.offset = node.end
                kept.append(node)
                numbers.append(number)
                number += 1
                size += len(node.text)
                if len(kept) >= MAX_NODES or size >= MAX_TEXT:
                    yield self._make(kept, numbers)
                    kept, numbers, size = [], [], 0
        except OSSError as error:
            if kept:
                yield self._make(kept, numbers)
            raise error from None
        if kept:
            yield self._make(kept, numbers)

    def _nodes(
        self, chunks: Iterable[bytes], window: Window, progress: ScanProgress
    ) -> Iterator[JSONNode]:
        reader = Reader(chunks, window.offset)
        if not self._source.lines:
            yield from reader.document(self._root)
            progress.offset = reader.position
            return
        for number, line in enumerate(reader.lines(self._root), window.row):
            if number < window.first:
                continue
            if window.last is not None and number > window.last:
                return
            progress.rows += 1
            yield from line.nodes
        progress.offset = reader.position

    def _make(self, nodes: Sequence[JSONNode], numbers: Sequence[int]) -> pa.RecordBatch:
        columns: dict[str, Sequence[Any]] = {
            "o": [node.end for node in nodes],
            "n": numbers,
        }
        found = [
            [json_nodes.find(node.value, column.path) for node in nodes]
            for column in self._plan.columns
        ]
        lacking = [False] * len(nodes)
        for index, values in enumerate(found):
            lacking = [was or value is MISSING for was, value in zip(lacking, values, strict=True)]
            if index in self._plan.projected:
                columns[f"r{index}"] = [
                    None if value is MISSING else json_nodes.write(value).encode()
                    for value in values
                ]
            if index in self._plan.evaluated:
                kinds = [self._kind(value) for value in values]
                columns[f"k{index}"] = kinds
                columns[f"c{index}"] = list(map(_text, values, kinds))
        columns["p"] = lacking
        if "row" in self._schema.names:
            columns["row"] = [_show(node) for node in nodes]
        for number, stamp in enumerate(self._plan.stamps):
            pairs = zip(columns[f"k{stamp.column}"], columns[f"c{stamp.column}"], strict=True)
            known = [text if kind == "s" else None for kind, text in pairs]
            columns[f"t{number}"] = _stamps(self._plan, number, known)
        return _batch(self._schema, columns)

    def _kind(self, value: object) -> str | None:
        if value is None or value is MISSING:
            return None
        if isinstance(value, Number):
            return "s" if self._source.numbers_as_strings else "n"
        if isinstance(value, bool):
            return "b"
        return "s" if isinstance(value, str) else "j"


def _text(value: Any, kind: str | None) -> str | None:
    if kind is None:
        return None
    if kind == "s":
        # A lone surrogate, which JSON can write, is no UTF-8.
        return value.encode("utf-8", "replace").decode() if not value.isascii() else str(value)
    if kind == "b":
        return "true" if value else "false"
    return str(value) if kind == "n" else json_nodes.write(value)


def _show(node: JSONNode) -> bytes:
    """Show a whole node: an object as it is, anything else as the member `_1`."""
    text = json_nodes.compact(node.text)
    return (text if isinstance(node.value, dict) else f'{{"_1":{text}}}').encode()
