"""User metadata as bytes: values that are not UTF-8 are returned unchanged (P-57)."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from tests.client import Client, Headers, Live, write

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
