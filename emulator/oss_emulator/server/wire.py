"""Answers on the wire: their heads, their bodies, and what planned faults do to both."""

import asyncio
import time
import zlib
from collections.abc import AsyncGenerator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from oss_emulator.control.faults import Fault
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.operations.call import NO_BODY, Body
from oss_emulator.protocol import dates
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.headers import encode
from oss_emulator.protocol.message import FileRange, Piece, Request, Response, Stream
from oss_emulator.rpc import RPCAnswer
from oss_emulator.server.guard import Guard
from oss_emulator.server.pools import Leaving, never_leaves
from oss_emulator.server.waiting import ShortStep, Throttle, run_in_thread

CHUNK: Final = 256 * 1024
"""Bytes of a file that are read and sent at a time."""

INLINE: Final = 64 * 1024
"""Bytes of a file to read on the event loop, which is faster than starting a thread."""

GZIP: Final = 31
"""zlib's `wbits` for a window of 32 KiB with a gzip header."""

_WITHOUT_BODY: Final = frozenset({204, 304})
_EMPTY: Final = Response()


@dataclass(slots=True, eq=False)
class Exchange:
    """A request that the server answers, and the answer that its steps have made so far."""

    admission: Admission
    guard: Guard | None = None
    """The connection, which has the body; None for a request that no client has sent."""
    leaving: Leaving = never_leaves
    response: Response = _EMPTY
    recorded: bool = True
    """Whether the journal records it; it skips requests to the emulator itself."""
    body: Body = NO_BODY
    error: OSSError | None = None
    """Why it was refused; None if it was not."""
    fault: Fault | None = None
    """The fault that a test has planned for the answer."""
    rpc: RPCAnswer | None = None
    """The answer of STS or KMS, if the request was for one."""

    @property
    def result(self) -> Admission | Refused:
        """The outcome of the request, for the journal."""
        return self.admission if self.error is None else Refused(self.admission, self.error)


def format_answer(refused: Refused, response: Response, began: float) -> bytes:
    """Format a whole answer to a request that aiohttp never sees; the connection ends after it."""
    admission, error = refused
    assert isinstance(response.body, bytes)  # noqa: S101 - errors are short
    connection = {"Content-Length": str(len(response.body)), "Connection": "close"}
    fields = _order_headers(response, admission, began, connection)
    # Clients show nothing but this line of a refused CONNECT, so it says what to do.
    said = " ".join(error.message.split()) if admission.request.method == "CONNECT" else ""
    return format_head("1.1", response.status, fields, said) + response.body


def format_head(version: str, status: int, fields: Mapping[str, str], said: str = "") -> bytes:
    """Format the first line and the headers of an answer.

    `said` is a sentence of the emulator that follows the status in the first line.

    aiohttp does not format them, because it encodes only UTF-8 (P-57). Raises `ValueError` for a
    line end in a header, with which a client could inject headers into the answers to others.
    """
    lines = "\r\n".join([*map(": ".join, fields.items()), ""])
    if lines.count("\n") != len(fields) or lines.count("\r") != len(fields):
        raise ValueError(f"A header of an answer has a line end: {lines!r}")
    phrase = _PHRASES.get(status, "")
    if said:
        phrase = f"{phrase}: {said}"
    return encode(f"HTTP/{version} {status} {phrase}\r\n{lines}\r\n")


_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}


def _order_headers(
    response: Response, admission: Admission, began: float, connection: Mapping[str, str]
) -> dict[str, str]:
    """Return all headers of an answer in the order of the service (S-09).

    `connection` are the headers between the type and the id: those of the length and connection.
    """
    headers, seconds = response.headers, time.perf_counter() - began
    found = {
        "Server": "AliyunOSS",
        "Date": dates.format_http(admission.request.received + seconds),
        "Content-Type": "",  # reserves the place of the type in `headers`
        **connection,
        "x-oss-request-id": admission.request_id,
        **headers,
    }
    if not found["Content-Type"]:
        del found["Content-Type"]
    if response.timed:
        found["x-oss-server-time"] = str(int(seconds * 1000))
    if "x-oss-ec" in headers:
        found["x-oss-ec"] = found.pop("x-oss-ec")
    return found


