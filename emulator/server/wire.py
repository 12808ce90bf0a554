"""aiohttp's requests to ours, our responses to the socket."""

import asyncio
import time
from typing import Final, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion11
from multidict import CIMultiDict

from emulator.protocol import dates
from emulator.protocol.message import FileRange, Request, Response

CHUNK: Final = 256 * 1024
"""Bytes of a file that are read and sent at a time."""

_REASONS: Final = {status: web.Response(status=status).reason for status in (200, 204, 206, 304)}


def read(http: web.BaseRequest) -> Request:
    """What arrived, as a value. The time it arrived is now."""
    return Request.read(
        http.method,
        http.raw_path,
        http.headers.items(),
        time.time(),
        http.remote or "",
        http.secure,
    )


class Answer(web.StreamResponse):
    """A response that is sent as it is: no header is guessed, head and body are one write."""

    def __init__(self, response: Response, request_id: str, received: float) -> None:
        super().__init__(status=response.status)
        self._response = response
        self._request_id = request_id
        self._received = received
        self._send_body = True
        self.sent = 0
        """Bytes of body that were sent."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Write the head into the writer's buffer; it leaves with the first bytes of the body."""
        response = self._response
        status, body = response.status, response.body
        # No name is there twice, so a plain dictionary will do; the writer only walks it.
        head = dict(response.headers)
        now = time.time()
        head["Server"] = "AliyunOSS"
        head["Date"] = dates.format_http(now)
        head["x-oss-request-id"] = self._request_id
        head["x-oss-server-time"] = str(int((now - self._received) * 1000))
        self._send_body = request.method != "HEAD" and status not in (204, 304)
        if "Content-Length" not in head and status not in (204, 304):
            head["Content-Length"] = str(_length(body))
        if self.keep_alive is None:
            self._keep_alive = request.keep_alive
        if not self._keep_alive:
            head["Connection"] = "close"
        elif request.version < HttpVersion11:
            head["Connection"] = "keep-alive"
        reason = _REASONS.get(status) or self.reason
        self._writer = writer = request.writer
        await writer.write_headers(f"HTTP/1.1 {status} {reason}", cast("CIMultiDict[str]", head))
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the body."""
        body = self._response.body if self._send_body else b""
        if isinstance(body, bytes):
            self.sent = len(body)
            await self._writer.write_eof(body)
            return
        for piece in body:
            if isinstance(piece, bytes):
                await self._writer.write(piece)
                self.sent += len(piece)
            else:
                await self._send_file(piece)
        await self._writer.write_eof()

    async def _send_file(self, piece: FileRange) -> None:
        offset, end = piece.offset, piece.offset + piece.length
        while offset < end:
            chunk = await asyncio.to_thread(piece.read, offset, min(CHUNK, end - offset))
            if not chunk:
                raise OSError(f"the file of a blob ends at {offset}, {end - offset} bytes early")
            await self._writer.write(chunk)
            offset += len(chunk)
            self.sent += len(chunk)


def _length(body: bytes | tuple[bytes | FileRange, ...]) -> int:
    if isinstance(body, bytes):
        return len(body)
    return sum(len(piece) if isinstance(piece, bytes) else piece.length for piece in body)
