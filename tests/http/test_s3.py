"""S3 over a socket: bodies in chunks as they arrive, and refusals in their middle (P-74)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from oss_emulator.protocol.s3 import payload
from oss_emulator.protocol.s3.payload import PayloadReader
from oss_emulator.server.body import PIECE
from oss_emulator.server.waiting import Turns
from oss_emulator.settings import Auth

from tests.client import SETTINGS, Client, Live, serve

FRAMING = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@pytest.fixture(scope="module")
def open_server() -> Iterator[Live]:
    """A server that verifies no signatures."""
    with serve(replace(SETTINGS, auth=Auth.OFF)) as running:
        running.put("/open-bucket", headers={"x-oss-acl": "public-read-write"})
        yield running


def headers(size: int, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Encoding", "aws-chunked"),
        ("x-amz-content-sha256", FRAMING),
        ("x-amz-decoded-content-length", str(size)),
        *more,
    )


def framed(content: bytes, step: int) -> bytes:
    pieces = [content[start : start + step] for start in range(0, len(content), step)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_chunks_of_one_byte_take_turns(open_server: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each turn of the event loop decodes few of them, so that other requests do not wait."""
    decoded = []

    class Reader(PayloadReader):
        def feed(self, data: bytes) -> bytes:
            decoded.append(data.count(b"\n"))
            return super().feed(data)

    monkeypatch.setattr(payload, "PayloadReader", Reader)
    waited = []
    wait = Turns.wait

    async def count(turns: Turns) -> None:
        waited.append(turns)
        await wait(turns)

    monkeypatch.setattr(Turns, "wait", count)
    content = b"x" * 200_000
    client, body = open_server.client, framed(content, 1)
    assert client.put("/open-bucket/a", body, *headers(len(content))).status == 200
    assert client.get("/open-bucket/a").body == content
    assert max(decoded) < PIECE // 16
    assert len(waited) >= len(body) // PIECE


@pytest.mark.parametrize(("size", "step"), [(0, 1), (5, 2), (100_000, 8191), (3_000_000, 65536)])
def test_chunks_are_stored_as_content(open_server: Live, size: int, step: int) -> None:
    content = os.urandom(size)
    client = open_server.client
    answer = client.put("/open-bucket/a", framed(content, step), *headers(size))
    assert answer.status == 200
    found = client.get("/open-bucket/a")
    assert found.body == content
    assert "Content-Encoding" not in found.headers


@pytest.mark.parametrize(
    ("body", "size", "code"),
    [
        (b"content\r\n", 7, "InvalidRequest"),
        (b"7\r\ncontent\r\n", 7, "IncompleteBody"),
        (b"7\r\ncontent\r\n0\r\n\r\n", 8, "IncompleteBody"),
    ],
)
def test_malformed_chunks_store_nothing(
    open_server: Live, body: bytes, size: int, code: str
) -> None:
    client = open_server.client
    answer = client.put("/open-bucket/none", body, *headers(size))
    assert (answer.status, answer.code) == (400, code)
    assert client.get("/open-bucket/none").code == "NoSuchKey"


def test_size_of_the_content_is_limited(live: Live) -> None:
    with serve(replace(SETTINGS, auth=Auth.OFF, limit={"object": 1000})) as small:
        small.put("/open-bucket", headers={"x-oss-acl": "public-read-write"})
        fits = small.client.put("/open-bucket/a", framed(b"x" * 1000, 1), *headers(1000))
        assert fits.status == 200
        over = small.client.put("/open-bucket/a", framed(b"x" * 1001, 100), *headers(1001))
        assert (over.status, over.code) == (400, "EntityTooLarge")


def test_next_request_of_the_connection_is_answered(open_server: Live) -> None:
    host = ("Host", "localhost")
    with open_server.client.connect() as connection:
        put = connection.request("PUT", "/open-bucket/a", headers(2, host), framed(b"ab", 1))
        assert put.status == 200
        assert connection.request("GET", "/open-bucket/a", [host]).body == b"ab"


def test_head_of_a_missing_object_has_no_body(client: Client) -> None:
    answer = client.head("/no-such-bucket/a", ("x-oss-s3-compat", "true"))
    assert (answer.status, answer.body) == (404, b"")
    assert answer.headers["x-amz-request-id"]
