"""Limits on sizes, on stalled clients, on connections, and on the speed of a request."""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import pairwise

import pytest
from oss_emulator.server import waiting
from oss_emulator.server.body_writer import BodyWriter
from oss_emulator.server.waiting import Throttle
from oss_emulator.settings import Limits
from oss_emulator.storage.blobs import SpoolWriter

from tests.client import (
    SETTINGS,
    SIGNERS,
    Client,
    Connection,
    Live,
    Signed,
    check_error,
    content_md5,
    serve,
    write,
)
from tests.http import forms

HOST = ("Host", "localhost")
LIMITS = {"object": 1000, "headers": 4000, "document": 3000, "keys": 3, "parts": 5}
PATIENCE = 1.0
STALLED = (
    "Your socket connection to the server was not read from or written to within the timeout "
    "period. Idle connections will be closed."
)


@pytest.fixture(scope="module")
def small() -> Iterator[Live]:
    """A server with low limits."""
    with serve(replace(SETTINGS, limit=LIMITS)) as running:
        running.put_bucket("examplebucket", "public-read-write")
        yield running


@pytest.fixture(scope="module")
def hasty() -> Iterator[Live]:
    """A server with a short request timeout."""
    with serve(replace(SETTINGS, request_timeout=PATIENCE)) as running:
        running.put_bucket("examplebucket", "public-read-write")
        yield running


# --- sizes


def test_default_limits_equal_those_of_the_service() -> None:
    assert Limits() == Limits(5 * 1024**3, 32 * 1024, 2 * 1024**2, 1000, 10_000)


@pytest.mark.parametrize("chunked", [False, True])
def test_object_that_is_too_large_is_refused(small: Live, chunked: bool) -> None:
    for size, good in ((1000, True), (1001, False)):
        with small.client.connect() as connection:
            if chunked:
                head = [HOST, ("Transfer-Encoding", "chunked")]
                connection.send_request("PUT", "/examplebucket/a", head)
                connection.send(b"%x\r\n%s\r\n0\r\n\r\n" % (size, b"x" * size))
            else:
                connection.send_request("PUT", "/examplebucket/a", [HOST], b"x" * size)
            answer = connection.receive("PUT")
        if good:
            assert answer.status == 200
        else:
            message = "Your proposed upload exceeds the maximum allowed size."
            check_error(answer, 400, "EntityTooLarge", message, "", MaxSizeAllowed="1000")
    assert len(small.client.get("/examplebucket/a").body) == 1000


def test_more_than_5_gib_are_refused_before_the_upload(
    client: Client, make_bucket: Callable[..., str]
) -> None:
    bucket = make_bucket("public-read-write")
    for size, status in ((5 * 1024**3, 100), (5 * 1024**3 + 1, 400)):
        with client.connect() as connection:
            headers = [HOST, ("Content-Length", str(size)), ("Expect", "100-continue")]
            assert connection.request("PUT", f"/{bucket}/a", headers).status == status


@pytest.mark.parametrize("count", [1, 50])
def test_head_limit_counts_request_line_and_all_headers(small: Live, count: int) -> None:
    """The limit is on the sum of the request line and all headers, be it one or fifty."""
    for size, good in ((3800, True), (4200, False)):
        room = size // count - len("X-00: \r\n")
        headers = [(f"X-{number:02}", "x" * room) for number in range(count)]
        with small.client.connect() as connection:
            answer = connection.request("GET", "/examplebucket?acl", [HOST, *headers])
            assert (answer.status, answer.code) == (
                (403, "AccessDenied") if good else (400, "RequestHeaderTooLarge")
            )
            assert good or connection.ends()


def test_endless_head_is_refused(small: Live) -> None:
    with small.client.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        # In one piece, because the server reads nothing after its refusal.
        connection.send(b"".join(b"X-%d: %s\r\n" % (number, b"x" * 90) for number in range(60)))
        assert connection.receive().code == "RequestHeaderTooLarge"
        assert connection.ends()


def test_head_limit_applies_to_each_pipelined_request(small: Live) -> None:
    request = write("GET", "/examplebucket/none", [HOST, ("X", "x" * 2000)])
    with small.client.connect() as connection:
        connection.send(request * 10)
        assert [connection.receive().status for _ in range(10)] == [404] * 10


def test_document_that_is_too_large_is_refused(small: Live, signer: Signed) -> None:
    document = b"<Delete><Object><Key>a</Key></Object></Delete>"
    for size, status in ((3000, 200), (3001, 400)):
        body = document.ljust(size)
        headers = {"Content-MD5": content_md5(body)}
        answer = signer.request("POST", "examplebucket", "", {"delete": ""}, headers, body)
        assert answer.status == status


