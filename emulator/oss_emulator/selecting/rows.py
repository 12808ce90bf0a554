"""The rows of an object that a request reads: records of CSV or nodes of JSON."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from oss_emulator.protocol.select import CSVInput, HeaderInfo, JSONInput
from oss_emulator.selecting import csv_rows, json_nodes
from oss_emulator.selecting.statement import Step
from oss_emulator.selecting.window import Window


class Row(NamedTuple):
    """One row, and where it stands in the object."""

    end: int
    """The offset of its end."""
    number: int
    content: Any
    """A record of CSV, or a `JSONNode`."""


class ScanProgress:
    """How far an object was read."""

    def __init__(self) -> None:
        self.offset = 0
        self.rows = 0
        """The rows of the window that were read."""
        self.stopped = False
        """Whether nobody waits for more rows."""


def read_csv(
    chunks: Iterable[bytes], source: CSVInput, window: Window, progress: ScanProgress
) -> Iterator[Row]:
    """Read the rows of a window; `progress` follows.

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
            yield Row(end, number, record)


def read_json(
    chunks: Iterable[bytes],
    source: JSONInput,
    root: Sequence[Step],
    window: Window,
    progress: ScanProgress,
) -> Iterator[Row]:
    """Read the nodes of a window of lines, or of a document; `progress` follows.

    Raises `InvalidJsonData` and the errors of limits.
    """
    reader = json_nodes.Reader(chunks, window.offset)
    for number, node in enumerate(_nodes(reader, source, root, window, progress)):
        json_nodes.check_limits(node.value)
        progress.offset = node.end
        yield Row(node.end, number, node)


def _nodes(
    reader: json_nodes.Reader,
    source: JSONInput,
    root: Sequence[Step],
    window: Window,
    progress: ScanProgress,
) -> Iterator[json_nodes.JSONNode]:
    if not source.lines:
        yield from reader.document(root)
    for number, line in enumerate(reader.lines(root), window.row) if source.lines else ():
        if window.ends_before(number):
            return
        if number >= window.first:
            progress.rows += 1
            yield from line.nodes
    progress.offset = reader.position
