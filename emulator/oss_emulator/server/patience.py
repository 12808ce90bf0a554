"""Clients that stall: one timer for each connection ends it."""

import asyncio
from collections.abc import Callable


class Patience:
    """Gives up on a client that makes no progress while the server waits for it."""

    def __init__(
        self,
        seconds: float,
        transport: asyncio.Transport,
        waits: Callable[[], bool],
        give_up: Callable[[], None],
    ) -> None:
        """`waits` tells whether the server waits for the client to send something, or to leave.

        It always waits for one that does not take its answer. `give_up` is called each time that
        the client has stalled for `seconds`.
        """
        self._seconds = seconds
        self._transport = transport
        self._waits = waits
        self._give_up = give_up
        self._loop = asyncio.get_running_loop()
        self._unsent = 0
        """Bytes that waited for the client at the last check."""
        self.progress()
        self._check_later()

    def progress(self) -> None:
        """Note that the client makes progress."""
        self._last = self._loop.time()

    def end(self) -> None:
        """Stop the timer: the connection is lost."""
        self._timer.cancel()

    def _check_later(self) -> None:
        self._timer = self._loop.call_at(self._last + self._seconds, self._check)

    def _check(self) -> None:
        if not self._is_stalled():
            self.progress()
        if self._loop.time() >= self._last + self._seconds:
            self.progress()
            self._give_up()
        self._check_later()

    def _is_stalled(self) -> bool:
        """Whether the server waits for a client that took no bytes since the last check."""
        unsent, self._unsent = self._unsent, self._transport.get_write_buffer_size()
        return self._unsent == unsent if self._unsent else self._waits()
