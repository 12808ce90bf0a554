"""The server as a proxy: absolute URLs and CONNECT for the hosts of OSS; others are refused."""

from __future__ import annotations

import gc
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.testing import emulator as running

from tests.client import Answer, Client, write

BUCKET = "a-bucket.oss-cn-hangzhou.aliyuncs.com"
OBJECT = "/dir/a%20b"


def fill(emulator: Emulator) -> Emulator:
    emulator.put("/a-bucket", headers={"x-oss-acl": "public-read-write"})
    emulator.put(f"/a-bucket{OBJECT}", b"content")
    return emulator


@pytest.fixture(scope="module", params=[True, False], ids=["fast", "asyncio"])
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """An emulator on the loop of asyncio and, if it is installed, on that of uvloop."""
    with pytest.MonkeyPatch.context() as patch:
        if not request.param:
            patch.setattr(running, "loop_factory", lambda: None)
        emulator = Emulator(tls_port=0, cname={"img.example.com": "a-bucket"}, domain=("oss.test",))
        with emulator:
            yield fill(emulator)


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> Client:
    return Client("127.0.0.1", emulator.port)


@pytest.fixture
def session(emulator: Emulator) -> Iterator[requests.Session]:
    """A client that uses the proxy and trusts its CA."""
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"http": emulator.endpoint, "https": emulator.endpoint}
        session.verify = str(emulator.ca_file)
        yield session


def check_alive(client: Client) -> None:
    assert client.get(f"/a-bucket{OBJECT}").body == b"content"


# --- absolute URLs


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (f"http://{BUCKET}{OBJECT}", 200),
        (f"HTTP://{BUCKET.upper()}:80{OBJECT}", 200),
        (f"http://{BUCKET}.:80{OBJECT}", 200),
        (f"http://img.example.com{OBJECT}", 200),
        (f"http://a-bucket.oss.test{OBJECT}", 200),
        (f"http://localhost:1/a-bucket{OBJECT}", 200),
        (f"https://{BUCKET}{OBJECT}", 200),
        ("http://oss-cn-hangzhou.aliyuncs.com", 403),  # ListBuckets
        (f"http://{BUCKET}?acl", 403),
        ("http://a-bucket.oss-cn-beijing.aliyuncs.com/", 403),
    ],
)
def test_absolute_url_overrides_the_host_header(client: Client, url: str, status: int) -> None:
    """RFC 9112, 3.2.2"""
    for host in ("www.example.com", "localhost", BUCKET):
        answer = client.get(url, ("Host", host))
        assert answer.status == status
        assert status != 200 or answer.body == b"content"
        assert status == 200 or answer.code != "ProxyForbidden"


def test_absolute_url_works_with_http_1_0(client: Client) -> None:
    with client.connect() as connection:
        connection.send(f"GET http://{BUCKET}{OBJECT} HTTP/1.0\r\n\r\n".encode())
        assert connection.receive().body == b"content"


# --- CONNECT


def connect(port: int, host: str) -> tuple[socket.socket, Answer]:
    """Send CONNECT to the proxy; return the socket and the head of the answer."""
    raw = socket.create_connection(("127.0.0.1", port), 20)
    raw.sendall(write("CONNECT", host, [("Host", host)]))
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = raw.recv(1)
        assert more, head
        head += more
    version, status, reason = head.decode().split("\r\n")[0].split(" ", 2)
    return raw, Answer(int(status), version=version, reason=reason)


def exchange(connection: socket.socket, target: str, host: str) -> bytes:
    connection.sendall(write("GET", target, [("Host", host), ("Connection", "close")]))
    answer = b""
    while more := connection.recv(65536):
        answer += more
    return answer


@pytest.mark.parametrize(
    "host",
    [
        BUCKET,
        f"{BUCKET}.",
        "a-bucket.oss-accelerate.aliyuncs.com",
        "a-bucket.oss-cn-hangzhou.localhost",
        "img.example.com",
        "A-BUCKET.oss.test",
    ],
)
def test_connect_to_443_begins_tls(emulator: Emulator, host: str) -> None:
    raw, answer = connect(emulator.port, f"{host}:443")
    assert (answer.status, answer.reason) == (200, "Connection established")
    context = ssl.create_default_context(cafile=emulator.ca_file)
    with raw, context.wrap_socket(raw, server_hostname=host.rstrip(".")) as secure:
        assert exchange(secure, OBJECT, host).endswith(b"\r\n\r\ncontent")
    request = emulator.journal[-1].request
    assert (request.secure, request.host, request.remote) == (True, host, "127.0.0.1")


