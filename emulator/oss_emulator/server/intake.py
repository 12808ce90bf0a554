"""Takes the bytes of a body: a thread hashes and keeps what has come while more arrives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from oss_emulator.operations.call import Body, Call
from oss_emulator.operations.operation import Takes
from oss_emulator.protocol.checksums import Checksums
from oss_emulator.storage import Blob, BlobWriter, SpoolWriter

BATCH: Final = 2 * 1024 * 1024
"""Bytes that a thread takes at a time: to go there and back takes as long as to hash 400 KiB."""

TOGETHER: Final = 16 * 1024 * 1024
"""Bytes that the batches of all bodies have together; of many bodies each has a smaller one."""

LEAST: Final = 256 * 1024
"""Bytes of the smallest batch."""

INLINE: Final = 256 * 1024
"""Bytes up to which a body is hashed and kept without leaving the event loop."""


class Intake:
    """A body on its way into a blob."""

    underway = 0
    """How many there are, in this process."""

    def __init__(self, writer: BlobWriter, blocking: bool) -> None:
        """`blocking` tells whether the blob's end waits for a disk."""
        self.size = 0
        """Bytes that were taken."""
        self._writer = writer
        self._blocking = blocking
        self._sums = Checksums()
        self._batch: list[bytes] = []
        self._batched = 0
        self._keeping: asyncio.Task[None] | None = None

    async def take(self, chunk: bytes) -> None:
        """Take some more; waits while a whole batch is still in the thread."""
        self.size += len(chunk)
        self._batch.append(chunk)
        self._batched += len(chunk)
        if self._batched >= _batch(Intake.underway):
            await self._kept()
            self._begin_keeping()

    async def finish(self) -> Body:
        """The body as a whole."""
        await self._kept()
        if self._batched < INLINE:
            self._keep(self._batch)
        else:
            self._begin_keeping()
            await self._kept()
        content: tuple[Blob, ...] = ()
        if not self.size:
            self._writer.abandon()
        elif self._blocking:
            content = (await asyncio.to_thread(self._writer.finish),)
        else:
            content = (self._writer.finish(),)
        return Body(content, self.size, self._sums.md5, self._sums.crc64)

    async def abandon(self) -> None:
        """Leave nothing of it."""
        with suppress(Exception):  # what went wrong has been told, or is of no account now
            await self._kept()
        self._writer.abandon()

    def _begin_keeping(self) -> None:
        batch, self._batch, self._batched = self._batch, [], 0
        self._keeping = asyncio.create_task(asyncio.to_thread(self._keep, batch))

    async def _kept(self) -> None:
        """Wait for the thread; not to be broken off, as the thread cannot be."""
        if self._keeping is not None:
            await asyncio.wait([self._keeping])
            keeping, self._keeping = self._keeping, None
            keeping.result()

    def _keep(self, batch: list[bytes]) -> None:
        for chunk in batch:
            self._sums.update(chunk)
            self._writer.write(chunk)


@asynccontextmanager
async def begin(call: Call) -> AsyncIterator[Intake]:
    """A place for the bytes of a body; what does not arrive whole leaves nothing there."""
    # A document is read once and kept in a record: it needs no place of its own.
    document = call.operation.takes is Takes.DOCUMENT
    writer = SpoolWriter() if document else call.storage.blob_writer()
    intake = Intake(writer, call.storage.blocking)
    Intake.underway += 1
    try:
        yield intake
    except BaseException:
        await intake.abandon()
        raise
    finally:
        Intake.underway -= 1


def _batch(underway: int) -> int:
    """Bytes of a batch where so many bodies are underway."""
    return max(LEAST, min(BATCH, TOGETHER // underway))
