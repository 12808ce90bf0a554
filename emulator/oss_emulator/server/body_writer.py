"""Writes the body of a request: a thread hashes and stores one batch while the next arrives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from oss_emulator.operations.call import Body
from oss_emulator.operations.operation import Takes
from oss_emulator.protocol.checksums import Checksums
from oss_emulator.server.waiting import ShortStep, run_in_thread
from oss_emulator.storage.base import Storage
from oss_emulator.storage.blobs import Blob, BlobWriter, SpoolWriter

BATCH: Final = 2 * 1024 * 1024
"""Bytes of a batch for a thread. Starting a thread takes as long as hashing 400 KiB."""

TOGETHER: Final = 16 * 1024 * 1024
"""Bytes of the batches of all bodies in total: concurrent bodies get smaller batches."""

LEAST: Final = 256 * 1024
"""Bytes of the smallest batch."""

INLINE: Final = 256 * 1024
"""Bytes up to which a body is hashed and stored on the event loop."""


class BodyWriter:
    """A body that is being written to a blob."""

    underway = 0
    """The number of bodies that are arriving in this process."""

    def __init__(self, writer: BlobWriter, blocking: bool) -> None:
        """`blocking`: whether finishing the blob waits for a disk."""
        self.size = 0
        """Bytes received so far."""
        self._writer = writer
        self._blocking = blocking
        self._sums = Checksums()
        self._batch: list[bytes] = []
        self._batched = 0
        self._keeping: asyncio.Task[None] | None = None

    async def take(self, chunk: bytes) -> None:
        """Add a chunk; a complete batch waits until the thread has stored the previous one."""
        self.size += len(chunk)
        self._batch.append(chunk)
        self._batched += len(chunk)
        if self._batched >= _batch(BodyWriter.underway):
            await self._kept()
            self._begin_keeping()

    async def finish(self) -> Body:
        """Store the last batch and return the whole body."""
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
            content = (await run_in_thread(ShortStep.DISK, self._writer.finish),)
        else:
            content = (self._writer.finish(),)
        return Body(content, self.size, self._sums.md5, self._sums.crc64)

    async def abandon(self) -> None:
        """Remove everything that was stored."""
        with suppress(Exception):  # the caller already handles another error
            await self._kept()
        self._writer.abandon()

    def _begin_keeping(self) -> None:
        batch, self._batch, self._batched = self._batch, [], 0
        self._keeping = asyncio.create_task(run_in_thread(ShortStep.HASH, self._keep, batch))

    async def _kept(self) -> None:
        """Wait for the thread with `asyncio.wait`, which does not cancel it."""
        if self._keeping is not None:
            await asyncio.wait([self._keeping])
            keeping, self._keeping = self._keeping, None
            keeping.result()

    def _keep(self, batch: list[bytes]) -> None:
        for chunk in batch:
            self._sums.update(chunk)
            self._writer.write(chunk)


@asynccontextmanager
async def begin(storage: Storage, takes: Takes) -> AsyncIterator[BodyWriter]:
    """Begin to write a body; an incomplete body leaves nothing behind."""
    # A document is stored in a record, so it needs no blob of the storage.
    writer = SpoolWriter() if takes is Takes.DOCUMENT else storage.blob_writer()
    body_writer = BodyWriter(writer, storage.blocking)
    BodyWriter.underway += 1
    try:
        yield body_writer
    except BaseException:
        await body_writer.abandon()
        raise
    finally:
        BodyWriter.underway -= 1


def _batch(underway: int) -> int:
    """Return the size in bytes of a batch while `underway` bodies arrive."""
    return max(LEAST, min(BATCH, TOGETHER // underway))
