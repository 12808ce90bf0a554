"""The pools for long work: how many jobs of each kind run and wait, and the limits of each job."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, NamedTuple, TypeVar

from oss_emulator.child import Job
from oss_emulator.operations.call import Body
from oss_emulator.operations.work import Pool, Work, Workplace
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.server.process import JobProcess

_T = TypeVar("_T")


class Bounds(NamedTuple):
    """The limits of a pool, in each process of the server."""

    at_once: int
    """Jobs that run."""
    waiting: int
    """Jobs that wait for their turn; one more is refused."""
    max_wait: float
    """The maximum number of seconds that a job waits."""
    busy: ErrorCase
    """The answer to a job that is refused, or has used up its CPU time."""
    seconds: int = 0
    """Seconds of CPU time of a job; 0 for work in a thread, step by step."""
    memory: int = 0
    """MiB of data of the process in which a job runs."""
    alone: int = 0
    """MiB of data for a job that runs while no other job of the pool runs."""


# Together with the server itself the processes stay below 1.5 GiB: 3 x 80 + max(2 x 448, 880), and
# some 25 MiB of code for each. docs/images.md says for which images that suffices.
BOUNDS: Final[Mapping[Pool, Bounds]] = {
    Pool.IMAGES: Bounds(2, 64, 30, ErrorCase.IMAGE_BUSY, seconds=30, memory=448, alone=880),
    Pool.SELECTS: Bounds(3, 64, 30, ErrorCase.SERVICE_UNAVAILABLE, seconds=600, memory=80),
    Pool.COPIES: Bounds(4, 256, 60, ErrorCase.SERVICE_UNAVAILABLE),
}

Leaving = Callable[[Callable[[], None]], AbstractContextManager[object]]
"""Calls a function if the client leaves while the block runs."""


def never_leaves(_: Callable[[], None]) -> AbstractContextManager[object]:
    """Never call the function, because the server itself has sent the request."""
    return nullcontext()


class JobTurn(Workplace):
    """One job in a pool: the `Workplace` of its work, which runs in a thread."""

    def __init__(self, queue: "JobQueue") -> None:
        self._queue = queue
        self._process: JobProcess | None = None
        self._is_alone = False
        self.ended = False
        """Whether nobody waits for the result any more."""

    def make(
        self,
        function: Callable[..., Iterator[Any]],
        sources: Sequence[Iterator[bytes]],
        *arguments: object,
    ) -> Iterator[Any]:
        """Iterate the function in a process of the pool, which is started if none is idle."""
        bounds = self._queue.bounds
        job = Job(function, len(sources), arguments, bounds.memory, bounds.seconds)
        process = self._process = self._queue.process()
        if self.ended:  # `end` was called before the process existed
            process.kill()
        return self._iterate(process, job, sources)

    def _iterate(
        self, process: JobProcess, job: Job, sources: Sequence[Iterator[bytes]]
    ) -> Iterator[Any]:
        try:
            yield from process.do(job, sources)
        except MemoryError:
            raise OSSError(ErrorCase.SERVICE_UNAVAILABLE, _MEMORY) from None
        except EOFError:
            if self.ended:
                raise OSSError(ErrorCase.SERVICE_UNAVAILABLE, _ENDED) from None
            if process.took_its_time:
                raise OSSError(self._queue.bounds.busy) from None
            raise RuntimeError(f"A process for {self._queue.pool} has ended.") from None

    def be_alone(self) -> None:
        """Wait until no other job of the pool runs, then raise the memory limit of the process."""
        if self._is_alone:
            return
        self._queue.wait_alone(self)
        if self._process is not None:
            self._is_alone = True
            self._process.widen(self._queue.bounds.alone)

    def steps(self, items: Iterable[_T]) -> Iterator[_T]:
        """Pass on items one by one; raises `ServiceUnavailable` once nobody waits."""
        for item in items:
            if self.ended:
                raise OSSError(ErrorCase.SERVICE_UNAVAILABLE, _ENDED)
            yield item

    def end(self) -> None:
        """End the job: at once if it waits or runs in a process, otherwise at its next step."""
        self.ended = True
        if self._process is not None:
            self._process.kill()
        self._queue.notify()

    def close(self) -> None:
        """End the job and free its place in the pool; a second call has no effect."""
        clean = not (self.ended or self._is_alone)
        self.ended = True
        process, self._process = self._process, None
        self._queue.leave(self, process, clean=clean)


_ENDED: Final = "Nobody waits for the result any more."
_MEMORY: Final = "The request needs more memory than one request may use here."


class JobQueue:
    """The jobs of one pool, in the order of their arrival."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.bounds = BOUNDS[pool]
        self._running: set[JobTurn] = set()
        self._waiting: deque[JobTurn] = deque()
        self._large: deque[JobTurn] = deque()
        """Turns that must run alone; the first of them begins once no other runs."""
        self.idle: list[JobProcess] = []
        self._closed = False
        self._threads = ThreadPoolExecutor(self.bounds.at_once, f"oss-emulator-{pool}")
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def enter(self, turn: JobTurn) -> None:
        """Wait for a turn; raises the error of a pool that is busy."""
        if len(self._waiting) >= self.bounds.waiting:
            raise OSSError(self.bounds.busy)
        self._waiting.append(turn)
        try:
            await self._wait(turn, lambda: self._waiting[0] is turn and self._is_free())
            self._running.add(turn)
        finally:
            self._waiting.remove(turn)
            self.notify()

    def _is_free(self) -> bool:
        return not self._large and len(self._running) < self.bounds.at_once

    async def run(self, turn: JobTurn, work: Work) -> Body:
        """Do the work in a thread; its turn ends on return, or when its stream is closed."""
        future = self._loop.run_in_executor(self._threads, work.make, turn)
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            turn.end()
            await asyncio.wait([future])
        if future.exception() is not None or future.result().stream is None:
            turn.close()
        return future.result()

    def wait_alone(self, turn: JobTurn) -> None:
        """Wait, in the thread of a turn, until no other turn runs."""
        asyncio.run_coroutine_threadsafe(self._wait_alone(turn), self._loop).result()

    async def _wait_alone(self, turn: JobTurn) -> None:
        self._large.append(turn)
        self.notify()
        await self._wait(turn, lambda: self._is_alone(turn))
        for process in self._take_idle():
            process.dismiss()

    def _is_alone(self, turn: JobTurn) -> bool:
        return self._large[0] is turn and self._running.issubset(self._large)

    async def _wait(self, turn: JobTurn, arrived: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(self.bounds.max_wait):
                while not (turn.ended or self._closed or arrived()):
                    await self._changed.wait()
        except TimeoutError:
            raise OSSError(self.bounds.busy) from None
        if turn.ended or self._closed:
            raise OSSError(ErrorCase.SERVICE_UNAVAILABLE, _ENDED)

    def notify(self) -> None:
        """Wake all waiting jobs, so that they check again whether it is their turn."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def process(self) -> JobProcess:
        """Return an idle process, or start one; safe in any thread."""
        while self.idle:
            process = self.idle.pop()
            if process.lives:
                return process
            process.dismiss()
        return JobProcess()

    def leave(self, turn: JobTurn, process: JobProcess | None, *, clean: bool) -> None:
        """End a turn; its process is reused for the next one if it is clean and has no job."""
        if process is not None:
            if clean and not process.busy and not self._closed:
                self.idle.append(process)
            else:
                process.dismiss()
        if turn in self._large:
            self._large.remove(turn)
        self._running.discard(turn)
        self.notify()

    def _take_idle(self) -> list[JobProcess]:
        idle, self.idle = self.idle, []
        return idle

    def close(self) -> None:
        """Refuse the waiting jobs, and end the running ones."""
        self._closed = True
        for turn in list(self._running):
            turn.end()
        for process in self._take_idle():
            process.dismiss()
        self.notify()
        self._threads.shutdown(wait=False)


class Pools:
    """The pools of one server, each made on first use."""

    def __init__(self) -> None:
        self._queues: dict[Pool, JobQueue] = {}
        self._closed = False

    async def make(self, work: Work, leaving: Leaving) -> Body:
        """Do work in its turn, unless the client leaves. The caller closes the body's stream.

        Raises what the work raises, and the error of a pool that is busy.
        """
        if self._closed:
            raise OSSError(ErrorCase.SERVICE_UNAVAILABLE, _ENDED)
        queue = self._queues.get(work.pool)
        if queue is None:
            queue = self._queues[work.pool] = JobQueue(work.pool)
        turn = JobTurn(queue)
        with leaving(turn.end):
            await queue.enter(turn)
            return await queue.run(turn, work)

    def close(self) -> None:
        """End all jobs, waiting or running; their requests get `ServiceUnavailable`."""
        self._closed = True
        for queue in self._queues.values():
            queue.close()
