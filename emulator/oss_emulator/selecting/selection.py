"""Runs a SelectObject request on an object: the rows of the result as a stream of bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from typing import Any, Final

from oss_emulator.protocol import select
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.select import CSVInput, HeaderInfo, SelectRequest
from oss_emulator.selecting import csv_rows
from oss_emulator.selecting.checking import check
from oss_emulator.selecting.evaluation import Evaluator, FunctionTotals
from oss_emulator.selecting.jobs import Window
from oss_emulator.selecting.output import CSVWriter, JSONWriter
from oss_emulator.selecting.parsing import parse_statement
from oss_emulator.selecting.rows import (
    Cells,
    CSVCells,
    Getter,
    Header,
    JSONCells,
    ObjectRow,
    ScanProgress,
    read_csv,
    read_json,
)
from oss_emulator.selecting.values import BadRowError

FRAME: Final = 256 * 1024
"""Bytes of rows after which a frame is sent."""

NAMED: Final = 100
"""Maximum number of skipped rows that a message names."""


class ObjectSelection:
    """One running request. Iterate it once, in any thread."""

    def __init__(
        self,
        request: SelectRequest,
        head: Iterator[bytes],
        body: Iterator[bytes],
        window: Window,
    ) -> None:
        """Check the statement; raises `OSSError` if the service refuses it.

        `head` is the object from its start, for the header of CSV; `body` is the object from the
        offset of the window.
        """
        self._request, self._head, self._body, self._window = request, head, body, window
        self._statement = parse_statement(request.sql)
        json = not isinstance(request.source, CSVInput)
        check(self._statement, request.output, json=json)
        self._bad_row = ErrorCase.JSON_DATA if json else ErrorCase.CSV_LINE
        self._progress = ScanProgress()
        self._skipped: list[int] = []
        self._skips = 0
        self._offset = window.offset
        """The offset in the object after the last row that was sent."""

    def stop(self) -> None:
        """Make the iterating thread end soon, because nobody waits for the rest."""
        self._progress.stopped = True

    @property
    def framed(self) -> bool:
        """Whether the answer consists of frames."""
        return not self._request.output.raw

    def idle(self) -> bytes:
        """Return the frame that tells a client that the request is still running, if framed."""
        if not self.framed:
            return b""
        checked = self._request.output.checked
        return select.continuous(self._progress.offset, checked=checked)

    def end(self, error: OSSError | None) -> bytes:
        """Return the last frame, with the error if there was one."""
        checked, offset = self._request.output.checked, self._offset
        if error is not None:
            message = f"{error.code}.{error.message}"
            return select.end(offset, offset, error.status, message, checked=checked)
        message = f".{self._report()}" if self._skips else ""
        return select.end(offset, offset, 200, message, checked=checked)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body of the answer.

        Raises an error if no row was sent before it; otherwise the last frame has the error.
        """
        began, failed, checked = False, None, self._request.output.checked
        try:
            for rows in self._pieces():
                began = True
                yield select.data(self._offset, rows, checked=checked) if self.framed else rows
        except OSSError as error:
            if not (began and self.framed):
                raise
            failed = error
        if self.framed:
            yield self.end(failed)

    def _pieces(self) -> Iterator[bytes]:
        """Yield the rows of the result in pieces, and set the offset of their end.

        If an error ends the rows, first yields the rows before it, then raises it.
        """
        cells, writer, rows = self._open()
        if self._statement.aggregates:
            functions = FunctionTotals(self._statement.projections, Evaluator(cells))
            for _, values in self._find(cells, rows, functions.evaluate):
                functions.add(values)
            self._offset = self._progress.offset
            yield writer.head() + writer.aggregates(functions.results())
            return
        lines, failed = [writer.head()], None
        size, found, sent = len(lines[0]), False, False
        try:
            for end, line in self._find(cells, rows, writer.row):
                found = True
                lines.append(line)
                size += len(line)
                self._offset = end
                if size >= FRAME:
                    yield b"".join(lines)
                    lines, size, sent = [], 0, True
            self._offset = self._progress.offset
        except OSSError as error:
            failed = error
        limit = self._request.max_skipped
        refused = limit is not None and self._skips > limit and not sent
        if size and not refused and (found or failed is None):
            yield b"".join(lines)
        if failed is not None:
            raise failed

    def _open(self) -> tuple[Cells, CSVWriter | JSONWriter, Iterator[ObjectRow]]:
        """Begin to read; raises `SqlInvalidColumnName` and the errors of the header."""
        source, output = self._request.source, self._request.output
        projections = self._statement.projections
        body, progress = self._unpack(self._body), self._progress
        if isinstance(source, CSVInput):
            header = Header()
            if source.header is not HeaderInfo.NONE:
                header = Header.read(self._unpack(self._head), source)
            cells = CSVCells(header, source)
            writer = CSVWriter(projections, output, cells, source)
            return cells, writer, read_csv(body, source, self._window, progress)
        nodes = JSONCells(numbers_as_strings=source.numbers_as_strings)
        rows = read_json(body, source, self._statement.root, self._window, progress)
        return nodes, JSONWriter(projections, output, nodes), rows

    def _unpack(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        return csv_rows.decompress(chunks) if self._request.gzip else chunks

    def _find(
        self, cells: Cells, rows: Iterator[ObjectRow], make: Callable[[Any, Any], Any]
    ) -> Iterator[tuple[int, Any]]:
        """Yield the end of each row that matches, and the result of `make`, up to LIMIT.

        Bad rows are counted. Raises an error if there are too many, and for a range without rows.
        """
        where, left = self._statement.where, self._statement.limit
        fits = None if where is None else Evaluator(cells).condition(where)
        columns = self._statement.columns
        partial = bool(columns) and self._request.skip_partial
        lacks: Getter | None = cells.lacking(columns) if partial else None
        for row in rows:
            if self._progress.stopped:
                return
            try:
                found = cells.split(row.content) if columns else None
                if lacks is not None and lacks(found):
                    raise BadRowError
                if fits is not None and fits(found) is not True:
                    continue
                made = make(row.content, found)
            except BadRowError:
                self._skip(row.number)
                continue
            yield row.end, made
            if left is not None:
                left -= 1
                if not left:
                    return
        if self._window.within is not None and not self._progress.rows:
            raise OSSError(ErrorCase.SELECT_RANGE_WITHOUT_RECORD)

    def _skip(self, number: int) -> None:
        self._skips += 1
        if len(self._skipped) < NAMED:
            self._skipped.append(number)
        if self._skips > (self._request.max_skipped or 0):
            raise OSSError(self._bad_row, self._report())

    def _report(self) -> str:
        """Format the numbers of skipped rows and their count (SelectObject, End Frame)."""
        named = ",".join(map(str, self._skipped))
        more = ",…" if self._skips > len(self._skipped) else ""
        return f"Skipped rows: {named}{more}. Total skipped rows: {self._skips}"


IDLE: Final = 5.0
"""Seconds without rows after which a Continuous Frame is sent (SelectObject, Frame Type)."""


class Pump(Iterator[bytes]):
    """Iterates over the body of an answer; `next` waits. Call `close` at the end."""

    def __init__(self, selection: ObjectSelection, idle: float = IDLE) -> None:
        self._selection, self._idle = selection, idle
        self._chunks = iter(selection)
        self._thread = ThreadPoolExecutor(1, "oss-emulator-select")
        self._next: Future[bytes | None] | None = self._thread.submit(next, self._chunks, None)
        self._ended = False

    def begin(self) -> None:
        """Wait at most `idle` seconds for the first piece; raises an error before the first row."""
        assert self._next is not None  # noqa: S101 - only called first
        with suppress(NotYet):
            self._next.result(self._idle)

    def __next__(self) -> bytes:
        if self._ended:
            raise StopIteration
        if self._next is None:
            self._next = self._thread.submit(next, self._chunks, None)
        try:
            found = self._next.result(self._idle)
        except NotYet:
            return self._selection.idle()
        except OSSError as error:
            # The status was sent, so report it by a frame, or by ending the connection.
            self.close()
            if not self._selection.framed:
                raise ConnectionAbortedError(str(error)) from None
            return self._selection.end(error)
        self._next = None
        if found is None:
            self.close()
            raise StopIteration
        return found

    def close(self) -> None:
        """Stop the work in any state."""
        self._ended = True
        self._selection.stop()
        self._thread.shutdown(wait=False, cancel_futures=True)
