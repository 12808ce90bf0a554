"""Bodies of refused requests: they are not read, and a client that sends first gets its answer."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.server import framing, guard

from tests.client import Client, Connection, Live, write

HOST = ("Host", "localhost")
CHUNKED = ("Transfer-Encoding", "chunked")
LARGE = b"0123456789abcdef" * (10 * 1024 * 1024 // 16)
"""More than sockets buffer."""
BUCKET = "examplebucket.oss-cn-hangzhou.aliyuncs.com"


@pytest.fixture
def private(make_bucket: Callable[..., str]) -> str:
    return make_bucket()


@pytest.fixture(scope="module")
def secure() -> Iterator[Emulator]:
    """An emulator with a port for https and a private bucket."""
    with Emulator(tls_port=0) as running:
        running.bucket("examplebucket")
        yield running


def refuse(connection: Connection, bucket: str, *fields: tuple[str, str], body: bytes) -> None:
    """Send a whole PUT before its answer is read, and check that it is denied."""
    connection.send_request("PUT", f"/{bucket}/a", [HOST, *fields], body)
    answer = connection.receive("PUT")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.headers["Connection"] == "close"


def in_one_chunk(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def send_for_ever(connection: Connection) -> None:
    while True:
        connection.send(LARGE)


@pytest.mark.parametrize("chunked", [False, True])
def test_client_that_sends_first_reads_its_403(client: Client, private: str, chunked: bool) -> None:
    with client.connect() as connection:
        if chunked:
            refuse(connection, private, CHUNKED, body=in_one_chunk(LARGE))
        else:
            refuse(connection, private, body=LARGE)
        assert connection.ends()


@pytest.mark.parametrize("chunked", [False, True])
def test_client_that_sends_first_reads_its_403_over_tls(secure: Emulator, chunked: bool) -> None:
    port = urlsplit(secure.https_endpoint or "").port
    assert port is not None
    body = in_one_chunk(LARGE) if chunked else LARGE
    with Connection("127.0.0.1", port, str(secure.ca_file)) as connection:
        refuse(connection, "examplebucket", *([CHUNKED] if chunked else []), body=body)


@pytest.mark.parametrize("port", [80, 443])
def test_client_that_sends_first_reads_its_403_inside_a_connect(
    secure: Emulator, port: int
) -> None:
    with socket.create_connection(("127.0.0.1", secure.port)) as raw:
        raw.sendall(write("CONNECT", f"{BUCKET}:{port}", [("Host", BUCKET)]))
        assert raw.recv(1024).startswith(b"HTTP/1.1 200 ")
        inside: socket.socket = raw
        if port == 443:
            context = ssl.create_default_context(cafile=secure.ca_file)
            inside = context.wrap_socket(raw, server_hostname=BUCKET)
        with inside, inside.makefile("rb") as answers:
            inside.sendall(write("PUT", "/a", [("Host", BUCKET)], LARGE))
            assert answers.readline() == b"HTTP/1.1 403 Forbidden\r\n"


def test_refused_request_before_aiohttp_reads_its_error(client: Client, private: str) -> None:
    """The head is malformed, so aiohttp never sees the request."""
    with client.connect() as connection:
        connection.send_request("PUT", f"/{private}/a", [HOST, HOST], LARGE)
        assert connection.receive("PUT").status == 400
        assert connection.ends()


def test_refused_body_is_never_parsed(
    client: Client, private: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even to find that its chunks are malformed."""

    def fail(extent: object, data: bytes) -> tuple[bytes, bytes]:
        raise AssertionError(f"{extent} parsed {data[:20]!r}")

    monkeypatch.setattr(framing.Chunked, "take", fail)
    monkeypatch.setattr(framing.Counted, "take", fail)
    with client.connect() as connection:
        refuse(connection, private, CHUNKED, body=b"no chunk\r\n" * 100_000)
        assert connection.ends()
    with client.connect() as connection:
        refuse(connection, private, body=LARGE)
        assert connection.ends()


def test_server_closes_its_side_and_drops_what_follows(
    client: Client, live: Live, private: str
) -> None:
    """A request behind a refused body is not answered, since its beginning is not known."""
    live.put(f"/{private}/a", b"content")
    with client.connect() as connection:
        refuse(connection, private, ("Content-Length", str(len(LARGE))), body=b"0123456789")
        assert connection.rest() == b""
        connection.send(LARGE + write("DELETE", f"/{private}/a", [HOST]))
        assert connection.rest() == b""
    last = live.run(live.controls.journal.entries)[-1]
    assert (last.method, last.status) == ("PUT", 403)


def test_connection_closes_though_the_client_goes_on_sending(
    client: Client, private: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert guard.LINGER == 2.0
    monkeypatch.setattr(guard, "LINGER", 0.1)
    with client.connect() as connection:
        refuse(connection, private, CHUNKED, body=b"")
        with pytest.raises(ConnectionError):
            send_for_ever(connection)


def test_refused_upload_in_an_empty_chunked_body_keeps_the_connection(
    client: Client, private: str
) -> None:
    with client.connect() as connection:
        for _ in range(2):
            connection.send_request("DELETE", f"/{private}/a", [HOST, CHUNKED], b"0\r\n\r\n")
            answer = connection.receive("DELETE")
            assert (answer.status, answer.headers["Connection"]) == (403, "keep-alive")


@pytest.mark.parametrize("size", [10, 600_000])
def test_stored_body_in_chunks_of_one_byte_keeps_the_connection(
    client: Client, make_bucket: Callable[..., str], size: int
) -> None:
    bucket, body = make_bucket("public-read-write"), LARGE[:size]
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    with client.connect() as connection:
        connection.send_request("PUT", f"/{bucket}/a", [HOST, CHUNKED], chunks)
        connection.send(write("GET", f"/{bucket}/a", [HOST]))
        answer = connection.receive("PUT")
        assert (answer.status, answer.headers["Connection"]) == (200, "keep-alive")
        assert connection.receive("GET").body == body


def test_oss2_reads_its_403(live: Live, private: str) -> None:
    bucket = oss2.Bucket(oss2.AnonymousAuth(), live.endpoint, private)
    for body in (LARGE, iter([LARGE])):
        with pytest.raises(oss2.exceptions.AccessDenied):
            bucket.put_object("a", body)
