"""Our responses to the socket."""

import asyncio
import time
import zlib
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion11
from aiohttp.http_writer import _serialize_headers

from oss_emulator.pipeline.admission import Admitted, Refused
from oss_emulator.protocol import dates
from oss_emulator.protocol.message import FileRange, Request, Response
from oss_emulator.server.throttle import Throttle

if TYPE_CHECKING:
    from oss_emulator.server.connection import Connection

CHUNK: Final = 256 * 1024
"""Bytes of a file that are read and sent at a time."""

INLINE: Final = 64 * 1024
"""Bytes of a file that are read on the event loop, which takes less than the way to a thread."""

GZIP: Final = 31
"""What zlib calls a window of 32 KiB with a gzip header."""

_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus}
"""The first lines of answers."""

_WITHOUT_BODY: Final = frozenset({204, 304})


class Aside(NamedTuple):
    """A request that is no call to OSS: one to STS, or to the emulator itself."""

    request: Request
    request_id: str
    traffic_limit: int | None = None


Outcome: TypeAlias = Admitted | Refused | Aside
"""What an answer is about."""


def is_whole(response: Response, outcome: Outcome) -> bool:
    """Whether `format` can write it."""
    return (
        isinstance(response.body, bytes)
        and len(response.body) <= INLINE
        and not response.compress
        and response.callback is None
        and outcome.traffic_limit is None
    )


def format(response: Response, outcome: Outcome, seconds: float) -> tuple[bytes, int]:
    """A short answer as it is sent on a connection that stays, and the bytes of its body."""
    line, head = _head(response, outcome, seconds)
    data = _serialize_headers(line, head)  # type: ignore[arg-type] # it is only walked
    if outcome.request.method == "HEAD" or response.status in _WITHOUT_BODY:
        return data, 0
    return data + response.body, len(response.body)  # type: ignore[operator] # they are whole


def _head(response: Response, outcome: Outcome, seconds: float) -> tuple[str, dict[str, str]]:
    """The first line of an answer and its headers; no name is there twice."""
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
    return _LINES.get(status) or f"HTTP/1.1 {status} ", head


class Answer(web.StreamResponse):
    """A response that is sent as it is: no header is guessed, head and body are one write."""

    piecewise = False
    """Whether even a short body goes through `_write`."""

    def __init__(
        self,
        response: Response,
        outcome: Outcome,
        began: float,
        finished: Callable[["Answer"], None] | None = None,
    ) -> None:
        """The call began at `began` on time.perf_counter's clock.

        `finished` is called once the answer was sent, or the client was gone.
        """
        # Not StreamResponse's own: it would make a head and a state that nobody looks at.
        self._status = response.status
        self.response = response
        self.outcome = outcome
        self._began = began
        self._finished = finished
        self._throttle = Throttle.of(outcome.traffic_limit)
        self._gzip = zlib.compressobj(wbits=GZIP) if response.compress else None
        if response.compress or outcome.traffic_limit is not None:
            self.piecewise = True
        self._send_body = True
        self.sent = 0
        """Bytes of body that were sent."""

    @property
    def seconds(self) -> float:
        """How long the call has taken so far."""
        return time.perf_counter() - self._began

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Write the head into the writer's buffer; it leaves with the first bytes of the body."""
        response, outcome = self.response, self.outcome
        line, head = _head(response, outcome, self.seconds)
        self._http = request
        self._send_body = request.method != "HEAD" and response.status not in _WITHOUT_BODY
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        if response.compress:
            self._leave_length_open(request, head)
        if not self._keep_alive:
            head["Connection"] = "close"
        elif outcome.request.version == "1.0":
            head["Connection"] = "keep-alive"
        self._writer = writer = request.writer
        await writer.write_headers(line, head)  # type: ignore[arg-type] # it is only walked
        return writer

    def _leave_length_open(self, request: web.BaseRequest, head: dict[str, str]) -> None:
        """Let chunks or the end of the connection tell where the body ends."""
        if request.version < HttpVersion11:
            self._keep_alive = False
        else:
            head["Transfer-Encoding"] = "chunked"
            request.writer.enable_chunking()

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the body."""
        body = self.response.body if self._send_body else b""
        try:
            if isinstance(body, bytes) and not self.piecewise:
                self.sent = len(body)
                await self._writer.write_eof(body)
            else:
                await self._send(body)
        except ConnectionError as error:
            # aiohttp's own end of a wait refers to itself, and by where it was raised to the files.
            raise error.with_traceback(None) from None
        finally:
            # aiohttp remembers an answer until the next one, and longer where the client has left.
            self.response = self.response._replace(body=b"")
            if self._finished is not None:
                self._finished(self)

    async def _send(self, body: bytes | tuple[bytes | FileRange, ...]) -> None:
        """Send a body piece by piece."""
        for piece in (body,) if isinstance(body, bytes) else body:
            if isinstance(piece, bytes):
                await self._put(piece)
            else:
                await self._send_file(piece)
        if self._gzip is not None:
            await self._write(self._gzip.flush())
        await self._writer.write_eof()

    async def _put(self, chunk: bytes) -> None:
        """Send some of the body, compressed where that was agreed."""
        if self._gzip is not None:
            chunk = await asyncio.to_thread(self._gzip.compress, chunk)
        for start in range(0, len(chunk), self._throttle.step):
            await self._write(chunk[start : start + self._throttle.step])

    async def _write(self, chunk: bytes) -> None:
        """Send bytes as they are."""
        await self._writer.write(chunk)
        self.sent += len(chunk)
        await self._throttle.passed(len(chunk))

    async def _send_file(self, piece: FileRange) -> None:
        connection = cast("Connection", self._http.protocol)
        if piece.length <= INLINE or self.piecewise or not connection.sends_files:
            await self._send_chunks(piece)
        else:
            self._writer.send_headers()
            await connection.send_file(piece, self._count)

    def _count(self, sent: int) -> None:
        self.sent += sent

    async def _send_chunks(self, piece: FileRange) -> None:
        offset, end = piece.offset, piece.offset + piece.length
        while offset < end:
            size = min(CHUNK, end - offset)
            if piece.length <= INLINE:
                chunk = piece.read(offset, size)
            else:
                chunk = await asyncio.to_thread(piece.read, offset, size)
            if not chunk:
                raise OSError(f"the file of a blob ends at {offset}, {end - offset} bytes early")
            await self._put(chunk)
            offset += len(chunk)


def _length(body: tuple[bytes | FileRange, ...]) -> int:
    return sum(len(piece) if isinstance(piece, bytes) else piece.length for piece in body)
