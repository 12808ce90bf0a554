"""HTTP connections: pipelining, interrupted uploads, malformed requests, and metadata as bytes."""

from __future__ import annotations

import gzip
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import oss2
import oss_emulator
import pytest
from oss_emulator import Emulator
from oss_emulator.storage.blobs import SPOOL_ABOVE

from tests.client import Client, Connection, Headers, Live, Signed, sign, write
from tests.rows import read_cases, rows

CASES = read_cases("others.http")


HOST = ("Host", "localhost")
LARGE = b"0123456789abcdef" * (SPOOL_ABOVE // 16 + 1)
"""More than is kept in memory."""


@pytest.fixture
def bucket(live: Live, make_bucket: Callable[..., str]) -> str:
    """A bucket that anybody may read and write, with the object `a`."""
    name = make_bucket("public-read-write")
    live.put(f"/{name}/a", b"content", {"Content-Type": "text/plain"})
    return name


# --- many requests, one connection


def test_pipelined_requests_are_answered_in_order(client: Client, bucket: str) -> None:
    with client.connect() as connection:
        connection.send(
            b"".join(
                write("PUT", f"/{bucket}/{number}", [HOST], str(number).encode())
                + write("GET", f"/{bucket}/{number}", [HOST])
                + write("GET", f"/{bucket}/missing-{number}", [HOST])
                for number in range(10)
            )
        )
        for number in range(10):
            assert connection.receive("PUT").status == 200
            assert connection.receive("GET").body == str(number).encode()
            assert connection.receive("GET").error["Key"] == f"missing-{number}"


def test_client_that_pipelines_after_two_lengths_reads_the_answer(
    client: Client, bucket: str
) -> None:
    """P-42: the connection ends after such a request, but not by a reset."""
    chunked = [HOST, ("Transfer-Encoding", "chunked"), ("Content-Length", "7")]
    with client.connect() as connection:
        connection.send_request("PUT", f"/{bucket}/b", chunked, b"7\r\ncontent\r\n0\r\n\r\n")
        assert connection.receive("PUT").headers["Connection"] == "close"
        assert connection.rest() == b""
        connection.send(write("PUT", f"/{bucket}/a", [HOST], LARGE))
    assert client.get(f"/{bucket}/a").body == b"content"


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux acknowledges at once")
def test_uploads_do_not_wait_for_a_delayed_acknowledgement(client: Client, bucket: str) -> None:
    """Nagle's algorithm delays the body until the head is acknowledged, at once or after 40 ms.

    Linux acknowledges the first segments of a connection at once, so the later requests count.
    """
    request = write("PUT", f"/{bucket}/b", [HOST], b"content")
    taken: dict[int, list[float]] = {1: [], 2: []}
    with client.connect() as connection:
        for pieces in (2, 1) * 30:
            began = time.perf_counter()
            for piece in (request[:-7], request[-7:]) if pieces == 2 else (request,):
                connection.send(piece)
            assert connection.receive("PUT").status == 200
            taken[pieces].append(time.perf_counter() - began)
    assert min(taken[2][-10:]) < min(taken[1][-10:]) + 0.035


def test_slow_and_quick_answers_keep_their_order(client: Client, bucket: str) -> None:
    large = b"x" * 200_000  # more than the server answers at once
    with client.connect() as connection:
        assert connection.request("PUT", f"/{bucket}/large", [HOST], large).status == 200
        slow = [HOST, ("x-oss-traffic-limit", "819200")]
        chunked = (
            f"PUT /{bucket}/c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        rounds = (
            write("GET", f"/{bucket}/a", [HOST]),
            write("GET", f"/{bucket}/large", [HOST]),
            write("GET", f"/{bucket}/a", slow),
            write("HEAD", f"/{bucket}/large", [HOST]),
            chunked.encode() + b"3\r\nabc\r\n0\r\n\r\n",
            write("GET", f"/{bucket}/c", [HOST]),
            write("DELETE", f"/{bucket}/c", [HOST]),
            write("GET", f"/{bucket}/c", [HOST]),
        )
        connection.send(b"".join(rounds) * 3)
        for _ in range(3):
            assert connection.receive("GET").body == b"content"
            assert connection.receive("GET").body == large
            assert connection.receive("GET").body == b"content"
            assert connection.receive("HEAD").headers["Content-Length"] == "200000"
            assert connection.receive("PUT").status == 200
            assert connection.receive("GET").body == b"abc"
            assert connection.receive("DELETE").status == 204
            assert connection.receive("GET").error["Code"] == "NoSuchKey"


def test_answer_without_a_body_has_a_length_over_oss_alone(client: Client, bucket: str) -> None:
    """S-39"""
    for fields, length in (([], "0"), ([("x-amz-date", "20260101T000000Z")], None)):
        answer = client.request("DELETE", f"/{bucket}/none", [HOST, *fields])
        assert (answer.status, answer.headers.get("Content-Length")) == (204, length)


def test_pending_answers_of_a_client_that_reads_nothing_are_bounded(
    client: Client, live: Live, bucket: str
) -> None:
    """The server holds a bounded part of the answers and sends the rest once the client reads."""
    body = b"x" * 120_000
    live.put(f"/{bucket}/b", body)
    count = 150  # 18 MB, more than a socket buffers
    with client.connect() as connection, client.connect() as other:
        connection.send(write("GET", f"/{bucket}/b", [HOST]) * count)
        for _ in range(2 * count):  # other clients do not wait
            assert other.request("GET", f"/{bucket}/a", [HOST]).status == 200
        entries = live.run(live.controls.journal.entries)
        assert sum((entry.bucket, entry.key) == (bucket, "b") for entry in entries) < count
        for _ in range(count):
            assert connection.receive("GET").body == body


@pytest.mark.parametrize("count", [1, 4])
def test_half_closed_client_gets_all_answers(client: Client, bucket: str, count: int) -> None:
    """A client that has sent everything may still read (RFC 9112, 9.6)."""
    assert client.put(f"/{bucket}/large", LARGE).status == 200
    requests = write("GET", f"/{bucket}/large", [HOST]) + write("PUT", f"/{bucket}/b", [HOST], b"x")
    with client.connect() as connection:
        connection.send(requests * count)
        connection.finish()
        for _ in range(count):
            assert connection.receive().body == LARGE
            assert connection.receive("PUT").status == 200
        assert connection.ends()


@pytest.mark.parametrize("keep", [False, True])
def test_http_1_0_is_understood(client: Client, bucket: str, keep: bool) -> None:
    extra = b"Connection: keep-alive\r\n" if keep else b""
    request = f"GET /{bucket}/a HTTP/1.0\r\nHost: localhost\r\n".encode() + extra + b"\r\n"
    with client.connect() as connection:
        connection.send(request)
        answer = connection.receive()
        assert (answer.status, answer.body) == (200, b"content")
        if keep:
            assert answer.headers["Connection"] == "keep-alive"
            connection.send(request)
            assert connection.receive().body == b"content"
        else:
            assert connection.ends()


# --- uploads


def test_expect_100_continue_is_answered(client: Client, bucket: str) -> None:
    headers = [HOST, ("Content-Length", "4"), ("Expect", "100-continue")]
    with client.connect() as connection:
        assert connection.request("PUT", f"/{bucket}/b", headers).status == 100
        connection.send(b"body")
        assert connection.receive("PUT").status == 200
        assert connection.request("GET", f"/{bucket}/b", [HOST]).body == b"body"


@pytest.mark.parametrize(
    ("target", "status"), CASES["expect_100_continue_is_refused_before_the_body"]
)
def test_expect_100_continue_is_refused_before_the_body(
    client: Client, bucket: str, make_bucket: Callable[..., str], target: str, status: int
) -> None:
    headers = [HOST, ("Content-Length", "4"), ("Expect", "100-continue")]
    filled = target.replace("{private}", make_bucket()).replace("{public}", bucket)
    with client.connect() as connection:
        answer = connection.request("PUT", filled, headers)
        assert (answer.status, answer.headers["Connection"]) == (status, "close")


@pytest.mark.parametrize("size", [0, 1, SPOOL_ABOVE + 1])
def test_chunked_body_is_stored(client: Client, bucket: str, size: int) -> None:
    body = LARGE[:size]
    with client.connect() as connection:
        connection.send_request("PUT", f"/{bucket}/b", [HOST, ("Transfer-Encoding", "chunked")])
        for start in range(0, size, 300_001):
            piece = body[start : start + 300_001]
            connection.send(b"%x;extension=1\r\n%s\r\n" % (len(piece), piece))
        connection.send(b"0\r\nTrailer: ignored\r\nContent-Length: 1\r\n\r\n")
        assert connection.receive("PUT").status == 200
        assert connection.request("GET", f"/{bucket}/b", [HOST]).body == body


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [10, SPOOL_ABOVE + 1])
def test_interrupted_upload_changes_nothing(
    client: Client, bucket: str, chunked: bool, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    """An existing object stays, a new one is not created, and nothing is logged as a failure."""
    head = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(size + 1))
    for key in ("a", "b"):
        with client.connect() as connection:
            connection.send_request("PUT", f"/{bucket}/{key}", [HOST, head])
            connection.send(b"%x\r\n" % size if chunked else b"")
            connection.send(LARGE[:size])
        # The next request is served after the server has seen the end of the first.
        for _ in range(3):
            assert client.get(f"/{bucket}/a").body == b"content"
            assert client.head(f"/{bucket}/b").status == 404
    assert caplog.records == []


