"""TLS handshakes: on a port for TLS, and after a CONNECT.

asyncio's servers do not say why a handshake failed, so this module accepts the connections of a
port for TLS itself.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from oss_emulator.server.connections import LOG, Connection, Connections

if TYPE_CHECKING:
    from oss_emulator.server.guard import Guard

_PAUSE: Final = 1.0
"""Seconds to stop accepting after the system has run out of file descriptors."""

_LAST: Final = 3
"""The time-out of TLS itself, in stall time-outs: this module and the guard give up earlier."""

Accept: TypeAlias = Callable[[Connection], asyncio.Protocol]
"""Makes the protocol of a connection inside TLS."""


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
        self._listening = listening
        self._connections = connections
        self._accept = accept
        self._context = context
        listening.setblocking(False)
        listening.listen(backlog)
        self._task = asyncio.create_task(self._run(), name="accept")

    def close(self) -> None:
        """Accept no more connections."""
        self._task.cancel()
        self._listening.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(self._listening)
            except OSError as error:
                LOG.error("A connection cannot be accepted: %s", error.strerror)
                await asyncio.sleep(_PAUSE)
            else:
                self._connections.run_handshake(self._begin(accepted, address[0]))

    async def _begin(self, accepted: socket.socket, remote: str) -> None:
        seconds = self._connections.stall_timeout
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().connect_accepted_socket(
                    partial(self._accept, _Outside(accepted)),
                    accepted,
                    ssl=self._context,
                    ssl_handshake_timeout=_LAST * seconds,
                    ssl_shutdown_timeout=_LAST * seconds,
                )
        except (Exception, asyncio.CancelledError) as error:
            self._connections.report_tls(remote, *_describe(error))
            accepted.close()


class _Outside(NamedTuple):
    """The connection outside of TLS, which asyncio owns."""

    socket: socket.socket

    def finish(self) -> None:
        """Do nothing: the connection inside ends."""

    def abort(self) -> None:
        """End the connection at once: asyncio's TLS ignores `abort` after two calls of `close`."""
        with suppress(OSError):  # it is already closed
            self.socket.shutdown(socket.SHUT_RDWR)

    def connection_lost(self, exc: Exception | None) -> None:
        """Do nothing: the connection inside has cleaned up."""


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