def _length_of(response: Response, request: Request) -> str | None:
    """Return the `Content-Length` of an answer; None if it has none.

    A 204 has one, although HTTP forbids it (RFC 9110, 8.6), but not over S3 (S-39).
    """
    given = response.headers.get("Content-Length")
    silent = response.status == 304 or (response.status == 204 and request.original is not None)
    if given is not None or response.compress or silent:
        return given
    body = response.body
    size = len(body) if isinstance(body, bytes) else count_bytes(body)
    return None if size is None else str(size)


class Answer:
    """A response that is being sent to the client; aiohttp adds no header."""

    def __init__(
        self, http: web.BaseRequest, guard: Guard, exchange: Exchange, began: float
    ) -> None:
        """`began` is the time of arrival on the clock of `time.perf_counter`."""
        self.response = response = exchange.response
        self.admission = exchange.admission
        self.sent = 0
        """Bytes of body that were sent."""
        self._http = http
        self._guard = guard
        self._began = began
        self.limit = exchange.admission.traffic_limit if exchange.error is None else None
        """Bits per second; None for no limit, as for all errors."""
        self._compresses = response.compress and exchange.admission.request.method != "HEAD"
        self._in_pieces = self._compresses or self.limit is not None
        """Whether even a short body goes through `_write`."""

    async def send(self) -> bool:
        """Send head and body; returns whether the connection may stay open.

        If the client leaves, nothing is raised: aiohttp notices it.
        """
        response, http = self.response, self._http
        method, version = self.admission.request.method, self.admission.request.version
        length = _length_of(response, self.admission.request)
        silent = method == "HEAD" or response.status in _WITHOUT_BODY
        body = b"" if silent else response.body
        chunked = not silent and length is None
        stays = http.keep_alive and not (
            self._guard.is_last or response.ends_connection or (chunked and version == "1.0")
        )
        if not stays:
            self._guard.ignore_rest()
        connection = {} if length is None else {"Content-Length": length}
        if chunked and version != "1.0":
            connection["Transfer-Encoding"] = "chunked"
        connection["Connection"] = "keep-alive" if stays else "close"
        fields = _order_headers(response, self.admission, self._began, connection)
        data = format_head(version, response.status, fields)
        try:
            if isinstance(body, bytes) and not self._in_pieces:
                self.sent = len(body)
                self._guard.writer.write(data + body)
                if self._guard.writer.paused:
                    await http.writer.drain()
                return stays
            await http.writer.write(data)
            if chunked and version != "1.0":
                http.writer.enable_chunking()
            await self._send_pieces((body,) if isinstance(body, bytes) else body)
            await http.writer.write_eof()
        except ConnectionError as error:
            error.__traceback__ = None  # otherwise its reference cycle keeps the files open
            return False
        return stays

    async def _send_pieces(self, pieces: Iterable[Piece]) -> None:
        self._throttle = Throttle.of(self.limit)
        self._gzip = zlib.compressobj(wbits=GZIP) if self._compresses else None
        for piece in pieces:
            if isinstance(piece, FileRange):
                await self._send_file(piece)
            elif isinstance(piece, Stream):
                await self._send_stream(piece)
            else:
                await self._put(piece)
        if self._gzip is not None:
            await self._write(self._gzip.flush())

    async def _put(self, chunk: bytes | memoryview) -> None:
        if self._gzip is not None:
            chunk = await run_in_thread(ShortStep.COMPRESSION, self._gzip.compress, chunk)
        for start in range(0, len(chunk), self._throttle.step):
            await self._write(chunk[start : start + self._throttle.step])

    async def _write(self, chunk: bytes | memoryview) -> None:
        await self._http.writer.write(chunk)
        self.sent += len(chunk)
        await self._throttle.passed(len(chunk))

    async def _send_file(self, piece: FileRange) -> None:
        if piece.length <= INLINE or self._in_pieces or not self._guard.writer.sends_files:
            await self._send_chunks(piece)
        else:
            await self._guard.writer.send_file(piece, self._count)

    async def _send_stream(self, piece: Stream) -> None:
        """Send chunks as they come; a separate thread waits for them, so no other answer waits."""
        loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, "oss-emulator-stream")
        try:
            with self._guard.leaving(piece.close):
                while (
                    chunk := await loop.run_in_executor(thread, next, piece.chunks, None)
                ) is not None:
                    if chunk:
                        await self._put(chunk)
        except OSSError as error:  # the status was sent, so only a closed connection can report it
            raise ConnectionAbortedError(str(error)) from None
        finally:
            thread.shutdown(wait=False)

    def _count(self, sent: int) -> None:
        self.sent += sent

    async def _send_chunks(self, piece: FileRange) -> None:
        offset, end = piece.offset, piece.offset + piece.length
        while offset < end:
            size = min(CHUNK, end - offset)
            if piece.length <= INLINE:
                chunk = piece.read(offset, size)
            else:
                chunk = await run_in_thread(ShortStep.DISK, piece.read, offset, size)
            if not chunk:
                raise OSError(f"The file of a blob ends at {offset}, {end - offset} bytes early.")
            await self._put(chunk)
            offset += len(chunk)


