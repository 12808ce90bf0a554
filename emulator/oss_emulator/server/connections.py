"""The connections of one server: limits their number, and ends them together."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from oss_emulator.server.waiting import Turns
from oss_emulator.settings import Settings

if TYPE_CHECKING:
    from oss_emulator.server.guard import Guard

LOG: Final = logging.getLogger("oss_emulator")

TLS_CLOSE_TIMEOUT: Final = 0.5
"""Seconds for clients to close their side of TLS connections."""

REPEAT: Final = 60.0
"""Seconds before the same failure of the same client is logged again."""

_MOST_FAILURES: Final = 1000


class Connection(Protocol):
    """An open connection: a guard, or the one outside of its TLS."""

    def finish(self) -> None:
        """End after the request that is being answered."""

    def abort(self) -> None:
        """End at once."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up after the connection inside this one was lost."""


class Connections:
    """Limits the number of connections, and ends them."""

    def __init__(self, settings: Settings) -> None:
        self.stall_timeout = settings.request_timeout
        """Seconds that a client may stall."""
        self.max_head = settings.limits.headers
        """Bytes of the longest request line and headers together."""
        self.turns = Turns()
        """The order in which long work of requests goes on."""
        self._most = settings.max_connections
        self._open: set[Connection] = set()
        self.busy: set[Guard] = set()
        """Connections with a running request, even if the client has left."""
        self._handshakes: set[asyncio.Task[None]] = set()
        self._failures: dict[tuple[str, str], float] = {}
        """When the failure of TLS with a client was last logged."""
        self._changed: asyncio.Event | None = None
        """Set when a connection ends or a request is answered; None until `close` runs."""

    def report_tls(self, remote: str, level: int, text: str) -> None:
        """Log why TLS with a client failed, unless it was logged in the last `REPEAT` seconds."""
        now, failure = time.monotonic(), (remote, text)
        if now - self._failures.get(failure, -REPEAT) < REPEAT:
            return
        if len(self._failures) >= _MOST_FAILURES:
            self._failures.clear()
        self._failures[failure] = now
        LOG.log(level, "%s", text)

    @property
    def crowded(self) -> bool:
        """Whether there are more connections than allowed."""
        return len(self._open) > self._most

    def opened(self, connection: Connection, outer: Connection | None) -> None:
        """Count a connection; one inside TLS replaces `outer`, in which TLS began."""
        if outer is not None:
            self._open.discard(outer)
        self._open.add(connection)

    def closed(self, connection: Connection) -> None:
        self._open.discard(connection)
        if self._changed is not None:
            self._changed.set()

    def answered(self, connection: "Guard") -> None:
        """Count a connection as idle; it was in `busy` since its request began."""
        self.busy.discard(connection)
        if self._changed is not None:
            self._changed.set()

    def run_handshake(self, handshake: Awaitable[None]) -> None:
        """Run a TLS handshake; the end of the server cancels it."""
        task = asyncio.ensure_future(handshake)
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def close(self, seconds: float) -> None:
        """Let running requests finish for at most `seconds`, then end every connection."""
        self._changed = asyncio.Event()
        for task in self._handshakes:
            task.cancel()
        for connection in list(self._open):
            connection.finish()
        await self._wait_for_none(self.busy, seconds)
        for busy in self.busy:
            busy.cancel()
        await self._wait_for_none(self._open, TLS_CLOSE_TIMEOUT)
        for connection in list(self._open):
            connection.abort()
        await self._wait_for_none(self._open, TLS_CLOSE_TIMEOUT)
        await self._wait_for_none(self.busy, TLS_CLOSE_TIMEOUT)

    async def _wait_for_none(self, connections: Collection[Connection], seconds: float) -> None:
        """Wait until a set is empty, for at most `seconds`."""
        assert self._changed is not None  # noqa: S101
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while connections:
                    self._changed.clear()
                    await self._changed.wait()
