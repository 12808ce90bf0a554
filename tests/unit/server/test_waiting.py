"""Threads for short steps: each kind has its own, and no more than its number."""

from __future__ import annotations

import asyncio
import threading

import pytest
from oss_emulator.server.waiting import AT_ONCE, ShortStep, take


@pytest.mark.parametrize("blocked", ShortStep)
async def test_no_kind_of_step_waits_for_another(blocked: ShortStep) -> None:
    go = threading.Event()
    waiting = [asyncio.create_task(take(blocked, go.wait, 30)) for _ in range(100)]
    try:
        async with asyncio.timeout(20):
            for step in set(ShortStep) - {blocked}:
                assert await take(step, max, 1, 2) == 2
    finally:
        go.set()
    assert await asyncio.gather(*waiting) == [True] * 100


@pytest.mark.parametrize("step", ShortStep)
async def test_no_more_steps_run_than_the_number_of_their_kind(step: ShortStep) -> None:
    begun, go = threading.Semaphore(0), threading.Event()

    def wait() -> None:
        begun.release()
        assert go.wait(30)

    waiting = [asyncio.create_task(take(step, wait)) for _ in range(AT_ONCE[step] + 1)]
    for _ in range(AT_ONCE[step]):
        assert await asyncio.to_thread(begun.acquire, timeout=30)
    assert not await asyncio.to_thread(begun.acquire, timeout=0.1)
    go.set()
    await asyncio.gather(*waiting)


async def test_cancelled_step_that_has_not_begun_never_does() -> None:
    go, ran = threading.Event(), threading.Event()
    count = AT_ONCE[ShortStep.CHECK]
    blocking = [asyncio.create_task(take(ShortStep.CHECK, go.wait, 30)) for _ in range(count)]
    late = asyncio.create_task(take(ShortStep.CHECK, ran.set))
    await asyncio.sleep(0)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    go.set()
    await asyncio.gather(*blocking)
    assert not ran.is_set()
