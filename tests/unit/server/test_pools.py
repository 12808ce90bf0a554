"""Pools: turns, queues, clients that leave, and the end of the server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from oss_emulator.operations.call import NO_BODY, Body
from oss_emulator.operations.work import HERE, Pool, Work, Workplace
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Stream
from oss_emulator.server import pools
from oss_emulator.server.pools import Bounds, Pools, never_leaves

from tests.unit.server import jobs

BUSY = r"CpuLimitExceeded: Please reduce your request rate"
ENDED = r"ServiceUnavailable: Nobody waits"


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the bounds of the pool for images."""

    def set_bounds(at_once: int = 1, waiting: int = 1, **given: Any) -> None:
        least: dict[str, Any] = {"max_wait": 300, "seconds": 30, "memory": 64, "alone": 256}
        made = Bounds(at_once, waiting, busy=ErrorCase.IMAGE_BUSY, **{**least, **given})
        monkeypatch.setattr(pools, "BOUNDS", {**pools.BOUNDS, Pool.IMAGES: made})

    return set_bounds


@pytest.fixture
async def made() -> AsyncIterator[Pools]:
    pools = Pools()
    yield pools
    pools.close()


def of(make: Callable[[Workplace], Body]) -> Work:
    return Work(Pool.IMAGES, make)


def asks(function: Callable[..., Iterator[Any]], *arguments: object) -> Work:
    """Return work that runs a function in a process; the body is what it yields last."""

    def make(place: Workplace) -> Body:
        *_, last = place.make(function, (), *arguments)
        return Body.of(str(last).encode())

    return of(make)


class Client:
    """A client that may leave."""

    def __init__(self) -> None:
        self.leave: Callable[[], None] = lambda: None

    @contextmanager
    def leaving(self, tell: Callable[[], None]) -> Iterator[None]:
        self.leave = tell
        yield


class Held:
    """Work that runs until the test releases it."""

    def __init__(self) -> None:
        self.began, self.go = threading.Event(), threading.Event()

    def make(self, place: Workplace) -> Body:
        self.began.set()
        assert self.go.wait(300)
        return NO_BODY

    async def underway(self, pools: Pools) -> asyncio.Task[Body]:
        task = asyncio.create_task(pools.make(of(self.make), never_leaves))
        await asyncio.to_thread(self.began.wait, 300)
        return task


async def test_work_is_done_in_a_process(made: Pools) -> None:
    body = await made.make(asks(jobs.say, "hello"), never_leaves)
    assert body.read() == b"hello"


async def test_one_more_than_may_wait_is_refused(made: Pools, bounds: Callable[..., None]) -> None:
    bounds(at_once=1, waiting=1)
    held = Held()
    running = await held.underway(made)
    waiting = asyncio.create_task(made.make(asks(jobs.say, "second"), never_leaves))
    await asyncio.sleep(0)
    with pytest.raises(OSSError, match=BUSY):
        await made.make(asks(jobs.say, "third"), never_leaves)
    held.go.set()
    assert (await running).read() == b""
    assert (await waiting).read() == b"second"


async def test_who_waits_too_long_is_refused(made: Pools, bounds: Callable[..., None]) -> None:
    bounds(max_wait=0.05)
    held = Held()
    running = await held.underway(made)
    with pytest.raises(OSSError, match=BUSY):
        await made.make(asks(jobs.say, "late"), never_leaves)
    held.go.set()
    await running


async def test_client_that_leaves_is_dropped_from_the_queue(
    made: Pools, bounds: Callable[..., None]
) -> None:
    bounds()
    held, client = Held(), Client()
    running = await held.underway(made)
    waiting = asyncio.create_task(made.make(asks(jobs.say, "gone"), client.leaving))
    await asyncio.sleep(0)
    client.leave()
    with pytest.raises(OSSError, match=ENDED):
        await waiting
    held.go.set()
    await running


async def test_process_ends_when_its_client_leaves(made: Pools) -> None:
    client, began = Client(), threading.Event()

    def make(place: Workplace) -> Body:
        for _ in place.make(jobs.spin, ()):
            began.set()
        return NO_BODY

    task = asyncio.create_task(made.make(of(make), client.leaving))
    await asyncio.to_thread(began.wait, 300)
    client.leave()
    with pytest.raises(OSSError, match=ENDED):
        await task
    assert (await made.make(asks(jobs.say, "next"), never_leaves)).read() == b"next"


async def test_job_that_begins_after_its_client_has_left_is_ended(made: Pools) -> None:
    client, ready, left = Client(), threading.Event(), threading.Event()

    def make(place: Workplace) -> Body:
        pieces = place.make(jobs.say, (), "too late")
        ready.set()
        assert left.wait(300)
        return Body.of(str(list(pieces)).encode())

    task = asyncio.create_task(made.make(of(make), client.leaving))
    await asyncio.to_thread(ready.wait, 300)
    client.leave()
    left.set()
    with pytest.raises(OSSError, match=ENDED):
        await task


