"""The framing of requests and answers: heads, bodies of both kinds, ambiguous requests."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol.errors import OSSError
from oss_emulator.server import framing, wire
from oss_emulator.server.framing import CHUNKS, LINE, Chunked, Counted

from tests.rows import rows

NEXT = b"GET / HTTP/1.1\r\n\r\n"


def head(*fields: str, line: str = "PUT /bucket/a HTTP/1.0") -> bytes:
    return "".join(f"{part}\r\n" for part in (line, *fields, "")).encode("latin-1")


def passed(*fields: str) -> bytes:
    """Return a head as aiohttp gets it, whatever its method."""
    return head("host: localhost", *fields, line="POST / HTTP/1.0")


def test_head_has_request_line_and_fields() -> None:
    found = framing.parse(head("Host: a", "X:y ", "Empty:", line="GET /a?b=c HTTP/1.0"))
    assert (found.method, found.target, found.version) == ("GET", "/a?b=c", "1.0")
    assert found.fields == [("host", "a"), ("x", "y"), ("empty", "")]
    assert (found.extent.done, found.last) == (True, False)


def test_bytes_of_headers_reach_aiohttp_unchanged() -> None:
    assert framing.parse(head("Connection: \xe9")).data == passed("connection: \xe9")


def test_aiohttp_gets_the_end_of_the_connection_and_no_other_header() -> None:
    fields = (
        "X: \xe9",
        "Expect: 100-continue",
        "Host: a",
        "Content-Length: 0",
        "Connection: close",
    )
    found = framing.parse(head(*fields))
    assert found.data == passed("connection: close")


def test_content_length_delimits_a_body() -> None:
    extent = framing.parse(head("content-LENGTH:  5 ")).extent
    assert (extent.take(b"abc"), extent.done) == ((b"abc", b""), False)
    assert (extent.take(b"de" + NEXT), extent.done) == ((b"de", NEXT), True)


@rows("first", "Content-Length: 1", "Transfer-Encoding: Chunked")
def test_chunked_wins_over_content_length_and_ends_the_connection(first: str) -> None:
    """P-42; RFC 9112, 6.1."""
    fields = sorted(["Content-Length: 1", "Transfer-Encoding: Chunked"], key=first.__ne__)
    found = framing.parse(head(*fields, "X: y"))
    assert isinstance(found.extent, Chunked)
    assert found.last
    assert found.data == passed()
    assert found.fields == [("transfer-encoding", "Chunked"), ("x", "y")]


def test_upgrade_is_not_offered_to_aiohttp() -> None:
    found = framing.parse(head("Upgrade: websocket", "Connection: upgrade", "Content-Length: 1"))
    assert found.data == passed("connection: upgrade")
    assert not found.last


@rows(
    "data",
    head("Content-Length: 1", "Content-Length: 1"),
    head("Content-Length: 1, 1"),
    head("Content-Length: +1"),
    head("Content-Length: 0x1"),
    head("Content-Length: 1_0"),
    head("Content-Length:"),
    head("Content-Length: \xb2"),
    head("Content-Length: " + "9" * 19),
    head("Transfer-Encoding: gzip"),
    head("Transfer-Encoding: gzip, chunked"),
    head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    head("Content-Length : 1"),
    head("Content-Length:\r\n 1"),
    head("X: 1\nContent-Length: 1"),
    head("X: 1\rContent-Length: 1"),
    head("X: \0"),
    head("X: \x7f"),
    head(": 1"),
    head("no colon"),
    head(line="PUT /a HTTP/1.2"),
    head(line="PUT /a HTTP/2.0"),
    head(line="PUT /a"),
    head(line="PUT  /a HTTP/1.0"),
    head(line="PUT /a b HTTP/1.0"),
    head(line="PUT /\xe9 HTTP/1.0"),
    head(line="put /a HTTP/1.1"),
    head(line="PUT /a HTTP/1.1"),
    head("Host: a", "host: a", line="PUT /a HTTP/1.1"),
    head("Authorization: OSS a:b", "authorization: OSS a:b"),  # P-100
    head(line="GET * HTTP/1.0"),
    head(line="GET a HTTP/1.0"),
    head(line="GET http:///a HTTP/1.0"),
    head(line="GET http://a:b/ HTTP/1.0"),
)
def test_malformed_or_ambiguous_heads_are_refused(data: bytes) -> None:
    with pytest.raises(OSSError) as refused:
        framing.parse(data)
    assert refused.value.code == "BadRequest"


@rows("line", "OPTIONS * HTTP/1.0", "CONNECT a:443 HTTP/1.0", "GET http://a.test?x HTTP/1.0")
def test_targets_that_are_not_paths_are_parsed(line: str) -> None:
    assert framing.parse(head(line=line)).target == line.split(" ")[1]


# --- chunks

GOOD = {
    b"0\r\n\r\n": b"",
    b"3\r\nabc\r\n0\r\n\r\n": b"abc",
    b'00A;name=value;other;quoted="a b";pair="a\\"\\\\b"\r\n0123456789\r\n0\r\n\r\n': b"0123456789",
    b"3\r\n\r\n\r\r\n1\r\n\n\r\n0;last\r\nTrailer: x\r\nHost:\r\n\r\n": b"\r\n\r\n",
}


@given(data=st.data(), body=st.sampled_from(sorted(GOOD)))
def test_chunked_body_ends_at_the_same_place_in_any_pieces(
    data: st.DataObject, body: bytes
) -> None:
    whole = body + NEXT
    places = data.draw(st.lists(st.integers(0, len(whole)), max_size=8))
    extent, read, rest = Chunked(), b"", b""
    for start, end in pairwise([0, *sorted(places), len(whole)]):
        assert rest == b"" or extent.done
        part, rest = extent.take(rest + whole[start:end])
        read += part
    assert (extent.done, rest, read) == (True, NEXT, GOOD[body])


def test_many_chunks_are_taken_in_bounded_parts() -> None:
    """Other connections get their turn between two parts."""
    extent, read, rest = Chunked(), [], b"1\r\nx\r\n" * CHUNKS + b"0\r\n\r\n"
    while not extent.done:
        part, rest = extent.take(rest)
        read.append(len(part))
    assert sum(read) == CHUNKS
    assert max(read) <= CHUNKS // 2
    assert rest == b""


@rows(
    "body",
    b"zz\r\n",
    b"-1\r\n",
    b"+1\r\n",
    b"0x1\r\n",
    b" 1\r\n",
    b"1 \r\n",
    b"1\n",
    b"\r\n",
    b"f" * 16 + b"\r\n",
    b"1" * (LINE + 1),
    b"1;a\nb\r\n",
    b"1;=\r\n",
    b"1; a\r\n",
    b'1;a="b\r\n',
    b"1\r\nxx\r\n",
    b"1\r\nx\n",
    b"0\r\nno colon\r\n",
    b"0\r\n folded: x\r\n",
    b"0\r\n\n",
    b"0\r\n" + b"X: y\r\n" * LINE,
)
@rows("step", 1, 2, 10_000)
def test_malformed_chunks_are_refused_in_any_pieces(body: bytes, step: int) -> None:
    with pytest.raises(OSSError) as refused:
        take_in_steps(body, step)
    assert refused.value.code == "BadRequest"


def take_in_steps(body: bytes, step: int) -> None:
    extent = Chunked()
    for start in range(0, len(body), step):
        extent.take(body[start : start + step])


def test_bytes_after_the_end_are_left() -> None:
    for extent in (Counted(0), Chunked()):
        extent.take(b"0\r\n\r\n")
        assert (extent.done, extent.take(NEXT)) == (True, (b"", NEXT))


# --- the heads of answers


def test_head_of_an_answer_has_status_line_and_fields() -> None:
    head = wire.format_head("1.1", 404, {"Server": "AliyunOSS", "Content-Length": "0"})
    assert head == b"HTTP/1.1 404 Not Found\r\nServer: AliyunOSS\r\nContent-Length: 0\r\n\r\n"


def test_status_without_a_phrase_is_sent() -> None:
    assert wire.format_head("1.0", 599, {"A": "b"}) == b"HTTP/1.0 599 \r\nA: b\r\n\r\n"


def test_bytes_that_are_not_utf8_are_sent_unchanged() -> None:
    """P-57"""
    assert b"\r\nA: \xd6\xd0\r\n" in wire.format_head("1.1", 200, {"A": "\udcd6\udcd0"})


@rows("value", "a\r\nX: y", "a\nX: y", "a\rX: y")
def test_line_end_in_a_header_is_an_error(value: str) -> None:
    with pytest.raises(ValueError, match="line end"):
        wire.format_head("1.1", 200, {"A": value})
