"""Objects in files are sent by sendfile on both event loops, and no file stays open."""

from __future__ import annotations

import gc
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from ssl import SSLContext, create_default_context

import pytest
from oss_emulator import Emulator
from oss_emulator.server import writer
from oss_emulator.server.guard import Guard
from oss_emulator.storage.blobs import SPOOL_ABOVE, FileBlob
from oss_emulator.testing import emulator as running

SIZE = 3 * SPOOL_ABOVE // 2
BODY = bytes(range(256)) * (SIZE // 256) + bytes(SIZE % 256)
TARGET = "/examplebucket/large"
PATIENCE = 20.0


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def loop(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "asyncio":
            patch.setattr(running, "loop_factory", lambda: None)
        else:
            pytest.importorskip("uvloop", reason="uvloop is an extra")
        yield


@pytest.fixture(scope="module")
def filled(loop: None) -> Iterator[Emulator]:
    with Emulator() as emulator:
        fill(emulator)
        yield emulator


@pytest.fixture
def emulator(filled: Emulator) -> Emulator:
    """The emulator that all tests of a loop share, with an empty journal."""
    filled.run(filled.controls.journal.clear)
    return filled


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the pieces that sendfile sends."""
    lengths: list[int] = []

    class WatchedSending(writer.FileSending):
        async def run(self) -> None:
            lengths.append(self._end - self._offset)
            await super().run()

    monkeypatch.setattr(writer, "FileSending", WatchedSending)
    return lengths


def fill(emulator: Emulator) -> None:
    emulator.put("/examplebucket", headers={"x-oss-acl": "public-read-write"})
    send(emulator, "PUT", TARGET, BODY)
    send(emulator, "PUT", "/examplebucket/small", b"small")
    emulator.run(emulator.controls.journal.clear)


def connect(emulator: Emulator) -> HTTPConnection:
    if not emulator.settings.tls:
        return HTTPConnection("127.0.0.1", emulator.port, timeout=PATIENCE)
    return HTTPSConnection("127.0.0.1", emulator.port, timeout=PATIENCE, context=trust(emulator))


def send(emulator: Emulator, method: str, target: str, body: bytes) -> None:
    connection = connect(emulator)
    connection.request(method, target, body, {"Host": "localhost"})
    assert connection.getresponse().status == 200
    connection.close()


def trust(emulator: Emulator) -> SSLContext:
    return create_default_context(cafile=str(emulator.ca_file))


def ask(connection: HTTPConnection, target: str = TARGET, **headers: str) -> bytes:
    connection.request("GET", target, headers={"Host": "localhost", **headers})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status in (200, 206)
    assert int(answer.headers["Content-Length"]) == len(body)
    return body


GET = f"GET {TARGET} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def begin(emulator: Emulator, request: bytes = GET) -> socket.socket:
    """Return a client with a small buffer that has sent its request and not read yet."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    client.settimeout(PATIENCE)
    client.connect(("127.0.0.1", emulator.port))
    if not emulator.settings.tls:
        client.sendall(request)
    return client


def read_to_end(client: socket.socket) -> bytes:
    found = bytearray()
    with suppress(ConnectionResetError):
        while chunk := client.recv(65536):
            found += chunk
    return bytes(found)


@contextmanager
def recorded(emulator: Emulator, count: int = 1) -> Iterator[None]:
    """Wait, at the end of the block, until the journal has recorded `count` requests."""
    entries = threading.Semaphore(0)
    stop = emulator.run(lambda: emulator.controls.journal.listen(lambda _: entries.release()))
    yield
    for _ in range(count):
        assert entries.acquire(timeout=PATIENCE)
    emulator.run(stop)


def wait_until(holds: Callable[[], bool]) -> None:
    """Poll a condition: neither open files nor the buffers of sockets have events."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("tls", [False, True])
def test_no_file_stays_open_after_the_client_leaves(tmp_path: Path, tls: bool) -> None:
    """The server closes it at once, also if the connection stays open and idle."""
    with Emulator(data=tmp_path / "data", tls=tls) as emulator:
        fill(emulator)
        connection = connect(emulator)
        assert ask(connection, "/examplebucket/small") == b"small"
        wait_until(lambda: not files_open_below(tmp_path / "data" / "blobs"))
        connection.close()
        gc.disable()
        try:
            client = begin(emulator)
            if tls:
                client = trust(emulator).wrap_socket(client, server_hostname="localhost")
                client.sendall(GET)
            wait_until(lambda: bool(files_open_below(tmp_path / "data" / "blobs")))
            if tls:
                wait_until(lambda: waits_for_a_client(emulator))
            client.close()
            wait_until(lambda: not files_open_below(tmp_path / "data" / "blobs"))
        finally:
            gc.enable()


def waits_for_a_client(emulator: Emulator) -> bool:
    """Return whether the server waits for a client that does not read."""
    guards = emulator._server.connections._open
    return any(isinstance(guard, Guard) and guard.writer.paused for guard in guards)


def files_open_below(folder: Path) -> list[str]:
    found = []
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed in the meantime
            found.append(os.readlink(path))
    return [link for link in found if link.startswith(f"{folder}/")]


def test_sendfile_sends_whole_files_and_ranges(emulator: Emulator, pieces: list[int]) -> None:
    connection = HTTPConnection("127.0.0.1", emulator.port, timeout=PATIENCE)
    with recorded(emulator, count=4):
        assert ask(connection) == BODY
        assert ask(connection, Range="bytes=5-4999999") == BODY[5:5_000_000]
        assert ask(connection, "/examplebucket/small") == b"small"
        assert ask(connection) == BODY
    connection.close()
    assert pieces == [SIZE, 4_999_995, SIZE]
    assert [entry.sent_bytes for entry in emulator.journal] == [SIZE, 4_999_995, 5, SIZE]


RANGES = {"Range": "bytes=5-4999999,0-9,1000-5999999", "x-oss-multi-range-behavior": "multi-range"}


def test_several_ranges_of_a_file_are_sent_in_turn(
    loop: None, pieces: list[int], tmp_path: Path
) -> None:
    """P-95. No file stays open if the client leaves meanwhile."""
    with Emulator(data=tmp_path / "data") as emulator:
        fill(emulator)
        connection = connect(emulator)
        with recorded(emulator):
            body = ask(connection, **RANGES)
        connection.close()
        assert len(body) == emulator.journal[-1].sent_bytes
        boundary = body.partition(b"\r\n")[0]
        parts = (b"\r\n" + body).split(b"\r\n" + boundary)[1:-1]
        sent = [part.partition(b"\r\n\r\n")[2] for part in parts]
        assert sent == [BODY[5:5_000_000], BODY[:10], BODY[1000:6_000_000]]
        assert pieces == [4_999_995, 5_999_000]
        fields = "".join(f"{name}: {value}\r\n" for name, value in RANGES.items())
        with begin(emulator, GET[:-2] + fields.encode() + b"\r\n") as client:
            assert client.recv(1, socket.MSG_PEEK)
            assert files_open_below(tmp_path / "data" / "blobs")
        wait_until(lambda: not files_open_below(tmp_path / "data" / "blobs"))


def test_parts_are_sent_in_order(loop: None, pieces: list[int], tmp_path: Path) -> None:
    with Emulator(data=tmp_path / "data") as emulator:
        emulator.put("/examplebucket", headers={"x-oss-acl": "public-read-write"})
        body, size = BODY[:1_000_001], 500_000
        for start in range(0, len(body), size):
            part = body[start : start + size]
            send(emulator, "POST", f"{TARGET}?append&position={start}", part)
        connection = HTTPConnection("127.0.0.1", emulator.port, timeout=PATIENCE)
        assert ask(connection) == body
        connection.close()
    # The last part is short, so it is read into memory.
    assert pieces == [size, size]


def test_slow_client_gets_everything_and_blocks_nobody(emulator: Emulator) -> None:
    with begin(emulator) as slow:
        assert slow.recv(1, socket.MSG_PEEK)
        other = HTTPConnection("127.0.0.1", emulator.port, timeout=PATIENCE)
        assert ask(other, "/examplebucket/small") == b"small"
        other.close()
        slow.sendall(b"GET /examplebucket/small HTTP/1.0\r\nHost: localhost\r\n\r\n")
        found = read_to_end(slow)
    assert found.partition(b"\r\n\r\n")[2][:SIZE] == BODY
    assert found.endswith(b"\r\n\r\nsmall")


def test_interrupted_downloads_leak_no_descriptors(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    before = open_files()
    with recorded(emulator, count=5):
        for _ in range(5):
            with begin(emulator) as client:
                client.recv(65536, socket.MSG_WAITALL)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: open_files() <= before)
    assert all(entry.sent_bytes < SIZE for entry in emulator.journal)
    assert caplog.records == []


def test_stalled_download_is_aborted(loop: None) -> None:
    with Emulator() as emulator:
        fill(emulator)
        emulator._server.connections.stall_timeout = 0.3  # only now: a busy machine fills it slowly
        with ExitStack() as stack:
            with recorded(emulator):
                client = stack.enter_context(begin(emulator))
            assert len(read_to_end(client)) < SIZE
        assert emulator.journal[0].sent_bytes < SIZE


def test_stopping_the_server_aborts_a_stalled_download(loop: None) -> None:
    with Emulator() as emulator:
        fill(emulator)
        emulator._server.connections.stall_timeout = 0.5  # only now: a busy machine fills it slowly
        client = begin(emulator)
        client.recv(4096)
    with client:
        assert 0 < len(read_to_end(client)) < SIZE


def test_truncated_file_ends_the_connection_early(loop: None) -> None:
    with Emulator() as emulator:
        fill(emulator)
        item = emulator.service.storage.object("examplebucket", "large")
        assert item is not None
        (blob,) = item.content
        assert isinstance(blob, FileBlob)
        os.ftruncate(blob.file.fileno(), SIZE // 2)
        with begin(emulator) as client:
            body = read_to_end(client).partition(b"\r\n\r\n")[2]
        assert body == BODY[: SIZE // 2]
        connection = HTTPConnection("127.0.0.1", emulator.port, timeout=PATIENCE)
        assert ask(connection, "/examplebucket/small") == b"small"
        connection.close()


def test_limited_answers_do_not_use_sendfile(
    emulator: Emulator, pieces: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = HTTPConnection("127.0.0.1", emulator.port, timeout=PATIENCE)
    assert ask(connection, **{"x-oss-traffic-limit": "838860800"}) == BODY
    monkeypatch.delattr(os, "sendfile")
    assert ask(connection) == BODY
    connection.close()
    assert pieces == []


def test_https_does_not_use_sendfile(loop: None, pieces: list[int]) -> None:
    with Emulator(tls=True) as emulator:
        fill(emulator)
        connection = connect(emulator)
        assert ask(connection) == BODY
        connection.close()
    assert pieces == []
