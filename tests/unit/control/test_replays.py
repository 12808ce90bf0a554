"""Replays for the console: in a thread, with progress, interrupted with the server."""

from __future__ import annotations

import asyncio
import gzip
import tempfile
from pathlib import Path
from threading import Event

import pytest
from oss_emulator.control import replays
from oss_emulator.control.replays import MOST_KEPT, LogReplay, LogTooLargeError, Replays
from oss_emulator.lab.replay import engine as engines
from oss_emulator.lab.replay.engine import EngineError, EngineName, ScanListener
from oss_emulator.lab.replay.report import ReplayQuestion
from oss_emulator.lab.replay.verdict import Judge
from oss_emulator.referer import RefererConfiguration

LOG = Path(__file__).parents[3] / "fixtures" / "logs" / "examplebucket2026-11-24-00-00-00-0001.log"
RULES = RefererConfiguration(False, whitelist=("https://www.example.com/",))
QUESTION = ReplayQuestion(Judge(RULES))


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    return made


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "body"
    path.write_bytes(LOG.read_bytes())
    return path


def replay(log: Path) -> LogReplay:
    """Replay a log while somebody waits for a change."""
    asked = Replays().add(QUESTION)

    async def run() -> None:
        changed = asyncio.ensure_future(asked.change())
        await asked.run(log)
        asked.announce()
        await changed

    asyncio.run(run())
    return asked


def test_replay_has_a_report_and_leaves_no_files(log: Path, folders: Path) -> None:
    asked = replay(log)
    assert asked.is_done
    assert asked.report is not None
    assert asked.report["lines"]["read"] == len(LOG.read_bytes().splitlines())
    assert list(folders.iterdir()) == []


def test_compressed_log_is_recognised_by_its_bytes(log: Path) -> None:
    plain = replay(log).report
    log.write_bytes(gzip.compress(LOG.read_bytes()))
    assert replay(log).report == plain


def test_log_that_expands_too_far_is_refused(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "MOST_EXPANDED", 1 << 20)
    log.write_bytes(gzip.compress(b"a" * (2 << 20)))
    with pytest.raises(LogTooLargeError, match="after decompression"):
        replay(log)


def test_broken_compression_is_an_error(log: Path) -> None:
    log.write_bytes(gzip.compress(LOG.read_bytes())[:-100])
    with pytest.raises(EOFError):
        replay(log)


def test_end_of_the_server_interrupts_the_engine(
    log: Path, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted = Event()

    class WaitingEngine:
        """An engine whose scan lasts until it is interrupted."""

        def __init__(self, name: str, folder: Path, tell: ScanListener) -> None:
            self._tell = tell

        def scan(self, files: object, requests: str) -> None:
            self._tell(0.5)
            assert interrupted.wait(20)
            raise EngineError("interrupted")

        def interrupt(self) -> None:
            interrupted.set()

        def close(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr(engines, "open_engine", WaitingEngine)
    asked = LogReplay(QUESTION)

    async def end_while_it_runs() -> None:
        running = asyncio.ensure_future(asked.run(log))
        await asked.change()
        running.cancel()
        await running

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(end_while_it_runs())
    assert asked.part == 0.5
    assert list(folders.iterdir()) == []


def test_interrupted_engine_runs_no_more(tmp_path: Path) -> None:
    engine = engines.open_engine(EngineName.DUCKDB, tmp_path, None)
    engine.interrupt()
    with pytest.raises(EngineError, match="was interrupted"):
        engine.rows("SELECT 1")
    engine.close()


def test_oldest_replay_makes_room() -> None:
    kept = Replays()
    first, *others = (kept.add(QUESTION) for _ in range(MOST_KEPT + 1))
    assert kept.find(first.id) is None
    assert [kept.find(one.id) for one in others] == others
