"""Identical requests over a fixed number of connections, from a client in this process.

The client polls its sockets and never sleeps. On a virtual machine, waking a client that sleeps
costs a server about 20 µs per request; a server that keeps its client busy pays nothing. A client
that sleeps would therefore make the slower of two servers look slower than it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import cast

PATIENCE = 120
"""Seconds after which the load fails if the server has stopped answering."""


class _Connection(asyncio.Protocol):
    """Sends one request after the other; every body must be as long as the first one."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._head = b""
        self._missing = 0
        """Bytes of the body that have not arrived; 0 while the head is read."""
        self._last = False
        """Whether the server closes the connection after this response."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's loop is not a subclass
        self._load.transports.add(self._transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            if head[9:12] != b"200":
                self._load.fail(AssertionError(head.decode()))
            self._head = b""
            self._missing = self._load.length
            self._last = b"\nconnection: close" in head.lower()
        self._missing -= len(data)
        if self._missing == 0:
            self._load.answered += 1
            self._send()
        elif self._missing < 0:
            self._load.fail(AssertionError("a body is longer than the first one"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.transports.discard(self._transport)
        if exc is None and not self._missing and not self._load.done.done():
            self._load.open()  # the server answers one request per connection
        else:
            self._load.fail(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        if self._load.answered >= self._load.total:
            self._load.finish()
        elif self._last:
            self._transport.close()
        elif not self._transport.is_closing():
            self._transport.write(self._load.request)


class _Load:
    def __init__(self, port: int, request: bytes, length: int, total: int) -> None:
        self.port = port
        self.request = request
        self.length = length
        self.total = total
        self.answered = 0
        self.transports: set[asyncio.Transport] = set()
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[object]] = set()
        self.done: asyncio.Future[None] = self._loop.create_future()

    def open(self) -> None:
        opening = self._loop.create_connection(lambda: _Connection(self), "127.0.0.1", self.port)
        task: asyncio.Task[object] = self._loop.create_task(opening)
        self._opening.add(task)
        task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[object]) -> None:
        self._opening.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.fail(error)

    def poll(self) -> None:
        if not self.done.done():
            self._loop.call_soon(self.poll)

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)


async def _probe(port: int, request: bytes) -> int:
    """Return the length of the body; the response must be a 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head[9:12] == b"200", head + await reader.read(4096)
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    await reader.readexactly(length)
    writer.close()
    return length


async def _run(port: int, request: bytes, connections: int, total: int) -> float:
    load = _Load(port, request, await _probe(port, request), total)
    began = time.perf_counter()
    for _ in range(connections):
        load.open()
    load.poll()
    try:
        async with asyncio.timeout(PATIENCE):
            await load.done
    except TimeoutError:
        found = f"{load.answered} of {total} requests were answered in {PATIENCE} seconds"
        raise TimeoutError(found) from None
    seconds = time.perf_counter() - began
    for transport in list(load.transports):
        transport.abort()
    return load.answered / seconds


def throughput(port: int, request: bytes, connections: int, total: int = 10_000) -> float:
    """Return how many requests per second a server on this machine answers with 200."""
    factory = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_run(port, request, connections, total))
