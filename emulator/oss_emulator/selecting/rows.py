"""The rows of an object (CSV records or JSON nodes) and the columns of a statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.select import CSVInput, HeaderInfo, JSONInput
from oss_emulator.selecting import csv_rows, json_nodes
from oss_emulator.selecting.jobs import Window
from oss_emulator.selecting.json_nodes import MISSING, Number
from oss_emulator.selecting.statement import Column, Step, index_of
from oss_emulator.selecting.values import BadRowError, ByKind


class ObjectRow(NamedTuple):
    """One row and its place in the object."""

    end: int
    """The offset of its end in bytes."""
    number: int
    content: Any
    """A record of CSV, or a `JSONNode`."""


class ScanProgress:
    """How much of an object was read."""

    def __init__(self) -> None:
        self.offset = 0
        self.rows = 0
        """The number of rows of the window that were read."""
        self.stopped = False
        """Whether nobody waits for more rows."""


def read_csv(
    chunks: Iterable[bytes], source: CSVInput, window: Window, progress: ScanProgress
) -> Iterator[ObjectRow]:
    """Read the rows of a window and update `progress`.

    Raises what `csv_rows.records` raises.
    """
    end, number, known = window.offset, window.row, window.offset
    has_header = source.header is not HeaderInfo.NONE and window.offset == 0
    least, most = window.within or (0, None)

    def counted() -> Iterator[bytes]:
        nonlocal known
        for chunk in chunks:
            known += len(chunk)
            yield chunk

    records = csv_rows.records(csv_rows.validate(counted(), cut=window.offset > 0), source)
    for number, record in enumerate((each for batch in records for each in batch), window.row):
        # The last row may have no delimiter.
        start, end = end, min(end + len(record) + len(source.record), known)
        if window.ends_before(number) or (most is not None and start > most):
            return
        is_row = not csv_rows.is_comment(record, source)
        is_header, has_header = is_row and has_header, has_header and not is_row
        if number < window.first or start < least:
            continue
        progress.offset = end
        progress.rows += 1
        if is_row and not is_header:
            yield ObjectRow(end, number, record)


def read_json(
    chunks: Iterable[bytes],
    source: JSONInput,
    root: Sequence[Step],
    window: Window,
    progress: ScanProgress,
) -> Iterator[ObjectRow]:
    """Read the nodes of a window of lines, or of a document, and update `progress`.

    Raises `InvalidJsonData` and the errors of limits.
    """
    reader = json_nodes.TextReader(chunks, window.offset)
    for number, node in enumerate(_nodes(reader, source, root, window, progress)):
        json_nodes.check_limits(node.value)
        progress.offset = node.end
        yield ObjectRow(node.end, number, node)


def _nodes(
    reader: json_nodes.TextReader,
    source: JSONInput,
    root: Sequence[Step],
    window: Window,
    progress: ScanProgress,
) -> Iterator[json_nodes.JSONNode]:
    if source.lines:
        for number, line in enumerate(reader.lines(root), window.row):
            if window.ends_before(number):
                return
            if number >= window.first:
                progress.rows += 1
                yield from line.nodes
    else:
        yield from reader.document(root)
    progress.offset = reader.position


Getter = Callable[[Any], Any]
"""Returns a value of a row from its cells: the fields of CSV, or the value of a node."""


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns of a CSV object."""

    names: tuple[str, ...] = ()

    @classmethod
    def read(cls, chunks: Iterable[bytes], source: CSVInput) -> Header:
        """Read the first row that is not a comment; raises what `csv_rows.records` raises."""
        for batch in csv_rows.records(csv_rows.validate(chunks), source):
            for record in batch:
                if not csv_rows.is_comment(record, source):
                    fields = csv_rows.splitter(source)(record)
                    values = (csv_rows.value(field, source.quote) for field in fields)
                    return cls(tuple(value.decode().strip().lstrip("\ufeff") for value in values))
        return cls()

    def find(self, column: Column) -> int:
        """Return the index of a column, from 0; case does not matter (Q-32).

        Raises `SqlInvalidColumnName`.
        """
        name = str(column.path[0])
        index = index_of(name)
        if index is not None:
            return index - 1
        lowered = [each.lower() for each in self.names]
        if name.lower() not in lowered:
            message = f"The CSV object has no column {name}."
            raise OSSError(ErrorCase.SQL_INVALID_COLUMN_NAME, message)
        return lowered.index(name.lower())


class CSVCells:
    """Reads the fields of CSV records, which have their quotes."""

    def __init__(self, header: Header, source: CSVInput) -> None:
        self.header = header
        self.split = csv_rows.splitter(source)
        """Returns the fields of a record; raises `InvalidCsvLine`."""
        self._quote = source.quote

    def reader(self, column: Column, by_kind: ByKind) -> Getter:
        """Return the function that reads a column; it returns None for a missing column."""
        place, quote, convert = self.header.find(column), self._quote, by_kind["s"]

        def read(cells: Sequence[bytes]) -> Any:
            if place >= len(cells):
                return None
            field = cells[place]
            return convert((csv_rows.value(field, quote) if quote in field else field).decode())

        return read

    def lacking(self, columns: Sequence[Column]) -> Callable[[Sequence[bytes]], bool]:
        """Return the function that checks whether a row lacks one of the columns."""
        needed = max((self.header.find(column) + 1 for column in columns), default=0)
        return lambda cells: len(cells) < needed


class JSONCells:
    """Reads the keys of a JSON node."""

    def __init__(self, *, numbers_as_strings: bool) -> None:
        self._number = "s" if numbers_as_strings else "n"

    def reader(self, column: Column, by_kind: ByKind) -> Getter:
        """Return the function that reads a key; it returns None for a missing key and for null."""
        kind_of = self.kind_reader(column)

        def read(cells: object) -> Any:
            kind, text = kind_of(cells)
            if not kind:
                return None
            if kind not in by_kind:
                raise BadRowError
            return by_kind[kind](text)

        return read

    def kind_reader(self, column: Column) -> Callable[[object], tuple[str, str]]:
        """Return the function that returns the kind and text of a key; both are "" for none."""
        path, number = column.path, self._number

        def read(cells: object) -> tuple[str, str]:
            value = json_nodes.find(cells, path)
            if isinstance(value, Number):
                return number, str(value)
            if isinstance(value, str):
                # JSON can have a lone surrogate, which UTF-8 cannot encode.
                plain = value if value.isascii() else value.encode("utf-8", "replace").decode()
                return "s", plain
            if value is None or value is MISSING:
                return "", ""
            if isinstance(value, bool):
                return "b", "true" if value else "false"
            return "j", json_nodes.write(value)

        return read

    def split(self, node: json_nodes.JSONNode) -> object:
        return node.value

    def lacking(self, columns: Sequence[Column]) -> Callable[[object], bool]:
        """Return the function that checks whether a node lacks one of the keys."""
        paths = [column.path for column in columns]
        return lambda cells: any(json_nodes.find(cells, path) is MISSING for path in paths)


Cells = CSVCells | JSONCells
