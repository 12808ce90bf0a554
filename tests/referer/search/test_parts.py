"""The parts of entries, and Referers made from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer.search.entry import Parts, example, parse_entry
from oss_referer.search.url import decode_host, encode_host


@pytest.mark.parametrize(
    ("entry", "parts"),
    [
        ("https://www.example.com/a?b", Parts("https", "www.example.com", None, "/a?b")),
        ("http://www.example.com:8080", Parts("http", "www.example.com", "8080", "")),
        (" *.example.com/ ", Parts(None, "*.example.com", None, "/")),
        ("http://[::1]:80/", Parts("http", "[::1]", "80", "/")),
        ("http*", Parts(None, "http*", None, "")),
        ("*", Parts(None, "*", None, "")),
    ],
)
def test_entry_is_split_into_its_parts(entry: str, parts: Parts) -> None:
    assert Parts.split(entry) == parts


@given(st.text(alphabet="htps:/*?.#@[]ab1 ", max_size=20))
def test_parts_join_to_the_trimmed_entry(entry: str) -> None:
    assert Parts.split(entry).join() == entry.strip(" ")


@pytest.mark.parametrize(
    ("entry", "referer"),
    [
        ("https://www.example.com", "https://www.example.com/"),
        ("https://*.example.com/", "https://www.example.com/"),
        ("*example.com", "https://example.com/"),
        ("http*://a?c.test/b*", "https://axc.test/b"),
    ],
)
def test_example_is_a_referer_that_the_entry_matches(entry: str, referer: str) -> None:
    assert example(entry) == referer
    assert parse_entry(entry).matches(referer)


@pytest.mark.parametrize(
    ("host", "encoded"),
    [
        ("例子.example.com", "xn--fsqu00a.example.com"),
        ("faß.１", "xn--fa-hia.1"),
        ("www.*.com", "www.*.com"),
        ("*例子.com", None),
        ("例 子.com", None),
        ("ü/a", None),
        ("xn--ü", None),
        ("\ud800", None),
        ("\u00ad.com", None),
        ("a..例子", "a..xn--fsqu00a"),
    ],
)
def test_host_is_encoded_as_browsers_send_it(host: str, encoded: str | None) -> None:
    """B-02"""
    assert encode_host(host) == encoded


@pytest.mark.parametrize(
    ("host", "decoded"),
    [
        ("xn--fsqu00a.example.com", "例子.example.com"),
        ("xn--a.com", "xn--a.com"),
        ("xn--!!!", "xn--!!!"),
        ("a.b", "a.b"),
    ],
)
def test_host_is_decoded_as_people_write_it(host: str, decoded: str) -> None:
    assert decode_host(host) == decoded
