"""A server in a process of its own, started by a command line and ended by its handle."""

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds after which a condition is taken never to come true: the machine may be busy."""

EMULATOR = (sys.executable, "-m", "oss_emulator")


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def code(self) -> str:
        """The Code of an error, "" where there is none."""
        return self.text.partition("<Code>")[2].partition("</Code>")[0]


@dataclass(frozen=True)
class Running:
    """A server that is listening."""

    process: subprocess.Popen[bytes]
    ready: Mapping[str, Any]
    """The ready file."""
    stdout: Path
    stderr: Path

    @property
    def endpoint(self) -> str:
        return str(self.ready["endpoint"])

    @property
    def port(self) -> int:
        return int(self.ready["port"])

    def ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send one request; `user_agent` stands for the header User-Agent."""
        connection = self._connection()
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, target, body, fields)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read().decode())
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self.endpoint.startswith("http://"):
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        context = ssl.create_default_context(cafile=self.ready["ca_file"])
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=PATIENCE, context=context
        )

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def environment(**variables: str) -> dict[str, str]:
    """This process's variables but those that the emulator or an SDK reads, and further ones."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OSS_")}
    return {**inherited, **variables}


@contextmanager
def started(
    command: Sequence[str],
    folder: Path,
    ready_file: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Running]:
    """Start a server by a command that writes `ready_file`; ends it, whatever happens.

    What it says is kept in `folder`.
    """
    stdout, stderr = folder / "stdout", folder / "stderr"
    before = _content(ready_file)
    with stdout.open("wb") as out, stderr.open("wb") as err:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=environment() if env is None else env,
            cwd=cwd,
            start_new_session=True,  # a group of its own, so that it ends with its children
        )
    try:
        wait_for(lambda: process.poll() is not None or _content(ready_file) != before)
        assert process.poll() is None, stderr.read_text()
        # It is there as a whole or not at all: no second look.
        yield Running(process, json.loads(_content(ready_file) or ""), stdout, stderr)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def serving(folder: Path, *flags: str, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """`oss-emulator serve` on a free port."""
    ready_file = folder / "ready.json"
    command = (*EMULATOR, "serve", "--port", "0", "--ready-file", str(ready_file), *flags)
    with started(command, folder, ready_file, env) as running:
        yield running


def wait_for(condition: Callable[[], bool]) -> None:
    """Return as soon as a condition is true; fails when it never is."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"it did not become true in {PATIENCE} seconds"
        time.sleep(0.01)


def children(process: int) -> set[int]:
    """The processes that a process has started, but that of multiprocessing itself."""
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return {int(pid) for pid in found if b"spawn_main" in told(int(pid), "cmdline")}


def told(process: int, name: str) -> bytes:
    """What the system tells of a process in a file of that name; nothing once it has ended."""
    try:
        return Path(f"/proc/{process}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # before the file was opened, or after
        return b""


def _content(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
