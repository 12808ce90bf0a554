"""One connection: HTTP that is refused as OSS refuses, and what a proxy's client makes of it."""

import asyncio
import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import _ErrInfo

from emulator.protocol.errors import Code, OSSError
from emulator.protocol.message import Request
from emulator.server import wire
from emulator.service import Service

Handler: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

LOG = logging.getLogger("emulator")

MAX_HEADERS = 32 * 1024
"""Bytes of the longest request line or header field."""


class Listener(web.Server):
    """aiohttp's low-level server, with connections of ours."""

    def __init__(self, service: Service, handler: Handler) -> None:
        super().__init__(handler)
        self._service = service
        self._beginning: set[asyncio.Task[None]] = set()
        """The connections whose TLS is being agreed on after a CONNECT."""

    def __call__(self) -> web.RequestHandler:
        return Connection(
            self._service,
            self,
            loop=self._loop,
            access_log=None,
            # A stored body is what was sent, whatever its Content-Encoding says.
            auto_decompress=False,
            max_line_size=MAX_HEADERS,
            max_field_size=MAX_HEADERS,
            tcp_keepalive=True,
        )

    def begin_again(self, transport: asyncio.Transport, context: ssl.SSLContext | None) -> None:
        """Take a transport for a new connection, inside TLS where there is a context."""
        if context is None:
            fresh = self()
            transport.set_protocol(fresh)
            fresh.connection_made(transport)
            return
        transport.pause_reading()  # what comes next is for TLS
        task = self._loop.create_task(self._begin_tls(transport, context))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _begin_tls(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        fresh = self()
        try:
            inner = await self._loop.start_tls(transport, fresh, context, server_side=True)
        except OSError as error:  # a client that does not trust the CA, or has left
            LOG.info("TLS after CONNECT failed: %s", error)
            return
        if inner is not None and not inner.is_closing():
            # What has come already is waiting in the connection's parser.
            fresh.connection_made(inner)

    def pre_shutdown(self) -> None:
        """Close what is idle, and what has not begun."""
        for task in self._beginning:
            task.cancel()
        super().pre_shutdown()


class Connection(web.RequestHandler):
    """One connection."""

    def __init__(self, service: Service, manager: Listener, **options: Any) -> None:
        super().__init__(manager, **options)
        self._service = service
        self._listener = manager

    @property
    def ahead(self) -> bool:
        """Whether the client of a CONNECT has sent more before it was answered."""
        return bool(self._message_tail)

    def data_received(self, data: bytes) -> None:
        """Take bytes; where they break a body off, tell who reads it, which aiohttp does not."""
        super().data_received(data)
        request = self._current_request
        if request is None or request.content.is_eof() or not self._messages:
            return
        message, _ = self._messages[-1]
        if isinstance(message, _ErrInfo):
            request.content.set_exception(web.RequestPayloadError(message.message))

    def hand_over(self, context: ssl.SSLContext | None) -> None:
        """Grant a CONNECT: this connection ends, and its transport begins anew."""
        transport = self.transport
        if transport is None:
            return
        transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.transport = None  # so that ending does not close it
        self.connection_lost(None)
        self._listener.begin_again(transport, context)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP, or what failed unexpectedly, in the form of OSS."""
        if status >= 500:
            LOG.error("%s %s failed", request.method, request.rel_url, exc_info=exc)
            error = OSSError(Code.INTERNAL_ERROR)
        elif isinstance(exc, LineTooLong):
            error = OSSError(Code.REQUEST_HEADERS_TOO_LARGE)
        else:
            error = OSSError(Code.BAD_REQUEST, ErrorDetail=(message or "").partition("\n")[0])
        read = Request.read(request.method, "/", (), self._service.clock.now())
        call = self._service.receive(read)
        answer = wire.Answer(self._service.refuse(call, error), call, time.perf_counter())
        answer.force_close()
        return answer


class Granted(web.StreamResponse):
    """The answer to a CONNECT: the transport gets a new connection, and this one is over."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__()
        self._context = context
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        self._connection = cast("Connection", request.protocol)
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        self._connection.hand_over(self._context)
