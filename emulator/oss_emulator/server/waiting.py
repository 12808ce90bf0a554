"""Waiting: threads for short steps, limits of speed, and requests that wait for an event.

`pools.py` has the queues for longer work.
"""

import asyncio
import contextlib
import sys
from asyncio import sleep
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import lru_cache
from time import monotonic
from typing import Any, Final, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class ShortStep(StrEnum):
    """The kinds of short steps; each has its own threads, so that slow steps do not delay others.

    A request has one step at a time, of a few MiB at most, so `--max-connections` bounds the number
    of waiting steps.
    """

    DISK = "disk"
    """Read or write a piece of a file."""
    CHECK = "check"
    """Read a piece of a file to verify the checksum of the file."""
    HASH = "hash"
    COMPRESSION = "compression"


AT_ONCE: Final[Mapping[ShortStep, int]] = {
    ShortStep.DISK: 8,
    ShortStep.CHECK: 2,
    ShortStep.HASH: 4,
    ShortStep.COMPRESSION: 2,
}
"""The threads of each kind in one process, which all servers in it share."""


async def run_in_thread(step: ShortStep, function: Callable[[*_Ts], _T], *arguments: *_Ts) -> _T:
    """Call a function in a thread; cancellation drops a call that has not begun."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads(step), function, *arguments)


@lru_cache(len(ShortStep))
def _threads(step: ShortStep) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE[step], f"oss-emulator-{step}")


class Turns:
    """Lets only one request go on with long work in each turn of the event loop.

    So a small request waits for one piece of such work in each of its turns, however many
    connections cause it.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Wait for the next free turn."""
        loop = asyncio.get_running_loop()
        self._waiting.append(loop.create_future())
        if len(self._waiting) == 1:
            loop.call_soon(self._next, loop)
        await self._waiting[-1]

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        turn = self._waiting.popleft()
        if self._waiting:
            loop.call_soon(self._next, loop)
        if not turn.done():  # otherwise the request was cancelled
            turn.set_result(None)


MOST_KEPT: Final = 64 * 1024 * 1024
"""Bytes that the fields of all forms take before only the oldest form goes on."""

LEAST_KEPT: Final = 32 * 1024
"""Bytes up to which the fields of a form are not counted, so that it never waits for another."""


class KeptFields:
    """Bounds the memory of the forms that are being read.

    Forms that grow together would all be complete at the same time, and those whose clients have
    left would never be.
    """

    def __init__(self) -> None:
        self._sizes: dict[object, int] = {}
        """Bytes of the fields of each form, the oldest first."""
        self._total = 0
        self._freed = asyncio.Event()

    async def keep(self, form: object, size: int) -> None:
        """Count the bytes of a form's fields, and wait while all take too many.

        The oldest form never waits.
        """
        if size <= LEAST_KEPT:
            return
        self._total += size - self._sizes.get(form, 0)
        self._sizes[form] = size
        while self._total > MOST_KEPT and form is not next(iter(self._sizes)):
            await self._freed.wait()

    def drop(self, form: object) -> None:
        """Stop counting a form, and let the others go on as far as there is room."""
        self._total -= self._sizes.pop(form, 0)
        self._freed.set()
        self._freed.clear()


STEPS: Final = 10
"""The number of pieces of a limited answer per second."""


class Throttle:
    """Limits bits per second, on average since it was created; None sets no limit."""

    __slots__ = ("_began", "_passed", "_rate", "step")

    def __init__(self, bits: int | None) -> None:
        self._rate = None if bits is None else bits / 8
        self._began = monotonic() if bits is not None else 0.0
        self._passed = 0
        self.step = sys.maxsize if bits is None else bits // 8 // STEPS
        """Bytes that may be sent in one piece."""

    @classmethod
    def of(cls, bits: int | None) -> "Throttle":
        """Return the throttle of a request; requests without a limit share one."""
        return UNLIMITED if bits is None else cls(bits)

    async def passed(self, size: int) -> None:
        """Count `size` bytes, and wait until the limit allows them."""
        if self._rate is None:
            return
        self._passed += size
        delay = self._began + self._passed / self._rate - monotonic()
        if delay > 0:
            await sleep(delay)


UNLIMITED: Final = Throttle(None)


class Waiting:
    """The requests that wait for an event; the server cancels them when it stops."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Allow `cancel` to cancel the request of this task within the block."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - aiohttp runs each request as a task
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()
