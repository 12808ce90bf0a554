"""GetObjectMeta by GET: the head of an answer without its body (P-56)."""

from __future__ import annotations

from collections.abc import Callable

from tests.client import Client, Live


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
