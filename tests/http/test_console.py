"""The console over a socket: streams, uploads to a disk, the login, and the end of the server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.control.api import access, journal
from oss_referer import RefererConfiguration
from oss_referer.sources import referer_xml

from tests.client import Admin

SIZE = 5 * 1024 * 1024
PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(data=tmp_path_factory.mktemp("data")) as emulator:
        yield emulator


@pytest.fixture
def disk(on_disk: Emulator) -> Admin:
    """A server that keeps a public bucket in a folder."""
    on_disk.reset()
    on_disk.put("/examplebucket", headers={"x-oss-acl": "public-read"})
    return Admin(on_disk)


def stream(admin: Admin, path: str) -> tuple[HTTPConnection, HTTPResponse]:
    """Begin to follow requests; the connection stays open."""
    connection = HTTPConnection("127.0.0.1", admin.emulator.port, timeout=20)
    connection.request("GET", path, headers={"Accept": "text/event-stream"})
    response = connection.getresponse()
    assert response.headers["Content-Type"] == "text/event-stream"
    return connection, response


def read_event(response: HTTPResponse) -> tuple[int, str]:
    """Read the next event with rows: the number of its last request, and the rows."""
    number = 0
    while line := response.readline():
        if line.startswith(b"id: "):
            number = int(line[4:])
        elif line.startswith(b"data: ") and "rows" in (value := json.loads(line[6:])):
            assert value["count"] >= 1
            return number, value["rows"]
    raise AssertionError("the stream has ended")


def read_overview(response: HTTPResponse) -> tuple[int, dict[str, Any]]:
    """Read the next event with an overview: the number of its last request, and its value."""
    number = 0
    while line := response.readline():
        assert not line.startswith(b":")  # a comment: nothing was to be sent
        if line.startswith(b"id: "):
            number = int(line[4:])
        elif line.startswith(b"data: ") and "overview" in (value := json.loads(line[6:])):
            return number, value
    raise AssertionError("the stream has ended")


def test_request_is_sent_again_from_a_disk(disk: Admin) -> None:
    """The second request is an ordinary one, but no planned fault affects it."""
    disk.emulator.put("/examplebucket/large", b"x" * SIZE)
    disk.ask("POST", "/_emulator/faults", {"status": 503})
    assert disk.get("/examplebucket/large", "https://www.example.com/").status == 503
    (entry,) = disk.get("/_emulator/journal?key=large&method=GET").json["entries"]
    told = disk.ask("POST", f"/_emulator/resend/{entry['number']}").json
    assert (told["before"]["status"], told["before"]["fault"]["status"]) == (503, 503)
    assert (told["after"]["status"], told["after"]["fault"]) == (200, None)
    assert told["after"]["referer"] == "https://www.example.com/"
    (_, again) = disk.get("/_emulator/journal?key=large&method=GET").json["entries"]
    assert again == told["after"]
    assert disk.get("/examplebucket/large", Range="bytes=0-9").status == 503


def test_content_passes_through_the_disk(disk: Admin) -> None:
    path = "/_emulator/content/examplebucket?key=a%2Fb.bin"
    body = bytes(range(256)) * (SIZE // 256)
    sent = disk.ask("PUT", path, body, Content_Type="application/x-test")
    assert (sent.status, sent.json) == (200, {"key": "a/b.bin", "done": "PUT"})
    part = disk.get(path, Range="bytes=250-259")
    assert (part.status, part.body) == (206, bytes([250, 251, 252, 253, 254, 255, 0, 1, 2, 3]))
    assert part.headers["Content-Type"] == "application/x-test"
    assert part.headers["X-Content-Type-Options"] == "nosniff"
    assert disk.ask("DELETE", path).status == 200
    gone = disk.get(path)
    assert (gone.status, gone.json["error"]) == (404, "The specified key does not exist.")


@pytest.mark.parametrize("path", ["content/missing-bucket?key=a", "content/examplebucket"])
def test_upload_that_is_refused_gets_one_sentence(disk: Admin, path: str) -> None:
    refused = disk.ask("PUT", f"/_emulator/{path}", b"x" * 100_000)
    assert refused.status in (400, 404)
    assert refused.json["error"].endswith(".")


def test_what_the_console_does_is_not_in_the_journal(disk: Admin) -> None:
    disk.ask("PUT", "/_emulator/content/examplebucket?key=a", b"x")
    assert disk.get("/_emulator/requests").json["entries"] == []


def test_rows_come_as_events_and_go_on_after_the_last(disk: Admin) -> None:
    disk.get("/examplebucket/first")
    connection, response = stream(disk, "/_emulator/requests?by=time&q=examplebucket")
    number, rows = read_event(response)
    assert "examplebucket/first" in rows
    disk.get("/other/second")
    disk.get("/examplebucket/third", "<script>")
    last, rows = read_event(response)
    assert last == number + 2
    assert "third" in rows
    assert "second" not in rows
    assert "&lt;script&gt;" in rows
    connection.close()


def test_stream_ends_with_the_server() -> None:
    with Emulator() as emulator:
        connection, response = stream(Admin(emulator), "/_emulator/requests")
        emulator.stop()
        assert b"rows" not in response.read()
        connection.close()


def test_stream_begins_with_what_changed_since_the_page(
    disk: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules that change while a page connects are not lost; a current page gets nothing."""
    disk.get("/examplebucket/x", "https://www.example.com/")
    last = disk.get("/_emulator/requests").json["last"]
    disk.emulator.put("/examplebucket?referer", referer_xml.format(RefererConfiguration(True)))
    connection, response = stream(disk, f"/_emulator/requests?since={last}")
    number, sent = read_overview(response)
    assert "changed" in sent["overview"]
    connection.close()
    monkeypatch.setattr(journal, "PING", 0.1)
    connection, response = stream(
        disk, f"/_emulator/requests?since={number}&changes={sent['changes']}"
    )
    assert b"journal" in response.readline()
    assert response.readline() == b"\n"
    assert response.readline().startswith(b":")
    connection.close()


