"""How requests that cost much work for each byte delay a small one."""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks import processes
from benchmarks.result import Row, Section, Spread

CONNECTIONS = 16
"""The connections of each kind of request."""
MANY = 64
ROUNDS = 60
PAUSE = 0.02
LONGEST = 30.0
"""Seconds after which no further GET is measured."""
BOUND = 0.25
"""Seconds within which 95 of 100 GETs are answered."""

ENTRIES = 240
FIELDS = 90_000
RULES = [f"http://*a?{number}*b?c" for number in range(ENTRIES)]
SEED = f"""
[[bucket]]
name = "open"
acl = "public-read-write"

[[bucket]]
name = "closed"
acl = "private"

[[bucket]]
name = "ruled"
acl = "public-read-write"

[bucket.referer]
allow_truncate_query_string = false
whitelist = {json.dumps(RULES)}
"""

_TAIL = "HTTP/1.1\r\nHost: localhost\r\n"
_BOUNDARY = "----boundary"


class Kind(NamedTuple):
    """Requests that one connection sends, one after the other."""

    name: str
    head: bytes
    body: bytes = b""
    times: int = 1
    """How often the body is sent in one request."""
    connections: int = CONNECTIONS


def _chunks(bucket: str) -> tuple[bytes, bytes, int]:
    head = f"PUT /{bucket}/chunks {_TAIL}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode(), b"1\r\nx\r\n" * 40_000, 8


def _form() -> tuple[bytes, bytes]:
    fields = "".join(
        f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name=f{number}\r\n\r\n\r\n"
        for number in range(FIELDS)
    )
    body = f"{fields}--{_BOUNDARY}--\r\n".encode()
    kind = f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nConnection: close\r\n"
    head = f"POST /open {_TAIL}{kind}Content-Length: {len(body)}\r\n\r\n"
    return head.encode(), body


def _referer() -> bytes:
    referer = "http://" + "ab" * 15_000
    return f"GET /ruled/small {_TAIL}Connection: close\r\nReferer: {referer}\r\n\r\n".encode()


def _story(port: int) -> bytes:
    """Refuse a form with many fields; return the request for its story."""
    head, body = _form()
    while (got := ask(port, head + body))[9:12] == b"503":
        time.sleep(1)  # the forms of clients that have left still take the memory for forms
    assert got[9:12] == b"400", got[:500]
    listed = ask(port, f"GET /_emulator/requests?limit=1 {_TAIL}Connection: close\r\n\r\n".encode())
    number = listed.partition(b'"number":')[2].partition(b",")[0].decode().strip()
    assert number.isdecimal(), listed[:500]
    accept = "Accept: text/html\r\n"
    return f"GET /_emulator/requests/{number} {_TAIL}{accept}Connection: close\r\n\r\n".encode()


def kinds(port: int) -> Iterator[Kind]:
    """Yield each kind of request; a story needs the request that it is about."""
    yield Kind("a refused PUT in chunks of 1 byte", *_chunks("closed"))
    yield Kind("the same over 64 connections", *_chunks("closed"), connections=MANY)
    yield Kind("a stored PUT in chunks of 1 byte", *_chunks("open"))
    yield Kind(f"a form of {FIELDS:,} fields", *_form())
    yield Kind(f"a Referer of 30 KB against {ENTRIES} entries", _referer())
    yield Kind("the story of such a form in the console", _story(port))


_METHOD = (
    f"{CONNECTIONS} connections send one kind of request without a pause, while a client reads an "
    f"object of 1 KiB {ROUNDS} times, each time on a new connection. A row divides the 95th "
    "percentile of the time until the answer is complete by 250 ms."
)


def measure(scratch: Path) -> Section:
    seed = scratch / "seed.toml"
    seed.write_text(SEED, encoding="utf-8")
    rows = []
    with processes.emulator("--seed", str(seed), "--auth", "off") as server:
        port = server.port
        for bucket in ("open", "ruled"):
            put(port, f"/{bucket}/small", bytes(1024))
        for kind in kinds(port):
            with sending(port, kind):
                found = sample(port)
            percentile = statistics.quantiles(found, n=20, method="inclusive")[-1]
            rows.append(
                Row(
                    f"GET 1 KiB beside {kind.name}",
                    "250 ms",
                    Spread((percentile / BOUND,)),
                    at_most=1.0,
                    figures=_figures(percentile, found),
                )
            )
    return Section("Bodies and headers that cost work", _METHOD, rows)


def _figures(percentile: float, found: list[float]) -> str:
    return f"{percentile * 1000:.0f} ms; median {statistics.median(found) * 1000:.0f} ms"


def sample(port: int) -> list[float]:
    """Read the small object repeatedly; return the seconds that each read took."""
    found: list[float] = []
    ends = time.monotonic() + LONGEST
    while len(found) < ROUNDS and (time.monotonic() < ends or len(found) < 2):
        time.sleep(PAUSE)
        began = time.perf_counter()
        got = ask(port, f"GET /open/small {_TAIL}Connection: close\r\n\r\n".encode())
        assert got[9:12] == b"200", got[:500]
        found.append(time.perf_counter() - began)
    return found


@contextmanager
def sending(port: int, kind: Kind) -> Iterator[None]:
    """Send requests of a kind over all its connections while the block runs."""
    over = threading.Event()
    with ExitStack() as stack:
        threads = [
            threading.Thread(target=_send, args=(port, kind, over.is_set))
            for _ in range(kind.connections)
        ]
        for thread in threads:
            thread.start()
            stack.callback(thread.join)
        stack.callback(over.set)
        time.sleep(1)  # every connection is busy
        yield


def _send(port: int, kind: Kind, is_over: Callable[[], bool]) -> None:
    while not is_over():
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.settimeout(0.2)
                _send_all(connection, kind.head, is_over)
                for _ in range(kind.times):
                    _send_all(connection, kind.body, is_over)
                if kind.times > 1:
                    _send_all(connection, b"0\r\n\r\n", is_over)
                while not is_over():
                    with suppress(TimeoutError):
                        if not connection.recv(1 << 16):
                            break
        except OSError:  # the server has closed the connection
            continue


def _send_all(connection: socket.socket, data: bytes, is_over: Callable[[], bool]) -> None:
    left = memoryview(data)
    while left and not is_over():
        try:
            left = left[connection.send(left[:65536]) :]
        except TimeoutError:
            continue


def put(port: int, target: str, body: bytes) -> None:
    head = f"PUT {target} {_TAIL}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    got = ask(port, head.encode() + body)
    assert got[9:12] == b"200", got


def ask(port: int, request: bytes) -> bytes:
    """Send a request; return everything until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(request)
        got = b""
        while data := connection.recv(1 << 16):
            got += data
    return got
