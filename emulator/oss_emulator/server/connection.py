"""One connection: HTTP that is refused as OSS refuses, and what a proxy's client makes of it."""

import asyncio
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion, HttpVersion11, RawRequestMessage
from aiohttp.http_exceptions import LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import _ErrInfo

from oss_emulator.pipeline.admission import Admitted, Refused
from oss_emulator.pipeline.service import Service, new_request_id
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import FileRange, Request, Response
from oss_emulator.server import sendfile, wire

Handler: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
AtOnce: TypeAlias = Callable[["Connection", RawRequestMessage, StreamReader], bool]
"""Answers a request that has come whole, or tells that this takes more than that."""

LOG = logging.getLogger("oss_emulator")

FAREWELL = 0.5
"""Seconds that clients get to agree with the end of their connections, as TLS would have them."""


class BrokenOffError(TimeoutError):
    """No more is taken of a body; whom aiohttp has wait for its end expects a time-out."""

    def __init__(self, error: OSSError) -> None:
        super().__init__(error)
        self.error = error


class Listener(web.Server):
    """aiohttp's low-level server, with connections of ours."""

    def __init__(self, service: Service, handler: Handler, at_once: AtOnce) -> None:
        super().__init__(handler)
        self._service = service
        self.answer_at_once = at_once
        self._beginning: set[asyncio.Task[None]] = set()
        """The connections whose TLS is being agreed on after a CONNECT."""
        self._open: dict[Connection, asyncio.Transport] = {}
        self._all_ended: asyncio.Event | None = None
        """Set once no connection is open; there only while the server ends."""

    def __call__(self) -> web.RequestHandler:
        return Connection(
            self._service,
            self,
            loop=self._loop,
            access_log=None,
            # A stored body is what was sent, whatever its Content-Encoding says.
            auto_decompress=False,
            max_line_size=self._service.limits.headers,
            max_field_size=self._service.limits.headers,
            keepalive_timeout=self._service.settings.request_timeout,
            read_bufsize=512 * 1024,
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

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as inherited
        """Close all connections, and break off those that do not end by that."""
        await super().shutdown(timeout)
        if not await self._end():
            for transport in self._open.values():
                transport.abort()
            await self._end()

    @property
    def crowded(self) -> bool:
        """Whether there are more connections than there may be."""
        return len(self._open) > self._service.settings.max_connections

    def began(self, connection: "Connection", transport: asyncio.Transport) -> None:
        self._open[connection] = transport

    def ended(self, connection: "Connection") -> None:
        self._open.pop(connection, None)
        if self._all_ended is not None and not self._open:
            self._all_ended.set()

    async def _end(self) -> bool:
        """Wait for a while until all connections have ended; whether they have."""
        self._all_ended = asyncio.Event()
        if self._open:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_ended.wait(), FAREWELL)
        return not self._open


class Begun(NamedTuple):
    """A request that was performed, whose answer has to wait for something."""

    outcome: Admitted | Refused
    response: Response
    began: float
    """On the clock of time.perf_counter."""