def test_deleting_too_many_keys_at_once_is_refused(small: Live, signer: Signed) -> None:
    for count, status in ((3, 200), (4, 400)):
        keys = "".join(f"<Object><Key>{number}</Key></Object>" for number in range(count))
        body = f"<Delete>{keys}</Delete>".encode()
        headers = {"Content-MD5": content_md5(body)}
        answer = signer.request("POST", "examplebucket", "", {"delete": ""}, headers, body)
        assert answer.status == status


def test_part_number_above_the_limit_is_refused(small: Live, signer: Signed) -> None:
    begun = signer.request("POST", "examplebucket", "big", {"uploads": ""}, body=b"")
    upload = dict(begun.elements)["UploadId"]
    for number, status in ((5, 200), (6, 400)):
        parameters = {"partNumber": str(number), "uploadId": upload}
        answer = signer.request("PUT", "examplebucket", "big", parameters, body=b"x")
        assert answer.status == status
    message = "Part number must be an integer between 1 and 5, inclusive."
    details = {"ArgumentName": "PartNumber", "ArgumentValue": "6"}
    check_error(answer, 400, "InvalidArgument", message, "0017-00000220", **details)


@pytest.fixture
def signer(small: Live) -> Signed:
    auth = SIGNERS["v4"](SETTINGS.access_key_id, SETTINGS.access_key_secret)
    return Signed(small.client, auth)


# --- clients that stall


STALLED_REQUESTS = (
    b"G",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    b"PUT /examplebucket/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n",
    b"PUT /examplebucket/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nxxxx",
    b"PUT /examplebucket/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx",
)


def test_stalled_request_gets_a_timeout_error_and_closes(hasty: Live) -> None:
    """The clients stall at the same time, so that the test waits for one timeout."""
    with ExitStack() as stack:
        connections = [stack.enter_context(hasty.client.connect()) for _ in STALLED_REQUESTS]
        for connection, sent in zip(connections, STALLED_REQUESTS, strict=True):
            connection.send(write("GET", "/examplebucket/none", [HOST]))  # served before
            assert connection.receive().status == 404
            connection.send(sent)
        for connection in connections:
            answer = connection.receive()
            check_error(answer, 400, "RequestTimeout", STALLED, "0017-00000704")
            assert answer.headers["Connection"] == "close"
            assert connection.ends()
    assert hasty.client.head("/examplebucket/a").status == 404


