"""A proxy that passes requests for the service on unchanged, and records each exchange.

It decrypts https with certificates of a local CA, which only the command that it serves trusts. Any
other host is refused: no request of another kind passes through.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from oss_emulator.protocol.address import SERVICE_DOMAIN
from oss_emulator.recording.exchange import MOST_BYTES, Exchange, ExchangedBody
from oss_emulator.server import framing
from oss_emulator.server.tls import Certificates

MAX_HEAD = 64 * 1024
"""Bytes of the largest head that is passed on."""

TIMEOUT = 60.0
"""Seconds to wait for the service, and for the rest of a request that has begun."""

_GRACE = 1.0
"""Seconds to wait for the rest of an answered request, and for running ones at the end."""

_PIECE = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class RelayError(Exception):
    """A request that cannot be passed on; the text is the answer to the client."""


class _TLSError(Exception):
    """A client begins TLS without CONNECT: it takes this for a proxy that it reaches by https."""


class _Head(NamedTuple):
    """A head: its first line, its headers, and its bytes as they came."""

    line: str
    headers: list[tuple[str, str]]
    raw: bytes

    def find(self, name: str) -> str:
        """Return the value of a header by its name in lower case, "" without one."""
        return next((value for other, value in self.headers if other.lower() == name), "")

    @property
    def ends_with_connection(self) -> bool:
        """Whether nothing but the end of the connection can end the body of an answer."""
        return not self.is_chunked and not self.find("content-length")

    @property
    def is_chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return "chunked" in self.find("transfer-encoding").lower()


class _Streams(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Relay:
    """Serves one command on a free port of this machine."""

    def __init__(
        self,
        certificates: Certificates,
        keep: Callable[[Exchange], None],
        upstream: SplitResult | None = None,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        """`keep` is called with each exchange; `upstream` is used instead of a request's host.

        `trusted` has the authorities that may vouch for the service; None for those of the system.
        """
        self._certificates = certificates
        self._keep = keep
        self._upstream = upstream
        self._trusted = trusted or ssl.create_default_context()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MAX_HEAD)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening, let running requests finish for a moment, then end them."""
        assert self._server is not None  # noqa: S101 - only after start
        self._server.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs each connection as a task
        self._tasks.add(task)
        client = _Streams(reader, writer)
        try:
            head = await _read_head(client.reader)
            while head is not None:
                head = await self._serve_host(client, head)
        except RelayError as error:
            with suppress(OSError, TimeoutError):
                await _refuse(client, str(error))
        except _TLSError:
            writer.write(framing.TLS_ALERT)
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            pass  # one side has left or does not speak HTTP: the other one sees its connection end
        except asyncio.CancelledError:
            pass  # by `stop`: asyncio would report a cancelled connection with a traceback
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve_host(self, client: _Streams, head: _Head | None) -> _Head | None:
        """Pass on requests for one host; returns the head of one for another host.

        A client may send requests without TLS for any host on one connection.
        """
        assert head is not None  # noqa: S101 - the caller has the first head
        is_tunnel, scheme, host = _destination(head)
        service = await self._connect(scheme, host)
        try:
            if is_tunnel:
                client.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                if scheme == "https":
                    await client.writer.start_tls(self._certificates.context(host))
                head = await _next_head(client, service)
            while head is not None:
                if not is_tunnel and _destination(head) != (False, scheme, host):
                    return head
                if not await self._pass_on(client, service, head, host):
                    return None
                head = await _next_head(client, service)
            return None
        finally:
            service.writer.close()

    async def _connect(self, scheme: str, host: str) -> _Streams:
        """Connect to the host of a request, or to `upstream` if that is set."""
        name, port = host, _PORTS[scheme]
        if self._upstream is not None:
            scheme = self._upstream.scheme
            name = self._upstream.hostname or ""
            port = self._upstream.port or _PORTS[scheme]
        context = self._trusted if scheme == "https" else None
        try:
            async with asyncio.timeout(TIMEOUT):
                return _Streams(
                    *await asyncio.open_connection(name, port, ssl=context, limit=MAX_HEAD)
                )
        except (OSError, TimeoutError) as error:
            reason = getattr(error, "strerror", None) or str(error) or "it does not answer"
            raise RelayError(f"502 {name} cannot be reached: {reason}") from None

    async def _pass_on(self, client: _Streams, service: _Streams, head: _Head, host: str) -> bool:
        """Pass on one request and its answer; returns whether another one may follow."""
        method, target, version = _split_line(head.line)
        path = target if target.startswith("/") else _origin_form(target)
        line = f"{method} {path} {version}\r\n".encode("latin-1")
        service.writer.write(line + head.raw.partition(b"\r\n")[2])
        sending = asyncio.ensure_future(
            _copy(_body(client.reader, head, has_body=True), service.writer)
        )
        try:
            answer = await _answer(client, service, host)
            status = int(answer.line.split(" ")[1])
            client.writer.write(answer.raw)
            has_body = method != "HEAD" and status not in (204, 304)
            received = await _copy(
                _body(service.reader, answer, has_body=has_body, to_end=True), client.writer
            )
            await asyncio.wait({sending}, timeout=_GRACE)
            is_whole = sending.done()
            sent = sending.result() if is_whole else ExchangedBody()
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, OSError, EOFError):
                await sending
        self._keep(
            Exchange(
                method,
                host,
                path,
                headers=head.headers,
                content=sent,
                status=status,
                answer_headers=answer.headers,
                answer_content=received,
            )
        )
        closes = "close" in (answer.find("connection").lower(), head.find("connection").lower())
        return is_whole and not closes and not (has_body and answer.ends_with_connection)


