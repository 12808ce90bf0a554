"""What a browser sends, against the table of the W3C's Referrer Policy."""

from __future__ import annotations

import pytest
from oss_emulator.lab import browser
from oss_emulator.lab.browser import ReferrerPolicy

PAGE = "https://user:word@www.example.com/a/page.html?q=1#part"
WHOLE = "https://www.example.com/a/page.html?q=1"
ORIGIN = "https://www.example.com/"
SAME, CROSS, DOWN = (
    "https://www.example.com/photo.jpg",
    "https://bucket.example.net/photo.jpg",
    "http://bucket.example.net/photo.jpg",
)


@pytest.mark.parametrize(
    ("policy", "same", "cross", "down"),
    [
        ("no-referrer", None, None, None),
        ("no-referrer-when-downgrade", WHOLE, WHOLE, None),
        ("same-origin", WHOLE, None, None),
        ("origin", ORIGIN, ORIGIN, ORIGIN),
        ("strict-origin", ORIGIN, ORIGIN, None),
        ("origin-when-cross-origin", WHOLE, ORIGIN, ORIGIN),
        ("strict-origin-when-cross-origin", WHOLE, ORIGIN, None),
        ("unsafe-url", WHOLE, WHOLE, WHOLE),
    ],
)
def test_policy_decides_on_the_referer(
    policy: str, same: str | None, cross: str | None, down: str | None
) -> None:
    sent = [browser.send(PAGE, target, ReferrerPolicy(policy)) for target in (SAME, CROSS, DOWN)]
    assert sent == [same, cross, down]


def test_referer_above_4096_characters_is_cut_to_the_origin() -> None:  # B-03
    page = "https://www.example.com/".ljust(4096, "a")
    assert browser.send(page, CROSS, ReferrerPolicy.UNSAFE_URL) == page
    assert browser.send(page + "a", CROSS, ReferrerPolicy.UNSAFE_URL) == ORIGIN


@pytest.mark.parametrize(
    ("page", "referer"),
    [
        ("https://WWW.Example.com/", ORIGIN),
        ("https://www.example.com:443/", ORIGIN),
        ("http://www.example.com:80/", "http://www.example.com/"),
        ("https://例子.example.com/", "https://xn--fsqu00a.example.com/"),
        ("https://[::1]:8443/", "https://[::1]:8443/"),
    ],
)
def test_host_is_in_lower_case_and_ascii_without_a_default_port(
    page: str, referer: str
) -> None:  # B-02
    assert browser.send(page, CROSS) == referer


def test_default_policy_is_strict_origin_when_cross_origin() -> None:
    assert browser.send(PAGE, CROSS) == ORIGIN
    assert browser.send(PAGE, DOWN) is None


def test_http_page_sends_its_origin_to_any_scheme() -> None:
    assert browser.send("http://www.example.com", CROSS) == "http://www.example.com/"
    assert browser.send("http://www.example.com", DOWN) == "http://www.example.com/"


def test_another_port_is_another_origin() -> None:
    assert browser.send("https://a.test:8443/x", "https://a.test/y") == "https://a.test:8443/"