def test_object_is_replaced_only_when_the_upload_is_complete(
    live: Live, client: Client, bucket: str
) -> None:
    """Readers get the old object while the new body arrives."""
    with client.connect() as connection:
        connection.send_request("PUT", f"/{bucket}/a", [HOST, ("Content-Length", str(len(LARGE)))])
        connection.send(LARGE[: SPOOL_ABOVE + 1])
        assert client.get(f"/{bucket}/a").body == b"content"
        connection.send(LARGE[SPOOL_ABOVE + 1 :])
        assert connection.receive("PUT").status == 200
    assert client.get(f"/{bucket}/a").body == LARGE


def test_object_replaced_during_a_download_is_sent_completely(client: Client, bucket: str) -> None:
    client.put(f"/{bucket}/big", LARGE)
    with client.connect() as connection:
        connection.send_request("GET", f"/{bucket}/big", [HOST])
        # The answer does not fit into the buffers, so it is still being sent.
        assert client.put(f"/{bucket}/big", b"new").status == 200
        assert client.request("DELETE", f"/{bucket}/big").status == 204
        assert connection.receive().body in (LARGE, b"new")
    assert client.get(f"/{bucket}/big").status == 404


# --- changes while a body arrives


def begun(connection: Connection, signed: Signed, bucket: str, key: str, **rest: Any) -> None:
    """Start a signed PUT and wait until the server asks for its body."""
    parameters = rest.get("parameters")
    target, fields = sign(signed.auth, "header", "PUT", bucket, key, parameters)
    fields += [HOST, ("Content-Length", str(rest["length"])), ("Expect", "100-continue")]
    assert connection.request("PUT", target, fields).status == 100