def test_trickling_head_is_refused(hasty: Live) -> None:
    """The timeout covers the head as a whole; single bytes do not extend it."""
    with hasty.client.connect() as connection:
        trickle(connection, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: x\r\n" * 1000)
        assert connection.receive().code == "RequestTimeout"


def trickle(connection: Connection, data: bytes) -> None:
    """Send ten bytes in the time of `PATIENCE`, until the server answers or closes."""
    for byte in data:
        if connection.has_answer(within=PATIENCE / 10):
            return
        try:
            connection.send(bytes([byte]))
        except ConnectionError:
            return


def test_slow_but_steady_body_is_accepted(hasty: Live) -> None:
    """The timeout of a body begins again with each piece.

    On a busy machine the client itself may stall, so it tries a few times.
    """
    for _ in range(3):
        with hasty.client.connect() as connection:
            connection.send_request("PUT", "/examplebucket/slow", [HOST, ("Content-Length", "12")])
            for _ in range(12):
                if connection.has_answer(within=PATIENCE / 8):
                    break
                connection.send(b"x")
            if connection.receive("PUT").status == 200:
                break
    assert hasty.client.get("/examplebucket/slow").body == b"x" * 12


def test_idle_connection_is_closed(hasty: Live) -> None:
    with hasty.client.connect() as unused, hasty.client.connect() as used:
        used.request("GET", "/examplebucket/none", [HOST])
        assert unused.rest() == used.rest() == b""


def test_client_that_reads_nothing_is_disconnected(hasty: Live) -> None:
    body = bytes(8 * 1024**2)
    hasty.put("/examplebucket/big", body)
    with ExitStack() as stack, recorded(hasty, count=2):
        for range_ in ([], [("Range", "bytes=0-6000000")]):
            address = ("127.0.0.1", hasty.port)
            stalled = stack.enter_context(socket.create_connection(address))
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stalled.sendall(write("GET", "/examplebucket/big", [HOST, *range_]))
    assert hasty.client.get("/examplebucket/big").body == body


def test_failed_upload_leaves_no_bytes_in_memory(hasty: Live) -> None:
    """The journal keeps an interrupted or refused request and its error, but not its bytes."""
    before = bodies()  # bodies of other servers and of earlier tests
    for length in (400_000, 200_000):  # interrupted, and complete with a wrong checksum
        with recorded(hasty), hasty.client.connect() as connection:
            head = [HOST, ("Content-Length", str(length)), ("Content-MD5", "A" * 22 + "==")]
            connection.send_request("PUT", "/examplebucket/broken", head, bytes(200_000))
            if length == 200_000:
                assert connection.receive().code == "InvalidDigest"
        gc.collect()
        assert [found for found in bodies() if all(found is not other for other in before)] == []
        assert hasty.controls.journal.entries()[-1].code


def bodies() -> list[object]:
    """Return all objects of this process that hold a body of a request."""
    return [found for found in gc.get_objects() if isinstance(found, BodyWriter | SpoolWriter)]


@contextmanager
def recorded(live: Live, count: int = 1) -> Iterator[None]:
    """Wait, at the end of the block, until the journal has recorded `count` requests."""
    entries = threading.Semaphore(0)
    stop = live.run(lambda: live.controls.journal.listen(lambda _: entries.release()))
    yield
    for _ in range(count):
        assert entries.acquire(timeout=20)
    live.run(stop)  # the server runs this after it has finished the request


# --- many connections


def test_connection_above_the_limit_gets_503() -> None:
    with serve(replace(SETTINGS, max_connections=3)) as live:
        held = [live.client.connect() for _ in range(3)]
        for connection in held:
            assert connection.request("GET", "/none", [HOST]).status == 404
        with live.client.connect() as connection:
            answer = connection.receive()
            message = "Thread pool is almost full, please retry later."
            check_error(answer, 503, "ServiceUnavailable", message, "")
            assert connection.ends()
        for connection in held:
            assert connection.request("GET", "/none", [HOST]).status == 404
        with held.pop():
            pass
        end = time.monotonic() + 20
        while live.client.get("/none").status != 404:
            assert time.monotonic() < end
        for connection in held:
            with connection:
                pass


# --- x-oss-traffic-limit: valid values, and the delays that it causes

LEAST = 819200
SIZE = 1024 * 1024


@pytest.fixture
def public(make_bucket: Callable[..., str]) -> str:
    return make_bucket("public-read-write")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds for which the throttle would sleep; its clock stands still."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(waiting, "sleep", sleep)
    monkeypatch.setattr(waiting, "monotonic", lambda: 0.0)
    return waits


def check_waits(waits: list[float], size: int, bits: int) -> None:
    """Check that the last byte is due after size / rate seconds, and the others earlier."""
    assert waits[-1] == pytest.approx(size * 8 / bits, rel=0.01)
    assert waits == sorted(waits)


@pytest.mark.parametrize("bits", [LEAST, 8 * LEAST])
def test_upload_is_slowed_to_its_limit(
    client: Client, public: str, slept: list[float], bits: int
) -> None:
    answer = client.put(f"/{public}/a", b"x" * SIZE, ("x-oss-traffic-limit", str(bits)))
    assert answer.status == 200
    check_waits(slept, SIZE, bits)


def test_download_is_slowed_to_its_limit(live: Live, public: str, slept: list[float]) -> None:
    live.put(f"/{public}/a", b"x" * SIZE)
    answer = live.client.get(f"/{public}/a", ("x-oss-traffic-limit", str(LEAST)))
    assert answer.body == b"x" * SIZE
    check_waits(slept, SIZE, LEAST)
    assert max(later - earlier for earlier, later in pairwise(slept)) < 0.2


def test_limit_in_the_url_applies(live: Live, public: str, slept: list[float]) -> None:
    live.put(f"/{public}/a", b"x" * SIZE)
    live.client.get(f"/{public}/a?x-oss-traffic-limit={LEAST}")
    check_waits(slept, SIZE, LEAST)


def test_limit_in_a_form_applies(client: Client, public: str, slept: list[float]) -> None:
    fields = [("key", "a"), ("x-oss-traffic-limit", str(LEAST))]
    body = forms.form(fields, forms.File(b"x" * SIZE))
    assert forms.post(client, public, body).status == 204
    assert slept[-1] == pytest.approx(len(body) * 8 / LEAST, rel=0.01)


def test_unlimited_requests_are_not_slowed(live: Live, public: str, slept: list[float]) -> None:
    live.client.put(f"/{public}/a", b"x" * SIZE)
    live.client.get(f"/{public}/a")
    assert slept == []


async def test_throttle_subtracts_elapsed_time(
    slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = Throttle(LEAST)
    await limited.passed(LEAST // 8)
    monkeypatch.setattr(waiting, "monotonic", lambda: 0.25)
    await limited.passed(0)
    monkeypatch.setattr(waiting, "monotonic", lambda: 7.0)
    await limited.passed(LEAST // 8)
    assert slept == [1.0, 0.75]
