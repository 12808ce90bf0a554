"""Servers as processes: start them, wait until they listen, measure them, end them."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.result import Cost

PATIENCE = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


class MissingError(Exception):
    """A program, Python or peer is not available on this machine; the text says why."""


@dataclass(frozen=True)
class Running:
    """A server that listens on this machine."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def cpu(self) -> float:
        """Seconds of CPU time that the server has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def resident(self) -> float:
        """MiB of memory that the server uses."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        kilobytes = status.partition("VmRSS:")[2].split()[0]
        return int(kilobytes) / 1024


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    """Run a command and return its cost. Other children that end meanwhile are counted too.

    Raises RuntimeError with the end of its output if it fails.
    """
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command)}` failed: {done.stdout[-2000:]}")
    return Cost(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


@contextlib.contextmanager
def on_one_processor() -> Iterator[None]:
    """Run everything that is started within the block on the same processor.

    Waking a process on another processor costs the process that wakes it up to 10 µs in a virtual
    machine. The client of a slow server sleeps between answers, so the server pays for each one.
    """
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextlib.contextmanager
def start(
    command: Sequence[str], port: int, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run a server whose command contains its port; end it afterwards."""
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
def start_python(*arguments: str, python: str = sys.executable) -> Iterator[Running]:
    """Run a server of this project; its last argument is the file to which it writes its port."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready.json")
        process = subprocess.Popen(
            [python, *arguments, str(ready)],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait(process, ready.exists)
            yield Running(json.loads(ready.read_text())["port"], process)
        finally:
            _end(process)


def emulator(
    *options: str, python: str = sys.executable
) -> contextlib.AbstractContextManager[Running]:
    """Run the emulator on a free port."""
    command = ("-m", "oss_emulator", "serve", "--port", "0", *options, "--ready-file")
    return start_python(*command, python=python)


@contextlib.contextmanager
def reserve_port(highest: int = 2**16 - 1) -> Iterator[int]:
    """Hold a port for a server that cannot choose one itself.

    The port is bound but not listening, so that only a server with SO_REUSEADDR gets it.
    """
    with contextlib.ExitStack() as holders:
        while True:
            holder = holders.enter_context(socket.socket())
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("127.0.0.1", 0))
            port = int(holder.getsockname()[1])
            if port <= highest:
                break
        yield port


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
