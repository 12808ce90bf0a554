"""TLS handshakes that clients never begin, stall or break off."""

from __future__ import annotations

import logging
import resource
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from oss_emulator import Emulator
from oss_emulator.testing import emulator as running

from tests.client import Client
from tests.hard.leaks import OverError, Tcp, Tls, logged

HOST = "a-bucket.oss-cn-hangzhou.aliyuncs.com"
CONNECT = f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
EVER = 2**40


@pytest.fixture(params=[True, False], ids=["fast", "asyncio"])
def start(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Emulator]]:
    """Start emulators on the loop of asyncio or, if it is installed, that of uvloop."""
    if not request.param:
        monkeypatch.setattr(running, "loop_factory", lambda: None)
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Emulator(tls_port=0, **settings))


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def trust(emulator: Emulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=emulator.ca_file)


# Each begins a handshake that ends after so many seconds, and has more time for what comes before.


def on_tls_port(emulator: Emulator, seconds: float = 60) -> Tcp:
    emulator._server.connections.stall_timeout = seconds
    return Tcp(port_of(emulator.https_endpoint), EVER, EVER)


def after_connect(emulator: Emulator, seconds: float = 60) -> Tcp:
    tcp = Tcp(emulator.port, EVER, EVER)
    emulator._server.connections.stall_timeout = seconds
    tcp.send(CONNECT)
    assert b" 200 " in tcp.receive()
    return tcp


def after_connect_in_tls(emulator: Emulator, seconds: float = 60) -> Tcp:
    tcp = on_tls_port(emulator)
    tls = Tls(tcp, trust(emulator))
    emulator._server.connections.stall_timeout = seconds
    tls.send(CONNECT)
    assert b" 200 " in tls.receive()
    return tcp


@contextmanager
def reset(tcp: Tcp) -> Iterator[None]:
    """Reset a connection at the end of the block."""
    yield
    tcp.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    tcp.socket.close()


WAYS = [on_tls_port, after_connect, after_connect_in_tls]
Way = Callable[..., Tcp]


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01\x00"], ids=["nothing", "a piece"])
@pytest.mark.parametrize("way", WAYS)
def test_stalled_handshake_ends_at_the_timeout(start: Any, way: Way, sent: bytes) -> None:
    """TLS itself would wait for a minute."""
    tcp = way(start(), 1)
    if sent:
        tcp.send(sent)
    begun = time.monotonic()
    with suppress(OverError):  # the end of the connection
        while True:
            tcp.receive()
    assert time.monotonic() - begun < 40
    tcp.socket.close()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("begun", [False, True], ids=["before", "within"])
@pytest.mark.parametrize("way", WAYS)
def test_reset_of_a_handshake_logs_nothing(start: Any, way: Way, begun: bool) -> None:
    emulator = start()
    with logged() as lines:
        for _ in range(5):
            tcp = way(emulator)
            with reset(tcp):
                if begun:
                    tcp.send(b"\x16\x03\x01\x02\x00\x01\x00")
        assert Client("127.0.0.1", emulator.port).get("/").status == 403
        emulator.stop()  # every connection has ended then
    assert lines == []


def test_server_accepts_again_when_descriptors_are_free(
    start: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("oss_emulator.server.handshake._PAUSE", 0.05)
    emulator = start()
    context = trust(emulator)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        # Descriptors below the limit may become free when connections of other tests end, so that
        # the server accepts some of these.
        clients = [stack.enter_context(socket.socket()) for _ in range(50)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (clients[-1].fileno() + 1, hard))
        try:
            for client in clients:
                client.settimeout(20)
                client.connect(("127.0.0.1", port_of(emulator.https_endpoint)))
            wait_until(lambda: "cannot be accepted" in caplog.text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        with context.wrap_socket(clients[-1], server_hostname="localhost") as secure:
            secure.sendall(GET)
            assert b" 403 " in secure.recv(1000)
        assert {record.levelno for record in caplog.records} == {logging.ERROR}
