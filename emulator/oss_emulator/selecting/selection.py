"""Runs a SelectObject request on an object: the rows of the result as a stream of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from oss_emulator.protocol import frames
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.select import CSVInput, HeaderInfo, JSONInput, SelectRequest
from oss_emulator.selecting import csv_rows
from oss_emulator.selecting.checking import check
from oss_emulator.selecting.columns import (
    CSVColumns,
    Header,
    JSONColumns,
    ScanProgress,
    guarded,
    schema,
)
from oss_emulator.selecting.engine import SelectEngine
from oss_emulator.selecting.output import CSVWriter, JSONWriter
from oss_emulator.selecting.parsing import parse
from oss_emulator.selecting.translation import translate
from oss_emulator.selecting.window import Window

FRAME: Final = 256 * 1024
"""Bytes of rows to send in one frame, if no row has more."""

NAMED: Final = 100
"""The numbers of skipped rows that a message names."""


class ObjectBytes(NamedTuple):
    """The bytes of an object."""

    head: Iterator[bytes]
    """From the start, for the header of CSV."""
    body: Iterator[bytes]
    """From the offset of the window."""


class ObjectSelection:
    """One running request. Iterate it once, in any thread, and close it."""

    def __init__(self, request: SelectRequest, source: ObjectBytes, window: Window) -> None:
        """Check the statement; raises `OSSError` for one that the service refuses."""
        self._request, self._source, self._window = request, source, window
        self._json = isinstance(request.source, JSONInput)
        self._statement = parse(request.sql)
        check(self._statement, request.output, json=self._json)
        self._plan = translate(
            self._statement,
            json=self._json,
            all_columns=request.output.all_columns,
            partial=request.skip_partial,
        )
        self._progress = ScanProgress()
        self._skipped: list[int] = []
        self._skips = 0
        self._error: OSSError | None = None
        self._offset = window.offset
        """How far into the object the rows that were sent reach."""
        self._end = window.offset
        """How far the object was read for them."""

    def stop(self) -> None:
        """Let the iterating thread end soon: nobody waits for the rest."""
        self._progress.stopped = True

    @property
    def framed(self) -> bool:
        """Whether the answer consists of frames."""
        return not self._request.output.raw

    def idle(self) -> bytes:
        """Return what tells a waiting client that the request is still running."""
        if self._request.output.raw:
            return b""
        checked = self._request.output.checked
        return frames.continuous(self._progress.offset, checked=checked)

    def end(self, error: OSSError | None) -> bytes:
        """Return the last frame, which tells an error if there was one."""
        checked, offset = self._request.output.checked, self._offset
        if error is not None:
            message = f"{error.code}.{error.message}"
            return frames.end(offset, offset, error.status, message, checked=checked)
        message = f".{self._report()}" if self._skips else ""
        return frames.end(offset, offset, 200, message, checked=checked)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body of the answer.

        An error is raised if no row was sent before it; otherwise the last frame tells it.
        """
        engine, began, raw = SelectEngine(), False, self._request.output.raw
        try:
            for rows in self._rows(engine):
                began = True
                checked = self._request.output.checked
                yield rows if raw else frames.data(self._offset, rows, checked=checked)
        except OSSError as error:
            self._error = error
        finally:
            engine.close()
        if self._error is not None and (raw or not began):
            raise self._error
        if not raw:
            yield self.end(self._error)

    def _report(self) -> str:
        """Tell which rows were skipped, and how many (SelectObject, End Frame)."""
        named = ",".join(map(str, self._skipped))
        more = ",…" if self._skips > len(self._skipped) else ""
        return f"Skipped rows: {named}{more}. Total skipped rows: {self._skips}"

    def _rows(self, engine: SelectEngine) -> Iterator[bytes]:
        """Yield the text of rows; sets the offset that they reach and the error that ends them."""
        statement, request = self._statement, self._request
        header = self._read_header()
        wanted = schema(
            self._plan,
            json=self._json,
            all_columns=request.output.all_columns,
            partial=request.skip_partial,
        )
        batches = guarded(self._batches(header, wanted), self._progress)
        found = self._admit(engine.filter(self._plan, wanted, batches), statement.limit)
        writer: CSVWriter | JSONWriter
        if isinstance(request.source, CSVInput):
            writer = CSVWriter(self._plan, request.output, header, request.source.quote)
        else:
            writer = JSONWriter(self._plan, request.output)
        if statement.aggregates:
            yield from self._aggregate(engine, found, writer)
        else:
            yield from self._write(found, writer)
        if self._window.within is not None and not self._progress.rows:
            raise OSSError(ErrorCase.SELECT_RANGE_WITHOUT_RECORD)

    def _write(
        self, found: Iterator[pa.RecordBatch], writer: CSVWriter | JSONWriter
    ) -> Iterator[bytes]:
        head = writer.head()
        lines, size, rows = [head], len(head), 0
        try:
            for batch in found:
                ends = batch["o"].to_pylist()
                for end, line in zip(ends, writer.rows(batch), strict=True):
                    rows += 1
                    lines.append(line)
                    size += len(line)
                    self._offset = end
                    if size >= FRAME:
                        yield b"".join(lines)
                        lines, size = [], 0
        except OSSError as error:
            self._error = error
        if self._error is None:
            self._offset = self._end
        if size and (rows or self._error is None):
            yield b"".join(lines)

    def _aggregate(
        self, engine: SelectEngine, found: Iterator[pa.RecordBatch], writer: CSVWriter | JSONWriter
    ) -> Iterator[bytes]:
        results = engine.aggregate(self._plan, found)
        if self._error is None:
            self._offset = self._end
            yield writer.head() + writer.aggregates(results)

    def _read_header(self) -> Header:
        source = self._request.source
        if not isinstance(source, CSVInput) or source.header is HeaderInfo.NONE:
            return Header()
        return Header.read(self._unpack(self._source.head), source)

    def _unpack(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        return csv_rows.decompress(chunks) if self._request.gzip else chunks

    def _batches(self, header: Header, wanted: pa.Schema) -> Iterator[pa.RecordBatch]:
        request, chunks = self._request, self._unpack(self._source.body)
        if isinstance(request.source, CSVInput):
            names = header if request.source.header is HeaderInfo.USE else Header()
            reader: CSVColumns | JSONColumns = CSVColumns(
                self._plan, request.source, names, wanted, request.output.field
            )
        else:
            reader = JSONColumns(self._plan, request.source, self._statement.root, wanted)
        return reader.read(chunks, self._window, self._progress)

    def _admit(
        self, found: Iterator[pa.RecordBatch], limit: int | None
    ) -> Iterator[pa.RecordBatch]:
        """Take the bad rows out and count them, and stop after the last row of LIMIT."""
        left = limit
        for batch in found:
            good = self._check_skips(batch) if pc.any(batch["bad"]).as_py() else batch
            if left is not None:
                good = good.slice(0, left)
                left -= good.num_rows
            if good.num_rows:
                self._end = good["o"][-1].as_py()
                yield good
            if left == 0 or self._error is not None:
                self._progress.stopped = True
                return
        error = self._progress.error
        if error is not None and not isinstance(error, OSSError):
            raise error
        self._error, self._end = error, self._progress.offset

    def _check_skips(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Count the bad rows of a batch; returns the good ones before one too many."""
        rows = batch["n"].filter(batch["bad"]).to_pylist()
        allowed = self._request.max_skipped - self._skips
        if len(rows) > allowed:
            batch = batch.slice(0, batch["n"].to_pylist().index(rows[allowed]))
            rows = rows[: allowed + 1]
        self._skips += len(rows)
        self._skipped += rows[: NAMED - len(self._skipped)]
        if len(rows) > allowed:
            self._error = OSSError(
                ErrorCase.JSON_DATA if self._json else ErrorCase.CSV_LINE, self._report()
            )
        return batch.filter(pc.invert(batch["bad"]))
