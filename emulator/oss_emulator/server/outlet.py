"""The side of a connection that takes the bytes of answers."""

import asyncio
from collections.abc import Callable

from oss_emulator.protocol.message import FileRange
from oss_emulator.server import sendfile


class Outlet:
    """Writes answers to the transport of one connection."""

    def __init__(self, transport: asyncio.Transport, patience: float) -> None:
        """`patience` is the number of seconds in which a client must take some bytes of a file."""
        self._transport = transport
        self._patience = patience
        self.paused = False
        """Whether the transport wants no more bytes for now."""
        self._emptied: asyncio.Future[None] | None = None
        """Done when the transport has sent everything or is lost."""
        self._sending: sendfile.Sending | None = None

    def pause(self) -> None:
        """Note that the transport wants no more bytes."""
        self.paused = True

    def resume(self) -> None:
        """Note that the transport has sent what it had."""
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
        """Whether `send_file` can be called."""
        return sendfile.is_possible(self._transport)

    async def send_file(self, piece: FileRange, sent: Callable[[int], None]) -> None:
        """Send a piece of a file after all written bytes; raises `ConnectionError`.

        `sent` is called with each number of bytes that was sent.
        """
        await self._drain()
        if self._transport.is_closing():
            raise ConnectionResetError("the client has left")
        self._sending = sendfile.Sending(self._transport, piece, self._patience, sent)
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
