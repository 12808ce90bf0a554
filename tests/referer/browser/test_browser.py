"""What a browser sends, compared with the table of the W3C's Referrer Policy."""

from __future__ import annotations

import pytest
from oss_referer.browser import browser
from oss_referer.browser.browser import Delivery, Embedding, ReferrerPolicy, Sent
from oss_referer.search.url import WebURL

from tests.rows import rows

PAGE = "https://user:word@www.example.com/a/page.html?q=1#part"
WHOLE = "https://www.example.com/a/page.html?q=1"
ORIGIN = "https://www.example.com/"
SAME, CROSS, DOWN = (
    "https://www.example.com/photo.jpg",
    "https://bucket.example.net/photo.jpg",
    "http://bucket.example.net/photo.jpg",
)


@rows(
    ("policy", "same", "cross", "down"),
    ("no-referrer", None, None, None),
    ("no-referrer-when-downgrade", WHOLE, WHOLE, None),
    ("same-origin", WHOLE, None, None),
    ("origin", ORIGIN, ORIGIN, ORIGIN),
    ("strict-origin", ORIGIN, ORIGIN, None),
    ("origin-when-cross-origin", WHOLE, ORIGIN, ORIGIN),
    ("strict-origin-when-cross-origin", WHOLE, ORIGIN, None),
    ("unsafe-url", WHOLE, WHOLE, WHOLE),
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


@rows(
    ("page", "referer"),
    ("https://WWW.Example.com/", ORIGIN),
    ("https://www.example.com:443/", ORIGIN),
    ("http://www.example.com:80/", "http://www.example.com/"),
    ("https://例子.example.com/", "https://xn--fsqu00a.example.com/"),
    ("https://[::1]:8443/", "https://[::1]:8443/"),
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


SITE = WebURL.parse("https://www.example.com/album/today.html")
BUCKET = WebURL.parse("https://examplebucket.oss-cn-hangzhou.aliyuncs.com/photo.jpg")
OWN = WebURL.parse("https://www.example.com/photo.jpg")
FILE = WebURL.parse("https://www.example.com/site.css")
STOP = WebURL.parse("https://elsewhere.test/redirect")


@pytest.mark.parametrize(
    ("element", "target", "sent"),
    [
        # An https page with an http object (B-01).
        (Embedding.IMG, "http", Sent("https", ORIGIN)),
        (Embedding.VIDEO, "http", Sent("https", ORIGIN)),
        (Embedding.STYLE_ELEMENT, "http", Sent("https", ORIGIN)),
        (Embedding.SRCSET, "http", None),
        (Embedding.FETCH, "http", None),
        (Embedding.IFRAME, "http", None),
        (Embedding.SCRIPT, "http", None),
        (Embedding.LINK, "http", Sent("https", None)),
        (Embedding.DOWNLOAD, "http", Sent("https", None)),
        # The same over https.
        (Embedding.IMG, "https", Sent("https", ORIGIN)),
        (Embedding.LINK, "https", Sent("https", ORIGIN)),
        (Embedding.WORKER, "https", None),  # of another origin
        (Embedding.SRCDOC, "https", Sent("https", ORIGIN)),
        # Documents without a URL (B-05).
        (Embedding.BLANK, "https", Sent("https", None)),
        (Embedding.SANDBOX, "https", Sent("https", None)),
        (Embedding.DATA, "https", Sent("https", None)),
        (Embedding.BLOB, "https", Sent("https", None)),
        (Embedding.BLOB_WORKER_FETCH, "https", Sent("https", None)),
        # Documents that have the origin of the page.
        (Embedding.WRITTEN, "https", Sent("https", ORIGIN)),
        (Embedding.SANDBOX_OF_ORIGIN, "https", Sent("https", ORIGIN)),
    ],
)
def test_page_without_a_policy_is_predicted_by_the_default(
    element: Embedding, target: str, sent: Sent | None
) -> None:
    assert browser.predict(element, SITE, BUCKET.by(target), file=SITE) == sent


@pytest.mark.parametrize(
    ("element", "sent"),
    [
        (Embedding.FETCH, Sent("https", ORIGIN)),
        (Embedding.SCRIPT, Sent("https", ORIGIN)),
        (Embedding.SRCSET, Sent("https", ORIGIN)),
        (Embedding.OBJECT, Sent("https", ORIGIN)),
        (Embedding.IFRAME, Sent("https", None)),
        (Embedding.BLOB_WORKER_FETCH, Sent("https", None)),
        (Embedding.WORKER_FETCH, None),  # its script has no such header
        (Embedding.LINK, Sent("https", None)),
    ],
)
def test_upgrade_insecure_requests_sends_what_is_blocked(
    element: Embedding, sent: Sent | None
) -> None:
    """B-01"""
    assert browser.predict(element, SITE, BUCKET.by("http"), upgrades=True) == sent


def test_style_sheet_and_worker_send_their_own_url() -> None:  # B-04
    by, policy = Delivery.HEADER, ReferrerPolicy.UNSAFE_URL
    for element in (Embedding.STYLE_SHEET, Embedding.WORKER_FETCH):
        sent = browser.predict(element, SITE, BUCKET, by, policy, file=FILE)
        assert sent == Sent("https", FILE.text)


def test_style_of_a_page_ignores_its_policy() -> None:  # B-09
    by, policy = Delivery.META, ReferrerPolicy.NO_REFERRER
    style = browser.predict(Embedding.INLINE_STYLE, SITE, BUCKET, by, policy)
    assert style == Sent("https", ORIGIN)
    assert browser.predict(Embedding.IMG, SITE, BUCKET, by, policy) == Sent("https", None)


def test_saved_object_of_the_same_origin_ignores_noreferrer() -> None:  # B-10
    saved = browser.predict(Embedding.DOWNLOAD, SITE, OWN, Delivery.REL)
    assert saved == Sent("https", SITE.text)
    for element, target in ((Embedding.LINK, OWN), (Embedding.DOWNLOAD, BUCKET)):
        assert browser.predict(element, SITE, target, Delivery.REL) == Sent("https", None)


def test_navigation_is_upgraded_unless_the_host_has_http_pages() -> None:  # B-07
    page = SITE.by("http")
    link = browser.predict(Embedding.LINK, page, BUCKET.by("http"))
    assert link == Sent("https", "http://www.example.com/")
    assert browser.predict(Embedding.LINK, page, OWN.by("http")) == Sent("http", page.text)


def test_referer_of_a_redirect_is_cut_at_each_step() -> None:
    by, policy = Delivery.HEADER, ReferrerPolicy.SAME_ORIGIN
    own = browser.predict(Embedding.REDIRECT, SITE, BUCKET, by, policy, stop=OWN)
    assert own == Sent("https", None)
    away = browser.predict(Embedding.REDIRECT_AWAY, SITE, BUCKET, stop=STOP)
    assert away == Sent("https", ORIGIN)