def test_slow_configuration_upload_keeps_other_changes(
    client: Client, signed: Signed, bucket: str
) -> None:
    rules = (
        b"<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList>"
        b"<Referer>https://a.example/</Referer></RefererList></RefererConfiguration>"
    )
    with client.connect() as connection:
        begun(connection, signed, bucket, "", parameters={"referer": ""}, length=len(rules))
        answer = signed.request("PUT", bucket, "", {"acl": ""}, {"x-oss-acl": "private"})
        assert answer.status == 200
        connection.send(rules)
        assert connection.receive("PUT").status == 200
    assert b"<Grant>private</Grant>" in signed.request("GET", bucket, "", {"acl": ""}).body
    assert b"https://a.example/" in signed.request("GET", bucket, "", {"referer": ""}).body


def test_upload_to_a_bucket_deleted_meanwhile_is_refused(
    client: Client, signed: Signed, make_bucket: Callable[..., str]
) -> None:
    bucket = make_bucket()
    with client.connect() as connection:
        begun(connection, signed, bucket, "b", length=4)
        assert signed.request("DELETE", bucket).status == 204
        connection.send(b"body")
        answer = connection.receive("PUT")
        assert (answer.status, answer.code) == (404, "NoSuchBucket")


# --- headers of answers


@rows(("key", "others"), *CASES["headers_have_the_order_of_the_service"])
def test_headers_have_the_order_of_the_service(
    client: Client, bucket: str, key: str, others: str
) -> None:
    """S-09"""
    first = "Server Date Content-Type Content-Length Connection x-oss-request-id"
    for answer in (client.get(f"/{bucket}/{key}"), client.head(f"/{bucket}/{key}")):
        found = [name for name in answer.headers if name != "x-oss-err"]
        assert found == f"{first} {others}".split()
        assert answer.headers["Connection"] == "keep-alive"


