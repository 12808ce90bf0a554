"""TLS handshakes: each counts as a connection, and ends with the client or at the time-out.

asyncio's servers report a TLS connection only when its handshake is complete, so this module
accepts the connections of a port for TLS itself.
"""

import asyncio
import logging
import socket
import ssl
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from oss_emulator.server.connections import LOG, Connection, Connections

if TYPE_CHECKING:
    from oss_emulator.server.guard import Guard

ACCEPT_PAUSE: Final = 1.0
"""Seconds to stop accepting after the system has run out of file descriptors."""

_LAST: Final = 3
"""The time-out of TLS itself, in stall time-outs: this module and the guard give up earlier."""

Accept: TypeAlias = Callable[[Connection], asyncio.Protocol]
"""Makes the protocol of a connection inside TLS, which replaces the outer connection."""


class Listener:
    """Accepts the connections of one socket and begins TLS in each."""

    def __init__(
        self,
        listening: socket.socket,
        backlog: int,
        connections: Connections,
        accept: Accept,
        context: ssl.SSLContext,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._backlog = backlog
        self._begin = partial(Handshake, connections, accept, context)
        self._pause: asyncio.TimerHandle | None = None
        listening.setblocking(False)
        listening.listen(backlog)
        self._resume()

    def close(self) -> None:
        """Accept no more connections."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listening)
        self._listening.close()

    def _resume(self) -> None:
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        """Accept all waiting connections, so that each of them counts."""
        for _ in range(self._backlog):
            try:
                accepted, address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                LOG.error("A connection cannot be accepted: %s", error.strerror)
                self._loop.remove_reader(self._listening)
                self._pause = self._loop.call_later(ACCEPT_PAUSE, self._resume)
                return
            accepted.setblocking(False)
            self._begin(accepted, address[0])


class Handshake:
    """An accepted connection until TLS has begun; then a guard replaces it."""

    def __init__(
        self,
        connections: Connections,
        accept: Accept,
        context: ssl.SSLContext,
        accepted: socket.socket,
        remote: str,
    ) -> None:
        self._accepted = accepted
        self._remote = remote
        self._connections = connections
        connections.opened(self, None)
        if connections.crowded:  # no error can be sent before TLS begins
            accepted.close()
            connections.closed(self)
        else:
            self._task = asyncio.ensure_future(self._run(accept, context))
            self._task.add_done_callback(self._end)

    async def _run(self, accept: Accept, context: ssl.SSLContext) -> None:
        seconds = self._connections.stall_timeout
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().connect_accepted_socket(
                partial(accept, self),
                self._accepted,
                ssl=context,
                ssl_handshake_timeout=_LAST * seconds,
                ssl_shutdown_timeout=_LAST * seconds,
            )

    def _end(self, task: "asyncio.Task[None]") -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            self._connections.report_tls(self._remote, *_describe(error))
            self._accepted.close()
            self._connections.closed(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Do nothing: the guard that replaced this connection has cleaned up."""

    def finish(self) -> None:
        """End the connection, which has no request."""
        self._task.cancel()

    def abort(self) -> None:
        """End the connection at once.

        asyncio's TLS ignores `abort` after two calls of `close`, so this shuts down the socket.
        """
        self._task.cancel()
        with suppress(OSError):  # it is already closed
            self._accepted.shutdown(socket.SHUT_RDWR)


async def begin(
    outer: "Guard",
    inside: "Guard",
    context: ssl.SSLContext,
    connections: Connections,
) -> None:
    """Begin TLS in a connection that has stopped reading, and continue with the guard inside."""
    seconds = connections.stall_timeout
    try:
        async with asyncio.timeout(seconds):  # uvloop waits for ever for a client that has left
            transport = await asyncio.get_running_loop().start_tls(
                outer.transport,
                inside,
                context,
                server_side=True,
                ssl_handshake_timeout=_LAST * seconds,
                ssl_shutdown_timeout=_LAST * seconds,
            )
    except (Exception, asyncio.CancelledError) as error:
        connections.report_tls(outer.remote, *_describe(error))
        transport = None
    if transport is not None and not transport.is_closing():
        inside.connection_made(transport)
    else:
        outer.abort()
        outer.connection_lost(None)


def _describe(error: BaseException) -> tuple[int, str]:
    """Return a log level, and why TLS did not begin.

    The client may not trust the CA, may have left or stalled, or the server is stopping. A client
    that sends http gets no answer, so only the log can tell its user why.
    """
    if isinstance(error, ssl.SSLError) and error.reason == "HTTP_REQUEST":
        said = "A client sent http to the port for https; its URL must begin with https://"
        return logging.WARNING, said
    return logging.INFO, f"TLS failed: {str(error) or type(error).__name__}"


def watch_failures() -> Callable[[], None]:
    """Have the running loop report a known failure of asyncio's TLS in one line.

    Before Python 3.13, asyncio cannot abort TLS inside TLS, as in a proxy: it raises a TypeError or
    an AttributeError, and reports that with a traceback. The time-out ends the connection. Other
    failures go to the previous handler of the loop. Returns a function that restores this handler.
    """
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 13):
        return lambda: None
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, (TypeError, AttributeError)) and _is_of_tls(error):
            level, said = _describe(error)
            LOG.log(level, "%s", said)
        elif before is not None:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    def restore() -> None:
        if loop.get_exception_handler() is handle:
            loop.set_exception_handler(before)

    loop.set_exception_handler(handle)
    return restore


def _is_of_tls(error: Exception) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and Path(frames[-1].filename).name == "sslproto.py"
