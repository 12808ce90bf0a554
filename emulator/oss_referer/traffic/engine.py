"""The engine of a replay, which reads, splits, groups and joins, but makes no decision."""

import importlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, cast

from oss_referer import extras
from oss_referer.traffic.judge import Judge

Row = tuple[Any, ...]
ScanListener = Callable[[float], None]
"""Called with the finished part of the scan, from 0 to 1."""


class EngineError(Exception):
    """The engine failed; the text says why."""


class MissingEngineError(Exception):
    """A package of an engine is not installed; the text says what to install."""


class EngineName(StrEnum):
    DUCKDB = "duckdb"
    SPARK = "spark"


_EXTRAS = {EngineName.DUCKDB: "replay", EngineName.SPARK: "spark"}
"""The extra that installs the packages of each engine."""


class Engine(Protocol):
    """An SQL engine with the tables `requests` and `verdicts` of a replay."""

    def scan(self, files: Sequence[Path], requests: str) -> list[Path]:
        """Add the result of the statement on the lines of files to the table `requests`.

        Return the files with lines that it cannot split. These files add nothing.
        """

    def find(self, files: Sequence[Path], odd: str) -> Iterator[Row]:
        """Yield the rows of a statement on the lines of files; the first column is bytes."""

    def judge(self, judge: Judge, groups: str) -> None:
        """Judge the groups that a statement returns; store the results in the table `verdicts`."""

    def keep(self, name: str, statement: str) -> None:
        """Store the rows of a statement as a table, and replace a table of the same name."""

    def rows(self, statement: str) -> list[Row]:
        """Return the rows of a statement on the tables."""

    def close(self) -> None:
        """Release all resources."""


def open_engine(
    name: EngineName, folder: Path, listener: ScanListener | None, master: str
) -> Engine:
    """Open an engine that spills to a folder; `master` is for Spark. Raises MissingEngineError."""
    try:
        if name is EngineName.SPARK:
            spark = importlib.import_module(f"{__package__}.spark")
            return cast("Engine", spark.SparkEngine(master, folder, progress=listener))
        duck = importlib.import_module(f"{__package__}.duck")
        return cast("Engine", duck.DuckDBEngine(folder, listener))
    except ImportError as error:
        raise MissingEngineError(
            f"replay needs the package {error.name}, which is not installed; "
            f"run {extras.command(_EXTRAS[name])}"
        ) from None


LOOK = 0.2
"""Seconds between two reports of the progress."""


@contextmanager
def reporting(listener: ScanListener | None, look: Callable[[], float]) -> Iterator[None]:
    """Report the progress to a listener from another thread; `look` returns the finished part."""
    if listener is None:
        yield
        return
    done = threading.Event()

    def report() -> None:
        while not done.wait(LOOK):
            listener(look())

    thread = threading.Thread(target=report)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    listener(1.0)
