"""Conversations that end at every moment, with and without TLS: they must leave nothing behind.

A client sends requests, damaged or not, directly, in TLS, after a CONNECT, and in TLS inside TLS.
It ends after a number of bytes: by a reset, by closing one side or both, or by doing nothing more,
so that the server has to end the connection. Afterwards the server has as many descriptors,
tasks and connections as before, and has logged nothing.
`python -m tests.hard.leaks [ROUNDS]` is the long form.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import socket
import ssl
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol
from unittest.mock import patch

from oss_emulator import Emulator
from oss_emulator.server.guard import Guard
from oss_emulator.server.listening import loop_factory
from oss_emulator.testing import emulator as running

BUCKET = "a-bucket"
HOST = f"{BUCKET}.oss-cn-hangzhou.aliyuncs.com"
TIMEOUT = 0.5
"""Seconds after which the server ends a connection that stalls."""

EXPECTED = ("A client began TLS on the port", "A client sent http to the port for https")
"""The beginnings of lines in the log that belong to conversations."""

OF_ASYNCIO = () if sys.version_info >= (3, 13) else ("asyncio/sslproto.py",)
"""What is in further lines: before Python 3.13, asyncio cannot abort TLS inside TLS, as in a proxy
by https, and says so with a traceback."""

PATIENCE = 30.0
"""Seconds to wait until the server has cleaned up; long, because the machine may be busy."""

LARGE = bytes(3_000_000)
"""More than the buffers of a connection hold, so the answer is still being sent."""

_TAIL = f" HTTP/1.1\r\nHost: {HOST}\r\n".encode()
_ADMIN = b" HTTP/1.1\r\nHost: localhost\r\nX-Oss-Emulator: 1\r\n"
REQUESTS = (
    b"GET /a" + _TAIL + b"\r\n",
    b"GET /large" + _TAIL + b"\r\n",
    b"GET /large" + _TAIL + b"Connection: close\r\n\r\n",
    b"HEAD /large" + _TAIL + b"\r\n",
    b"PUT /b" + _TAIL + b"Content-Length: 5\r\n\r\nabcde",
    b"PUT /b" + _TAIL + b"Content-Length: 400000\r\n\r\n" + bytes(400_000),
    b"PUT /b" + _TAIL + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\nabcde",
    b"PUT /b" + _TAIL + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"PUT /b" + _TAIL + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /?delete" + _TAIL + b"Content-Length: 5\r\n\r\n<a/>\n",
    b"GET /a" + _TAIL + b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    b"GET /a" + _TAIL + b"Upgrade: TLS/1.0\r\nConnection: upgrade\r\n\r\n",
    b"CONNECT " + HOST.encode() + b":443" + _TAIL + b"\r\n",
    b"CONNECT " + HOST.encode() + b":80" + _TAIL + b"\r\nGET /a" + _TAIL + b"\r\n",
    b"CONNECT www.example.com:443" + _TAIL + b"\r\n",
    b"CONNECT \r\n\r\n",
    b"GET /_emulator/health" + _ADMIN + b"\r\n",
    b"GET /_emulator/events" + _ADMIN + b"\r\n",
    b"GET /_emulator/requests" + _ADMIN + b"\r\n",
    b"POST /_emulator/seed" + _ADMIN + b"Content-Length: 3\r\n\r\n{}\n",
    b"POST /_emulator/faults" + _ADMIN + b'Content-Length: 17\r\n\r\n{"latency": 1e-9}',
    b"DELETE /_emulator/faults" + _ADMIN + b"\r\n",
    b"POST /_emulator/nothing" + _ADMIN + b"Content-Length: 2\r\n\r\n{}",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"\x00" * 100,
    b"\r\n",
)


class Channel(Protocol):
    """A way to the server: TCP, or TLS in another channel."""

    def send(self, data: bytes) -> None: ...
    def receive(self) -> bytes: ...


class OverError(Exception):
    """The conversation ends here, because all of its bytes have been sent or received."""


class Tcp:
    """A connection that may send and receive a limited number of bytes."""

    def __init__(self, port: int, sends: int, receives: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._sends, self._receives = sends, receives

    def send(self, data: bytes) -> None:
        part = data[: self._sends]
        self._sends -= len(part)
        with suppress(ConnectionError):  # the server has ended the connection
            self.socket.sendall(part)
        if not self._sends:
            raise OverError

    def receive(self) -> bytes:
        """Return some bytes; raises `OverError` at the end."""
        data = b""
        with suppress(ConnectionError):
            data = self.socket.recv(min(65536, self._receives))
        self._receives -= len(data)
        if not data or not self._receives:
            raise OverError
        return data


class Tls:
    """TLS in another channel."""

    def __init__(self, outside: Channel, context: ssl.SSLContext) -> None:
        self._outside = outside
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=HOST)
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._in.write(outside.receive())
        self._flush()

    def send(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def receive(self) -> bytes:
        while True:
            try:
                if data := self._tls.read(65536):
                    return data
                raise OverError
            except ssl.SSLWantReadError:
                self._in.write(self._outside.receive())

    def _flush(self) -> None:
        if self._out.pending:
            self._outside.send(self._out.read())


@dataclass
class Fuzzer:
    """Holds conversations with one server."""

    emulator: Emulator
    chance: random.Random
    context: ssl.SSLContext
    held: list[socket.socket] = field(default_factory=list)
    """The connections of clients that have not left."""
    kinds: Counter[str] = field(default_factory=Counter)

    def converse(self) -> None:
        """Hold one conversation."""
        chance = self.chance
        way = chance.choice(("plain", "tls", "connect", "connect in tls", "plain connect"))
        # Few bytes end it within a head or a handshake, many within a body or an answer.
        sends = int(2 ** chance.uniform(0, 12 if chance.random() < 0.7 else 20))
        receives = int(2 ** chance.uniform(0, 22))
        secure = way in ("tls", "connect in tls")
        url = self.emulator.https_endpoint if secure else self.emulator.endpoint
        tcp = Tcp(int(url.rpartition(":")[2]), sends, receives)
        end = "nothing sent"
        try:
            with suppress(OverError, ssl.SSLError):
                if chance.random() < 0.95:
                    self._talk(tcp, way)
        finally:
            follows = self._follows
            end = chance.choice(("reset", "close", "half close", *(() if follows else ("stay",))))
            self._end(tcp.socket, end)
        self.kinds[f"{way}, {end}"] += 1

    _follows = False
    """Whether a request waits for events until its client leaves."""

    def _talk(self, tcp: Tcp, way: str) -> None:
        self._follows = False
        channel: Channel = tcp
        if way in ("tls", "connect in tls"):
            channel = Tls(channel, self.context)
        if "connect" in way:
            port = 80 if way == "plain connect" else 443
            channel.send(f"CONNECT {HOST}:{port} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            channel.receive()
            channel = Tls(channel, self.context) if port == 443 else channel
        requests = self.chance.choices(REQUESTS, k=self.chance.randrange(1, 6))
        self._follows = any(b"/events" in request for request in requests)
        sent = bytearray(b"".join(requests))
        if self.chance.random() < 0.4:
            place = self.chance.randrange(len(sent))
            sent[place : place + self.chance.randrange(4)] = self.chance.randbytes(2)
        channel.send(bytes(sent))
        if self.chance.random() < 0.5:
            tcp.socket.settimeout(0.05)  # a request without an end gets no answer
            with suppress(TimeoutError):
                while True:
                    channel.receive()

    def _end(self, ending: socket.socket, how: str) -> None:
        if how == "reset":
            ending.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "half close":
            with suppress(OSError):  # the server has ended the connection
                ending.shutdown(socket.SHUT_WR)
        if how in ("reset", "close"):
            ending.close()
        else:
            self.held.append(ending)


class Log(logging.Handler):
    """Keeps the lines of the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collect the lines of all loggers during the block."""
    handler = Log()
    logging.getLogger().addHandler(handler)
    try:
        yield handler.lines
    finally:
        logging.getLogger().removeHandler(handler)


def resources(emulator: Emulator) -> tuple[int, list[str]]:
    """Return the number of descriptors of this process, and the tasks of the server."""
    tasks = emulator.run(lambda: sorted(task.get_name() for task in asyncio.all_tasks()))
    tasks.remove("accept")
    # One task counts the others.
    return len(os.listdir("/proc/self/fd")), tasks[1:]


def _connections(emulator: Emulator) -> int:
    """Return the number of connections of the server that are still referenced.

    Clients of earlier tests may keep connections to other servers of this process.
    """
    gc.collect()
    mine = emulator._server.connections
    found = [each for each in gc.get_objects() if isinstance(each, Guard)]
    return sum(each._connections is mine for each in found)


def check_same(emulator: Emulator, before: tuple[int, int], held: int) -> None:
    """Wait until the server has no more than before; `held` counts the client's descriptors.

    There may be fewer descriptors, because those of an earlier test were closed meanwhile.
    """
    end = time.monotonic() + PATIENCE
    while True:
        descriptors, tasks = resources(emulator)
        settled = descriptors - held <= before[0] and len(tasks) == before[1]
        if settled and (held or not _connections(emulator)):
            return
        assert time.monotonic() < end, (before, descriptors - held, tasks)
        time.sleep(0.02)


def run(rounds: int, conversations: int, *, fast: bool, seed: int = 0) -> Counter[str]:
    """Hold conversations in rounds; raises `AssertionError` if one leaves anything behind."""
    chance = random.Random(seed)  # noqa: S311
    make = loop_factory if fast else lambda: None
    with patch.object(running, "loop_factory", make):
        emulator = Emulator(tls_port=0, request_timeout=TIMEOUT, auth="off")
        with logged() as lines, emulator:
            context = ssl.create_default_context(cafile=emulator.ca_file)
            fuzzer = Fuzzer(emulator, chance, context)
            before = _begin(emulator)
            for number in range(rounds):
                _fill(emulator)
                for _ in range(conversations):
                    fuzzer.converse()
                emulator.reset()
                try:
                    check_same(emulator, before, len(fuzzer.held))
                    for held in fuzzer.held:
                        held.close()
                    fuzzer.held.clear()
                    check_same(emulator, before, 0)
                    emulator.run(gc.collect)
                    # The fuzzer also begins TLS on the port for http, and http on the port for TLS.
                    lines[:] = [
                        line
                        for line in lines
                        if not line.startswith(EXPECTED)
                        and not any(place in line for place in OF_ASYNCIO)
                    ]
                    assert lines == [], lines
                except AssertionError as error:
                    error.add_note(f"seed {seed}, round {number}")
                    raise
        return fuzzer.kinds


def _fill(emulator: Emulator) -> None:
    emulator.put(f"/{BUCKET}", headers={"x-oss-acl": "public-read-write"})
    emulator.put(f"/{BUCKET}/a", b"content")
    emulator.put(f"/{BUCKET}/large", LARGE)


def _begin(emulator: Emulator) -> tuple[int, int]:
    """Let the server open its permanent files; return its descriptors and tasks."""
    _fill(emulator)
    for url in (emulator.endpoint, emulator.https_endpoint):
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as connection:
            connection.sendall(REQUESTS[0])
            with suppress(ConnectionError):
                connection.recv(100)
    emulator.reset()
    end = time.monotonic() + PATIENCE
    while (found := resources(emulator))[1] or _connections(emulator):
        assert time.monotonic() < end, found
    return found[0], 0


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    for kind in (True, False):
        number = random.randrange(10**6)  # noqa: S311
        kinds = run(count, 200, fast=kind, seed=number)
        print("fast loop" if kind else "asyncio", f"seed {number}:", dict(sorted(kinds.items())))