def _destination(head: _Head) -> tuple[bool, str, str]:
    """Return whether a request asks for a tunnel, its scheme and its host.

    Raises RelayError for a host that is not one of the service.
    """
    method, target, _ = _split_line(head.line)
    is_tunnel = method == "CONNECT"
    url = urlsplit(f"//{target}" if is_tunnel else target)
    host = (url.hostname or "").lower()
    if not host.endswith(f".{SERVICE_DOMAIN}"):
        raise RelayError(f"403 {host or target} is not a host of the service; name it in NO_PROXY")
    is_encrypted = is_tunnel and url.port != _PORTS["http"]
    return is_tunnel, "https" if is_encrypted else "http", host


def _split_line(line: str) -> tuple[str, str, str]:
    parts = line.split(" ")
    if len(parts) != 3:
        raise RelayError("400 the first line of the request is malformed")
    return parts[0], parts[1], parts[2]


def _origin_form(target: str) -> str:
    url = urlsplit(target)
    return f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"


async def _answer(client: _Streams, service: _Streams, host: str) -> _Head:
    """Read the head of the answer, and pass on those of interim answers before it."""
    try:
        async with asyncio.timeout(TIMEOUT):
            answer = await _read_head(service.reader)
            while answer is not None and answer.line.split(" ")[1].startswith("1"):
                client.writer.write(answer.raw)
                answer = await _read_head(service.reader)
    except TimeoutError:
        raise RelayError(f"504 {host} did not answer within {TIMEOUT:g} seconds") from None
    if answer is None:
        raise EOFError
    return answer


async def _read_head(reader: asyncio.StreamReader) -> _Head | None:
    """Read a head; None at the end of the connection. Raises `_TLSError` for one of TLS."""
    try:
        first_byte = await reader.readexactly(1)
        if first_byte == framing.TLS:
            raise _TLSError
        raw = first_byte + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise RelayError(f"431 the head is larger than {MAX_HEAD} bytes") from None
    first, *rest = raw.decode("latin-1").split("\r\n")[:-2]
    split = (line.partition(":") for line in rest)
    return _Head(first, [(name, value.strip()) for name, _, value in split], raw)


async def _next_head(client: _Streams, service: _Streams) -> _Head | None:
    """Read the head of the next request; None if the client leaves, or the service does.

    Then the client sees its connection end before it sends a request on it, as without a relay.
    """
    reading = asyncio.ensure_future(_read_head(client.reader))
    leaving = asyncio.ensure_future(service.reader.read(1))
    try:
        await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return None if leaving.done() else reading.result()
    finally:
        reading.cancel()
        leaving.cancel()
        await asyncio.gather(reading, leaving, return_exceptions=True)


async def _body(
    reader: asyncio.StreamReader, head: _Head, *, has_body: bool, to_end: bool = False
) -> AsyncGenerator[tuple[bytes, bool], None]:
    """Yield the pieces of a body as they arrive, and whether each one is content.

    The sizes and line ends of chunks are not content. `to_end` allows a body that ends with the
    connection.
    """
    if not has_body:
        return
    if head.is_chunked:
        size = 1
        while size:
            line = await _line(reader)
            yield line, False
            size = _number(line.partition(b";")[0].strip().decode("latin-1"), 16)
            async for piece in _exactly(reader, size):
                yield piece, True
            while not size and line != b"\r\n":  # trailers
                line = await _line(reader)
                yield line, False
            if size:
                yield await reader.readexactly(2), False
        return
    length = head.find("content-length")
    if length:
        async for piece in _exactly(reader, _number(length, 10)):
            yield piece, True
    elif to_end:
        while piece := await reader.read(_PIECE):
            yield piece, True


async def _line(reader: asyncio.StreamReader) -> bytes:
    """Read a line between chunks; raises TimeoutError if it does not arrive."""
    async with asyncio.timeout(TIMEOUT):
        return await reader.readuntil(b"\r\n")


def _number(text: str, base: int) -> int:
    """Return the size of a body or a chunk; raises ValueError for one that HTTP does not have."""
    if not text.isalnum():  # `int` reads signs and underscores too
        raise ValueError(text)
    return int(text, base)


async def _exactly(reader: asyncio.StreamReader, size: int) -> AsyncGenerator[bytes, None]:
    while size:
        async with asyncio.timeout(TIMEOUT):
            piece = await reader.read(min(size, _PIECE))
        if not piece:
            raise EOFError
        size -= len(piece)
        yield piece


async def _copy(
    pieces: AsyncGenerator[tuple[bytes, bool], None], writer: asyncio.StreamWriter
) -> ExchangedBody:
    """Write what arrives, and return its content."""
    size, kept = 0, bytearray()
    async with aclosing(pieces) as arriving:
        async for piece, is_content in arriving:
            writer.write(piece)
            async with asyncio.timeout(TIMEOUT):
                await writer.drain()
            if is_content:
                size += len(piece)
                if size <= MOST_BYTES:
                    kept += piece
    async with asyncio.timeout(TIMEOUT):
        await writer.drain()
    return ExchangedBody(size, bytes(kept) if size <= MOST_BYTES else b"")


async def _refuse(client: _Streams, reason: str) -> None:
    """Answer with an error, then read the rest of the request so that the client gets it."""
    status, _, sentence = reason.partition(" ")
    body = f"oss-emulator record: {sentence}.\n".encode()
    head = (
        f"HTTP/1.1 {status} {sentence}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    client.writer.write(head.encode("latin-1", "replace") + body)
    await client.writer.drain()
    if client.writer.can_write_eof():
        client.writer.write_eof()
    async with asyncio.timeout(_GRACE):
        while await client.reader.read(_PIECE):
            pass
