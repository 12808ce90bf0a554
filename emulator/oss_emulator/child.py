"""The process in which a server has bounded work done, and which it can end: its side of the pipes.

`server/pools.py` starts it. It may import no folder of the package: a job names its function, and
unpickling the job imports that.
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
"""How much lower the priority is than that of the server, which answers others meanwhile."""

STACK: Final = 256 * 1024
"""Bytes of the stack of a thread that only waits. A stack counts as data of the process; glibc on
arm64 refuses less than 128 KiB."""


class Job(NamedTuple):
    """What a process has to do: iterate `function(sources, *arguments)`, and send each item."""

    function: Callable[..., Iterator[Any]]
    sources: int
    """The number of sources of bytes; the process asks the server for them when it reads them."""
    arguments: tuple[Any, ...]
    memory: int
    """MiB of data that the process may have."""
    seconds: int
    """Seconds of processor time that the job may take."""


class Failure(NamedTuple):
    """Why a job has no result."""

    error: Exception | None
    """The error of the job that the server answers with; None for a failure of the emulator."""
    text: str


READ: Final = "read"
MADE: Final = "made"
ENDED: Final = "ended"


class _Exchange:
    """Asks the server, which answers one question after another."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._lock = threading.Lock()

    def receive(self) -> Any:
        return pickle.load(self._incoming)  # noqa: S301 - from the server that started this process

    def ask(self, kind: str, value: Any) -> Any:
        """Send a message and return the answer; for any thread."""
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
    if hasattr(os, "nice"):
        os.nice(YIELD)
        threading.stack_size(STACK)
        threading.Thread(target=_end_after, args=(os.getppid(),), daemon=True).start()
        threading.stack_size(0)  # jobs start threads too
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is not an answer
    exchange = _Exchange(incoming, outgoing)
    try:
        while True:
            exchange.send(ENDED, _run(exchange.receive(), exchange))
    except (EOFError, BrokenPipeError):
        os._exit(0)  # the server has ended, and nothing here needs to be stored


def _end_after(server: int) -> None:
    """End the process once the server has ended, even if it was killed while a job is busy.

    The main thread is busy then and does not read the pipe. Nor need the pipe have ended: processes
    that were forked from the server hold it open.
    """
    while os.getppid() == server:
        time.sleep(1)
    os._exit(0)


def _run(job: Job, exchange: _Exchange) -> Failure | None:
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
        return Failure(error if expected else None, "" if expected else traceback.format_exc())
    return None


def _limit(kind: int, most: int) -> None:
    """Set a soft limit, which cannot exceed the hard one."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(kind, (most, hard))


START: Final = "import sys; sys.path[:] = sys.argv[1:]; from oss_emulator.child import main; main()"
"""What starts the process, with the search path of the server as arguments."""


def command() -> list[str]:
    """Return the command that starts the process.

    Not by `multiprocessing`, which would run the program of whoever uses `Emulator` again.
    """
    return [sys.executable, "-I", "-c", START, *sys.path]
