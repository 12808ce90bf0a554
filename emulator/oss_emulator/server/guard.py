"""A protocol around aiohttp's: it owns the transport, checks every head, then passes it on.

aiohttp limits neither the size of a whole head nor the number of connections, waits for ever for
stalled clients, and does not support CONNECT. The guard adds all this. It tracks where requests
begin and end, and passes on the next request when the previous one is answered. So a connection has
one request at a time, and every failure of the connection belongs to that request.

Bodies do not pass through aiohttp. Their bytes wait in the guard until the request reads them, and
those of a refused request are never parsed.
"""

import asyncio
import logging
import socket
import ssl
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from typing import Final, NamedTuple, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.server import framing, handshake
from oss_emulator.server.connections import Connection, Connections
from oss_emulator.server.framing import NO_BODY, Extent, Head, bad_request
from oss_emulator.server.writer import TransportWriter


class StallTimer:
    """Gives up on a client that makes no progress while the server waits for it."""

    def __init__(
        self,
        seconds: float,
        transport: asyncio.Transport,
        waits: Callable[[], bool],
        give_up: Callable[[], None],
    ) -> None:
        """`waits` returns whether the server waits for the client to send something, or to leave.

        It always waits for a client that does not read its answer. `give_up` is called each time
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
        """Whether unsent bytes did not move since the last check; without any, `waits` decides."""
        unsent, self._unsent = self._unsent, self._transport.get_write_buffer_size()
        return self._unsent == unsent if self._unsent else self._waits()


def _is_failure(record: logging.LogRecord) -> bool:
    """Whether a record of aiohttp's log is a failure of the server, not a request it refused."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_LOG = logging.getLogger("oss_emulator.aiohttp")
_LOG.addFilter(_is_failure)

LINGER: Final = 2.0
"""Seconds in which a client that still sends a body or requests can read the answer."""


class Answered(web.StreamResponse):
    """Tells aiohttp that the answer to a request has been sent."""

    def __init__(self, *, stays: bool) -> None:
        """`stays`: whether the connection stays open."""
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


def make_aiohttp_protocol(
    handler: Callable[[web.BaseRequest], Awaitable[Answered]], connections: Connections
) -> asyncio.Protocol:
    """Make the protocol of one connection, which has the handler answer each request."""
    server = web.Server(
        handler,
        access_log=None,
        logger=_LOG,
        # The guard limits heads and idle time itself, and its limits must apply first.
        max_line_size=connections.max_head,
        max_field_size=connections.max_head,
        max_headers=connections.max_head,
        keepalive_timeout=3 * connections.stall_timeout,
    )
    return server()


LONG_HEAD: Final = 4 * 1024
"""Bytes of a head above which its request waits for its turn: comparing a long Referer with many
entries takes several milliseconds."""

READ_AHEAD: Final = 64 * 1024
"""Bytes that may wait of a body, or of the requests after the one that is being answered."""

_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)
"""The socket option of Linux to acknowledge at once; None on other systems."""

_CONTINUE: Final = "100-continue"
_END_OF_HEAD: Final = b"\r\n\r\n"
_GRANTED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"


def _tell_nobody() -> None:
    """Do nothing: no work depends on whether the client is still connected."""


class Handlers(NamedTuple):
    """The functions of the server that every guard calls."""

    answer: Callable[[web.BaseRequest, "Guard"], Awaitable[bool]]
    """Sends the whole answer to a request; returns whether the connection can stay open."""
    connect: Callable[[str, Request], ssl.SSLContext | None]
    """Grants a CONNECT to an authority; returns the TLS context, None for plain HTTP. Raises
    `OSSError`."""
    format_error: Callable[[OSSError, Request | None], bytes]
    """Formats the answers to malformed requests and refused CONNECTs, which aiohttp never sees."""
    report_tls: Callable[[str], None]
    """Reports a client that begins TLS on a port for plain HTTP."""
    now: Callable[[], float]
    """The time in seconds since the epoch."""


class Phase(Enum):
    """What a connection waits for."""

    BEGINNING = auto()
    """For its transport, which inside a CONNECT needs a TLS handshake first."""
    HEAD = auto()
    """For a request, or the rest of its head."""
    BODY = auto()
    """For the request to read its body, or for the rest of that."""
    ANSWER = auto()
    """For the answer to a complete request."""
    END = auto()
    """For nothing: further bytes are dropped."""


