"""Who may use the API."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from oss_emulator.control.api.access import check_allowed, protect
from oss_emulator.control.api.route import Refusal
from oss_emulator.protocol.message import Request, Response

OWN = {"origin": "http://127.0.0.1:9000", "sec-fetch-site": "same-origin"}
MARK = {"x-oss-emulator": "1"}
TOKEN = {"x-oss-emulator-token": "t"}


def refusal(
    method: str, headers: Mapping[str, str], remote: str = "127.0.0.1", token: str = ""
) -> str:
    """The sentence with which a request is refused, "" if it is allowed."""
    fields = [("Host", "127.0.0.1:9000"), *headers.items()]
    request = Request.parse(method, "/_emulator/reset", fields, 0.0, remote)
    try:
        check_allowed(request, token)
    except Refusal as refused:
        return refused.sentence if refused.status == 403 else f"status {refused.status}"
    return ""


@pytest.mark.parametrize(
    ("remote", "headers", "token", "allowed"),
    [
        ("127.0.0.1", {}, "", True),
        ("::1", {}, "", True),
        ("::ffff:127.0.0.1", {}, "", True),
        ("fe80::1%eth0", {}, "", False),
        ("192.0.2.1", {}, "", False),
        ("", {}, "", False),
        ("192.0.2.1", {"x-oss-emulator-token": "t"}, "t", True),
        ("192.0.2.1", {"x-oss-emulator-token": "u"}, "t", False),
        ("192.0.2.1", {"x-oss-emulator-token": ""}, "", False),
    ],
)
def test_this_machine_or_the_token(
    remote: str, headers: dict[str, str], token: str, allowed: bool
) -> None:
    assert (refusal("POST", {**MARK, **headers}, remote, token) == "") is allowed


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_change_needs_a_header_that_no_form_can_send(method: str) -> None:
    sentence = refusal(method, {"content-type": "application/json"})
    assert sentence.startswith(f"{method} /_emulator/reset needs the header x-oss-emulator")
    assert "-H 'x-oss-emulator: 1'" in sentence
    assert refusal(method, MARK) == ""
    assert refusal(method, {"x-oss-emulator": ""}) == ""
    assert refusal(method, TOKEN) == ""


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_needs_no_header(method: str) -> None:
    assert refusal(method, {}) == ""


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "page",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9001"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {**OWN, "sec-fetch-site": "cross-site"},
        {**OWN, "origin": "null"},
    ],
)
def test_pages_of_other_origins_are_refused(method: str, page: dict[str, str]) -> None:
    assert "may not administer this server" in refusal(method, {**MARK, **page})
    assert "may not administer this server" in refusal(method, {**TOKEN, **page}, token="t")


def test_pages_of_other_origins_may_link_to_the_api() -> None:
    click = {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }
    assert refusal("GET", click) == ""
    assert refusal("POST", {**MARK, **click}) != ""
    assert refusal("GET", {**click, "origin": "http://evil.example"}) != ""


def test_pages_of_the_api_itself_may_change_the_server() -> None:
    assert refusal("POST", {**OWN, **MARK}) == ""
    assert refusal("GET", {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}) == ""


def test_browser_that_does_not_name_the_page_needs_the_token() -> None:
    page = {"origin": OWN["origin"], **MARK}
    for method in ("POST", "GET"):
        assert "does not send sec-fetch-site" in refusal(method, page)
    assert refusal("POST", {**page, **TOKEN}, token="t") == ""
    assert refusal("POST", {**page, **TOKEN}, token="u") != ""


def test_answers_are_shown_in_no_frame_and_run_as_no_script() -> None:
    headers = protect(Response(200, {"Content-Type": "text/html"})).headers
    assert headers == {
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Content-Type": "text/html",
    }
