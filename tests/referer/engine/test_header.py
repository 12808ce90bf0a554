"""The Referer header before it is compared."""

from __future__ import annotations

import pytest
from oss_referer.engine import header
from oss_referer.engine.assumptions import RepeatedHeader


@pytest.mark.parametrize(
    ("referer", "trimmed"),
    [(None, ""), ("", ""), (" \t\r\n", ""), (" a b ", "a b"), ("\u00a0", "\u00a0")],
)
def test_trim(referer: str | None, trimmed: str) -> None:
    assert header.trim(referer) == trimmed


@pytest.mark.parametrize(("values", "first"), [((), None), (("a", "b"), "a"), (("", "b"), "")])
def test_first_of_several_headers_counts(values: tuple[str, ...], first: str | None) -> None:
    assert header.choose(values) == first


@pytest.mark.parametrize(
    ("referer", "cut"), [("a?b?c", "a"), ("a", "a"), ("?a", ""), ("a#b?c", "a#b")]
)
def test_cut_query(referer: str, cut: str) -> None:
    assert header.cut_query(referer) == cut


@pytest.mark.parametrize(
    ("referer", "cut"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example/", "https://a.example"),
        ("https://a.example:8443/b/c?d#e", "https://a.example:8443"),
        ("https://a.example?b", "https://a.example"),
        ("https://a.example#b", "https://a.example"),
        ("https://user@a.example/b", "https://user@a.example"),
        ("https://[::1]:80/b", "https://[::1]:80"),
        ("android-app://com.example/b", "android-app://com.example"),
        ("a.example/b", "a.example"),
        ("a.example/b://c", "a.example"),
        ("mibrowser:home", "mibrowser:home"),
        ("https:///a", "https://"),
        ("/a", ""),
        ("", ""),
    ],
)
def test_cut_path(referer: str, cut: str) -> None:
    assert header.cut_path(referer) == cut


@pytest.mark.parametrize(
    ("referer", "lowered"),
    [
        ("A?AMZ?@[\u00c0", "A?amz?@[\u00c0"),  # ASCII letters only, and none before the mark
        ("A", "A"),
        ("?A", "?a"),
    ],
)
def test_letters_of_the_query_become_small(referer: str, lowered: str) -> None:
    assert header.lower_query(referer) == lowered


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        (RepeatedHeader.FIRST, "a"),
        (RepeatedHeader.LAST, "c"),
        (RepeatedHeader.JOINED, "a, b, c"),
    ],
)
def test_what_counts_of_several_headers_is_assumed(rule: RepeatedHeader, chosen: str) -> None:
    assert header.choose(("a", "b", "c"), rule) == chosen


@pytest.mark.parametrize(
    ("referer", "cut"),
    [("https://a/x?y", "https://a/"), ("https://a", "https://a"), ("https://a?y", "https://a")],
)
def test_cut_path_may_keep_the_slash(referer: str, cut: str) -> None:
    assert header.cut_path(referer, keep_slash=True) == cut


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("", True),
        ("https:", True),
        ("https://a.example", True),
        ("https://a.example:8443/", True),
        ("a.example/", True),
        ("https://a.example/b", False),
        ("https://a.example//", False),
        ("a.example/b://c", False),
    ],
)
def test_origin_ends_with_the_character_that_ends_its_host(text: str, is_one: bool) -> None:
    assert header.is_origin(text) is is_one
