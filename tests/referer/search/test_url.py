"""URLs are read as browsers read them; tests/browser asks Chromium about the same table."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer.search import url
from oss_referer.search.entry import Parts, example, parse_entry
from oss_referer.search.url import (
    WebURL,
    WebURLError,
    browser_parser,
    decode_host,
    encode_host,
    fixed_part,
    is_host,
    is_port,
    parse_with_ada,
    registered,
)

from tests.rows import read_cases, rows

CASES = read_cases("referer.search")

# Texts for the address bar, and the URLs that Chromium 156 makes of them.
READ = dict(CASES["read"])

REFUSED = dict(CASES["refused"])
"""URLs that Chromium refuses, and why."""


def test_url_is_read_as_browsers_read_it() -> None:
    assert {text: WebURL.parse(text).text for text in READ} == READ


def test_url_that_no_browser_opens_is_refused() -> None:
    reasons = {}
    for text in REFUSED:
        with pytest.raises(WebURLError) as caught:
            WebURL.parse(text)
        reasons[text] = str(caught.value)
    assert reasons == REFUSED


@rows(("text", "reason"), *CASES["text_that_is_not_a_page_is_refused"])
def test_text_that_is_not_a_page_is_refused(text: str, reason: str) -> None:
    with pytest.raises(WebURLError) as caught:
        WebURL.parse(text)
    assert str(caught.value) == reason


def test_url_has_no_user_and_no_fragment() -> None:
    url = WebURL.parse("https://user:word@www.example.com:8443/a?b#c")
    assert url == WebURL("https", "www.example.com", "8443", "/a", "?b")
    assert url.origin == "https://www.example.com:8443"


def test_other_scheme_has_its_default_port() -> None:
    assert WebURL.parse("https://a/x").by("http").text == "http://a/x"
    assert WebURL.parse("http://a:443/x").by("https").text == "https://a/x"
    assert WebURL.parse("https://a:8443/x").by("http").text == "http://a:8443/x"


def test_other_host_is_read_like_a_url() -> None:
    assert WebURL.parse("https://a:8443/x?y").at("例子.test").text == (
        "https://xn--fsqu00a.test:8443/x?y"
    )


@rows(("host", "is_address"), ("1.2.3.4", True), ("[::1]", True), ("a.test", False))
def test_ip_addresses_are_recognized(host: str, is_address: bool) -> None:
    assert WebURL.parse(f"https://{host}/").is_address is is_address


# --- URLs are read alike by ada-url and by the class URL of a browser


def chromium(text: str) -> SimpleNamespace:
    """Parse a URL like Chromium, with its differences from the standard."""
    if text == "https://a b/":
        return SimpleNamespace(**{**parse_with_ada("https://a/"), "hostname": "a%20b"})
    members = parse_with_ada(text)
    return SimpleNamespace(**{**members, "hostname": members["hostname"].replace("*", "%2A")})


parse = browser_parser(chromium, ValueError)


def firefox(text: str) -> SimpleNamespace:
    """Parse a URL like Firefox 153, with its differences from the others."""
    members = parse_with_ada(text)
    if "*" in members["hostname"] or members["hostname"].startswith("xn--a"):
        raise ValueError(text)
    return SimpleNamespace(**members)


@rows("text", *CASES["wildcard_that_firefox_refuses_is_seen"])
def test_wildcard_that_firefox_refuses_is_seen(text: str) -> None:
    assert "*" in browser_parser(firefox, ValueError)(text)["hostname"]


@rows("text", "https://XN--a.test:443/xn--a?xn--a", "https://xn--a09/")
def test_punycode_that_firefox_refuses_is_read(text: str) -> None:
    members = parse_with_ada(text)
    read = browser_parser(firefox, ValueError)(text)
    assert {name: members[name] for name in read if name != "href"} == {
        name: value for name, value in read.items() if name != "href"
    }


@rows("text", "https://*^/", "https://xn--a.例子/", "https:a*b c")
def test_what_all_browsers_refuse_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="https"):
        browser_parser(firefox, ValueError)(text)


@rows("text", "https://xn--a.xn-_b/", "https://xn--a.x%6E-_b/")
def test_host_is_refused_rather_than_changed(text: str) -> None:
    """The host contains the text that replaces `xn--` in the question to Firefox."""
    with pytest.raises(ValueError, match="https"):
        browser_parser(firefox, ValueError)(text)


@rows("text", "https://WWW.例子.com:443/a?b#c", "https://*.a.test/", "https://[::1]/")
def test_browser_reads_the_same(text: str) -> None:
    members = parse_with_ada(text)
    assert {name: members[name] for name in parse(text)} == parse(text)


@rows("text", "https://a b/", "https://", "https://a^b/", "https://a/\ud800")
def test_browser_refuses_the_same(text: str) -> None:
    for one in (parse, parse_with_ada):
        with pytest.raises(ValueError, match=r"https://|URL|surrogates"):
            one(text)


def test_ada_is_chosen_where_it_is_installed() -> None:
    assert url.url_parser() is parse_with_ada


# --- the parts of entries, and Referers made from them


@rows(
    ("entry", "parts"),
    ("https://www.example.com/a?b", Parts("https", "www.example.com", None, "/a?b")),
    ("http://www.example.com:8080", Parts("http", "www.example.com", "8080", "")),
    (" *.example.com/ ", Parts(None, "*.example.com", None, "/")),
    ("http://[::1]:80/", Parts("http", "[::1]", "80", "/")),
    ("http*", Parts(None, "http*", None, "")),
    ("*", Parts(None, "*", None, "")),
)
def test_entry_is_split_into_its_parts(entry: str, parts: Parts) -> None:
    assert Parts.split(entry) == parts


@given(st.text(alphabet="htps:/*?.#@[]ab1 ", max_size=20))
def test_parts_join_to_the_trimmed_entry(entry: str) -> None:
    assert Parts.split(entry).join() == entry.strip(" ")


@rows(("entry", "referer"), *CASES["example_is_a_referer_that_the_entry_matches"])
def test_example_is_a_referer_that_the_entry_matches(entry: str, referer: str) -> None:
    assert example(entry) == referer
    assert parse_entry(entry).matches(referer)


@rows(
    ("host", "encoded"),
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
)
def test_host_is_encoded_as_browsers_send_it(host: str, encoded: str | None) -> None:
    """B-02"""
    assert encode_host(host) == encoded


@rows(("host", "decoded"), *CASES["host_is_decoded_as_people_write_it"])
def test_host_is_decoded_as_people_write_it(host: str, decoded: str) -> None:
    assert decode_host(host) == decoded


# --- domains: hosts, ports, and what somebody registers


@rows(
    ("host", "part"),
    ("www.example.com", "example.com"),
    ("www.example.com.cn", "example.com.cn"),
    ("com.cn", None),
    ("github.io", None),
    ("me.github.io", "me.github.io"),
    ("shop.internal", "shop.internal"),
    ("localhost", "localhost"),
    ("10.0.0.1", "10.0.0.1"),
    ("[::1]", "[::1]"),
)
def test_registered_part_of_a_host_is_found(host: str, part: str | None) -> None:
    assert registered(host) == part


@rows(
    ("host", "fixed"),
    ("www.example.com", "www.example.com"),
    ("*.example.com", "example.com"),
    ("img*.example.com", "example.com"),
    ("*example.com", "com"),
    ("www.*.com", "com"),
    ("www.example.*", None),
    ("ww?.example.com", "example.com"),
)
def test_labels_behind_the_last_wildcard_are_fixed(host: str, fixed: str | None) -> None:
    assert fixed_part(host) == fixed


def test_only_sendable_hosts_and_ports_are_accepted() -> None:
    sent = ["a.example", "xn--r8jz45g.test", "exa_mple.com", "10.0.0.1", "[::1]", "*.example.com"]
    assert all(map(is_host, sent))
    never = [
        "",
        "a..example",
        "-a.example",
        "a b",
        "A.example",
        "例え.test",
        "a" * 64,
        "a.example.",
    ]
    assert not any(map(is_host, never))
    assert all(map(is_port, ["1", "65535", "*", "80?"]))
    assert not any(map(is_port, ["65536", "99999", "a"]))