def test_error_answer_to_head_has_no_body(client: Client, bucket: str) -> None:
    with client.connect() as connection:
        for target in (f"/{bucket}/missing", "/no-such-bucket/a", f"/{bucket}?not-there"):
            answer = connection.request("HEAD", target, [HOST])
            assert answer.headers["x-oss-err"]
        assert connection.request("GET", f"/{bucket}/a", [HOST]).body == b"content"


HOSTILE = [
    "text/html\r\nSet-Cookie: a=b",
    "text/html\nSet-Cookie: a=b",
    "text/html\r\n\r\n<script>",
    "中\n",
    "\0",
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["response-content-type", "response-content-disposition"])
def test_parameter_cannot_add_a_header(
    client: Client, signed: Signed, bucket: str, name: str, value: str
) -> None:
    target, _ = sign(signed.auth, "url", "GET", bucket, "a", {name: value})
    with client.connect() as connection:
        answer = connection.request("GET", target, [HOST])
        assert "Set-Cookie" not in answer.headers
        assert answer.status == 400
        # Nothing follows the answer.
        assert connection.request("GET", f"/{bucket}/a", [HOST]).body == b"content"


def test_characters_that_would_truncate_to_cr_lf_add_no_header(
    client: Client, signed: Signed, bucket: str
) -> None:
    """The low bytes of U+010D and U+010A are CR and LF."""
    value = "a\u010d\u010aSet-Cookie: a=b"
    target, _ = sign(signed.auth, "url", "GET", bucket, "a", {"response-cache-control": value})
    answer = client.get(target)
    assert answer.headers["Cache-Control"].encode("latin-1").decode() == value
    assert "Set-Cookie" not in answer.headers


def test_metadata_cannot_add_a_header(client: Client, bucket: str) -> None:
    """A bare CR in a value would end the header in an answer."""
    with client.connect() as connection:
        head = f"PUT /{bucket}/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
        connection.send(head.encode() + b"x-oss-meta-a: a\rSet-Cookie: b=c\r\n\r\n")
        assert connection.receive("PUT").status == 400
    assert client.head(f"/{bucket}/b").status == 404


# --- The functions of ours that a repeated GET calls: each costs about a microsecond

OURS = str(Path(oss_emulator.__file__).parents[1])
TIMES = 200
"""The journal tallies a hundred requests together."""