def test_stream_says_what_the_api_changes(disk: Admin) -> None:
    disk.get("/examplebucket/x", "https://www.example.com/")
    connection, response = stream(disk, "/_emulator/requests")
    assert "www.example.com" in read_overview(response)[1]["overview"]
    disk.ask("DELETE", "/_emulator/buckets/examplebucket")
    assert "www.example.com" not in read_overview(response)[1]["overview"]
    connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "journal"),
        ("POST", "requests/restore"),
        ("POST", "reset"),
    ],
)
def test_stream_ends_with_a_new_name_after_the_journal_is_cleared_or_restored(
    disk: Admin, method: str, path: str
) -> None:
    """The page then loads its list again, also if another client did it."""
    connection, response = stream(disk, "/_emulator/requests")
    before = json.loads(response.readline().removeprefix(b"data: "))["journal"]
    disk.ask(method, f"/_emulator/{path}")
    *_, after = re.findall(rb'"journal": "([^"]+)"', response.read())
    assert after.decode().split(".")[0] == before.split(".")[0]
    assert after.decode() != before
    connection.close()


def test_bad_filter_of_a_stream_is_refused(disk: Admin) -> None:
    headers = {"Accept": "text/event-stream"}
    assert disk.ask("GET", "/_emulator/requests?q=status:x", **headers).status == 400


def test_other_machine_logs_in_with_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_is_loopback", lambda remote: False)
    with Emulator(admin_token="s3cret") as emulator:
        admin = Admin(emulator)
        led = admin.ask("GET", "/_emulator/rules/b", **PAGE)
        assert (led.status, led.headers["Location"]) == (
            303,
            "/_emulator/login?next=/_emulator/rules/b",
        )
        assert admin.get("/_emulator/rules").status == 403
        assert admin.ask("GET", "/_emulator/login", **PAGE).status == 200
        assert admin.get("/_emulator/static/base.css").status == 200
        wrong = admin.ask("POST", "/_emulator/login", {"token": "guess"})
        assert (wrong.status, "Set-Cookie" in wrong.headers) == (403, False)
        right = admin.ask("POST", "/_emulator/login", {"token": "s3cret"})
        cookie = right.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/_emulator/"} <= set(cookie.split("; "))
        session = {"Cookie": cookie.partition(";")[0]}
        assert admin.ask("GET", "/_emulator/rules", **session).status == 200
        ended = admin.ask("DELETE", "/_emulator/login", **session)
        assert "Max-Age=0" in ended.headers["Set-Cookie"]


def test_login_works_without_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form sends itself; only the login page's own origin may do so."""
    monkeypatch.setattr(access, "_is_loopback", lambda remote: False)
    with Emulator(admin_token="s3 cret") as emulator:

        def send(token: str, origin: str = emulator.endpoint) -> requests.Response:
            return requests.post(
                f"{emulator.endpoint}/_emulator/login",
                data={"token": token, "next": "/_emulator/rules"},
                headers={**PAGE, "Origin": origin, "Sec-Fetch-Site": "same-origin"},
                allow_redirects=False,
                timeout=20,
            )

        wrong = send("guess")
        assert (wrong.status_code, "Set-Cookie" in wrong.headers) == (403, False)
        assert "This is not the value of --admin-token." in wrong.text
        assert 'value="/_emulator/rules"' in wrong.text
        foreign = send("s3 cret", "https://evil.test")
        assert (foreign.status_code, "Set-Cookie" in foreign.headers) == (403, False)
        right = send("s3 cret")
        assert (right.status_code, right.headers["Location"]) == (303, "/_emulator/rules")
        cookie = {"Cookie": right.headers["Set-Cookie"].partition(";")[0]}
        assert Admin(emulator).ask("GET", "/_emulator/rules", **cookie).status == 200


def test_browser_is_led_to_the_console_and_others_are_not(disk: Admin) -> None:
    led = disk.ask("GET", "/", **PAGE)
    assert (led.status, led.headers["Location"]) == (302, "/_emulator/")
    assert disk.ask("GET", "/_emulator/", **PAGE).headers["Location"] == ("/_emulator/requests")
    assert disk.get("/").status == 403
    of_bucket = disk.ask("GET", "/", **{**PAGE, "Host": "examplebucket.localhost"})
    assert (of_bucket.status, "<Code>AccessDenied</Code>" in of_bucket.text) == (403, True)
