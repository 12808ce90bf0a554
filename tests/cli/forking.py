"""Servers that are forked from a process that has loaded the emulator.

Python and its imports take most of the time of a start. A forked server is a process of its own as
well: it has its own folder, variables, output and signals. What depends on the start itself, or
starts processes in turn, uses `tests.cli.process.serving`.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from tests.cli.process import Running, environment, watched

ROOT = Path(__file__).parents[2]

LOADED = ("oss_emulator.cli.serve", "oss_emulator.cli.foreground", "lxml.etree")
"""Modules that servers need."""

_LONGEST = 1 << 20
"""Bytes of a message; the variables take most of them."""


class _Forker:
    """The process that forks, and the socket for what it is asked."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.cli.forking", str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the tests
            )

    def ask(self, question: Mapping[str, object], *descriptors: int) -> int:
        """Send a question, and files that belong to it; return the answer."""
        socket.send_fds(self._socket, [json.dumps(question).encode()], descriptors)
        return int(self._socket.recv(100))

    def end(self) -> None:
        """End the process, which has no more questions to expect."""
        self._socket.close()
        self._process.wait()


@cache
def _forker() -> _Forker:
    """The forker of this process."""
    forker = _Forker()
    atexit.register(forker.end)
    return forker


class Forked:
    """A process as `subprocess.Popen` has it, although it is the child of another one."""

    def __init__(self, arguments: Sequence[str], stderr: IO[bytes], env: Mapping[str, str]) -> None:
        reading, writing = os.pipe()
        self.stdout: IO[bytes] = os.fdopen(reading, "rb")
        asked = {"arguments": arguments, "env": dict(env), "cwd": str(Path.cwd())}
        self.pid = _forker().ask(asked, writing, stderr.fileno())
        os.close(writing)
        self._descriptor = os.pidfd_open(self.pid)
        self._status: int | None = None

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stdout.close()
        self.wait()
        os.close(self._descriptor)

    def send_signal(self, number: int) -> None:
        """Send a signal to a process that runs."""
        signal.pidfd_send_signal(self._descriptor, number)

    def poll(self) -> int | None:
        """Return the exit status; None while the process runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status. Raises subprocess.TimeoutExpired after so many seconds."""
        if self._status is None:
            ended, _, _ = select.select([self._descriptor], (), (), timeout)
            if not ended:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self._status = _forker().ask({"ended": self.pid})
        return self._status


@contextmanager
def serving(folder: Path, *flags: str, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run `oss-emulator serve` on a free port."""
    ready_file, stderr = folder / "ready.json", folder / "stderr"
    arguments = ["serve", "--port", "0", "--ready-file", str(ready_file), *flags]
    with stderr.open("wb") as err:
        process = Forked(arguments, err, environment() if env is None else env)
    with process, watched(process, ready_file, stderr) as running:
        yield running


# --- in the process that forks


def _fork(control: socket.socket) -> list[str] | None:
    """Answer questions until none comes any more; in a child, return its arguments."""
    while True:
        message, descriptors, *_ = socket.recv_fds(control, _LONGEST, 2)
        if not message:
            return None
        question = json.loads(message)
        if "ended" in question:
            answer = os.waitstatus_to_exitcode(os.waitpid(question["ended"], 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                control.close()
                _become(question, *descriptors)
                return list(question["arguments"])
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(str(answer).encode())


def _become(question: Mapping[str, Any], stdout: int, stderr: int) -> None:
    """Give a child the session, files, folder and variables that a new process would have."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    for descriptor, place in ((null, 0), (stdout, 1), (stderr, 2)):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.chdir(question["cwd"])
    os.environ.clear()
    os.environ.update(question["env"])


def _main(descriptor: int) -> int:
    from oss_emulator.cli import main

    for name in LOADED:
        import_module(name)
    with socket.socket(fileno=descriptor) as control:
        arguments = _fork(control)
    return 0 if arguments is None else main(arguments)


if __name__ == "__main__":
    sys.exit(_main(int(sys.argv[1])))
