"""The engine DuckDB: everything on one machine, with bounded memory and a folder to spill to."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from .batches import SQL_SCHEMA, judge_batches, judge_in_processes
from .engine import EngineError, Row, ScanListener, UnsplittableError, reporting
from .sources import LONGEST_LINE, PIECES
from .verdict import Judge

MOST_THREADS = 8
"""Threads of DuckDB at most: each pins a buffer of 32 MiB while it reads."""
MEMORY, MEMORY_PER_THREAD = 256, 64
"""The memory limit of DuckDB in MiB. Python and the batches come on top."""
BATCH = 20_000
SCANNED = 256 << 20
"""Bytes of files for each statement of a scan: DuckDB keeps read buffers for all its files."""
GROUPS_PER_PROCESS = 100_000
"""Groups for each process; fewer are judged before another process has started."""
_MISSING = "\x01"
"""Stands for a piece that a line lacks; an empty piece stays empty."""


class DuckDBEngine:
    """DuckDB, with a folder to spill to when memory runs out."""

    def __init__(self, folder: Path, progress: ScanListener | None = None) -> None:
        self._progress = progress
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "temp_directory": str(folder),
                "preserve_insertion_order": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        ((threads,),) = self._connection.execute("SELECT current_setting('threads')").fetchall()
        threads = min(threads, MOST_THREADS)
        self._connection.execute(f"SET threads = {threads}")
        memory = MEMORY + MEMORY_PER_THREAD * threads
        self._connection.execute(f"SET memory_limit = '{memory}MiB'")
        self._connection.execute("SET enable_progress_bar = true")
        self._connection.execute("SET enable_progress_bar_print = false")
        self._connection.execute(
            "CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern)"
        )
        self._scanned = False
        self._interrupted = False

    def scan(self, files: Sequence[Path], requests: str) -> None:
        """Add the counted lines of files to `requests`."""
        sizes = {path: path.stat().st_size for path in files}
        whole, done = max(1, sum(sizes.values())), 0
        make = "INSERT INTO requests" if self._scanned else "CREATE TABLE requests AS"
        self._run("BEGIN")
        try:
            for part in _parts(sizes):
                share = sum(sizes[path] for path in part)
                with reporting(self._progress, partial(self._look, done / whole, share / whole)):
                    self._run(f"{make} {_on_lines(part, requests)}")
                make, done = "INSERT INTO requests", done + share
            self._run("COMMIT")
            self._scanned = True
        except BaseException:
            with suppress(duckdb.Error):  # the failure may have ended the transaction
                self._connection.execute("ROLLBACK")
            raise

    def find(self, files: Sequence[Path], odd: str) -> list[Row]:
        """Return the rows of a statement on lines."""
        return self._run(_on_lines(files, odd)).fetchall()

    def judge(self, judge: Judge, groups: str) -> None:
        """Judge batch by batch, so that Python holds only a few; judge many groups on all cores."""
        self.keep("groups", groups)
        ((count,),) = self.rows("SELECT count(*) FROM groups")
        batches = self._connection.cursor().sql("SELECT * FROM groups").to_arrow_reader(BATCH)
        self._run(f"CREATE TABLE verdicts ({SQL_SCHEMA})")
        processes = min(os.cpu_count() or 1, count // GROUPS_PER_PROCESS)
        if processes > 1:
            judged = judge_in_processes(judge, batches, processes)
        else:
            judged = judge_batches(judge, batches)
        for batch in judged:
            self._connection.register("batch", pa.Table.from_batches([batch]))
            self._run("INSERT INTO verdicts SELECT * FROM batch")
            self._connection.unregister("batch")
        self._connection.execute("DROP TABLE groups")

    def keep(self, name: str, statement: str) -> None:
        """Make a table."""
        self._run(f"CREATE TABLE {name} AS {statement}")

    def rows(self, statement: str) -> list[Row]:
        """Return the rows of a statement."""
        return self._run(statement).fetchall()

    def interrupt(self) -> None:
        """End the running statement, and run no more."""
        self._interrupted = True
        self._connection.interrupt()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _run(self, statement: str) -> duckdb.DuckDBPyConnection:
        if self._interrupted:
            raise EngineError("DuckDB was interrupted")
        try:
            return self._connection.execute(statement)
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise UnsplittableError(str(error)) from None
        except RuntimeError as error:  # DuckDB's error for Ctrl-C
            raise KeyboardInterrupt from error
        except duckdb.Error as error:
            raise EngineError(f"DuckDB: {str(error).splitlines()[0]}") from None

    def _look(self, done: float, share: float) -> float:
        """Return the finished part of a scan whose running statement is a share of it."""
        return done + share * max(0.0, self._connection.query_progress() / 100)


def _parts(sizes: Mapping[Path, int]) -> Iterator[list[Path]]:
    """Yield files in parts for one statement each; a large file is a part of its own."""
    part: list[Path] = []
    room = SCANNED
    for path, size in sizes.items():
        if part and size > room:
            yield part
            part, room = [], SCANNED
        part.append(path)
        room -= size
    yield part


def _on_lines(files: Sequence[Path], statement: str) -> str:
    """Return a statement that reads its table `lines` from files."""
    pieces = [f"f{number}" for number in range(1, PIECES + 1)]
    columns = ", ".join(f"'{piece}': 'VARCHAR'" for piece in pieces)
    names = ", ".join(_quote(_escape(path)) for path in files)
    return f"""
        WITH lines AS NOT MATERIALIZED (
            SELECT *, concat_ws('"', {", ".join(pieces)}) AS raw FROM read_csv(
                [{names}], columns = {{{columns}}}, delim = '"', quote = '', escape = '',
                comment = '', header = false, auto_detect = false, null_padding = true,
                nullstr = '{_MISSING}', max_line_size = {LONGEST_LINE}
            )
        )
        {statement}"""


def _escape(path: Path) -> str:
    """Escape a path, so that DuckDB does not read it as a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
