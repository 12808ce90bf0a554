"""Writes answers to a connection, and sends large files by sendfile.

`loop.sendfile` works only on asyncio's loops: uvloop does not implement it. Like asyncio, this
module reads the disk on the event loop, since the kernel sends a page as soon as it is read.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from oss_emulator.protocol.message import FileRange

STEP: Final = 1024 * 1024
"""Bytes to send before other connections get their turn."""


class FileSending:
    """A piece of a file that is being sent to a client."""

    def __init__(
        self,
        transport: asyncio.Transport,
        piece: FileRange,
        seconds: float,
        sent: Callable[[int], None],
    ) -> None:
        """`sent` is called with each number of bytes that was sent.

        A client that reads nothing for `seconds` loses its connection. The transport's
        buffer must be empty.
        """
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._source = piece.file.fileno()
        self._offset = piece.offset
        self._end = piece.offset + piece.length
        self._seconds = seconds
        self._sent = sent
        # Not an exception: its traceback would keep the file open until garbage is collected.
        self._done: asyncio.Future[tuple[int | str, ...]] = self._loop.create_future()
        """The arguments of the error that ended it; empty if all was sent."""

    async def run(self) -> None:
        """Send the whole piece; raises `ConnectionError` if the client leaves or stalls."""
        # A duplicate, because loops refuse to watch the socket of a transport.
        descriptor = os.dup(self._transport.get_extra_info("socket").fileno())
        self._socket = socket.socket(fileno=descriptor)
        self._cork(True)
        try:
            async with asyncio.timeout(self._seconds) as self._timeout:
                self._loop.add_writer(self._socket, self._go_on)
                error = await self._done
        except TimeoutError:
            self._transport.abort()
            raise ConnectionResetError("the client has stalled") from None
        finally:
            self._loop.remove_writer(self._socket)
            self._cork(False)
            self._socket.close()
        if error:
            raise OSError(*error)  # Python picks the subclass for the number

    def _cork(self, on: bool) -> None:
        """If `on`, send only full packets, which saves a third of the time; else send the rest."""
        if hasattr(socket, "TCP_CORK"):
            with suppress(OSError):  # if the client has left
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)

    def end(self) -> None:
        """Stop: the connection is lost."""
        if not self._done.done():
            self._done.set_result((errno.ECONNRESET, "the client has left"))

    def _go_on(self) -> None:
        if self._done.done():
            return
        count = min(self._end - self._offset, STEP)
        try:
            gone = os.sendfile(self._socket.fileno(), self._source, self._offset, count)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._done.set_result(error.args)
            return
        if not gone:
            self._done.set_result((f"the file of a blob ends at {self._offset}",))
            return
        self._offset += gone
        self._sent(gone)
        if self._offset == self._end:
            self._done.set_result(())
        else:
            self._timeout.reschedule(self._loop.time() + self._seconds)


class TransportWriter:
    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        """A client must read some bytes of a file within any period of `seconds`."""
        self._transport = transport
        self._seconds = seconds
        self.paused = False
        """Whether the transport wants no more bytes for now."""
        self._emptied: asyncio.Future[None] | None = None
        """Done when the transport has sent everything or is lost."""
        self._sending: FileSending | None = None

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        self._wake()

    def end(self) -> None:
        """Stop: the connection is lost."""
        if self._sending is not None:
            self._sending.end()
        self._wake()

    def write(self, answer: bytes) -> None:
        """Write a whole answer; raises `ConnectionError` if the client has left."""
        if self._transport.is_closing():
            raise ConnectionResetError("the client has left")
        self._transport.write(answer)

    @property
    def sends_files(self) -> bool:
        """Whether `send_file` can bypass the transport: it has a socket and does not encrypt."""
        return (
            hasattr(os, "sendfile")
            and self._transport.get_extra_info("socket") is not None
            and self._transport.get_extra_info("sslcontext") is None
        )

    async def send_file(self, piece: FileRange, sent: Callable[[int], None]) -> None:
        """Send a piece of a file after all written bytes; raises `ConnectionError`.

        `sent` is called with each number of bytes that was sent.
        """
        await self._drain()
        if self._transport.is_closing():
            raise ConnectionResetError("the client has left")
        self._sending = FileSending(self._transport, piece, self._seconds, sent)
        try:
            await self._sending.run()
        finally:
            self._sending = None

    async def _drain(self) -> None:
        """Wait until the transport has sent all that was written."""
        self._transport.set_write_buffer_limits(high=0)
        if self.paused:
            self._emptied = asyncio.get_running_loop().create_future()
            await self._emptied
            self._emptied = None
        self._transport.set_write_buffer_limits()

    def _wake(self) -> None:
        if self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)