async def test_thread_ends_at_its_next_step_when_its_client_leaves(made: Pools) -> None:
    client, began = Client(), threading.Event()

    def count() -> Iterator[int]:
        number = 0
        while True:
            yield (number := number + 1)

    def make(place: Workplace) -> Body:
        for _ in place.steps(count()):
            began.set()
        return NO_BODY

    task = asyncio.create_task(made.make(Work(Pool.COPIES, make), client.leaving))
    await asyncio.to_thread(began.wait, 300)
    client.leave()
    with pytest.raises(OSSError, match=ENDED):
        await task


async def test_job_that_takes_its_processor_time_is_refused(
    made: Pools, bounds: Callable[..., None]
) -> None:
    """I-17"""
    bounds(seconds=20)
    assert 19 < float((await made.make(asks(jobs.seconds), never_leaves)).read()) <= 21
    with pytest.raises(OSSError, match=BUSY):
        await made.make(asks(jobs.overrun), never_leaves)


async def test_job_that_needs_too_much_memory_is_refused(made: Pools) -> None:
    with pytest.raises(OSSError, match="ServiceUnavailable: The request needs more memory"):
        await made.make(asks(jobs.fill, 2 << 30), never_leaves)


async def test_large_work_waits_until_it_is_alone_and_has_more_memory(
    made: Pools, bounds: Callable[..., None]
) -> None:
    bounds(at_once=2, waiting=4)
    held, asked = Held(), threading.Event()

    def make(place: Workplace) -> Body:
        pieces = place.make(jobs.fill, (), 128 << 20)
        next(pieces)
        asked.set()
        place.be_alone()
        assert held.go.is_set()
        return Body.of(next(pieces).encode())

    running = await held.underway(made)
    large = asyncio.create_task(made.make(of(make), never_leaves))
    await asyncio.to_thread(asked.wait, 300)
    small = asyncio.create_task(made.make(asks(jobs.say, "after it"), never_leaves))
    await asyncio.sleep(0.05)
    assert not large.done()
    assert not small.done()
    held.go.set()
    await running
    assert (await large).read() == b"134217728 bytes"
    assert (await small).read() == b"after it"


async def test_two_large_jobs_take_turns(made: Pools, bounds: Callable[..., None]) -> None:
    bounds(at_once=2, waiting=4)
    both = threading.Barrier(2)

    def make(place: Workplace) -> Body:
        pieces = place.make(jobs.fill, (), 128 << 20)
        next(pieces)
        both.wait(300)
        place.be_alone()
        return Body.of(next(pieces).encode())

    bodies = await asyncio.gather(*(made.make(of(make), never_leaves) for _ in range(2)))
    assert [body.read() for body in bodies] == [b"134217728 bytes"] * 2


async def test_turn_lasts_until_a_stream_is_closed(
    made: Pools, bounds: Callable[..., None]
) -> None:
    bounds(max_wait=0.2)

    def make(place: Workplace) -> Body:
        pieces = place.make(jobs.sleep, ())
        next(pieces)
        return NO_BODY._replace(stream=Stream(pieces, place.close))

    body = await made.make(of(make), never_leaves)
    with pytest.raises(OSSError, match=BUSY):
        await made.make(asks(jobs.say, "too early"), never_leaves)
    assert body.stream is not None
    body.stream.close()
    body.stream.close()
    assert (await made.make(asks(jobs.say, "now"), never_leaves)).read() == b"now"


async def test_end_of_the_server_ends_what_runs_and_refuses_what_waits(
    made: Pools, bounds: Callable[..., None]
) -> None:
    bounds()
    began = threading.Event()

    def make(place: Workplace) -> Body:
        for _ in place.make(jobs.spin, ()):
            began.set()
        return NO_BODY

    running = asyncio.create_task(made.make(of(make), never_leaves))
    await asyncio.to_thread(began.wait, 300)
    waiting = asyncio.create_task(made.make(asks(jobs.say, "waits"), never_leaves))
    await asyncio.sleep(0)
    made.close()
    for task in (running, waiting):
        with pytest.raises(OSSError, match=ENDED):
            await task
    with pytest.raises(OSSError, match=ENDED):
        await made.make(asks(jobs.say, "comes later"), never_leaves)


async def test_process_that_died_is_replaced(made: Pools) -> None:
    await made.make(asks(jobs.say, "first"), never_leaves)
    (process,) = made._queues[Pool.IMAGES].idle
    process.kill()
    process.release()
    assert (await made.make(asks(jobs.say, "second"), never_leaves)).read() == b"second"


def test_work_without_a_server_is_done_in_place() -> None:
    pieces = HERE.make(jobs.double, [iter([b"a"])], b".")
    HERE.be_alone()
    assert list(pieces) == [b"aa", b"."]
    assert list(HERE.steps([1, 2])) == [1, 2]
    HERE.close()
