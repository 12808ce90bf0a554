"""The guard at every stage of malformed requests, in any pieces, and the listening sockets."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oss_emulator.control.controls import Controls
from oss_emulator.protocol.message import Request
from oss_emulator.server import listening
from oss_emulator.server.app import Server
from oss_emulator.server.body_writer import BodyWriter
from oss_emulator.server.guard import READ_AHEAD
from oss_emulator.server.listening import loop_factory

from tests.client import SETTINGS
from tests.thorough import cases

Pieces = list[tuple[bytes, int]]
"""Pieces, each with the number of turns of the event loop before the next piece."""

LARGE = b"x" * 300_000  # larger than answers that are sent at once; a thread reads it
TAIL = b" HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = TAIL + b"Transfer-Encoding: chunked\r\n\r\n"
NO_CHUNK = b"zz\r\nbody\r\n0\r\n\r\n"
GET = b"GET /anybodys/none" + TAIL + b"\r\n"
REQUESTS = [
    GET,
    b"GET /anybodys/large" + TAIL + b"\r\n",
    b"GET /anybodys/large" + TAIL + b"Connection: close\r\n\r\n",
    b"HEAD /anybodys/large" + TAIL + b"\r\n",
    b"PUT /anybodys/b" + CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
    b"PUT /mine/b" + CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
    b"PUT /anybodys/b" + TAIL + b"Content-Length: 5\r\n\r\nabcde",
    b"PUT /anybodys/b" + TAIL + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /anybodys/b" + TAIL + b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    b"PUT /anybodys/b" + TAIL + b"Content-Length: %d\r\n\r\n" % len(LARGE) + LARGE,
    b"PUT /mine/b" + TAIL + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\nabcde",
    b"POST /anybodys?delete" + TAIL + b"Content-Length: 5\r\n\r\nabcde",
    b"CONNECT oss-cn-hangzhou.aliyuncs.com:443" + TAIL + b"\r\n",
    b"GET /_emulator/health" + TAIL + b"\r\n",
    NO_CHUNK,
    b"\r\n",
]


@pytest.fixture(scope="module")
def controls() -> Iterator[Controls]:
    """Controls of a service with a private bucket and a public one with a large object."""
    controls = Controls(SETTINGS)
    service = controls.service
    for target, acl, body in (
        ("/anybodys", "public-read-write", b""),
        ("/mine", "private", b""),
        ("/anybodys/large", "default", LARGE),
    ):
        put = Request.parse("PUT", target, [("x-oss-acl", acl)], time.time())
        assert service.handle(put, body, caller=service.accounts.owner).status == 200
    yield controls
    service.storage.close()


async def until(condition: Callable[[], bool]) -> None:
    """Poll a condition; transports and the guard have no events for it."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def converse(controls: Controls, pieces: Pieces, leaves: bool = False) -> bytes:
    """Send the pieces; return all answers. A client that leaves does not wait for them.

    Fails if the connection does not end.
    """
    server = Server(controls)
    connections = server.connections
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, guard = await loop.connect_accepted_socket(server.accept, theirs)
    reader, writer = await asyncio.open_connection(sock=ours)
    async with asyncio.timeout(60):
        for piece, turns in pieces:
            # Like the transport: not after the end and not while reading is paused.
            await until(lambda: transport.is_closing() or transport.is_reading())
            if transport.is_closing():
                break
            guard.data_received(piece)
            for _ in range(turns):
                await asyncio.sleep(0)
        if leaves:
            writer.transport.abort()
            answers = b""
        else:
            writer.write_eof()
            answers = await reader.read()
        writer.close()
        await until(lambda: not connections._open and not connections.busy)
    return answers


@pytest.mark.parametrize("method", ["ABC", "PATCH", "TRACE", "M-SEARCH", "PRI"])
def test_unknown_method_gets_405_with_those_that_are_known(controls: Controls, method: str) -> None:
    """S-40"""
    head = f"{method} /1.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = asyncio.run(converse(controls, [(head.encode(), 0)]))
    assert answer.startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
    assert b"\r\nAllow: GET DELETE HEAD PUT POST OPTIONS\r\n" in answer
    assert f"<Method>{method}</Method>".encode() in answer


def test_what_is_read_ahead_of_a_running_request_is_bounded(controls: Controls) -> None:
    count = READ_AHEAD // len(GET) + 2

    async def ask() -> bytes:
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        transport, guard = await loop.connect_accepted_socket(Server(controls).accept, theirs)
        reader, writer = await asyncio.open_connection(sock=ours)
        guard.data_received(GET)
        assert transport.is_reading()
        guard.data_received(GET * count)
        assert not transport.is_reading()
        writer.write_eof()  # it is read once the rest was answered
        answers = await reader.read()
        writer.close()
        return answers

    assert asyncio.run(ask()).count(b"HTTP/1.1 404 ") == count + 1