def test_tls_without_sni_uses_the_name_of_the_connect(emulator: Emulator) -> None:
    raw, _ = connect(emulator.port, "a.oss-us-west-1.aliyuncs.com:443")
    context = ssl.create_default_context(cafile=emulator.ca_file)
    context.check_hostname = False
    with raw, context.wrap_socket(raw) as secure:
        shown: Any = secure.getpeercert()
        assert shown["subjectAltName"] == (("DNS", "a.oss-us-west-1.aliyuncs.com"),)


def test_connect_to_80_continues_with_plain_http(emulator: Emulator) -> None:
    raw, answer = connect(emulator.port, f"{BUCKET}:80")
    with raw:
        assert answer.status == 200
        assert exchange(raw, OBJECT, BUCKET).endswith(b"\r\n\r\ncontent")
    assert emulator.journal[-1].request.secure is False


def test_connect_works_on_a_used_connection(emulator: Emulator) -> None:
    with Client("127.0.0.1", emulator.port).connect() as connection:
        for _ in range(2):
            got = connection.request("GET", f"/a-bucket{OBJECT}", [("Host", "localhost")])
            assert got.body == b"content"
        connection.send(f"CONNECT {BUCKET}:443 HTTP/1.0\r\n\r\n".encode())
        raw = connection._socket
        assert raw.recv(200) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        context = ssl.create_default_context(cafile=emulator.ca_file)
        with context.wrap_socket(raw.dup(), server_hostname=BUCKET) as secure:
            assert exchange(secure, OBJECT, BUCKET).endswith(b"\r\n\r\ncontent")


def test_connect_works_on_the_port_for_tls(emulator: Emulator) -> None:
    """A client may use the server as a proxy within TLS, too."""
    raw = socket.create_connection(("127.0.0.1", urlsplit(emulator.https_endpoint).port), 20)
    context = ssl.create_default_context(cafile=emulator.ca_file)
    with raw, context.wrap_socket(raw, server_hostname=BUCKET) as secure:
        secure.sendall(write("CONNECT", f"{BUCKET}:80", [("Host", BUCKET)]))
        assert secure.recv(200) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        assert exchange(secure, OBJECT, BUCKET).endswith(b"\r\n\r\ncontent")


@pytest.mark.parametrize(
    "authority",
    [
        "www.example.com:443",
        "aliyuncs.com.example.com:443",
        "10.1.2.3:443",
        "[2001:db8::1]:443",
        "pypi:443",
        f"{BUCKET}:22",
        f"{BUCKET}:8443",
        "localhost:5432",
    ],
)
def test_connect_to_other_hosts_and_ports_is_refused(client: Client, authority: str) -> None:
    answer = client.request("CONNECT", authority, [("Host", BUCKET)])
    assert (answer.status, answer.code) == (403, "ProxyForbidden")
    assert answer.error["Host"] == authority
    assert answer.reason == f"Forbidden: {answer.error['Message']}"
    assert "Put other hosts in NO_PROXY" in answer.reason
    assert answer.headers["Connection"] == "close"
    check_alive(client)


def test_journal_keeps_no_connection_alive(emulator: Emulator, client: Client) -> None:
    """The traceback of an error would: that of a refused CONNECT refers to its guard."""
    client.request("CONNECT", "www.example.com:443", [("Host", BUCKET)])
    errors = [entry.error for entry in emulator.journal if isinstance(entry.error, Exception)]
    assert errors
    assert {error.__traceback__ for error in errors} == {None}


