"""Requests out of a request line and header fields, and their queries."""

import os
import tempfile

import pytest
from oss_emulator.protocol.message import FileRange, Request, parse_query


def parsed(target: str, *fields: tuple[str, str]) -> Request:
    return Request.parse("GET", target, fields, 1.5)


def test_path_and_query_are_split_and_not_decoded() -> None:
    request = parsed("/b/a%2Fb%3F?acl&versionId=x%20y")
    assert (request.path, request.query_string) == ("/b/a%2Fb%3F", "acl&versionId=x%20y")
    assert request.query == {"acl": "", "versionId": "x y"}
    assert request.target == "/b/a%2Fb%3F?acl&versionId=x%20y"
    assert parsed("/b").query == {}
    assert parsed("/b").target == "/b"


def test_first_header_of_a_name_counts() -> None:
    """R-29"""
    request = parsed("/", ("Referer", "a"), ("REFERER", "b"), ("Host", "h"))
    assert request.headers == {"referer": "a", "host": "h"}
    assert request.host == "h"
    assert parsed("/").host == ""


@pytest.mark.parametrize(
    ("target", "host", "path"),
    [
        ("http://b.test/k?acl", "b.test", "/k"),
        ("HTTP://b.test:80", "b.test:80", "/"),
        ("https://b.test?acl", "b.test", "/"),
    ],
)
def test_absolute_target_names_the_host(target: str, host: str, path: str) -> None:
    request = parsed(target, ("Host", "other"))
    assert (request.host, request.path, request.proxied) == (host, path, True)
    assert not parsed("/http://b.test/").proxied


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("acl", {"acl": ""}),
        ("acl=", {"acl": ""}),
        ("a=1&a=2", {"a": "1"}),
        ("&&a=1&", {"a": "1"}),
        ("a=b=c", {"a": "b=c"}),
        ("a+b=c+d%2B", {"a b": "c d+"}),
        ("%E4%B8%AD=1", {"中": "1"}),
    ],
)
def test_query_is_decoded(query: str, expected: dict[str, str]) -> None:
    """P-04"""
    assert parse_query(query) == expected


def test_range_of_a_file_is_read_without_moving_its_position() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"0123456789")
        file.flush()
        piece = FileRange(file, 2, 5)
        assert piece.read(4, 3) == b"456"
        assert piece.read(9, 3) == b"9"
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 10
