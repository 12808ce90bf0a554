"""URLs are read as browsers read them; tests/browser asks Chromium about the same table."""

from __future__ import annotations

import pytest
from oss_referer.search.url import WebURL, WebURLError

# What the address bar is given, and what Chromium 156 makes of it.
READ = {
    "https://例子.example.com/": "https://xn--fsqu00a.example.com/",
    "HTTPS://WWW.X.COM:443/a/../b?q=ü": "https://www.x.com/b?q=%C3%BC",
    "http://x.com:080/": "http://x.com/",
    "https://x.com:0/": "https://x.com:0/",
    "https://a:65535/": "https://a:65535/",
    "https://1.2.3/": "https://1.2.0.3/",
    "https://0x7f.1/": "https://127.0.0.1/",
    "https://[::ffff:1.2.3.4]/": "https://[::ffff:102:304]/",
    "https:///a": "https://a/",
    "https://faß.de/": "https://xn--fa-hia.de/",
    "https://xn--a.com/": "https://xn--a.com/",
    "https://☃.com/": "https://xn--n3h.com/",
    "https://ΒΌΛΟΣ.com/": "https://xn--nxasmq6b.com/",
    "https://例子。com/": "https://xn--fsqu00a.com/",
    "https://a_b.com/": "https://a_b.com/",
    "https://%41.com/": "https://a.com/",
    "  https://x.com/\n": "https://x.com/",
    "http://x.com/\t/..//./%2e%2e/b": "http://x.com/b",
    "https://x.com/日本?日本": "https://x.com/%E6%97%A5%E6%9C%AC?%E6%97%A5%E6%9C%AC",
    'https://x.com/a b"<>`{}|^\\c': "https://x.com/a%20b%22%3C%3E%60%7B%7D%7C%5E/c",
}

REFUSED = {
    "https://a:99999/": "its port 99999 is above 65535",
    "https://a:8a/": "its host or its port is not valid",
    "https://a|b/": "its host or its port is not valid",
    "https://a<b.com": "its host or its port is not valid",
    "https://exa%mple/": "its host or its port is not valid",
    "https://256.1.1.1/": "its host or its port is not valid",
    "https://[::1/": "its host or its port is not valid",
    "https://www.xn--ß.com": "its host or its port is not valid",
    "https://\u00ad/": "its host or its port is not valid",
    "https://": "it has no host",
    "https://?": "it has no host",
    "https://:80/": "its host or its port is not valid",
}
"""What Chromium refuses, and why."""


@pytest.mark.parametrize(("text", "read"), READ.items())
def test_url_is_read_as_browsers_read_it(text: str, read: str) -> None:
    assert WebURL.parse(text).text == read


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_url_that_no_browser_opens_is_refused(text: str, reason: str) -> None:
    with pytest.raises(WebURLError) as caught:
        WebURL.parse(text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("www.example.com", "it does not begin with https:// or http://"),
        ("ftp://x/", "its scheme is ftp, not http or https"),
        ("https://*.example.com/", "its host has a wildcard"),
        ("android-app://a b.com/", "its scheme is android-app, not http or https"),
        ("ht\ttps://a b.com/", "its host or its port is not valid"),
        ("https://a b.com/", "its host or its port is not valid"),
    ],
)
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


@pytest.mark.parametrize(
    ("host", "is_address"), [("1.2.3.4", True), ("[::1]", True), ("a.test", False)]
)
def test_ip_addresses_are_recognized(host: str, is_address: bool) -> None:
    assert WebURL.parse(f"https://{host}/").is_address is is_address
