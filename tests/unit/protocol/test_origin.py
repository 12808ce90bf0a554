"""What the headers of browsers say about the page behind a request."""

from __future__ import annotations

import pytest
from oss_emulator.protocol import origin
from oss_emulator.protocol.message import Request


def ask(**headers: str) -> Request:
    """Return a request to `localhost:9000`; `sec_fetch_site` becomes the header Sec-Fetch-Site."""
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request.parse("POST", "/", [("Host", "localhost:9000"), *fields], 0.0)


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec_fetch_site": "same-origin"}, False),
        ({"sec_fetch_site": "none"}, False),
        ({"sec_fetch_site": "same-site"}, True),
        ({"sec_fetch_site": "cross-site"}, True),
        ({"sec_fetch_site": "new-value"}, True),
        ({"origin": "http://localhost:9000"}, False),
        ({"origin": "http://localhost"}, True),
        ({"origin": "http://localhost:9001"}, True),
        ({"origin": "http://127.0.0.1:9000"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"origin": "chrome-extension://abc"}, True),
        ({"origin": "http://localhost:9000", "sec_fetch_site": "cross-site"}, True),
        ({"origin": "null", "sec_fetch_site": "same-origin"}, True),
    ],
)
def test_page_is_foreign_if_one_header_says_so(headers: dict[str, str], foreign: bool) -> None:
    assert origin.is_foreign(ask(**headers)) is foreign


@pytest.mark.parametrize(
    ("mode", "dest", "visit"),
    [
        ("navigate", "document", True),
        ("navigate", "iframe", False),
        ("navigate", "object", False),
        ("no-cors", "document", False),
        ("no-cors", "image", False),
    ],
)
def test_only_the_page_of_a_tab_is_a_visit(mode: str, dest: str, visit: bool) -> None:
    assert origin.is_visit(ask(sec_fetch_mode=mode, sec_fetch_dest=dest)) is visit


@pytest.mark.parametrize(
    ("headers", "preflighted"),
    [
        ({}, False),
        ({"content_type": "application/xml"}, False),
        ({"authorization": "Basic dXNlcjpwYXNz"}, False),
        ({"authorization": "OSS key:signature"}, True),
        ({"authorization": "OSS4-HMAC-SHA256 Credential=…"}, True),
        ({"authorization": "AWS4-HMAC-SHA256 Credential=…"}, True),
        ({"x_amz_date": "now"}, True),
        ({"x_oss_date": "20300101T000000Z"}, True),
    ],
)
def test_headers_of_oss_need_a_preflight(headers: dict[str, str], preflighted: bool) -> None:
    assert origin.is_preflighted(ask(**headers)) is preflighted


@pytest.mark.parametrize(
    ("headers", "browser"),
    [
        ({"user_agent": "Mozilla/5.0", "accept": "text/html"}, False),
        ({"sec_fetch_mode": "cors"}, True),
        ({"sec_fetch_dest": "document"}, True),
        ({"upgrade_insecure_requests": "1"}, True),
        ({"origin": "http://localhost:9000"}, True),
    ],
)
def test_browser_is_known_by_its_headers(headers: dict[str, str], browser: bool) -> None:
    assert origin.is_from_browser(ask(**headers)) is browser
