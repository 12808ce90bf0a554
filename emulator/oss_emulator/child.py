"""The child process that does bounded work for a server: the child's side of the pipes.

`server/process.py` starts it. This module imports no subpackage: a job names its function, and
unpickling the job imports that function.
"""

import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, NamedTuple

from oss_emulator.system import resource

MIB: Final = 1024 * 1024

YIELD: Final = 10
"""The increment of the niceness, so that the server can answer other requests meanwhile."""

STACK: Final = 256 * 1024
"""Bytes of the stack of the thread that watches the server. A stack counts against the limit of
memory; glibc on arm64 refuses less than 128 KiB."""


class Job(NamedTuple):
    """A job: iterate `function(sources, *arguments)`, and send each item to the server."""

    function: Callable[..., Iterator[Any]]
    sources: int
    """The number of sources of bytes; the process requests their bytes from the server."""
    arguments: tuple[Any, ...]
    memory: int
    """MiB of data that the process may allocate."""
    seconds: int
    """Seconds of CPU time that the job may use."""


class FailedJob(NamedTuple):
    """Why a job failed."""

    error: Exception | None
    """The error to answer with; None for a bug in the emulator."""
    text: str
    """The traceback of a bug, else ""."""


READ: Final = "read"
MADE: Final = "made"
ENDED: Final = "ended"


class _Exchange:
    """The connection to the server, which answers one message after another."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._lock = threading.Lock()

    def receive(self) -> Any:
        return pickle.load(self._incoming)  # noqa: S301 - from the server that started this process

    def ask(self, kind: str, value: Any) -> Any:
        """Send a message and return the answer; safe in any thread."""
        with self._lock:
            self.send(kind, value)
            return self.receive()

    def send(self, kind: str, value: Any) -> None:
        pickle.dump((kind, value), self._outgoing, pickle.HIGHEST_PROTOCOL)
        self._outgoing.flush()

    def read(self, number: int) -> Iterator[bytes]:
        """Yield the bytes of a source."""
        while (chunk := self.ask(READ, number)) is not None:
            yield chunk


def main() -> None:
    """Do one job after another until the server closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C, the server ends this process
    if hasattr(os, "nice"):
        os.nice(YIELD)
        threading.stack_size(STACK)
        threading.Thread(target=_end_after, args=(os.getppid(),), daemon=True).start()
        threading.stack_size(0)  # jobs start threads too
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    exchange = _Exchange(incoming, outgoing)
    try:
        while True:
            exchange.send(ENDED, _run(exchange.receive(), exchange))
    except (EOFError, BrokenPipeError):
        os._exit(0)  # the server has ended, and this process has nothing to save


def _end_after(server: int) -> None:
    """Exit once the server has ended, even if it was killed during a job.

    During a job the main thread does not read the pipe. The pipe may also stay open, because
    processes that were forked from the server inherit it.
    """
    while os.getppid() == server:
        time.sleep(1)
    os._exit(0)


def _run(job: Job, exchange: _Exchange) -> FailedJob | None:
    try:
        if resource is not None:
            _limit(resource.RLIMIT_DATA, job.memory * MIB)
            _limit(resource.RLIMIT_CPU, int(time.process_time()) + 1 + job.seconds)
        sources = [exchange.read(number) for number in range(job.sources)]
        for made in job.function(sources, *job.arguments):
            exchange.ask(MADE, made)
    except (EOFError, BrokenPipeError):
        raise
    except Exception as error:
        expected = isinstance(error, MemoryError | ConnectionError) or hasattr(error, "status")
        return FailedJob(error if expected else None, "" if expected else traceback.format_exc())
    return None


def _limit(kind: int, most: int) -> None:
    """Set a soft limit, at most the hard limit."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(kind, (most, hard))


START: Final = "import sys; sys.path[:] = sys.argv[1:]; from oss_emulator.child import main; main()"
"""The program of the process; its arguments are the search path of the server."""


def command() -> list[str]:
    """Return the command that starts the process.

    `multiprocessing` is not used, because it would run the program that uses `Emulator` again.
    """
    return [sys.executable, "-I", "-c", START, *sys.path]
