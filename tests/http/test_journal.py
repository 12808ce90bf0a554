"""The journal over HTTP: entries, filters, long polls, event streams, and the access log."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote

import oss2
import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.control.api.journal import MAX_BEHIND
from oss_emulator.protocol.message import Response
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET

from tests.cli.forking import serving
from tests.cli.process import LINE, Running
from tests.client import Admin, Answer
from tests.http.conftest import REFERER

JOURNAL = "/_emulator/journal"


def test_entry_says_how_the_request_was_signed(site: Admin) -> None:
    bucket = site.emulator.bucket("examplebucket", acl="public-read")
    bucket.get_object("a").read()
    requests.get(bucket.sign_url("GET", "a", 60), headers={"Referer": REFERER}, timeout=20)
    site.get("/examplebucket/a", REFERER)
    entries = site.get(JOURNAL).json["entries"]
    assert [(entry["signed"], entry["access_key_id"], entry["verdict"]) for entry in entries] == [
        ("header", DEFAULT_ACCESS_KEY_ID, "not-checked"),
        ("url", DEFAULT_ACCESS_KEY_ID, "allowed"),
        ("none", "", "allowed"),
    ]


# --- waiting


def test_long_poll_waits_for_a_matching_entry(site: Admin) -> None:
    got: list[Answer] = []
    poll = threading.Thread(
        target=lambda: got.append(site.get(f"{JOURNAL}?verdict=denied&wait=20"))
    )
    poll.start()
    while poll.is_alive():
        site.get("/examplebucket/a", REFERER)
        site.get("/examplebucket/a", "http://evil/")
        poll.join(0.01)
    entries = got[0].json["entries"]
    assert {entry["status"] for entry in entries} == {403}


# --- the event stream


class Follower:
    """A reader of the journal's event stream."""

    def __init__(self, response: HTTPResponse) -> None:
        self.response = response

    def next(self) -> dict[str, Any]:
        """Return the next entry."""
        lines = []
        while (line := self.response.readline()) != b"\n":
            assert line, "the server has ended the events"
            lines.append(line.decode().rstrip())
        number, data = lines
        entry: dict[str, Any] = json.loads(data.removeprefix("data: "))
        assert number == f"id: {entry['number']}"
        return entry


@contextmanager
def following(emulator: Emulator, query: str = "") -> Iterator[Follower]:
    """Follow the journal like a browser."""
    connection = HTTPConnection("127.0.0.1", emulator.port, timeout=20)
    headers = {"Accept": "text/event-stream"}
    try:
        connection.request("GET", JOURNAL + query, headers=headers)
        yield Follower(connection.getresponse())
    finally:
        connection.close()


def test_follower_gets_new_entries(site: Admin) -> None:
    site.get("/examplebucket/a", "http://evil/")
    with following(site.emulator, "?verdict=denied") as follower:
        assert follower.response.headers["Content-Type"] == "text/event-stream"
        assert follower.next()["ec"] == "0003-00000503"
        site.get("/examplebucket/a", REFERER)
        site.get("/examplebucket/a", "http://bad/")
        assert follower.next()["ec"] == "0003-00000502"


def test_slow_follower_loses_old_entries_and_delays_nobody(site: Admin) -> None:
    site.get("/examplebucket/a", REFERER)
    journal = site.emulator.controls.journal
    with following(site.emulator) as slow:
        seen = slow.next()["number"]

        def record() -> None:
            """Record more entries at once than a follower may fall behind."""
            outcome = site.emulator.service.admit(journal.entries()[0].request)
            for _ in range(MAX_BEHIND + 5):
                journal.record(outcome, Response(), 0, 0.0)

        site.emulator.run(record)
        assert site.get("/_emulator/health").status == 200
        assert slow.next()["number"] == seen + 6


def test_follower_does_not_delay_the_end() -> None:
    with Emulator() as emulator, ExitStack() as stack:
        follower = stack.enter_context(following(emulator))
        emulator.stop()
        assert follower.response.read() == b""


# --- the access log

ApiRequest = tuple[str, str, dict[str, str], bytes]

REQUESTS: list[ApiRequest] = [
    ("GET", "/examplebucket/hello.txt", {"Referer": REFERER}, b""),
    ("GET", "/examplebucket/hello.txt?x=1", {"Referer": "http://thief.test/?q"}, b""),
    ("HEAD", "/examplebucket/hello.txt", {}, b""),
    ("GET", "/examplebucket/%E5%9B%BE%20%22.png", {"Referer": REFERER, "User-Agent": 'a "b"'}, b""),
    ("GET", "/examplebucket/hello.txt", {"Referer": REFERER, "Range": "bytes=1-3"}, b""),
    ("GET", "/examplebucket/hello.txt", {"Referer": REFERER, "If-None-Match": "*"}, b""),
    ("PUT", "/examplebucket/new", {"Referer": REFERER}, b"01234"),
    ("OPTIONS", "/examplebucket/hello.txt", {"Origin": "http://a"}, b""),
    ("GET", "/no-such-bucket/a", {}, b""),
    ("GET", "/B/a", {}, b""),
    ("GET", "/examplebucket?somethingNew", {}, b""),
    ("PATCH", "/examplebucket/a", {}, b""),
    ("GET", "/", {}, b""),
]
"""Requests with every kind of outcome that the access log contains."""


def test_journal_and_access_log_agree(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    with serving(tmp_path, "--demo", "--access-log", str(log)) as running:
        for method, target, headers, body in REQUESTS:
            fields = {"User-Agent": "tests", **headers}
            running.ask(method, target, body or None, **fields)
        _use_as_owner(running)
        entries = json.loads(running.ask("GET", JOURNAL).text)["entries"]
        assert running.end() == 0
    matches = [LINE.fullmatch(line) for line in log.read_text().splitlines(keepends=True)]
    lines = [match.groupdict() for match in matches if match is not None]
    assert len(lines) == len(matches) == len(REQUESTS) + 3
    assert [_as_logged(entry) for entry in entries] == [
        {name: line[name] for name in _as_logged(entries[0])} for line in lines
    ]
    for entry, line in zip(entries, lines, strict=True):
        assert abs(entry["milliseconds"] - int(line["ms"])) < 0.51


def _use_as_owner(running: Running) -> None:
    """Make three more entries: an upload, a signed URL and a connection that a fault resets."""
    auth = oss2.AuthV4(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET)
    bucket = oss2.Bucket(auth, running.endpoint, "examplebucket", region="cn-hangzhou")
    bucket.put_object("a b", b"1")
    assert requests.get(bucket.sign_url("GET", "a b", 60), timeout=20).status_code == 200
    fault = b'{"reset": true, "times": 1}'
    assert running.ask("POST", "/_emulator/faults", fault, x_oss_emulator="1").status == 201
    with pytest.raises(oss2.exceptions.RequestError):
        bucket.put_object("c", b"1")
    bucket.session.session.close()


def _as_logged(entry: dict[str, Any]) -> dict[str, str]:
    """Return the fields that an entry shares with a line of the log, in the form of the log."""
    return {
        "remote": entry["remote"],
        "request": f"{entry['method']} {entry['target']} HTTP/1.1",
        "status": str(entry["status"]),
        "bytes": str(entry["sent_bytes"]),
        "referer": entry["referer"] or "-",
        "host": entry["host"],
        "request_id": entry["request_id"],
        "operation": entry["operation"] or "-",
        "bucket": entry["bucket"] or "-",
        "key": quote(entry["key"]) or "-",
        "code": entry["code"] or "-",
        "access_key_id": entry["access_key_id"] or "-",
    }
