"""The edge: turns aiohttp's requests into values, and values into responses on the wire."""

import asyncio
import time
import zlib
from collections.abc import AsyncGenerator, Iterable, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple, TypeAlias

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion11

from oss_emulator.pipeline.admission import Admitted, Refused
from oss_emulator.protocol import dates
from oss_emulator.protocol.headers import encode
from oss_emulator.protocol.message import FileRange, Request, Response
from oss_emulator.server.guard import Guard
from oss_emulator.server.throttle import Throttle
from oss_emulator.sts import STSAnswer

CHUNK: Final = 256 * 1024
"""Bytes of a file that are read and sent at a time."""

INLINE: Final = 64 * 1024
"""Bytes of a file to read on the event loop, which is faster than starting a thread."""

GZIP: Final = 31
"""zlib's `wbits` for a window of 32 KiB with a gzip header."""

_WITHOUT_BODY: Final = frozenset({204, 304})


class Aside(NamedTuple):
    """A request that is not for OSS: for STS, or for the emulator itself."""

    request: Request
    request_id: str
    sts: STSAnswer | None = None
    """The answer of STS, if STS was asked."""
    traffic_limit: int | None = None


Outcome: TypeAlias = Admitted | Refused | Aside
"""The outcome of a request: performed, refused, or not for OSS."""


def read(http: web.BaseRequest, guard: Guard, now: float) -> Request:
    """Turn a request of aiohttp into a value."""
    version = "1.1" if http.version >= HttpVersion11 else "1.0"
    return Request.parse(
        http.method,
        http.raw_path,
        http.headers.items(),
        now,
        guard.remote,
        guard.secure,
        version,
    )


def format(response: Response, refused: Refused, began: float) -> bytes:
    """Format a whole answer to a request that aiohttp never sees; the connection ends after it."""
    assert isinstance(response.body, bytes)  # noqa: S101 - errors are short
    head = _head(response, refused, time.perf_counter() - began)
    return _format_last_head(response.status, head) + response.body


def _format_last_head(status: int, head: Mapping[str, str]) -> bytes:
    """The first line and the headers of the last answer of a connection."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in head.items()]
    return encode("\r\n".join([*lines, "Connection: close", "", ""]))


def _head(response: Response, outcome: Outcome, seconds: float) -> dict[str, str]:
    """Return the headers of an answer: the response's and the server's own."""
    status, body = response.status, response.body
    head = {
        **response.headers,
        "Server": "AliyunOSS",
        "Date": dates.format_http(outcome.request.received + seconds),
        "x-oss-request-id": outcome.request_id,
        "x-oss-server-time": str(int(seconds * 1000)),
    }
    if "Content-Length" not in head and status not in _WITHOUT_BODY and not response.compress:
        head["Content-Length"] = str(len(body) if isinstance(body, bytes) else _length(body))
    return head


def _is_utf8(head: Mapping[str, str]) -> bool:
    """Return whether all headers are UTF-8; surrogates stand for other bytes."""
    text = "".join(head.values())
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)


class VerbatimResponse(web.StreamResponse):
    """The last response of a connection, with a head that aiohttp cannot encode (P-57)."""

    def __init__(self, status: int, head: Mapping[str, str]) -> None:
        super().__init__(status=status)
        self._verbatim_head = _format_last_head(status, head)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Send the head; aiohttp calls this once more at the end."""
        self._verbatim_writer = request.writer
        if self._verbatim_head:
            data, self._verbatim_head = self._verbatim_head, b""
            await self._verbatim_writer.write(data)
        return self._verbatim_writer

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        await self._verbatim_writer.write(data)

    async def write_eof(self, data: bytes = b"") -> None:
        await self._verbatim_writer.write_eof(data)


