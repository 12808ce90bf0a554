"""Threads for short steps: their turns, checks of files, and batches of bytes to store."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from fastcrc.crc64 import xz as crc64
from oss_emulator.operations.operation import Takes
from oss_emulator.protocol.message import FileRange
from oss_emulator.server import body_writer
from oss_emulator.server.body_writer import BATCH, LEAST, TOGETHER, BodyWriter
from oss_emulator.server.runner import check_files
from oss_emulator.server.waiting import AT_ONCE, ShortStep, Turns, run_in_thread
from oss_emulator.storage.blobs import CorruptBlobError, StoredBlob
from oss_emulator.storage.memory import MemoryStorage

from tests.rows import rows

MIB = 1024 * 1024
CHUNK = bytes(64 * 1024)


@pytest.mark.parametrize("blocked", ShortStep)
async def test_no_kind_of_step_waits_for_another(blocked: ShortStep) -> None:
    go = threading.Event()
    waiting = [asyncio.create_task(run_in_thread(blocked, go.wait, 300)) for _ in range(100)]
    try:
        async with asyncio.timeout(200):
            for step in set(ShortStep) - {blocked}:
                assert await run_in_thread(step, max, 1, 2) == 2
    finally:
        go.set()
    assert await asyncio.gather(*waiting) == [True] * 100


@pytest.mark.parametrize("step", ShortStep)
async def test_no_more_steps_run_than_the_number_of_their_kind(step: ShortStep) -> None:
    begun, go = threading.Semaphore(0), threading.Event()

    def wait() -> None:
        begun.release()
        assert go.wait(300)

    waiting = [asyncio.create_task(run_in_thread(step, wait)) for _ in range(AT_ONCE[step] + 1)]
    for _ in range(AT_ONCE[step]):
        assert await asyncio.to_thread(begun.acquire, timeout=300)
    assert not await asyncio.to_thread(begun.acquire, timeout=0.1)
    go.set()
    await asyncio.gather(*waiting)


async def test_cancelled_step_that_has_not_begun_never_does() -> None:
    go, ran = threading.Event(), threading.Event()
    count = AT_ONCE[ShortStep.CHECK]
    blocking = [
        asyncio.create_task(run_in_thread(ShortStep.CHECK, go.wait, 300)) for _ in range(count)
    ]
    late = asyncio.create_task(run_in_thread(ShortStep.CHECK, ran.set))
    await asyncio.sleep(0)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    go.set()
    await asyncio.gather(*blocking)
    assert not ran.is_set()


async def test_large_file_lets_others_pass_between_its_pieces(tmp_path: Path) -> None:
    ended = threading.Event()

    def check() -> Iterator[bool]:
        while not ended.is_set():
            yield True

    with (tmp_path / "file").open("wb+") as file:
        large = [FileRange(file, 0, 0, check)]
        small = [FileRange(file, 0, 0, lambda: iter(()))]
        checks = [asyncio.create_task(check_files(large)) for _ in range(AT_ONCE[ShortStep.CHECK])]
        try:
            async with asyncio.timeout(200):
                await check_files(small)
            assert not any(task.done() for task in checks)
        finally:
            ended.set()
        await asyncio.gather(*checks)


@pytest.mark.parametrize(("size", "pieces"), [(0, 0), (MIB, 0), (8 * MIB + 1, 1), (20 * MIB, 2)])
def test_file_is_checked_in_pieces_of_8_mib(tmp_path: Path, size: int, pieces: int) -> None:
    path = tmp_path / f"file-{size}"
    content = bytes(range(256)) * (size // 256) + b"a" * (size % 256)
    path.write_bytes(content)
    blob = StoredBlob(str(path), size, crc64(content))
    assert not blob.verified
    assert sum(blob.check()) == pieces
    assert blob.verified
    damaged = StoredBlob(str(path), size, crc64(content) ^ 1)
    with pytest.raises(CorruptBlobError):
        damaged.verify()


@rows("uploads", 1, 4, 20, 200)
def test_many_uploads_use_no_more_memory_than_a_few(uploads: int) -> None:
    storage = MemoryStorage()

    async def fill() -> int:
        """Return the bytes of a body that are collected before a thread stores them."""
        async with AsyncExitStack() as stack:
            bodies = [
                await stack.enter_async_context(body_writer.begin(storage, Takes.OBJECT))
                for _ in range(uploads)
            ]
            last = bodies[-1]
            while last._keeping is None:
                await last.take(CHUNK)
            for body in bodies:
                await body.abandon()
            return last.size

    size = asyncio.run(fill())
    assert size == BATCH if uploads == 1 else size <= BATCH
    assert size >= LEAST
    assert size * uploads <= max(TOGETHER, LEAST * uploads) + len(CHUNK) * uploads
    assert BodyWriter.underway == 0


def test_one_request_goes_on_in_each_turn_of_the_loop() -> None:
    """They go on in their order; one that was cancelled does not hold up the others."""

    async def go_on(turns: Turns, number: int, log: list[str]) -> None:
        await turns.wait()
        log.append(f"request {number}")

    async def run() -> list[str]:
        log: list[str] = []
        turns = Turns()
        tasks = [asyncio.create_task(go_on(turns, number, log)) for number in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        while not all(task.done() for task in tasks):
            log.append("turn")
            await asyncio.sleep(0)
        return log

    requests = " ".join(asyncio.run(run())).split("turn")
    assert max(found.count("request") for found in requests) == 1
    assert "".join(requests).split() == "request 0 request 2 request 3".split()
