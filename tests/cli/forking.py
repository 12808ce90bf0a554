"""Commands and servers that are forked from a process that has loaded the emulator.

Python and its imports take most of the time of a start. A forked command is a process of its own as
well: it has its own folder, variables, files and signals. What depends on the start itself uses
`tests.cli.process`.
"""

from __future__ import annotations

import ast
import atexit
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from io import BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from typing import IO, Any

from tests.cli.process import Running, environment, watched
from tests.client import PATIENCE

ROOT = Path(__file__).parents[2]

LOG_ENGINE = ("oss_referer.traffic.report", "oss_referer.traffic.duck")
SERVER = ("oss_emulator.cli.serve", "oss_emulator.cli.foreground", "lxml.etree")
LOADED = {
    "lint": ("oss_referer.commands.lint", "oss_referer.commands.check"),
    "replay": ("oss_referer.commands.replay", *LOG_ENGINE),
    "run": ("oss_emulator.cli.run", *SERVER),
    "serve": SERVER,
}
"""The modules that a command needs, loaded before its first fork."""

_PROGRAM = """\
#!{python} -ISE
import _socket, array, os, sys  # socket and json take as long to import as Python to start
control = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
control.connect({address!r})
asked = {{"arguments": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}}
files = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))
control.sendmsg([ascii(asked).encode()], [files])
control.recv(100)
os._exit(int(control.recv(100)))
"""
_LONGEST = 1 << 20
"""Bytes of a message; the variables take most of them."""


@cache
def _address() -> str:
    """Start the process that forks for this one; return the path of its socket."""
    folder = tempfile.TemporaryDirectory(prefix="oss-emulator-tests-")
    address = f"{folder.name}/commands"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(address)
        listening.listen()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.forking", str(listening.fileno())],
            cwd=ROOT,
            pass_fds=[listening.fileno()],
            start_new_session=True,  # Ctrl-C is for the tests
        )

    @atexit.register
    def end() -> None:
        process.terminate()
        process.wait()
        folder.cleanup()

    return address


class Forked:
    """A process with the interface of `subprocess.Popen`; another process is its parent."""

    def __init__(
        self,
        arguments: Sequence[str],
        stderr: IO[bytes],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        reading, writing = os.pipe()
        self.stdout: IO[bytes] = os.fdopen(reading, "rb")
        asked = {
            "arguments": list(arguments),
            "env": environment() if env is None else dict(env),
            "cwd": str(cwd or Path.cwd()),
        }
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.connect(_address())
        with open(os.devnull, "rb") as nothing:
            files = [nothing.fileno(), writing, stderr.fileno()]
            socket.send_fds(self._control, [ascii(asked).encode()], files)
        os.close(writing)
        self.pid = int(self._control.recv(100))
        self._status: int | None = None

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, kind: object, *exception: object) -> None:
        self.stdout.close()
        if kind is not None:  # the test failed, and perhaps nothing else ends the process
            self.send_signal(signal.SIGKILL)
        self.wait()
        self._control.close()

    def send_signal(self, number: int) -> None:
        """Send a signal to a process that runs."""
        with suppress(ProcessLookupError):  # it has just ended
            if self.poll() is None:
                os.kill(self.pid, number)

    def poll(self) -> int | None:
        """Return the exit status; None while the process runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status; raises `subprocess.TimeoutExpired` after `timeout` seconds."""
        if self._status is None:
            ended, _, _ = select.select([self._control], (), (), timeout)
            if not ended:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self._status = int(self._control.recv(100))
        return self._status


def command(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of the emulator to its end, with the standard input empty."""
    with tempfile.TemporaryFile() as stderr, Forked(arguments, stderr, env, cwd) as process:
        output = process.stdout.read()
        status = process.wait(PATIENCE)
        stderr.seek(0)
        errors = stderr.read()
    return subprocess.CompletedProcess(arguments, status, output.decode(), errors.decode())


@contextmanager
def started(
    arguments: Sequence[str],
    folder: Path,
    ready_file: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Running]:
    """Start a server as `tests.cli.process.started` does."""
    stderr = folder / "stderr"
    with stderr.open("wb") as err:
        process = Forked(arguments, err, env, cwd)
    with process, watched(process, ready_file, stderr) as running:
        yield running


@contextmanager
def serving(folder: Path, *flags: str, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run `oss-emulator serve` on a free port."""
    ready_file = folder / "ready.json"
    given = ("--port", "0", "--ready-file", str(ready_file), *flags)
    with started(("serve", *given), folder, ready_file, env) as running:
        yield running


def install(folder: Path) -> Path:
    """Install the program `oss-emulator` in a new folder, and return that for `PATH`."""
    place = folder / "bin"
    place.mkdir()
    program = place / "oss-emulator"
    program.write_text(_PROGRAM.format(python=sys.executable, address=_address()))
    program.chmod(0o755)
    return place


# --- in the process that forks


def _fork(listening: socket.socket) -> list[str]:
    """Fork for each request and send back the exit status; in a child, return its arguments."""
    asking: dict[int, socket.socket] = {}
    waking, _ = signals = socket.socketpair()
    for each in signals:
        each.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(signals[1].fileno())
    while True:
        ready, _, _ = select.select([listening, waking], (), ())
        if waking in ready:
            waking.recv(100)
            for pid in list(asking):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    with asking.pop(pid) as control, suppress(OSError):  # perhaps nobody waits
                        control.send(str(os.waitstatus_to_exitcode(status)).encode())
        if listening not in ready:
            continue
        control, _ = listening.accept()
        message, descriptors, *_ = socket.recv_fds(control, _LONGEST, 3)
        question = ast.literal_eval(message.decode())
        for name in LOADED.get(question["arguments"][0], ()):
            import_module(name)
        gc.freeze()  # the garbage collector of a fork skips shared objects
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (listening, control, *signals, *asking.values()):
                each.close()
            _become(question, descriptors)
            return list(question["arguments"])
        for descriptor in descriptors:
            os.close(descriptor)
        asking[pid] = control
        with suppress(OSError):
            control.send(str(pid).encode())


def _become(question: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    """Give a child the session, files, folder and variables that a new process would have."""
    os.setsid()
    for place, descriptor in enumerate(descriptors):
        os.dup2(descriptor, place)
        os.close(descriptor)
    # The streams remember whether the files of the parent can be searched; pipes cannot.
    sys.stdout = TextIOWrapper(BufferedWriter(FileIO(1, "w", closefd=False)), encoding="utf-8")
    sys.stderr = TextIOWrapper(
        BufferedWriter(FileIO(2, "w", closefd=False)),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )
    os.chdir(question["cwd"])
    os.environ.clear()
    os.environ.update(question["env"])


def _main(descriptor: int) -> None:
    from oss_emulator.cli import main
    from oss_referer.search.url import WebURL, suffix_list

    for name in (*LOADED["serve"], *LOADED["lint"]):
        import_module(name)
    suffix_list()  # read once, before the forks
    WebURL.parse("https://www.example.com/")
    with socket.socket(fileno=descriptor) as listening:
        arguments = _fork(listening)
    status = 70
    try:
        status = main(arguments)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # skip the clean-up of objects that belong to the parent


if __name__ == "__main__":
    _main(int(sys.argv[1]))
