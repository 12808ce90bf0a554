"""The heads of answers; tests/http covers how answers are sent."""

import pytest
from oss_emulator.server import wire


def test_head_has_status_line_and_fields() -> None:
    head = wire.format_head("1.1", 404, {"Server": "AliyunOSS", "Content-Length": "0"})
    assert head == b"HTTP/1.1 404 Not Found\r\nServer: AliyunOSS\r\nContent-Length: 0\r\n\r\n"


def test_status_without_a_phrase_is_sent() -> None:
    assert wire.format_head("1.0", 599, {"A": "b"}) == b"HTTP/1.0 599 \r\nA: b\r\n\r\n"


def test_bytes_that_are_not_utf8_are_sent_unchanged() -> None:
    """P-57"""
    assert b"\r\nA: \xd6\xd0\r\n" in wire.format_head("1.1", 200, {"A": "\udcd6\udcd0"})


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nX: y", "a\rX: y"])
def test_line_end_in_a_header_is_an_error(value: str) -> None:
    with pytest.raises(ValueError, match="line end"):
        wire.format_head("1.1", 200, {"A": value})
