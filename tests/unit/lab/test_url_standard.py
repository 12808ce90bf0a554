"""URLs are read alike with ada-url and with the class URL of a browser."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from oss_emulator.lab import url_standard
from oss_emulator.lab.url_standard import browser_parser, parse_with_ada


def chromium(text: str) -> SimpleNamespace:
    """What Chromium answers where it differs from the standard."""
    if text == "https://a b/":
        return SimpleNamespace(**{**parse_with_ada("https://a/"), "hostname": "a%20b"})
    members = parse_with_ada(text)
    return SimpleNamespace(**{**members, "hostname": members["hostname"].replace("*", "%2A")})


parse = browser_parser(chromium, ValueError)


@pytest.mark.parametrize(
    "text", ["https://WWW.例子.com:443/a?b#c", "https://*.a.test/", "https://[::1]/"]
)
def test_browser_reads_the_same(text: str) -> None:
    members = parse_with_ada(text)
    assert {name: members[name] for name in parse(text)} == parse(text)


@pytest.mark.parametrize("text", ["https://a b/", "https://", "https://a^b/", "https://a/\ud800"])
def test_browser_refuses_the_same(text: str) -> None:
    for one in (parse, parse_with_ada):
        with pytest.raises(ValueError, match=r"https://|URL|surrogates"):
            one(text)


def test_ada_is_chosen_where_it_is_installed() -> None:
    assert url_standard.choose() is parse_with_ada