class Connection(web.RequestHandler):
    """One connection."""

    def __init__(self, service: Service, manager: Listener, **options: Any) -> None:
        super().__init__(manager, **options)
        self._service = service
        self._listener = manager
        self.remote = ""
        """The address of the client."""
        self.secure = False
        """Whether it comes by https."""
        self._head = 0
        """Bytes that have come of a head that is not complete."""
        self._body: StreamReader | None = None
        """The last body that has begun to come, until it is complete."""
        self._moved = 0.0
        """When the client last did what it has to do: begin a head, send of a body, take bytes."""
        self._to_take = 0
        """Bytes that wait for the client to take them, as was last seen."""
        self._watch: asyncio.TimerHandle | None = None
        self._sending: sendfile.Sending | None = None

        self.begun: Begun | None = None
        """What the next request has come to, where answering it at once came to an end."""

    @property
    def ahead(self) -> bool:
        """Whether the client of a CONNECT has sent more before it was answered."""
        return bool(self._message_tail)

    def read(
        self, method: str, target: str, headers: Mapping[str, str], version: HttpVersion
    ) -> Request:
        """A request of this connection as a value, which has arrived now."""
        return Request.parse(
            method,
            target,
            headers.items(),
            self._service.clock(),
            self.remote,
            self.secure,
            "1.1" if version >= HttpVersion11 else "1.0",
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self.remote = str(peer[0] if isinstance(peer, tuple | list) else peer or "")
        self.secure = transport.get_extra_info("sslcontext") is not None
        self._listener.began(self, cast("asyncio.Transport", transport))
        if self._listener.crowded:
            self._refuse(OSSError(Code.SERVICE_UNAVAILABLE))

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if self._body is not None:
            self._break_off(self._body, OSSError(Code.INCOMPLETE_BODY))
        if self._watch is not None:
            self._watch.cancel()
        if self._sending is not None:
            self._sending.end()
        self._listener.ended(self)

    def eof_received(self) -> bool:  # type: ignore[override] # asyncio reads it, aiohttp has none
        """The client sends no more; what it has sent whole is answered, then the connection ends.

        (RFC 9112, 9.6.) Inside TLS its end is the end of both directions.
        """
        idle = not self._messages and self._waiter is not None
        if idle or self.secure or self._head or self._body is not None:
            return False
        if not self._messages:
            self._close = True  # after the request that is being answered
            return True
        message, body = self._messages[-1]
        if not isinstance(message, _ErrInfo):  # which ends the connection anyway
            self._messages[-1] = (message._replace(should_close=True), body)
        return True

    def data_received(self, data: bytes) -> None:
        """Take bytes, and answer at once what can be."""
        waiter = self._waiter
        if waiter is None or waiter.done():  # there is a request already
            self._take(data)
            return
        # Whoever waits for a request is woken only for what is not answered here and now.
        self._waiter = None
        try:
            self._take(data)
            self._answer_at_once()
        finally:
            self._waiter = waiter
        if self._messages:
            waiter.set_result(None)

    def _take(self, data: bytes) -> None:
        count = self._request_count
        super().data_received(data)
        if self._request_count != count:
            last, body = self._messages[-1][0], self._body
            if isinstance(last, _ErrInfo) and body is not None and not body.is_eof():
                self._messages.pop()
                self._break_off(body, _bad_request(last.message))
            else:
                self._take_heads(self._request_count - count, self._head + len(data))
        elif self._body is None and not self._upgraded:
            self._take_head(len(data))
        if self._body is not None:
            self._take_body()

    def _break_off(self, body: StreamReader, error: OSSError) -> None:
        """Have the request refused whose body was coming; then the connection ends.

        aiohttp tells neither who reads the body nor who will.
        """
        self._body = None
        if self._messages:  # its request is the last of those that wait
            self._messages[-1] = (_ErrInfo(400, error, ""), EMPTY_PAYLOAD)
        else:
            self._close = True
            body.set_exception(BrokenOffError(error))

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Go on reading; where it goes on, aiohttp would parse what it has for nothing."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def _answer_at_once(self) -> None:
        """Answer what has come whole and takes no waiting, as far as nothing else is before it.

        It takes no task and no object of aiohttp's, which are half of what a short answer costs.
        """
        answered = False
        while self._messages and not (self.writing_paused or self._close or self._force_close):
            message, body = self._messages[0]
            if (
                isinstance(message, _ErrInfo)
                or not body.is_eof()
                or message.version != HttpVersion11
                or message.should_close
                or message.upgrade
                or not self._listener.answer_at_once(self, message, body)
            ):
                break
            self._messages.popleft()
            self._make_room()
            answered = True
        if answered:
            self._stay_open()

    def _make_room(self) -> None:
        """Have the parser go on where it has stopped for the number of requests that waited."""
        if self._parser is not None:
            self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()

    def _stay_open(self) -> None:
        """Let the time begin anew after which an idle connection is closed."""
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(
                self._next_keepalive_close_time, self._process_keepalive
            )

    def _take_heads(self, count: int, size: int) -> None:
        """Some heads are complete; they came in `size` bytes at most."""
        self._head = 0
        self._body = self._messages[-1][1]
        if size <= self._service.limits.headers:
            return
        for place in range(len(self._messages) - count, len(self._messages)):
            message, body = self._messages[place]
            if _size(message) > self._service.limits.headers:
                error = OSSError(Code.REQUEST_HEADERS_TOO_LARGE)
                self._messages[place] = (_ErrInfo(400, error, ""), body)

    def _take_head(self, size: int) -> None:
        """Some of a head has come."""
        if size and not self._head:
            self._moved = self._loop.time()
            self._look_later()
        self._head += size
        if self._head > self._service.limits.headers:
            self._refuse(OSSError(Code.REQUEST_HEADERS_TOO_LARGE))

    def _take_body(self) -> None:
        """Some of a body has come, or its head."""
        if self._body is not None and self._body.is_eof():
            self._body = None
        else:
            self._moved = self._loop.time()
            self._look_later()

    def _refuse(self, error: OSSError) -> None:
        """Have whatever comes next answered with an error, after which the connection ends."""
        self._head = 0
        self._messages.append((_ErrInfo(400, error, ""), EMPTY_PAYLOAD))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def sends_files(self) -> bool:
        """Whether `send_file` can be called."""
        transport = self.transport
        return transport is not None and sendfile.is_possible(transport)

    async def send_file(self, piece: FileRange, sent: Callable[[int], None]) -> None:
        """Send a piece of a file, behind what was written so far; raises `ConnectionError`.

        `sent` is told how many bytes have gone, as they go.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has left")
        transport.set_write_buffer_limits(high=0)
        try:
            await self._drain_helper()
        finally:
            transport.set_write_buffer_limits()
        patience = self._service.settings.request_timeout
        self._sending = sendfile.Sending(transport, piece, patience, sent)
        try:
            await self._sending.run()
        finally:
            self._sending = None

    # A client that stalls

    def pause_writing(self) -> None:
        """The client takes less than is sent."""
        super().pause_writing()
        self._moved = self._loop.time()
        self._look_later()

    def _process_keepalive(self) -> None:
        """Close what is idle; a head that has begun is watched as such."""
        if self._head:
            self._keepalive_handle = None
        else:
            super()._process_keepalive()

    def _look_later(self) -> None:
        if self._watch is None:
            when = self._moved + self._service.settings.request_timeout
            self._watch = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        """End the wait for a client that has done nothing of what it has to do for too long."""
        self._watch = None
        transport, now = self.transport, self._loop.time()
        coming = self._head or (self._body is not None and not self._body.is_eof())
        if transport is None or not (coming or self.writing_paused):
            return
        to_take = transport.get_write_buffer_size()
        if to_take < self._to_take or (coming and self._reading_paused):
            self._moved = now
        self._to_take = to_take
        if now < self._moved + self._service.settings.request_timeout:
            self._look_later()
        elif self.writing_paused:
            transport.abort()
        elif self._head:
            self._refuse(OSSError(Code.REQUEST_TIMEOUT))
        elif self._body is not None:
            self._break_off(self._body, OSSError(Code.REQUEST_TIMEOUT))

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
        elif isinstance(exc, OSSError):
            error = exc
        elif isinstance(exc, LineTooLong):
            error = OSSError(Code.REQUEST_HEADERS_TOO_LARGE)
        else:
            error = _bad_request(message or "")
        read = Request.parse(request.method, "/", (), self._service.clock())
        refused = Refused(read, new_request_id(read.received), error)
        answer = wire.Answer(self._service.render(refused), refused, time.perf_counter())
        answer.force_close()
        return answer


def _bad_request(message: str) -> OSSError:
    """What is no HTTP, by aiohttp's message, whose first line says what is wrong."""
    return OSSError(Code.BAD_REQUEST, ErrorDetail=message.partition("\n")[0])


def _size(message: RawRequestMessage | _ErrInfo) -> int:
    """Bytes of a head, about."""
    if isinstance(message, _ErrInfo):
        return 0
    return len(message.path) + sum(len(name) + len(value) for name, value in message.raw_headers)


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
