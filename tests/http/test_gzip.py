"""GetObject as gzip (P-37, P-48): when objects are compressed, and the headers of the answer."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from oss_emulator.storage.blobs import SPOOL_ABOVE

from tests.client import Answer, Client, Live

# From the page of GetObject, on Accept-Encoding.
TYPES = """
    text/cache-manifest text/xml text/plain text/css application/javascript
    application/x-javascript application/rss+xml application/json text/json
""".split()

TEXT = bytes(range(256)) * 5


@pytest.fixture
def put(live: Live, make_bucket: Callable[..., str]) -> Callable[..., str]:
    """Put an object and return its target."""
    bucket = make_bucket("public-read")

    def run(content: bytes = TEXT, kind: str = "text/plain", **headers: str) -> str:
        fields = {"Content-Type": kind}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        live.put(f"/{bucket}/a", content, fields)
        return f"/{bucket}/a"

    return run


def ask(client: Client, target: str, encoding: str = "gzip", *more: tuple[str, str]) -> Answer:
    return client.get(target, ("Accept-Encoding", encoding), *more)


@pytest.mark.parametrize("kind", [*TYPES, "text/plain; charset=utf-8", "Text/Plain"])
def test_text_types_are_compressed(client: Client, put: Any, kind: str) -> None:
    answer = ask(client, put(kind=kind))
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"  # P-48
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in answer.headers
    assert "ETag" not in answer.headers
    assert gzip.decompress(answer.body) == TEXT
    assert len(answer.body) < len(TEXT)


@pytest.mark.parametrize("encoding", ["", "identity", "deflate", "x-gzip"])
def test_client_without_gzip_gets_the_plain_object(client: Client, put: Any, encoding: str) -> None:
    assert_plain(ask(client, put(), encoding))


def assert_plain(answer: Answer, content: bytes = TEXT) -> None:
    assert (answer.status, answer.body) == (200, content)
    assert "Transfer-Encoding" not in answer.headers
    assert "Vary" not in answer.headers
    assert "ETag" in answer.headers


def test_range_is_not_compressed(client: Client, put: Any) -> None:
    answer = ask(client, put(), "gzip", ("Range", "bytes=0-9"))
    assert (answer.status, answer.body) == (206, TEXT[:10])
    assert "Content-Encoding" not in answer.headers


def test_several_ranges_get_the_whole_plain_object(client: Client, put: Any) -> None:
    answer = client.get(put(), ("Range", "bytes=0-9,20-29"))
    assert_plain(answer)


def test_parts_of_several_ranges_are_not_compressed(client: Client, put: Any) -> None:
    """P-95"""
    multi = ("x-oss-multi-range-behavior", "multi-range")
    answer = ask(client, put(), "gzip", ("Range", "bytes=0-9,20-29"), multi)
    assert (answer.status, answer.headers["Content-Length"]) == (206, str(len(answer.body)))
    assert "Content-Encoding" not in answer.headers
    assert b"\r\n\r\n" + TEXT[:10] + b"\r\n--" in answer.body
    assert b"\r\n\r\n" + TEXT[20:30] + b"\r\n--" in answer.body


def test_head_describes_the_compressed_object(client: Client, put: Any) -> None:
    """P-90"""
    target = put()
    with client.connect() as connection:
        answer = connection.request(
            "HEAD", target, [("Host", "localhost"), ("Accept-Encoding", "gzip")]
        )
        assert (answer.headers["Content-Encoding"], answer.body) == ("gzip", b"")
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "Content-Length" not in answer.headers
        plain = connection.request("HEAD", target, [("Host", "localhost")])
        assert plain.headers["Content-Length"] == str(len(TEXT))
        assert "ETag" in plain.headers


def test_conditions_apply_to_compressed_answers(client: Client, put: Any) -> None:
    target = put()
    etag = client.head(target).headers["ETag"]
    assert ask(client, target, "gzip", ("If-None-Match", etag)).status == 304


def test_object_in_a_file_is_compressed(client: Client, put: Any) -> None:
    content = TEXT * (SPOOL_ABOVE // len(TEXT) + 2)
    assert gzip.decompress(ask(client, put(content)).body) == content


def test_connection_stays_open_after_a_compressed_answer(client: Client, put: Any) -> None:
    target = put()
    headers = [("Host", "127.0.0.1"), ("Accept-Encoding", "gzip")]
    with client.connect() as connection:
        for _ in range(3):
            assert gzip.decompress(connection.request("GET", target, headers).body) == TEXT


def test_http_1_0_gets_gzip_without_chunks(client: Client, put: Any) -> None:
    with client.connect() as connection:
        connection.send(
            f"GET {put()} HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n"
            "Connection: keep-alive\r\n\r\n".encode()
        )
        answer = connection.receive()
        assert "Transfer-Encoding" not in answer.headers
        assert gzip.decompress(answer.body) == TEXT
