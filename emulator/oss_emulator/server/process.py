"""A process that does one job after another: the server's side of its pipes."""

import pickle
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, Any, cast

from oss_emulator import child
from oss_emulator.child import MIB, Job
from oss_emulator.system import resource, signals


class JobProcess:
    """A running process, which any thread can kill."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            child.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._to = cast("IO[bytes]", self._process.stdin)
        self._from = cast("IO[bytes]", self._process.stdout)
        self.busy = False
        """Whether it has a job that is not finished."""

    @property
    def lives(self) -> bool:
        """Whether the process is still running."""
        return self._process.poll() is None

    def do(self, job: Job, sources: Sequence[Iterator[bytes]]) -> Iterator[Any]:
        """Run a job in the process, and yield its items.

        Raises what the job raises, `EOFError` if the process has ended, and `RuntimeError` with the
        traceback of a failure.
        """
        self.busy = True
        self._send(job)
        while True:
            kind, value = self._receive()
            if kind == child.READ:
                self._send(next(sources[value], None))
            elif kind == child.MADE:
                yield value
                self._send(None)
            else:
                self.busy = False
                if value is not None:
                    raise value.error or RuntimeError(value.text)
                return

    def _send(self, value: object) -> None:
        try:
            pickle.dump(value, self._to, pickle.HIGHEST_PROTOCOL)
            self._to.flush()
        except (BrokenPipeError, ValueError):  # the process has ended, and its pipe is closed
            raise EOFError from None

    def _receive(self) -> Any:
        try:
            return pickle.load(self._from)  # noqa: S301 - from a process of our own
        except (pickle.UnpicklingError, ValueError):  # it was killed within a message
            raise EOFError from None

    def widen(self, memory: int) -> None:
        """Raise its limit of data to `memory` MiB; does nothing on systems without `prlimit`."""
        if hasattr(resource, "prlimit"):
            _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_DATA)
            resource.prlimit(self._process.pid, resource.RLIMIT_DATA, (memory * MIB, hard))

    @property
    def took_its_time(self) -> bool:
        """Whether it has ended because its job used up its CPU time."""
        return -self._process.wait() in signals("SIGXCPU")

    def kill(self) -> None:
        """End it at once; a running `do` raises `EOFError`."""
        self._process.kill()

    def dismiss(self) -> None:
        """End it, and call `release` in a thread, because freeing much memory takes time."""
        self.kill()
        threading.Thread(target=self.release, name="oss-emulator-release").start()

    def release(self) -> None:
        """Wait until it has ended, and close its pipes."""
        self._process.wait()
        for pipe in (self._to, self._from):
            with suppress(OSError):  # unsent bytes are lost
                pipe.close()
