"""Servers as processes: started, waited for, looked at, ended."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Running:
    """A server that listens on this machine."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def resident(self) -> float:
        """MiB of memory that it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        kilobytes = status.partition("VmRSS:")[2].split()[0]
        return int(kilobytes) / 1024


@contextlib.contextmanager
def start(
    command: Sequence[str], port: int, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run a server that is told its port; ends it."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    try:
        _wait(process, lambda: _listens(port))
        yield Running(port, process)
    finally:
        _end(process)


@contextlib.contextmanager
def start_python(*arguments: str) -> Iterator[Running]:
    """Run a server of this project, whose last argument is the file that tells its port."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready.json")
        process = subprocess.Popen(
            [sys.executable, *arguments, str(ready)],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait(process, ready.exists)
            yield Running(json.loads(ready.read_text())["port"], process)
        finally:
            _end(process)


def emulator(*options: str) -> contextlib.AbstractContextManager[Running]:
    """Run the emulator on a free port."""
    return start_python("-m", "oss_emulator", "serve", "--port", "0", *options, "--ready-file")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _wait(process: subprocess.Popen[bytes], is_ready: object) -> None:
    assert callable(is_ready)
    deadline = time.monotonic() + PATIENCE
    while not is_ready():
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended before it was ready")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not get ready in time")
        time.sleep(0.01)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