class Guard(asyncio.Protocol):
    """The protocol of one connection, between its transport and aiohttp's protocol."""

    transport: asyncio.Transport
    writer: TransportWriter
    _timer: StallTimer

    def __init__(
        self, connections: Connections, handlers: Handlers, outer: Connection | None = None
    ) -> None:
        """`outer` is the connection that began TLS, on a port for TLS or after a CONNECT."""
        self._connections = connections
        self.turns = connections.turns
        self.form_memory = connections.form_memory
        self._handlers = handlers
        self._outer = outer
        self._connected = isinstance(outer, Guard)
        """Whether a CONNECT was granted on this connection, or on the one that began TLS."""
        self._aiohttp = make_aiohttp_protocol(self._answer, connections)
        self.remote = ""
        self.secure = False
        self._loop = asyncio.get_running_loop()
        self._phase = Phase.BEGINNING
        self._pending = b""
        """Bytes that have arrived but were not passed on yet."""
        self._later: deque[bytes] = deque()
        """The pieces of a body that arrived after them: joining large pieces takes time."""
        self._later_size = 0
        self.head: Head
        self.has_body = False
        """Whether the current request has a body, read or not."""
        self._head_is_long = False
        self._extent: Extent = NO_BODY
        """Where the body of the current request ends."""
        self._answering = False
        """Whether the current request is still being answered."""
        self._http: web.BaseRequest | None = None
        """The request that is being answered; None until aiohttp calls the handler."""
        self._arrival: asyncio.Future[None] | None = None
        """Done when bytes of a body arrive or none will; None unless the request waits for them."""
        self._ended = self._loop.create_future()
        """Done when the connection is lost."""
        self._failure: OSSError | None = None
        """Why the body of the current request did not arrive completely."""
        self._is_final = False
        """Whether no request may follow the current one on this connection."""
        self._no_more = False
        """Whether the client has closed its side of the connection."""
        self._tell_left: Callable[[], None] = _tell_nobody
        self._reading_paused = False
        """Whether the guard paused reading, since what it has read must wait."""

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.remote = str(peer[0] if isinstance(peer, tuple | list) else peer or "")
        self.secure = transport.get_extra_info("sslcontext") is not None
        self._connections.opened(self, self._outer)
        self._aiohttp.connection_made(transport)
        seconds = self._connections.stall_timeout
        self.writer = TransportWriter(self.transport, seconds)
        self._timer = StallTimer(seconds, self.transport, self._waits_for_client, self._give_up)
        if self._connections.crowded:
            crowded = OSSError(ErrorCase.SERVICE_UNAVAILABLE)
            self._end_with(self._handlers.format_error(crowded, None))
        else:
            self._phase = Phase.HEAD
            self._advance()  # inside a CONNECT bytes may arrive before this call

    def data_received(self, data: bytes) -> None:
        if not self._pending and self._phase is not Phase.BEGINNING:
            self._timer.progress()
        if self._phase is Phase.BODY and self._pending:
            self._later.append(data)
            self._later_size += len(data)
        else:
            self._pending += data
        self._advance()
        if self._phase is Phase.BODY:
            self._acknowledge()

    def _acknowledge(self) -> None:
        """Acknowledge a part of a request at once; Linux would wait for 40 ms.

        A client that does not set TCP_NODELAY sends the rest only after that. urllib3, and so
        `oss2`, does not set it for connections to a proxy.
        """
        if _QUICKACK is not None:
            with suppress(OSError):  # the client has left
                connection = self.transport.get_extra_info("socket")
                connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def eof_received(self) -> bool:
        """Keep the connection open while a complete request is being answered (RFC 9112, 9.6).

        TLS cannot close one direction alone.
        """
        self._no_more = True
        self._tell_left()
        self._wake()
        return self._answering and not self.secure

    @contextmanager
    def leaving(self, on_leave: Callable[[], None]) -> Iterator[None]:
        """Call `on_leave` if the client closes its side or the connection is lost meanwhile.

        A client that has closed its side may still wait for the answer; the server cannot know.
        """
        self._tell_left = on_leave
        if self._no_more or self.transport.is_closing():
            on_leave()
        try:
            yield
        finally:
            self._tell_left = _tell_nobody

    def connection_lost(self, exc: Exception | None) -> None:
        self._tell_left()
        self._no_more = True
        self._wake()
        if self._phase is not Phase.BEGINNING:
            self._timer.end()
            self.writer.end()
        if self._phase is not Phase.BODY:  # what has arrived of a body is still read
            self._phase = Phase.END
        if self._answering and self._http is None:
            # Some releases of aiohttp fail if they lose the transport between reading a request and
            # calling the handler, which takes two turns of the loop.
            self._loop.call_soon(self._loop.call_soon, self._aiohttp.connection_lost, exc)
            self._connections.answered(self)
        else:
            self._aiohttp.connection_lost(exc)
        if not self._ended.done():
            self._ended.set_result(None)
        self._connections.closed(self)
        if self._outer is not None:
            self._outer.connection_lost(exc)

    def pause_writing(self) -> None:
        self.writer.pause()
        self._aiohttp.pause_writing()

    def resume_writing(self) -> None:
        self._aiohttp.resume_writing()
        self.writer.resume()

    # Requests in turn

    def _advance(self) -> None:
        """Pass on pending bytes, as far as the phase allows."""
        while self._pending and self._phase is Phase.HEAD and self._take_head():
            pass
        if self._phase is Phase.END:
            self._pending = b""
        elif self._phase is Phase.BODY:
            self._wake()
        waiting = len(self._pending) + self._later_size
        waits = self._phase in (Phase.BODY, Phase.ANSWER)
        if waits and waiting > READ_AHEAD and not self._reading_paused:
            self._reading_paused = True
            self.transport.pause_reading()

    def _go_on_reading(self) -> None:
        if self._reading_paused and not self.transport.is_closing():
            self._reading_paused = False
            self.transport.resume_reading()

    def _take_head(self) -> bool:
        """Pass on a head; returns whether it was complete."""
        pending = self._pending.lstrip(b"\r\n")  # RFC 9112, 2.2
        end = pending.find(_END_OF_HEAD)
        size = len(pending) if end < 0 else end + len(_END_OF_HEAD)
        if pending.startswith(framing.TLS) and not self.secure:
            self._handlers.report_tls(self.remote)
            self._end_with(framing.TLS_ALERT)
            return True
        if size > self._connections.max_head:
            self._refuse(OSSError(ErrorCase.REQUEST_HEADERS_TOO_LARGE))
            return True
        if end < 0:
            self._pending = pending
            return False
        self._pending = pending[size:]
        try:
            head = framing.parse(pending[:size])
        except OSSError as error:
            self._refuse(error)
            return True
        self.head = head
        self._head_is_long = size > LONG_HEAD
        if head.method == "CONNECT":
            self._connect(head)
        else:
            self._begin(head)
        return True

    def _begin(self, head: Head) -> None:
        self._extent = head.extent
        self.has_body = not head.extent.done
        self._phase = Phase.ANSWER if head.extent.done else Phase.BODY
        self._is_final |= head.last
        self._answering, self._http, self._failure = True, None, None
        self._connections.busy.add(self)
        self._aiohttp.data_received(head.data)

    async def read(self, most: int = sys.maxsize) -> bytes:
        """Read at most `most` bytes of the body; none at its end. Raises `OSSError`.

        The body is parsed here, a part in each turn of the event loop.
        """
        data = b""
        while not data and self._failure is None and not self._extent.done:
            if self._pending:
                data = self._take_body(most)
                if self._pending and not self._extent.done:
                    await self.turns.wait()
            elif self._no_more:
                self._break_off(OSSError(ErrorCase.INCOMPLETE_BODY))
            else:
                self._timer.progress()
                self._arrival = self._loop.create_future()
                await self._arrival
                self._arrival = None
        if self._failure is not None:
            raise self._failure
        return data

    def _take_body(self, most: int = sys.maxsize) -> bytes:
        try:
            data, rest = self._extent.take(self._pending[:most])
            self._pending = rest + self._pending[most:]
        except OSSError as error:
            self._break_off(error)
            return b""
        if self._extent.done and self._phase is Phase.BODY:
            self._phase = Phase.ANSWER
            self._pending += b"".join(self._later)
            self._drop_later()
        elif not self._pending and self._later:
            self._pending = self._later.popleft()
            self._later_size -= len(self._pending)
        if len(self._pending) + self._later_size <= READ_AHEAD:
            self._go_on_reading()
        return data

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def invite(self) -> None:
        """Send `100 Continue` if the client waits for it (`Expect: 100-continue`)."""
        expected = (value.lower() for name, value in self.head.fields if name == "expect")
        waits = self.head.version != "1.0" and next(expected, "") == _CONTINUE
        if waits and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def _answer(self, http: web.BaseRequest) -> Answered:
        self._http = http
        self._connections.busy.add(self)  # again: the client may have left meanwhile
        stays = False
        try:
            if self._head_is_long:
                await self.turns.wait()
            stays = await self._handlers.answer(http, self)
            # Bytes that arrived after the head was sent may require the connection to end.
            stays = stays and not self.is_last
        finally:
            sends = bool(self._pending) or self.head.last or not self._extent.done
            self._end_answer(stays)
        if not stays and sends:
            self._linger()
            await self._ended  # aiohttp would close the connection
        return STAYS if stays else ENDS

    @property
    def is_last(self) -> bool:
        """Whether the connection must end after the request that is being answered.

        The rest of an unread body would be read as the next request (P-05).
        """
        if self._phase is Phase.BODY and self._pending.startswith(framing.NO_CHUNKS):
            self._take_body()  # nobody reads the empty body of an operation that takes none
        return (
            self._is_final
            or self._http is None
            or (self._no_more and not self._pending)
            or not self._extent.done
        )

    def ignore_rest(self) -> None:
        """Drop all further bytes: the connection ends after the answer."""
        self._phase, self._pending = Phase.END, b""
        self._drop_later()
        self._go_on_reading()

    def _drop_later(self) -> None:
        self._later.clear()
        self._later_size = 0

    def _linger(self) -> None:
        """Close the sending side, and the connection after `LINGER` seconds.

        A client that sends a whole body or further requests before it reads gets the answer: if
        the connection were closed while bytes arrive, the system would reset it (RFC 9112, 9.6).
        """
        self.ignore_rest()
        if self._no_more or self.transport.is_closing():
            self.transport.close()
            return
        if self.transport.can_write_eof():  # TLS cannot
            with suppress(OSError):  # the client has left
                self.transport.write_eof()
        lingering = self._loop.call_later(LINGER, self.transport.close)
        self._ended.add_done_callback(lambda _: lingering.cancel())

    def read_request(self, now: float) -> Request:
        """Return the current request as a value, received at the time `now`."""
        method, target, version, fields = self.head[1:5]
        return Request.parse(
            method, target, fields, now, remote=self.remote, secure=self.secure, version=version
        )

    def _end_answer(self, stays: bool) -> None:
        """Continue with the next request if the connection stays open."""
        self._answering, self._http = False, None
        self._connections.answered(self)
        if not stays:
            self.ignore_rest()
            return
        if self._phase is Phase.ANSWER:
            self._phase = Phase.HEAD
            self._timer.progress()
            self._go_on_reading()
            self._advance()
        if self._no_more and not self._answering:
            self.transport.close()  # the pending bytes are not a complete request

    # Requests and connections that end early

    def _break_off(self, error: OSSError) -> None:
        """Stop reading a body: its reader gets the error, and the connection ends afterwards."""
        self._failure, self._is_final = error, True
        self.ignore_rest()
        self._wake()

    def _refuse(self, error: OSSError, request: Request | None = None) -> None:
        """Answer with an error without aiohttp, and end the connection."""
        self.transport.write(self._handlers.format_error(error, request))
        self._linger()

    def _end_with(self, last: bytes) -> None:
        self._phase, self._pending = Phase.END, b""
        self.transport.write(last)
        self.transport.close()

    def finish(self) -> None:
        """End the connection after the request that is being answered."""
        self._is_final = True
        if not self._answering:
            self.transport.close()

    def cancel(self) -> None:
        """Cancel the answer to the request."""
        if self._http is not None:
            self._http.task.cancel()

    def close(self) -> None:
        """End the connection after all written bytes are sent."""
        self.transport.close()

    def abort(self) -> None:
        """End the connection at once, and the outer connection in which its TLS began.

        If TLS is closing, only the outer connection is aborted: after two calls of `close`,
        asyncio's TLS ignores `abort`, and raises an AttributeError in Python 3.11.2.
        """
        if self._outer is None or not self.transport.is_closing():
            self.transport.abort()
        if self._outer is not None:
            self._outer.abort()

    # Clients that stall

    def _waits_for_client(self) -> bool:
        """Whether the client must send something, or close its side of TLS."""
        if self.transport.is_closing():
            return True
        return self._phase is Phase.HEAD or self._arrival is not None

    def _give_up(self) -> None:
        if self.transport.get_write_buffer_size() or self.transport.is_closing():
            self.abort()
        elif self._arrival is not None:
            self._break_off(OSSError(ErrorCase.REQUEST_TIMEOUT))
        elif self._pending:
            self._refuse(OSSError(ErrorCase.REQUEST_TIMEOUT))
        else:
            self.transport.close()  # idle

    # CONNECT

    def _connect(self, head: Head) -> None:
        """Grant a CONNECT, which connects the client to this server itself, or refuse it."""
        request = self.read_request(self._handlers.now())
        try:
            if self._connected:
                raise bad_request("A CONNECT inside a CONNECT is refused; send the request itself.")
            if self._pending:
                raise bad_request("A client must wait for the answer to CONNECT.")
            context = self._handlers.connect(head.target, request)
        except OSSError as error:
            self._refuse(error, request)
            return
        self._connected = True
        self.transport.write(_GRANTED)
        if context is not None:
            self._phase = Phase.END
            self.transport.pause_reading()  # the following bytes belong to TLS
            inside = Guard(self._connections, self._handlers, self)
            self._connections.run_handshake(
                handshake.begin(self, inside, context, self._connections)
            )
