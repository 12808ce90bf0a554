"""A load of identical requests from a fixed number of connections, and the servers it meets."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast


class _Connection(asyncio.Protocol):
    """Sends one request after the other; every answer's body is as long as the first one's."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._head = b""
        self._missing = 0
        """Bytes of the body that are still to come; 0 while the head is."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._send()

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 200 "):
                self._load.fail(AssertionError(head.decode()))
            self._head = b""
            self._missing = self._load.length
        self._missing -= len(data)
        if self._missing == 0:
            self._load.answered += 1
            self._send()
        elif self._missing < 0:
            self._load.fail(AssertionError("an answer is longer than the first one was"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.fail(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        if self._load.answered + self._load.connections > self._load.total:
            self._load.finish()
            return
        self._transport.write(self._load.request)


class _Load:
    def __init__(self, request: bytes, length: int, connections: int, total: int) -> None:
        self.request = request
        self.length = length
        self.connections = connections
        self.total = total
        self.answered = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


async def _probe(port: int, request: bytes) -> int:
    """The length of the answer's body, which must be a 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    await reader.readexactly(length)
    writer.close()
    return length


async def _run(port: int, request: bytes, connections: int, total: int) -> float:
    load = _Load(request, await _probe(port, request), connections, total)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await load.done
    seconds = time.perf_counter() - began
    for transport, _ in opened:
        transport.abort()
    return load.answered / seconds


def throughput(port: int, request: bytes, connections: int, total: int) -> float:
    """Requests per second that a server on this machine answers with 200."""
    factory = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_run(port, request, connections, total))


@contextlib.contextmanager
def server(command: Sequence[str]) -> Iterator[int]:
    """Run a server that writes a ready file (the last argument); yields its port."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready.json")
        process = subprocess.Popen(
            [sys.executable, *command, str(ready)], stdout=subprocess.DEVNULL, env=dict(os.environ)
        )
        try:
            deadline = time.monotonic() + 15
            while not ready.exists():
                assert process.poll() is None, "the server ended before it was ready"
                assert time.monotonic() < deadline, "the server did not get ready in time"
                time.sleep(0.02)
            yield json.loads(ready.read_text())["port"]
        finally:
            process.terminate()
            process.wait(15)