def close_streams(response: Response) -> None:
    """End the streams of a body; call this whether or not the answer was sent."""
    if not isinstance(response.body, bytes):
        for piece in response.body:
            if isinstance(piece, Stream):
                piece.close()


def count_bytes(body: tuple[Piece, ...]) -> int | None:
    """Count the bytes of a body; None if it is made while it is sent."""
    total = 0
    for piece in body:
        if isinstance(piece, Stream):
            return None
        total += piece.length if isinstance(piece, FileRange) else len(piece)
    return total


async def send_events(
    http: web.BaseRequest, fields: Mapping[str, str], stream: AsyncGenerator[bytes]
) -> None:
    """Send events as they come, until the client leaves or the server stops.

    The events have no length, so the connection ends after them.
    """
    try:
        await http.writer.write(format_head("1.1", 200, {**fields, "Connection": "close"}))
        async for event in stream:
            await http.writer.write(event)
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        await stream.aclose()


CRC64 = "x-oss-hash-crc64ecma"


class FaultyAnswer(Answer):
    """An answer that cuts its body or resets its connection."""

    def __init__(
        self, http: web.BaseRequest, guard: Guard, exchange: Exchange, began: float
    ) -> None:
        assert exchange.fault is not None  # noqa: S101 - other answers are not faulty
        self._fault = exchange.fault
        super().__init__(http, guard, exchange, began)
        self.response = _spoil_headers(self._fault, exchange.response)
        self._in_pieces = True

    async def send(self) -> bool:
        if not self._fault.reset:
            return await super().send()
        self._guard.abort()
        return False

    async def _write(self, chunk: bytes | memoryview) -> None:
        left = self._fault.cut_body - self.sent
        if self._fault.cut_body < 0 or len(chunk) <= left:
            await super()._write(chunk)
            return
        if left > 0:
            await super()._write(chunk[:left])
        self._guard.close()
        raise ConnectionResetError("a fault cuts the body here")


async def apply_before(fault: Fault) -> None:
    """Apply the part of a fault that precedes the operation: wait, then raise its error."""
    await asyncio.sleep(fault.latency + fault.throttle / 1000)
    if (error := fault.error) is not None:
        raise error


def _spoil_headers(fault: Fault, response: Response) -> Response:
    headers = dict(response.headers)
    if fault.throttle:
        headers["x-oss-qos-delay-time"] = str(fault.throttle)
    if fault.wrong_crc and CRC64 in headers:
        headers[CRC64] = str(int(headers[CRC64]) ^ 1)
    return response._replace(headers=headers)
