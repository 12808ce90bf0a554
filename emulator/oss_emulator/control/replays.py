"""Replays of access logs that the console was asked for, with their progress and reports."""

import asyncio
import gzip
import secrets
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from oss_emulator.lab.replay.engine import Engine, ScanListener
    from oss_emulator.lab.replay.report import ReplayQuestion, Report

MOST_KEPT: Final = 10
"""The most replays that are remembered; a further one replaces the oldest."""

MOST_BYTES: Final = 512 * 1024 * 1024
"""The most bytes of a log as it is sent."""

MOST_EXPANDED: Final = 4 * 1024 * 1024 * 1024
"""The most bytes of a log after decompression."""

_GZIP: Final = b"\x1f\x8b"
_PIECE: Final = 1024 * 1024


class LogReplay:
    """One replay: its question, then its progress, then its report or why there is none."""

    def __init__(self, question: "ReplayQuestion", bucket: str = "") -> None:
        self.id = secrets.token_hex(6)
        self.question = question
        self.bucket = bucket
        """The bucket of the rules, saved or edited ones; "" for rules of no bucket."""
        self.log = ""
        """The name of the log; "" until it comes."""
        self.part = 0.0
        """The part of the log that is read, from 0 to 1."""
        self.report: Report | None = None
        self.failure = ""
        """Why there will be no report."""
        self._changed = asyncio.Event()
        self._engine: Engine | None = None
        self._interrupted = False

    @property
    def is_done(self) -> bool:
        """Whether there is a report, or none to come."""
        return self.report is not None or bool(self.failure)

    async def change(self) -> None:
        """Wait for the next change."""
        await self._changed.wait()

    def tell(self, part: float) -> None:
        """Set the part of the log that is read."""
        self.part = part
        self.announce()

    def announce(self) -> None:
        """Tell all waiting clients of a change, such as the end of the replay."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def run(self, log: Path) -> None:
        """Replay a log in a thread; sets the report. Raises what `lab.replay.report.replay` raises,
        `LogTooLargeError` and `MissingEngineError`.
        """
        loop = asyncio.get_running_loop()

        def tell(part: float) -> None:
            loop.call_soon_threadsafe(self.tell, part)

        work = loop.run_in_executor(None, self._work, log, tell)
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            self._interrupted = True
            if self._engine is not None:
                self._engine.interrupt()
            await asyncio.wait([work])
            work.exception()  # it was interrupted, and nobody waits for its report
            raise
        self.report = work.result()

    def _work(self, log: Path, tell: "ScanListener") -> "Report":
        # On first use: a server without replays does without them.
        from oss_emulator.lab.replay.engine import EngineError, EngineName, open_engine
        from oss_emulator.lab.replay.report import ReadLogs, replay
        from oss_emulator.lab.replay.sources import Rejects

        log = _unpack(log)
        with TemporaryDirectory(prefix="oss-emulator-replay-") as name:
            engine = open_engine(EngineName.DUCKDB, Path(name), tell)
            try:
                self._engine = engine
                if self._interrupted:
                    raise EngineError("the replay was interrupted")
                return replay(self.question, ReadLogs([log], engine, Path(name), Rejects()))
            finally:
                self._engine = None
                engine.close()


class LogTooLargeError(Exception):
    """A log is larger than MOST_EXPANDED; the text says so."""


def _unpack(log: Path) -> Path:
    """Decompress a log of gzip, up to a limit; return the log to read."""
    with log.open("rb") as file:
        if file.read(len(_GZIP)) != _GZIP:
            return log
    plain, size = log.with_suffix(".log"), 0
    with gzip.open(log) as packed, plain.open("wb") as file:
        while piece := packed.read(_PIECE):
            size += len(piece)
            if size > MOST_EXPANDED:
                raise LogTooLargeError(
                    f"The log has more than {MOST_EXPANDED >> 30} GiB after decompression; "
                    "use oss-emulator replay on the command line."
                )
            file.write(piece)
    return plain


class Replays:
    """The last replays, of which one runs at a time: an engine takes several hundred MiB."""

    def __init__(self) -> None:
        self._kept: dict[str, LogReplay] = {}
        self.turn = asyncio.Lock()

    def add(self, question: "ReplayQuestion", bucket: str = "") -> LogReplay:
        """Begin a replay of the rules of a bucket, or of others; it waits for its log."""
        made = LogReplay(question, bucket)
        self._kept[made.id] = made
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return made

    def find(self, name: str) -> LogReplay | None:
        """Find a replay by its id; None if it is not remembered any more."""
        return self._kept.get(name)
