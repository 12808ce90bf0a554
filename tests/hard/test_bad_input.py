"""Malformed HTTP and keys that look like paths, with both storages."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from urllib.parse import quote

import pytest

from tests.cli.forking import serving
from tests.cli.process import Running
from tests.client import write
from tests.hard.traffic import FLAGS, Client
from tests.unit.storage import invariants

BUCKET = "/examplebucket"
HOST = ("Host", "localhost")


@pytest.fixture(scope="module", params=["disk", "memory"])
def running(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Running]:
    """A server in its own folder, which must end without errors and leave no other files.

    It reads and writes in threads only with a data folder.
    """
    folder = tmp_path_factory.mktemp("bad-input")
    data = folder / "place" / "data"
    data.parent.mkdir()
    storage = ("--data", str(data)) if request.param == "disk" else ()
    with serving(folder, *storage, "--request-timeout", "2", *FLAGS) as found:
        assert Client(found.port).send("PUT", BUCKET, b"", {"x-oss-acl": ACL})[0] == 200
        yield found
        assert found.end() == 0
        assert found.stderr.read_text() == ""
    assert sorted(path.name for path in folder.iterdir()) == ["place", "ready.json", "stderr"]
    if storage:
        assert [path.name for path in data.parent.iterdir()] == ["data"]
        invariants.check(data)


ACL = "public-read-write"


def connect(running: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), timeout=60)


def send(connection: socket.socket, sent: bytes) -> None:
    """Send bytes to a server that may close before it has read all of them."""
    with suppress(ConnectionError):
        connection.sendall(sent)


def receive(connection: socket.socket) -> bytes:
    """Return everything that the server sends until it closes."""
    received = b""
    with suppress(ConnectionError):
        while chunk := connection.recv(65536):
            received += chunk
    return received


def exchange(running: Running, sent: bytes, *, end: bool = True) -> bytes:
    """Send bytes and return the answers; with `end`, close the sending side afterwards."""
    with connect(running) as connection:
        send(connection, sent)
        if end:
            with suppress(OSError):  # the server may have closed the connection already
                connection.shutdown(socket.SHUT_WR)
        return receive(connection)


def check_answers(received: bytes) -> list[int]:
    """Return the statuses of the answers; fail if one is an internal error."""
    statuses = [
        int(part[:3])
        for part in received.replace(b"HTTP/1.0 ", b"HTTP/1.1 ").split(b"HTTP/1.1 ")[1:]
    ]
    assert all(status < 500 or status == 501 for status in statuses), received
    assert b"Traceback" not in received
    assert b".py" not in received
    return statuses


def put(body: bytes, *headers: tuple[str, str], key: str = "outer") -> bytes:
    """Return a PUT with exactly these headers."""
    head = [HOST, *headers, ("X", "y")]
    lines = [f"PUT {BUCKET}/{key} HTTP/1.1", *(f"{name}: {value}" for name, value in head)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


HIDDEN = write("PUT", f"{BUCKET}/smuggled", [HOST], b"x")
CHUNKED = ("Transfer-Encoding", "chunked")


@pytest.mark.parametrize(
    "sent",
    {
        "two lengths": put(b"x" + HIDDEN, ("Content-Length", "1"), ("Content-Length", "99")),
        "a list of lengths": put(b"x" + HIDDEN, ("Content-Length", "1, 99")),
        "a length with a sign": put(b"x" + HIDDEN, ("Content-Length", "+1")),
        "a length in hexadecimal": put(b"x" + HIDDEN, ("Content-Length", "0x1")),
        "a length with an underscore": put(b"x" + HIDDEN, ("Content-Length", "1_0")),
        "a length below nothing": put(HIDDEN, ("Content-Length", "-1")),
        "a length without end": put(HIDDEN, ("Content-Length", "9" * 400)),
        "a folded length": put(b"x" + HIDDEN, ("Content-Length", "\r\n 1")),
        "a folded encoding": put(b"0\r\n\r\n" + HIDDEN, ("Transfer-Encoding", "\r\n chunked")),
        "a space before the colon": put(b"0\r\n\r\n" + HIDDEN, ("Transfer-Encoding ", "chunked")),
        "a tab in the name": put(b"0\r\n\r\n" + HIDDEN, ("Transfer\tEncoding", "chunked")),
        "an unknown encoding": put(b"0\r\n\r\n" + HIDDEN, ("Transfer-Encoding", "xchunked")),
        "two encodings": put(b"0\r\n\r\n" + HIDDEN, CHUNKED, ("Transfer-Encoding", "identity")),
        "chunks within chunks": put(
            b"0\r\n\r\n" + HIDDEN, ("Transfer-Encoding", "chunked, chunked")
        ),
        "a null in the encoding": put(b"0\r\n\r\n" + HIDDEN, ("Transfer-Encoding", "chunked\0")),
        "a null in a name": put(b"x" + HIDDEN, ("Content-Length\0", "1")),
        "a bare newline": put(b"x" + HIDDEN, ("Y", "1\nContent-Length: 1")),
        "a bare return": put(b"x" + HIDDEN, ("Y", "1\rContent-Length: 1")),
        "a chunk size that is none": put(b"zz\r\n" + HIDDEN, CHUNKED),
        "a chunk size below nothing": put(b"-1\r\n" + HIDDEN, CHUNKED),
        "a chunk size with a prefix": put(b"0x1\r\nx\r\n0\r\n\r\n" + HIDDEN, CHUNKED),
        "a chunk size without end": put(b"f" * 4000 + b"\r\n" + HIDDEN, CHUNKED),
        "a chunk longer than it says": put(b"1\r\nxx\r\n0\r\n\r\n" + HIDDEN, CHUNKED),
        "a chunk extension with a newline": put(b"1;a\nb\r\nx\r\n0\r\n\r\n" + HIDDEN, CHUNKED),
        "no version": f"GET {BUCKET}/a\r\n\r\n".encode() + HIDDEN,
        "a later version": f"GET {BUCKET}/a HTTP/2.0\r\nHost: a\r\n\r\n".encode() + HIDDEN,
        "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
    }.items(),
    ids=lambda item: item[0],
)
def test_ambiguous_requests_are_refused(running: Running, sent: tuple[str, bytes]) -> None:
    """A request that two servers could read differently is refused or read strictly."""
    _, request = sent
    statuses = check_answers(exchange(running, request))
    assert 200 not in statuses, statuses
    assert running.ask("HEAD", f"{BUCKET}/smuggled").status == 404
    assert running.ask("HEAD", f"{BUCKET}/outer").status == 404


RUBBISH = [
    b"\0" * 1000,
    b"\r\n" * 1000,
    b"\x16\x03\x01\x02\x00" + bytes(range(256)) * 4,
    b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\n" + b"x" * 100_000 + b": y\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
    b"GET /\xff\xfe\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /%00%ff%fe HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /examplebucket/%ff%fe HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /examplebucket/a?prefix=%ff%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /examplebucket/?prefix=%ff&delimiter=%fe HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /examplebucket/a HTTP/1.1\r\nHost: a\r\nReferer: \xff\x01\x7f\r\n\r\n",
    b"GET /examplebucket/a HTTP/1.1\r\nHost: a\r\nAuthorization: OSS \xff:\xff\r\n\r\n",
    b"GET /examplebucket/a HTTP/1.1\r\nHost: a\r\nRange: bytes=" + b"9" * 4000 + b"-\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n" + b"\0" * 100,
    b"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /examplebucket?delete HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n<\0>",
    b"G" * 200_000,
]


@pytest.mark.parametrize("sent", RUBBISH, ids=range(len(RUBBISH)))
def test_malformed_request_is_answered_and_closes(running: Running, sent: bytes) -> None:
    check_answers(exchange(running, sent))
    assert running.ask("GET", "/_emulator/health").status == 200


def test_client_that_waits_after_malformed_bytes_gets_an_answer(running: Running) -> None:
    """The clients wait in parallel, because the server times out after two seconds."""
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(running)) for _ in RUBBISH]
        for connection, sent in zip(connections, RUBBISH, strict=True):
            send(connection, sent)
        for connection in connections:
            check_answers(receive(connection))
    assert running.ask("GET", "/_emulator/health").status == 200


def test_many_pipelined_requests_are_all_answered(running: Running) -> None:
    request = write("GET", f"{BUCKET}/none", [HOST])
    last = write("GET", f"{BUCKET}/none", [HOST, ("Connection", "close")])
    received = exchange(running, request * 999 + last, end=False)
    assert check_answers(received) == [404] * 1000


# --- keys that look like paths

KEYS = [
    "../../../outside",
    "..",
    ".",
    "a/../../b",
    "./a//b/",
    "C:\\Windows\\System32",
    "..\\..\\outside",
    "CON",
    "nul.txt",
    "~root",
    "-rf",
    "$(id)",
    "index.sqlite",
    "blobs/00",
    "a" * 1023,
    "中" * 341,
    "case",
    "Case",
    "CASE",
    "a\nb",
    "\u202e",
    "e\u0301",
    "\u00e9",
    " ",
]


def test_keys_never_become_paths(running: Running) -> None:
    client = Client(running.port)
    refused = set()
    for number, key in enumerate(KEYS):
        status, _ = client.send("PUT", f"{BUCKET}/{quote(key, safe='')}", str(number).encode())
        assert status in (200, 400), key
        if status == 400:
            refused.add(key)
    assert refused <= {key for key in KEYS if key.startswith("\\") or key in (".", "..")}
    for number, key in enumerate(KEYS):
        status, data = client.send("GET", f"{BUCKET}/{quote(key, safe='')}")
        assert (status, data) == (200, str(number).encode()) or key in refused, key
    client.close()


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "//etc/passwd", "/../etc/passwd", "/%2fetc%2fpasswd"]
)
def test_files_of_the_machine_are_out_of_reach(running: Running, path: str) -> None:
    for target in (path, f"{BUCKET}{path}"):
        received = exchange(running, f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert set(check_answers(received)) <= {400, 403, 404}
        assert b"root:" not in received
