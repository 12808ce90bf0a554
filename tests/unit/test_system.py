"""A system without POSIX, imitated by hiding functions: the server starts and serves http."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from unittest import mock

import pytest
from oss_emulator import system

from tests.cli.process import environment
from tests.client import PATIENCE
from tests.rows import read_cases

CASES = read_cases("unit.root")

HIDE = CASES["hide"]
"""Hides what Windows lacks, once the standard library is loaded."""

RUN = """
from oss_emulator.cli import main
sys.exit(main(sys.argv[1:]))
"""

IMPORT = CASES["import"]


RULES = str(Path(__file__).parents[2] / "fixtures" / "lab" / "corrected.xml")
LOGS = Path(__file__).parents[2] / "fixtures" / "logs"


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HIDE + RUN, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=environment(),
    )


def status(url: str, referer: str) -> int:
    asked = urllib.request.Request(url, headers={"Referer": referer})  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.system
def test_server_serves_http_without_posix(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "large").write_bytes(b"x" * 5_000_000)  # in a temporary file
    seed = tmp_path / "seed.toml"
    seed.write_text(
        '[[bucket]]\nname = "site"\nacl = "public-read"\n'
        '[bucket.referer]\nwhitelist = ["http://www.example.com/"]\n'
    )
    ready = tmp_path / "ready.json"
    flags = ("--port", "0", "--ready-file", str(ready), "--seed", str(seed), "--preload", "site")
    with start(tmp_path, "serve", *flags) as process:
        assert process.stdout is not None
        announced = process.stdout.readline()
        try:
            assert "ready" in announced, announced + process.stdout.read()
            url = announced.split("endpoint ")[1].split(",")[0] + "/site/large"
            assert status(url, "http://www.example.com/") == 200
            assert status(url, "http://thief.test/") == 403
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


@pytest.mark.system
def test_data_folder_is_refused_without_locks(tmp_path: Path) -> None:
    with start(tmp_path, "serve", "--port", "0", "--data", "data") as process:
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert said.startswith(
        "oss-emulator: the folder data cannot be used: this system has no POSIX file locks"
    )


@pytest.mark.system
def test_scenarios_are_played_without_posix(tmp_path: Path) -> None:
    """They begin with an emulator that also serves https."""
    with start(tmp_path, "play") as process:
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert "answers are equal" in said


@pytest.mark.system
def test_run_is_refused_without_signal_handlers(tmp_path: Path) -> None:
    with start(tmp_path, "run", "--", "echo") as process:
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith("oss-emulator: this system cannot forward signals")


@pytest.mark.system
def test_every_module_can_be_imported_without_posix() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HIDE + IMPORT], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 300


@pytest.mark.system
def test_replay_needs_no_posix(tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="replay needs the extra `replay`")
    given = ("replay", RULES, "--traffic", str(LOGS), "--html", "report.html")
    with start(tmp_path, *given) as process:
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert "these rules would lock out" in said
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_reading_at_an_offset_needs_no_pread(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        assert system.read_at(file, 3, 4) == b"456"
        with mock.patch.object(os, "pread", create=True):
            del os.pread
            assert system.read_at(file, 3, 4) == b"456"


def test_signals_that_are_missing_are_left_out() -> None:
    assert system.signals("SIGTERM", "SIGOFNOSYSTEM") == (signal.SIGTERM,)
