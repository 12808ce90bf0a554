"""Run servers in processes of their own, and read the lines of their access logs."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from tests.client import PATIENCE, Answer, Client

EMULATOR = (sys.executable, "-m", "oss_emulator")


class Process(Protocol):
    """What tests use of a process, be it of `subprocess` or forked."""

    pid: int

    @property
    def stdout(self) -> IO[bytes] | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int, /) -> None: ...


@dataclass(frozen=True)
class Running:
    """A running server."""

    process: Process
    ready: Mapping[str, Any]
    """The contents of the ready file."""
    announced: str
    """The line that says that the server is ready."""
    stderr: Path

    @property
    def endpoint(self) -> str:
        return str(self.ready["endpoint"])

    @property
    def port(self) -> int:
        return int(self.ready["port"])

    @property
    def client(self) -> Client:
        secure = self.endpoint.startswith("https://")
        return Client("127.0.0.1", self.port, self.ready["ca_file"] if secure else None)

    def ask(self, method: str, target: str, body: object = None, **headers: str) -> Answer:
        """Send a request as `Client.ask` does."""
        return self.client.ask(method, target, body, **headers)

    def read_rest(self) -> str:
        """Return what the server, which has ended, printed after it was ready."""
        assert self.process.stdout is not None
        return self.process.stdout.read().decode()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def environment(**variables: str) -> dict[str, str]:
    """Return this environment without variables of OSS and of proxies, and with `variables`."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OSS_") and not name.lower().endswith("_proxy")
    }
    return {**inherited, **variables}


def output(command: Sequence[str | Path], folder: Path, patience: float, **variables: str) -> str:
    """Run a command that must succeed within `patience` seconds; return what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=patience,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def started(
    command: Sequence[str],
    folder: Path,
    ready_file: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Running]:
    """Start a server with a command that writes `ready_file`, and end it afterwards.

    `folder` gets what it reports to stderr.
    """
    stderr = folder / "stderr"
    with stderr.open("wb") as err:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            env=environment() if env is None else env,
            cwd=cwd,
            start_new_session=True,  # a new group, so that all its processes can be ended
        )
    with process, watched(process, ready_file, stderr) as running:
        yield running


@contextmanager
def watched(process: Process, ready_file: Path, stderr: Path) -> Iterator[Running]:
    """Wait until a server is ready, and end it afterwards."""
    try:
        announced = _wait_until_ready(process)
        assert announced, stderr.read_text()
        ready = json.loads(ready_file.read_text(encoding="utf-8"))
        yield Running(process, ready, announced, stderr)
    finally:
        with suppress(ProcessLookupError):  # it has just ended
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)


def _wait_until_ready(process: Process) -> str:
    """Return the line of a server that is ready; "" if it ends or is killed before.

    The server writes the ready file before the line.
    """
    assert process.stdout is not None
    watchdog = threading.Timer(PATIENCE, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    try:
        return next((line.decode() for line in process.stdout if b" is ready: " in line), "")
    finally:
        watchdog.cancel()


@contextmanager
def serving(folder: Path, *flags: str, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run `oss-emulator serve` on a free port; `tests.cli.forking` starts it faster."""
    ready_file = folder / "ready.json"
    command = (*EMULATOR, "serve", "--port", "0", "--ready-file", str(ready_file), *flags)
    with started(command, folder, ready_file, env) as running:
        yield running


@contextmanager
def reserved_port() -> Iterator[int]:
    """Keep a port bound without listening, so that only a server with SO_REUSEADDR gets it."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def wait_for(condition: Callable[[], bool]) -> None:
    """Check a condition until it is true; fail if it stays false.

    Only for changes that the system reports by no event: files that another process writes, and
    its sockets.
    """
    end, pause = time.monotonic() + PATIENCE, 0.005
    while not condition():
        assert time.monotonic() < end, f"the condition was false for {PATIENCE} seconds"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)  # a check may take longer than the pause


# --- The form of a line of the access log, as OSS documents it

LINE = re.compile(
    r"(?P<remote>\S+) - - "
    r"\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    r'"(?P<request>[A-Z]+ \S+ HTTP/1\.[01])" (?P<status>\d{3}) (?P<bytes>\d+) (?P<ms>\d+) '
    r'"(?P<referer>[^"]*)" "(?P<user_agent>[^"]*)" "(?P<host>[^"]*)" '
    r'"(?P<request_id>[0-9A-F]{24})" "true" "(?P<requester>[^"]*)" "(?P<operation>[^"]*)" '
    r'"(?P<bucket>[^"]*)" "(?P<key>[^"]*)" (?P<size>\d+|-) (?P<server_ms>\d+) '
    r'"(?P<code>[^"]*)" (?P<length>\d+) "(?P<owner>[^"]*)" (?P<delta>-?\d+|-) '
    r'"(?P<sync>[^"]*)" "(?P<class>[^"]*)" "(?P<target_class>[^"]*)" "(?P<accelerate>[^"]*)" '
    r'"(?P<access_key_id>[^"]*)" "(?P<bucket_arn>[^"]*)"\n'
)