@st.composite
def dialogues(draw: st.DrawFn) -> Pieces:
    """Draw pipelined requests with a few bytes changed, in pieces."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=5))))
    places = st.integers(0, len(data) - 1)
    for place in draw(st.lists(places, max_size=3)):
        data[place : place + draw(st.integers(0, 4))] = draw(st.binary(max_size=3))
    cuts = [0, *sorted(draw(st.lists(places, max_size=5))), len(data)]
    turns = st.integers(0, 6)
    return [(bytes(data[start:end]), draw(turns)) for start, end in pairwise(cuts) if start < end]


@pytest.mark.thorough
@given(pieces=dialogues(), leaves=st.booleans(), fast=st.booleans())
@settings(
    max_examples=cases(60, 1_000), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_connection_ends(
    controls: Controls, caplog: pytest.LogCaptureFixture, pieces: Pieces, leaves: bool, fast: bool
) -> None:
    """On the loop of asyncio and, if it is installed, on that of uvloop."""
    caplog.set_level(logging.WARNING)
    with asyncio.Runner(loop_factory=loop_factory() if fast else None) as runner:
        answers = runner.run(converse(controls, pieces, leaves))
    assert not re.search(rb"HTTP/1\.[01] 5(?!01)", answers)
    assert BodyWriter.underway == 0
    # A changed byte may begin TLS.
    assert [line for line in caplog.messages if "A client began TLS on" not in line] == []


@pytest.mark.parametrize("before", [0, 1, 3])
@pytest.mark.parametrize(("bucket", "status"), [(b"anybodys", b"400"), (b"mine", b"403")])
def test_bad_chunk_gets_400_and_closes(
    controls: Controls, before: int, bucket: bytes, status: bytes
) -> None:
    """This holds while the request waits for others, has just begun, or has been refused."""
    requests = GET * before + b"PUT /" + bucket + b"/a" + CHUNKED

    async def ask() -> list[bytes]:
        return [await converse(controls, [(requests, turns), (NO_CHUNK, 0)]) for turns in range(12)]

    for turns, answers in enumerate(asyncio.run(ask())):
        *others, last = re.findall(rb"HTTP/1\.1 (\d+)", answers)
        assert others == [b"404"] * before, turns
        assert last == status, turns
        assert answers.count(b"\r\nConnection: close\r\n") == 1, turns
    assert controls.service.storage.object("anybodys", "a") is None


def test_incomplete_body_behind_another_request_ends_the_connection(controls: Controls) -> None:
    """The client closes its side while an earlier request is being answered, or later."""
    requests = b"PUT /anybodys/b" + TAIL + b"Content-Length: 5\r\n\r\nabcde"
    requests += b"PUT /anybodys/b" + TAIL + b"Content-Length: 5\r\n\r\nabcd"
    answers = asyncio.run(converse(controls, [(GET + requests, 0)]))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers)[:2] == [b"404", b"200"]
    codes = [entry.code for entry in controls.journal.entries()]
    assert codes[-3:] == ["NoSuchKey", "", "IncompleteBody"]


@pytest.mark.parametrize("turns", range(6))
def test_body_may_end_before_its_request_is_answered(controls: Controls, turns: int) -> None:
    head = b"PUT /anybodys/b" + TAIL + b"Content-Length: 5\r\n\r\nab"
    answers = asyncio.run(converse(controls, [(head, turns), (b"cde", 0), (GET, 0)]))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers) == [b"200", b"404"]


# --- Listening


def found(*addresses: tuple[socket.AddressFamily, str]) -> object:
    """Return a `getaddrinfo` that finds these addresses."""
    return lambda host, port, **_: [
        (family, socket.SOCK_STREAM, 6, "", (address, port)) for family, address in addresses
    ]


def test_all_addresses_get_the_same_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    both = found((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2"))
    monkeypatch.setattr(socket, "getaddrinfo", both)
    first, second = listening.bind("localhost", 0)
    with first, second:
        assert first.getsockname()[1] == second.getsockname()[1] != 0
        assert (first.getsockname()[0], second.getsockname()[0]) == ("127.0.0.1", "127.0.0.2")


def test_free_port_is_free_at_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    both = found((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2"))
    monkeypatch.setattr(socket, "getaddrinfo", both)
    bind_one = listening._bind_one
    taken: list[socket.socket] = []

    def take_the_first(*arguments: Any) -> socket.socket:
        made = bind_one(*arguments)
        if not taken:
            taken.append(socket.create_server(("127.0.0.2", made.getsockname()[1])))
        return made

    monkeypatch.setattr(listening, "_bind_one", take_the_first)
    first, second = listening.bind("localhost", 0)
    with first, second, taken[0]:
        port = first.getsockname()[1]
        assert port == second.getsockname()[1] != taken[0].getsockname()[1]


def test_missing_address_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    absent, present = (socket.AF_INET, "192.0.2.1"), (socket.AF_INET, "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", found(absent, present))
    (only,) = listening.bind("localhost", 0)
    with only:
        assert only.getsockname()[0] == "127.0.0.1"


def test_host_without_an_address_of_this_machine_is_refused() -> None:
    with pytest.raises(OSError, match="Cannot assign"):
        listening.bind("192.0.2.1", 0)


def test_taken_port_is_refused() -> None:
    (first,) = listening.bind("127.0.0.1", 0)
    first.listen()
    with first, pytest.raises(OSError, match="in use"):
        listening.bind("127.0.0.1", first.getsockname()[1])
