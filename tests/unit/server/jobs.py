"""Jobs for the processes of pools, which import this module by name."""

import os
import resource
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from oss_emulator.protocol.errors import ErrorCase, OSSError


def double(sources: Sequence[Iterator[bytes]], suffix: bytes) -> Iterator[bytes]:
    """Yield the pieces of all sources twice, then a suffix."""
    for source in sources:
        for piece in source:
            yield piece * 2
    yield suffix


def refuse(_: Sequence[Iterator[bytes]]) -> Iterator[Any]:
    """Raise an error of the service."""
    raise OSSError(ErrorCase.NO_SUCH_KEY, "No such thing.", ec="0001", Key="a")
    yield


def fail(_: Sequence[Iterator[bytes]]) -> Iterator[Any]:
    """Raise an unexpected error."""
    raise ZeroDivisionError("what a surprise")
    yield


def fill(_: Sequence[Iterator[bytes]], size: int) -> Iterator[str]:
    """Announce that work begins, then allocate memory of a size."""
    yield "begun"
    data = bytearray(size)
    data[-1] = 1
    yield f"{len(data)} bytes"


def spin(_: Sequence[Iterator[bytes]]) -> Iterator[Any]:
    """Announce that work begins, print like a library, and never end."""
    yield "begun"
    print("spinning", flush=True)
    while True:
        pass


def overrun(_: Sequence[Iterator[bytes]]) -> Iterator[Any]:
    """Raise the signal that the system sends when the CPU time is used up."""
    os.kill(os.getpid(), signal.SIGXCPU)
    yield "still here"


def seconds(_: Sequence[Iterator[bytes]]) -> Iterator[float]:
    """Yield the seconds of CPU time that the job may take; its process has used some before."""
    yield resource.getrlimit(resource.RLIMIT_CPU)[0] - time.process_time()


def priority(_: Sequence[Iterator[bytes]]) -> Iterator[Any]:
    """Yield the priority of the process; a lower number goes first."""
    yield os.getpriority(os.PRIO_PROCESS, 0)


def stack(_: Sequence[Iterator[bytes]]) -> Iterator[int]:
    """Yield the size of the stacks of new threads; 0 for the default of the system."""
    yield threading.stack_size()


def sleep(_: Sequence[Iterator[bytes]]) -> Iterator[Any]:
    """Announce that work begins, then sleep."""
    yield "begun"
    time.sleep(600)


def say(_: Sequence[Iterator[bytes]], text: str) -> Iterator[str]:
    """Print a text, as a library may do, and yield it."""
    print(text, flush=True)
    yield text
