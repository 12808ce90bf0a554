"""What pages say where something is missing, refused or switched off: each state by its own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from oss_emulator.control.api.access import TOKEN_HEADER, LoginNeeded, check_allowed
from oss_emulator.control.api.route import Refusal
from oss_emulator.control.console import LOGIN, connect, find, refuse
from oss_emulator.control.console.page import FRAGMENT
from oss_emulator.protocol.message import Request
from oss_emulator.settings import Settings

from tests.unit.control.api.caller import ApiCaller

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
"""The Accept of a browser that opens a link."""

NEEDED = LoginNeeded(403, "No.")
WITH_TOKEN = Settings(admin_token="t")

RULES = b"""<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>
<AllowTruncateQueryString>true</AllowTruncateQueryString><TruncatePath>false</TruncatePath>
<RefererList><Referer>http://www.example.com/</Referer></RefererList>
<RefererBlacklist><Referer>http://www.example.com/&lt;old&gt;</Referer></RefererBlacklist>
</RefererConfiguration>"""


@pytest.fixture
def ask() -> ApiCaller:
    """A server without buckets."""
    return ApiCaller()


def shown(ask: ApiCaller, path: str) -> str:
    """A page as a browser gets it, without scripts."""
    response = ask.response("GET", path, accept=BROWSER)
    assert isinstance(response.body, bytes)
    return response.body.decode()


def request(method: str, path: str, remote: str = "192.0.2.1", **headers: str) -> Request:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request.parse(method, path, [("Host", "nas:9000"), *fields], 0.0, remote)


# --- Who has to log in


def test_script_is_told_that_its_reader_has_to_log_in() -> None:
    """A redirect would put the form of the login into the page."""
    fragment = {"accept": "text/html", FRAGMENT.replace("-", "_"): "1"}
    answer = refuse(request("GET", "/_emulator/requests/1", **fragment), NEEDED, WITH_TOKEN)
    assert (answer.status, answer.headers[LOGIN]) == (403, "needed")
    assert b"<form" not in bytes(answer.body)  # type: ignore[arg-type]
    plain = refuse(request("PUT", "/_emulator/rules/b"), NEEDED, WITH_TOKEN)
    assert (plain.status, plain.headers[LOGIN]) == (403, "needed")


def test_other_refusals_do_not_lead_to_the_login() -> None:
    """An archived object is refused with 403 as well, and no login helps against it."""
    page = request("GET", "/_emulator/content/b?key=archived", accept=BROWSER)
    answer = refuse(page, Refusal(403, "The object is archived."), WITH_TOKEN)
    assert (answer.status, LOGIN in answer.headers) == (403, False)
    assert b"The object is archived." in bytes(answer.body)  # type: ignore[arg-type]


def test_wrong_token_in_the_header_is_named() -> None:
    wrong = {TOKEN_HEADER.replace("-", "_"): "wrong"}
    with pytest.raises(LoginNeeded, match="does not have the value of --admin-token"):
        check_allowed(request("GET", "/_emulator/journal", **wrong), "t")
    with pytest.raises(LoginNeeded, match="Requests from another machine need"):
        check_allowed(request("GET", "/_emulator/journal"), "t")


def test_wrong_token_from_afar_is_called_wrong(ask: ApiCaller) -> None:
    """To plain http at a name, a browser sends an Origin, but no Sec-Fetch-Site."""
    ask.service.settings = WITH_TOKEN
    asked = ask.asked("POST", "login", b'{"token": "wrong"}', x_oss_emulator="1")
    far = request("POST", "/_emulator/login", origin="http://nas:9000", x_oss_emulator="1")
    with pytest.raises(Refusal, match=r"^This is not the value of --admin-token\.$"):
        find(far)[0].handler(asked._replace(request=far))


# --- The first page, and links that lead nowhere


def test_first_page_is_that_of_the_requests(ask: ApiCaller) -> None:
    led = ask.response("GET", "", accept=BROWSER)
    assert (led.status, led.headers["Location"]) == (302, "/_emulator/requests")


def test_error_leads_to_the_first_page() -> None:
    page = request("GET", "/_emulator/requests", "127.0.0.1", accept=BROWSER)
    answer = refuse(page, Refusal(409, "Not now."), Settings())
    text = bytes(answer.body).decode()  # type: ignore[arg-type]
    main = text.partition("<main")[2].partition("</main>")[0]
    assert re.findall(r'href="([^"]*)"', main) == ["/_emulator/"]


# --- Without scripts


def test_saved_entries_are_shown_without_scripts(ask: ApiCaller) -> None:
    ask.oss("PUT", "/examplebucket")
    ask.oss("PUT", "/examplebucket?referer", RULES, content_length=str(len(RULES)))
    page = shown(ask, "rules/examplebucket")
    lists = dict(re.findall(r'<textarea id="(\w+list)"[^>]*>\n([^<]*)</textarea>', page))
    assert lists == {
        "whitelist": "http://www.example.com/",
        "blacklist": "http://www.example.com/&lt;old&gt;",
    }
    assert re.findall(r'name="(\w+)" checked', page) == ["AllowTruncateQueryString"]


def test_times_are_shown_without_scripts(ask: ApiCaller) -> None:
    ask.oss("PUT", "/examplebucket")
    ask.record("/examplebucket/a")
    for path in ("requests", "buckets", "emulator"):
        times: list[Any] = re.findall(r"<time[^>]*>([^<]*)</time>", shown(ask, path))
        assert times
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", time) for time in times)


# --- The first run


@pytest.mark.parametrize(
    ("host", "endpoint", "named_endpoint", "is_named"),
    [
        ("127.0.0.1:9000", "http://127.0.0.1:9000", "http://localhost:9000", False),
        ("localhost:9000", "http://127.0.0.1:9000", "http://localhost:9000", False),
        ("localhost", "http://127.0.0.1", "http://localhost", False),
        ("192.0.2.7:9000", "http://192.0.2.7:9000", "http://192.0.2.7:9000", False),
        ("[::1]:9000", "http://[::1]:9000", "http://[::1]:9000", False),
        ("[::1]", "http://[::1]", "http://[::1]", False),
        ("nas:9000", "http://nas:9000", "http://nas:9000", True),
    ],
)
def test_clients_get_the_endpoint_in_the_form_that_they_take(
    ask: ApiCaller, host: str, endpoint: str, named_endpoint: str, is_named: bool
) -> None:
    asked = ask.asked("GET", "connect", b"", host=host)
    asked = asked._replace(request=asked.request._replace(headers={"host": host}))
    card = connect.describe(asked)
    assert (card["endpoint"], card["named_endpoint"], card["is_named"]) == (
        endpoint,
        named_endpoint,
        is_named,
    )
    assert any(f'"{endpoint}"' in client["text"] for client in card["clients"])
    assert f"{endpoint}/examplebucket/hello.txt" in card["curl"]