@rows(("signed", "most"), (False, 90), (True, 100))
def test_repeated_get_makes_few_calls(signed: bool, most: int) -> None:
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename.startswith(OURS)

    with Emulator() as emulator:
        emulator.bucket("a-bucket", acl="public-read").put_object("a", b"content")
        auth = oss2.AuthV4(emulator.access_key_id, emulator.access_key_secret)
        bucket = oss2.Bucket(auth, emulator.endpoint, "a-bucket", region=emulator.region)
        url = urlsplit(bucket.sign_url("GET", "a", 60))
        target = f"{url.path}?{url.query}" if signed else url.path
        fields = [("Host", url.netloc), ("Referer", "https://www.example.com/")]
        with Client("127.0.0.1", emulator.port).connect() as connection:
            for number in range(2 * TIMES):
                if number == TIMES:  # what is cached is in the caches
                    emulator.run(lambda: sys.setprofile(count))
                assert connection.request("GET", target, fields).status == 200
            emulator.run(lambda: sys.setprofile(None))
    assert 50 < calls / TIMES <= most


# --- User metadata as bytes: values that are not UTF-8 are returned unchanged (P-57)

GBK = "\u4e2d\u6587.txt".encode("gbk")
SENT = GBK.decode(errors="surrogateescape")
METADATA = [
    ("x-oss-meta-name", SENT),
    ("Content-Disposition", f"attachment; filename={SENT}"),
    ("Content-Type", "text/plain"),
]
CONTENT = b"content " * 20_000


@pytest.fixture
def put(client: Client, make_bucket: Callable[..., str]) -> str:
    """Put an object with metadata in GBK; return its target."""
    target = f"/{make_bucket('public-read-write')}/a"
    assert client.put(target, CONTENT, *METADATA).status == 200
    return target


def ask(live: Live, method: str, target: str, headers: Headers = ()) -> tuple[list[bytes], bytes]:
    """Return the lines of the head, and everything after it until the connection ends."""
    with live.client.connect() as connection:
        host = ("Host", f"{live.host}:{live.port}")
        connection.send(write(method, target, [host, ("Connection", "close"), *headers]))
        head, _, body = connection.rest().partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def check(lines: list[bytes]) -> None:
    assert b"x-oss-meta-name: " + GBK in lines
    assert b"Content-Disposition: attachment; filename=" + GBK in lines


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_metadata_in_gbk_is_returned_unchanged(live: Live, put: str, method: str) -> None:
    """P-57"""
    lines, body = ask(live, method, put)
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert b"Content-Length: 160000" in lines
    check(lines)
    assert body == (CONTENT if method == "GET" else b"")


def test_answer_in_gzip_has_the_same_metadata(live: Live, client: Client, put: str) -> None:
    accepts = ("Accept-Encoding", "gzip")
    lines, _ = ask(live, "GET", put, [accepts])
    check(lines)
    assert b"Content-Encoding: gzip" in lines
    assert gzip.decompress(client.get(put, accepts).body) == CONTENT


# --- GetObjectMeta by GET: the head of an answer without its body (P-56)


def test_get_is_answered_like_head_and_closes_the_connection(
    live: Live, client: Client, make_bucket: Callable[..., str]
) -> None:
    """P-56: if the connection stayed open, a client would wait for the body forever."""
    bucket = make_bucket("public-read")
    live.put(f"/{bucket}/a", b"content")
    target = f"/{bucket}/a?objectMeta"
    head = client.head(target)
    with client.connect() as connection:
        connection.send_request("GET", target, [("Host", f"{live.host}:{live.port}")])
        answer = connection.receive("HEAD")
        assert connection.ends()
    assert answer.status == 200
    for name in ("Content-Length", "ETag", "Last-Modified", "x-oss-hash-crc64ecma"):
        assert answer.headers[name] == head.headers[name]
    assert answer.headers["Content-Length"] == "7"
    assert answer.headers["Connection"] == "close"


def test_get_of_an_empty_object_keeps_the_connection(
    live: Live, client: Client, make_bucket: Callable[..., str]
) -> None:
    bucket = make_bucket("public-read")
    live.put(f"/{bucket}/a", b"")
    host = [("Host", f"{live.host}:{live.port}")]
    with client.connect() as connection:
        for _ in range(2):
            assert connection.request("GET", f"/{bucket}/a?objectMeta", host).status == 200
