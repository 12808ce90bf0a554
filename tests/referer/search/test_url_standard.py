"""URLs are read alike with ada-url and with the class URL of a browser."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from oss_referer.search import url
from oss_referer.search.url import browser_parser, parse_with_ada


def chromium(text: str) -> SimpleNamespace:
    """What Chromium answers where it differs from the standard."""
    if text == "https://a b/":
        return SimpleNamespace(**{**parse_with_ada("https://a/"), "hostname": "a%20b"})
    members = parse_with_ada(text)
    return SimpleNamespace(**{**members, "hostname": members["hostname"].replace("*", "%2A")})


parse = browser_parser(chromium, ValueError)


def firefox(text: str) -> SimpleNamespace:
    """What Firefox 153 answers where it differs from the others."""
    members = parse_with_ada(text)
    if "*" in members["hostname"] or members["hostname"].startswith("xn--a"):
        raise ValueError(text)
    return SimpleNamespace(**members)


@pytest.mark.parametrize(
    "text",
    [
        "https://*.a.test/*?*",
        "http://u:*@%2A:8/",
        "https://*.xn--a/",
        "https://＊.cn/",
        "https://\ufe61.cn/",
    ],
)
def test_wildcard_that_firefox_refuses_is_seen(text: str) -> None:
    assert "*" in browser_parser(firefox, ValueError)(text)["hostname"]


@pytest.mark.parametrize("text", ["https://XN--a.test:443/xn--a?xn--a", "https://xn--a09/"])
def test_punycode_that_firefox_refuses_is_read(text: str) -> None:
    members = parse_with_ada(text)
    read = browser_parser(firefox, ValueError)(text)
    assert {name: members[name] for name in read if name != "href"} == {
        name: value for name, value in read.items() if name != "href"
    }


@pytest.mark.parametrize("text", ["https://*^/", "https://xn--a.例子/", "https:a*b c"])
def test_what_all_browsers_refuse_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="https"):
        browser_parser(firefox, ValueError)(text)


@pytest.mark.parametrize("text", ["https://xn--a.xn-_b/", "https://xn--a.x%6E-_b/"])
def test_host_is_refused_rather_than_changed(text: str) -> None:
    """It has itself what stands for `xn--` while Firefox is asked."""
    with pytest.raises(ValueError, match="https"):
        browser_parser(firefox, ValueError)(text)


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
    assert url.url_parser() is parse_with_ada
