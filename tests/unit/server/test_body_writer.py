"""The batches in which threads store bodies: large for a few uploads, small for many at once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from oss_emulator.operations.operation import Takes
from oss_emulator.server import body_writer
from oss_emulator.server.body_writer import BATCH, LEAST, TOGETHER, BodyWriter
from oss_emulator.storage import MemoryStorage

CHUNK = bytes(64 * 1024)


@pytest.mark.parametrize("uploads", [1, 4, 20, 200])
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
