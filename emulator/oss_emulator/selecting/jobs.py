"""The jobs of SelectObject, which run in a separate process (`oss_emulator.child`).

`scan` finds the rows and splits of an object (CreateSelectObjectMeta), `select` runs a statement.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from oss_referer.sources import json_text

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.select import CSVInput, Input, JSONInput, RowRange, SelectRequest
from oss_emulator.selecting import csv_rows


class Window(NamedTuple):
    """The rows of an object to read, and where reading begins."""

    offset: int = 0
    """The offset of the first byte that is read."""
    row: int = 0
    """The number of the first row that is read."""
    first: int = 0
    """The number of the first row of the window."""
    last: int | None = None
    """The number of the last row, None for the end of the object."""
    within: tuple[int, int] | None = None
    """The first and the last byte at which rows of the window may begin."""

    def ends_before(self, number: int) -> bool:
        return self.last is not None and number > self.last


SPLIT: Final = 4 * 1024 * 1024
"""Minimum bytes of a split, which ends with a row (assumed: Q-23)."""

NAME: Final = "selectMeta"
"""The name of the document with the meta of an object."""


class SelectMeta(NamedTuple):
    """The rows and splits of an object, stored with the object."""

    etag: str
    row_format: str
    """How the object was read: as JSON, or with which delimiters of CSV."""
    rows: int
    columns: int | None
    """The columns of the first row; None for JSON."""
    splits: tuple[tuple[int, int], ...]
    """The number and the offset of the first row of each split."""

    def format(self) -> bytes:
        return json.dumps(self._asdict()).encode()

    @classmethod
    def parse(cls, text: bytes) -> SelectMeta:
        values = json_text.parse(text)
        splits = tuple((row, offset) for row, offset in values.pop("splits"))
        return cls(**values, splits=splits)

    def window(self, part: RowRange) -> Window:
        """Return the rows of a part; raises `InvalidRange`."""
        if part.unit == "split":
            first, last = part.resolve(len(self.splits))
            row, offset = self.splits[first]
            following = self.splits[last + 1][0] if last + 1 < len(self.splits) else self.rows
            return Window(offset, row, row, following - 1)
        first, last = part.resolve(self.rows)
        found = bisect_right([row for row, _ in self.splits], first) - 1
        row, offset = self.splits[found]
        return Window(offset, row, first, last)


def row_format_of(source: Input) -> str:
    """Return a text that is equal for requests that split an object into the same rows."""
    if isinstance(source, JSONInput):
        return "json"
    return " ".join(each.hex() for each in (source.record, source.field, source.quote))


def find(stored: bytes | None, etag: str, source: Input) -> SelectMeta:
    """Return the meta that is stored with an object.

    Raises `SelectCsvMetaUnavailable` if it is missing, if the object has changed since, or if the
    object was read with other delimiters.
    """
    if stored is None:
        raise OSSError(ErrorCase.SELECT_META_MISSING)
    meta = SelectMeta.parse(stored)
    if meta.etag != etag:
        raise OSSError(ErrorCase.SELECT_META_STALE)
    if meta.row_format != row_format_of(source):
        raise OSSError(ErrorCase.SELECT_META_MISMATCH)
    return meta


def scan(chunks: Iterable[bytes], source: Input, etag: str) -> SelectMeta:
    """Count the rows and splits of an object; raises the errors of malformed data."""
    if isinstance(source, CSVInput):
        return _scan_csv(chunks, source, etag)
    from oss_emulator.selecting.json_nodes import TextReader  # load it only if needed

    rows, splits = 0, [(0, 0)]
    for line in TextReader(chunks).lines(()):
        if line.start - splits[-1][1] >= SPLIT:
            splits.append((rows, line.start))
        rows += 1
    return SelectMeta(etag, row_format_of(source), rows, None, tuple(splits))


def _scan_csv(chunks: Iterable[bytes], source: CSVInput, etag: str) -> SelectMeta:
    rows, offset, columns, splits = 0, 0, 0, [(0, 0)]
    split = csv_rows.splitter(source)
    for batch in csv_rows.records(csv_rows.validate(chunks), source):
        for record in batch:
            if not rows:
                columns = len(split(record))
            elif source.quote in record:
                split(record)  # raises for a missing closing quote
            if offset - splits[-1][1] >= SPLIT:
                splits.append((rows, offset))
            rows += 1
            offset += len(record) + len(source.record)
    return SelectMeta(etag, row_format_of(source), rows, columns, tuple(splits))


def select(
    sources: Sequence[Iterator[bytes]], asked: SelectRequest, window: Window
) -> Iterator[bytes]:
    """Yield an empty piece when the status is certain, then the body of the answer.

    The sources are the object from its start and from the offset of the window. Raises what
    `Pump` raises.
    """
    # Imported on first use, because loading takes long.
    from oss_emulator.selecting.selection import ObjectSelection, Pump

    head, body = sources
    pump = Pump(ObjectSelection(asked, head, body, window))
    try:
        pump.begin()
        yield b""
        yield from pump
    finally:
        pump.close()


def scan_job(sources: Sequence[Iterator[bytes]], asked: Input, etag: str) -> Iterator[bytes]:
    """Yield the meta of an object; raises what `scan` raises."""
    (chunks,) = sources
    yield scan(chunks, asked, etag).format()