@pytest.mark.parametrize(
    "authority",
    [
        BUCKET,
        f"{BUCKET}:",
        f"{BUCKET}:https",
        f"{BUCKET}:-443",
        f"{BUCKET}:99999",
        f"{BUCKET}:443/",
        f"{BUCKET}:443:443",
        f"https://{BUCKET}:443",
        f"https://{BUCKET}/",
        f"user@{BUCKET}:443",
        "/a-bucket",
        "*",
        ":443",
        "[::1:443",
        "a..b:443",
        "\N{LATIN SMALL LETTER E WITH ACUTE}:443",
        "a" * 20_000 + ":443",
        "a" * 100_000 + ":443",
    ],
    ids=lambda authority: authority[:40],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_malformed_connect_gets_400(client: Client, authority: str, version: str) -> None:
    with client.connect() as connection:
        connection.send(f"CONNECT {authority} HTTP/{version}\r\nHost: a\r\n\r\n".encode())
        answer = connection.receive()
        assert connection.ends()
    assert answer.status == 400
    assert answer.code in ("BadRequest", "RequestHeaderTooLarge")
    check_alive(client)


def test_connect_with_an_invalid_host_is_refused(client: Client) -> None:
    answer = client.request("CONNECT", f"{BUCKET}:443", [("Host", "a..b")])
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert answer.error["ErrorDetail"].startswith("The host 'a..b' is invalid; ")
    check_alive(client)


def test_bytes_after_a_connect_are_refused(client: Client) -> None:
    with client.connect() as connection:
        head = write("CONNECT", f"{BUCKET}:443", [("Host", BUCKET)])
        connection.send(head + b"\x16\x03\x01")
        answer = connection.receive()
    assert (answer.status, answer.code) == (400, "BadRequest")
    check_alive(client)


@pytest.mark.parametrize("said", [b"", b"\x16", b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 70_000])
def test_server_survives_a_connect_without_tls(
    emulator: Emulator, client: Client, said: bytes
) -> None:
    raw, answer = connect(emulator.port, f"{BUCKET}:443")
    assert answer.status == 200
    with raw:
        raw.sendall(said)
    check_alive(client)


@pytest.mark.parametrize("port", [80, 443])
def test_connect_inside_a_connect_is_refused(emulator: Emulator, client: Client, port: int) -> None:
    raw, answer = connect(emulator.port, f"{BUCKET}:{port}")
    assert answer.status == 200
    with raw, ExitStack() as stack:
        inside = raw
        if port == 443:
            context = ssl.create_default_context(cafile=emulator.ca_file)
            inside = stack.enter_context(context.wrap_socket(raw, server_hostname=BUCKET))
        inside.sendall(write("CONNECT", f"{BUCKET}:443", [("Host", BUCKET)]))
        said = b""
        while more := inside.recv(65536):
            said += more
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"A CONNECT inside a CONNECT is refused" in said
    check_alive(client)


def test_client_that_resets_tls_inside_tls_does_no_harm(
    emulator: Emulator, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    context = ssl.create_default_context(cafile=emulator.ca_file)
    for _ in range(20):
        raw = socket.create_connection(("127.0.0.1", urlsplit(emulator.https_endpoint).port), 20)
        secure = context.wrap_socket(raw, server_hostname=BUCKET)
        secure.sendall(write("CONNECT", f"{BUCKET}:443", [("Host", BUCKET)]))
        assert b" 200 " in secure.recv(200)
        secure.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        secure.close()
    check_alive(client)
    emulator.run(gc.collect)
    assert "never retrieved" not in caplog.text


def test_server_survives_a_client_that_distrusts_its_ca(emulator: Emulator, client: Client) -> None:
    raw, _ = connect(emulator.port, f"{BUCKET}:443")
    with raw, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(raw, server_hostname=BUCKET)
    check_alive(client)


def test_connect_without_certificates_names_the_option() -> None:
    with Emulator() as emulator:
        client = Client("127.0.0.1", emulator.port)
        answer = client.request("CONNECT", f"{BUCKET}:443", [("Host", BUCKET)])
        assert (answer.status, answer.code) == (403, "ProxyForbidden")
        assert "--tls-dir" in answer.error["Message"]
        fill(emulator)
        assert client.get(f"http://{BUCKET}{OBJECT}").body == b"content"


def test_stopping_does_not_wait_for_tls_after_connect() -> None:
    with Emulator(tls_port=0) as emulator:
        raw, answer = connect(emulator.port, f"{BUCKET}:443")
        assert answer.status == 200
    with raw:
        assert raw.recv(1) == b""


# --- clients


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_requests_works_through_the_proxy(session: requests.Session, scheme: str) -> None:
    for number in range(2):  # on one connection
        body = bytes([number]) * 300_000
        put = session.put(f"{scheme}://{BUCKET}/{scheme}", data=body, timeout=20)
        assert put.status_code == 200
        assert session.get(f"{scheme}://{BUCKET}/{scheme}", timeout=20).content == body


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_aiohttp_works_through_the_proxy(emulator: Emulator, scheme: str) -> None:
    context = ssl.create_default_context(cafile=emulator.ca_file)
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            url = f"{scheme}://{BUCKET}/dir/a b"
            async with session.get(url, proxy=emulator.endpoint, ssl=context) as answer:
                assert (answer.status, await answer.read()) == (200, b"content")
        with pytest.raises(aiohttp.ClientHttpProxyError, match="403"):
            await session.get("https://www.example.com/", proxy=emulator.endpoint)
