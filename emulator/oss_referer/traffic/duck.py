"""The engine DuckDB: everything on one machine, with bounded memory and a folder to spill to."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from oss_referer.traffic.batches import SQL_SCHEMA, judge_batches, judge_in_processes
from oss_referer.traffic.engine import EngineError, Row, ScanListener, reporting
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.log_files import LONGEST_LINE, PIECES, is_cut_alike

MOST_THREADS = 8
"""The most threads of DuckDB; each pins a buffer of 32 MiB while it reads."""
MEMORY, MEMORY_PER_THREAD = 256, 64
"""MiB of memory for DuckDB; that of Python and of the batches is not included."""
BATCH = 20_000
SCANNED = 256 << 20
"""Bytes of files for each statement of a scan, because DuckDB buffers all files of a statement."""
GROUPS_PER_PROCESS = 100_000
"""Groups for each process; judging fewer takes less time than the start of another process."""
_FETCHED = 1_000
"""Rows to fetch at a time."""


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
        self._scanned = False
        ((threads,),) = self.rows("SELECT current_setting('threads')")
        threads = min(threads, MOST_THREADS)
        self._run(f"SET threads = {threads}")
        memory = MEMORY + MEMORY_PER_THREAD * threads
        self._run(f"SET memory_limit = '{memory}MiB'")
        self._run("SET enable_progress_bar = true")
        self._run("SET enable_progress_bar_print = false")
        self._run("CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern)")

    def scan(self, files: Sequence[Path], requests: str) -> list[Path]:
        sizes = {path: path.stat().st_size for path in files}
        whole, done = max(1, sum(sizes.values())), 0
        left: list[Path] = []
        with ThreadPoolExecutor(1) as pool:  # check files while others are scanned
            checks = {path: pool.submit(is_cut_alike, path) for path in files}
            try:
                for part in _parts(sizes):
                    share = sum(sizes[path] for path in part)
                    look = partial(self._look, done / whole, share / whole)
                    with reporting(self._progress, look):
                        if not self._add(part, requests, [checks[path] for path in part]):
                            left += part
                    done += share
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return left

    def _add(self, part: Sequence[Path], requests: str, checks: Sequence[Future[bool]]) -> bool:
        """Add the counted lines of files; if a line cannot be split, add none and return False."""
        make = "INSERT INTO requests" if self._scanned else "CREATE TABLE requests AS"
        self._run("BEGIN")
        try:
            self._run(f"{make} {_on_lines(part, requests)}")
            if all(check.result() for check in checks):
                self._run("COMMIT")
                self._scanned = True
                return True
        except _UnsplittableError:
            pass
        finally:
            with suppress(EngineError):  # already committed, or ended by the failure
                self._run("ROLLBACK")
        return False

    def find(self, files: Sequence[Path], odd: str) -> Iterator[Row]:
        for part in _parts({path: path.stat().st_size for path in files}):
            found = self._run(_on_lines(part, odd))
            while rows := _fetch(found):
                yield from ((raw.encode(), *others) for raw, *others in rows)

    def judge(self, judge: Judge, groups: str) -> None:
        """Judge batch by batch to save memory, and on all cores if there are many groups."""
        self.keep("groups", groups)
        ((count,),) = self.rows("SELECT count(*) FROM groups")
        with _telling():
            reader = self._connection.cursor().sql("SELECT * FROM groups").to_arrow_reader(BATCH)
        batches = _each(reader)
        self._run(f"CREATE OR REPLACE TABLE verdicts ({SQL_SCHEMA})")
        processes = min(os.cpu_count() or 1, count // GROUPS_PER_PROCESS)
        if processes > 1:
            judged = judge_in_processes(judge, batches, processes)
        else:
            judged = judge_batches(judge, batches)
        for batch in judged:
            with _telling():
                self._connection.register("batch", pa.Table.from_batches([batch]))
            self._run("INSERT INTO verdicts SELECT * FROM batch")
            with _telling():
                self._connection.unregister("batch")
        self._run("DROP TABLE groups")

    def keep(self, name: str, statement: str) -> None:
        self._run(f"CREATE OR REPLACE TABLE {name} AS {statement}")

    def rows(self, statement: str) -> list[Row]:
        with _telling():
            return self._run(statement).fetchall()

    def close(self) -> None:
        self._connection.close()

    def _run(self, statement: str) -> duckdb.DuckDBPyConnection:
        with _telling():
            return self._connection.execute(statement)

    def _look(self, done: float, share: float) -> float:
        """Return the finished part of a scan; `share` is the part of the running statement."""
        return done + share * max(0.0, self._connection.query_progress() / 100)


class _UnsplittableError(EngineError):
    """DuckDB cannot split the lines of a file."""


@contextmanager
def _telling() -> Iterator[None]:
    """Convert errors of DuckDB to KeyboardInterrupt or EngineError."""
    try:
        yield
    except (RuntimeError, duckdb.Error) as error:
        # A RuntimeError is Ctrl-C within a statement. Ctrl-C while DuckDB asks Python for the
        # columns of a table is an InvalidInputException that only names it.
        if not isinstance(error, duckdb.Error) or "KeyboardInterrupt" in str(error):
            raise KeyboardInterrupt from error
        kinds = (duckdb.InvalidInputException, duckdb.NotImplementedException)
        kind = _UnsplittableError if isinstance(error, kinds) else EngineError
        raise kind(f"DuckDB: {str(error).splitlines()[0]}") from None


def _fetch(found: duckdb.DuckDBPyConnection) -> list[Row]:
    with _telling():
        return found.fetchmany(_FETCHED)


def _each(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a reader, with errors converted by `_telling`."""
    while True:
        with _telling():
            batch = next(reader, None)
        if batch is None:
            return
        yield batch


def _parts(sizes: Mapping[Path, int]) -> Iterator[list[Path]]:
    """Yield groups of files, one for each statement; a large file is a group alone."""
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
    """Return a statement that reads its table `lines` from files.

    A missing piece of a line is NULL. A line feed, which no piece contains, is the text for NULL.
    """
    pieces = [f"f{number}" for number in range(1, PIECES + 1)]
    columns = ", ".join(f"'{piece}': 'VARCHAR'" for piece in pieces)
    names = ", ".join(_quote(_escape(path)) for path in files)
    return f"""
        WITH lines AS NOT MATERIALIZED (
            SELECT *, concat_ws('"', {", ".join(pieces)}) AS raw FROM read_csv(
                [{names}], columns = {{{columns}}}, delim = '"', quote = '', escape = '',
                comment = '', header = false, auto_detect = false, null_padding = true,
                nullstr = '\n', max_line_size = {LONGEST_LINE + 2}
            )
        )
        {statement}"""


def _escape(path: Path) -> str:
    """Escape a path, so that DuckDB does not read it as a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
