"""Features that not every system has: Windows lacks POSIX locks, limits, signals and file calls.

Without them the server serves http from memory. A setting that needs them is refused in one line.
"""

import errno
import os
import signal
from importlib import import_module
from threading import Lock
from typing import Any, Final, Protocol


def _find(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


fcntl: Final = _find("fcntl")
"""The module for file locks; None on a system without it."""

resource: Final = _find("resource")
"""The module for limits of processes; None on a system without it."""


def signals(*names: str) -> tuple[signal.Signals, ...]:
    """Return the signals of these names that the system has."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


class _File(Protocol):
    def fileno(self) -> int: ...


def allocate(file: _File, size: int) -> None:
    """Give a file `size` bytes of the disk; raises OSError if it has too few."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    else:
        # Random bytes, because a file system may compress others.
        if os.pwrite(file.fileno(), os.urandom(size), 0) < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_reading = Lock()


def read_at(file: _File, length: int, offset: int) -> bytes:
    """Read up to `length` bytes at an offset; with `pread`, the position of the file stays."""
    if hasattr(os, "pread"):
        return os.pread(file.fileno(), length, offset)
    with _reading:
        os.lseek(file.fileno(), offset, os.SEEK_SET)
        return os.read(file.fileno(), length)