class Answer:
    """A response that is being sent to the client; no header is guessed."""

    def __init__(
        self,
        http: web.BaseRequest,
        guard: Guard,
        response: Response,
        outcome: Outcome,
        began: float,
    ) -> None:
        """`began` is the time of arrival on the clock of `time.perf_counter`."""
        self.response = response
        self.outcome = outcome
        self.sent = 0
        """Bytes of body that were sent."""
        self._http = http
        self._guard = guard
        self._began = began
        self._throttle = Throttle.of(outcome.traffic_limit)
        self._gzip = zlib.compressobj(wbits=GZIP) if response.compress else None
        self._in_pieces = response.compress or outcome.traffic_limit is not None
        """Whether even a short body goes through `_write`."""

    @property
    def seconds(self) -> float:
        """How long the request has taken so far."""
        return time.perf_counter() - self._began

    async def send(self) -> web.StreamResponse:
        """Send head and body. If the client leaves, nothing is raised: aiohttp notices it."""
        response, http = self.response, self._http
        head = _head(response, self.outcome, self.seconds)
        has_body = http.method != "HEAD" and response.status not in _WITHOUT_BODY
        body = response.body if has_body else b""
        stream: web.StreamResponse
        if not _is_utf8(head):
            stream = VerbatimResponse(response.status, head)
            pieces: Iterable[bytes | FileRange] = (body,) if isinstance(body, bytes) else body
        elif isinstance(body, bytes) and not (has_body and self._in_pieces):
            stream = web.Response(status=response.status, headers=head, body=body)
            pieces = ()
            self.sent = len(body)
        else:
            stream = web.StreamResponse(status=response.status, headers=head)
            pieces = (body,) if isinstance(body, bytes) else body
        endless = self._gzip is not None and http.version < HttpVersion11
        if self._guard.is_last or endless or response.ends_connection:
            stream.force_close()  # this also ends a body without a length
        try:
            await stream.prepare(http)
            if pieces:
                await self._send_pieces(stream, pieces)
            await stream.write_eof()
        except ConnectionError as error:
            error.__traceback__ = None  # otherwise its reference cycle keeps the files open
        return stream

    async def _send_pieces(
        self, stream: web.StreamResponse, pieces: Iterable[bytes | FileRange]
    ) -> None:
        for piece in pieces:
            if isinstance(piece, bytes):
                await self._put(stream, piece)
            else:
                await self._send_file(stream, piece)
        if self._gzip is not None:
            await self._write(stream, self._gzip.flush())

    async def _put(self, stream: web.StreamResponse, chunk: bytes) -> None:
        """Send a piece of the body, compressed if that was agreed."""
        if self._gzip is not None:
            chunk = await asyncio.to_thread(self._gzip.compress, chunk)
        for start in range(0, len(chunk), self._throttle.step):
            await self._write(stream, chunk[start : start + self._throttle.step])

    async def _write(self, stream: web.StreamResponse, chunk: bytes) -> None:
        """Send bytes as they are."""
        await stream.write(chunk)
        self.sent += len(chunk)
        await self._throttle.passed(len(chunk))

    async def _send_file(self, stream: web.StreamResponse, piece: FileRange) -> None:
        if piece.length <= INLINE or self._in_pieces or not self._guard.sends_files:
            await self._send_chunks(stream, piece)
        else:
            await self._guard.send_file(piece, self._count)

    def _count(self, sent: int) -> None:
        self.sent += sent

    async def _send_chunks(self, stream: web.StreamResponse, piece: FileRange) -> None:
        offset, end = piece.offset, piece.offset + piece.length
        while offset < end:
            size = min(CHUNK, end - offset)
            if piece.length <= INLINE:
                chunk = piece.read(offset, size)
            else:
                chunk = await asyncio.to_thread(piece.read, offset, size)
            if not chunk:
                raise OSError(f"The file of a blob ends at {offset}, {end - offset} bytes early.")
            await self._put(stream, chunk)
            offset += len(chunk)


def _length(body: tuple[bytes | FileRange, ...]) -> int:
    return sum(len(piece) if isinstance(piece, bytes) else piece.length for piece in body)


async def send_events(
    http: web.BaseRequest, headers: Mapping[str, str], stream: AsyncGenerator[bytes]
) -> web.StreamResponse:
    """Send events as they come, until the reader leaves or the server ends."""
    response = web.StreamResponse(headers=headers)
    try:
        await response.prepare(http)
        async for event in stream:
            await response.write(event)
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        await stream.aclose()
    return response
