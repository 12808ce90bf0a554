"""The protocol of aiohttp inside a guard, which gets checked bytes only."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError

from oss_emulator.server.connections import Connections


def _is_failure(record: logging.LogRecord) -> bool:
    """Whether a record of aiohttp's log is a failure of the server, not a request it refused."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_LOG = logging.getLogger("oss_emulator.aiohttp")
_LOG.addFilter(_is_failure)

BUFFER: Final = 512 * 1024
"""Bytes of a body that aiohttp buffers until they are read."""


class Answered(web.StreamResponse):
    """Tells aiohttp that the answer to a request has been sent."""

    def __init__(self, *, stays: bool) -> None:
        """`stays` is whether the connection stays open."""
        super().__init__()
        self._stays = stays

    @property
    def keep_alive(self) -> bool:
        return self._stays

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        pass


STAYS: Final = Answered(stays=True)
ENDS: Final = Answered(stays=False)


def make(
    handler: Callable[[web.BaseRequest], Awaitable[Answered]], connections: Connections
) -> asyncio.Protocol:
    """Make the protocol of one connection, which has the handler answer each request."""
    server = web.Server(
        handler,
        access_log=None,
        logger=_LOG,
        # A stored body is what was sent, whatever its Content-Encoding says.
        auto_decompress=False,
        # The guard limits heads and idle time itself, and its limits must apply first.
        max_line_size=connections.max_head,
        max_field_size=connections.max_head,
        max_headers=connections.max_head,
        keepalive_timeout=3 * connections.patience,
        read_bufsize=BUFFER,
    )
    return server()
