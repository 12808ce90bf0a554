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
from oss_emulator.control.api.events import MAX_BEHIND
from oss_emulator.protocol.message import Response
from oss_emulator.settings import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET

from tests.cli.forking import serving
from tests.cli.logline import LINE
from tests.cli.process import Running
from tests.http.administration import REFERER, Admin, Answer

JOURNAL = "/_emulator/journal"


def test_entry_has_the_decisions(site: Admin) -> None:
    site.get("/examplebucket/a", REFERER)
    site.get("/examplebucket/a", "http://evil/?x=1")
    site.get("/other/a")
    allowed, denied, missing = site.get(JOURNAL).json["entries"]
    assert allowed["number"] < denied["number"] < missing["number"]
    assert (allowed["status"], allowed["decision"]["entry"]) == (200, REFERER)
    assert allowed["operation"] == "GetObject"
    assert allowed["sent_bytes"] == 10
    assert (denied["status"], denied["code"], denied["ec"]) == (
        403,
        "AccessDenied",
        "0003-00000503",
    )
    assert denied["referer"] == "http://evil/?x=1"
    assert denied["decision"]["referer"] == "http://evil/"
    assert denied["decision"]["steps"][-1]["sentence"] == "No whitelist entry matches."
    assert (missing["code"], missing["decision"]) == ("NoSuchBucket", None)
    verdicts = [entry["verdict"] for entry in (allowed, denied, missing)]
    assert verdicts == ["allowed", "denied", "not-checked"]


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


@pytest.mark.parametrize(
    ("query", "statuses"),
    [
        ("", [200, 403, 404]),
        ("verdict=denied", [403]),
        ("verdict=allowed", [200]),
        ("verdict=not-checked", [404]),
        ("bucket=examplebucket", [200, 403]),
        ("bucket=examplebucket&verdict=denied", [403]),
        ("bucket=none", []),
        ("status=403", [403]),
        ("ec=0003-00000503", [403]),
        ("method=GET", [200, 403, 404]),
        ("method=PUT", []),
        ("referer=EVIL", [403]),
        ("text=Other", [404]),
        ("text=nosuchbucket&verdict=not-checked", [404]),
        ("text=&bucket=", [200, 403, 404]),
        ("limit=1", [404]),
        ("limit=2&bucket=examplebucket", [200, 403]),
        ("since=FIRST", [403, 404]),
        ("since=FIRST&limit=1&verdict=denied", [403]),
    ],
)
def test_journal_is_filtered(site: Admin, query: str, statuses: list[int]) -> None:
    site.get("/examplebucket/a", REFERER)
    site.get("/examplebucket/a", "http://evil/")
    site.get("/other/a")
    first = site.get(JOURNAL).json["entries"][0]["number"]
    entries = site.get(f"{JOURNAL}?{query.replace('FIRST', str(first))}").json["entries"]
    assert [entry["status"] for entry in entries] == statuses


def test_journal_is_cleared(site: Admin) -> None:
    site.get("/examplebucket/a", REFERER)
    (entry,) = site.get(JOURNAL).json["entries"]
    assert site.send("DELETE", JOURNAL).json == {"entries": []}
    assert site.get(JOURNAL).json == {"entries": []}
    site.get("/examplebucket/a", REFERER)
    assert site.get(JOURNAL).json["entries"][0]["number"] == entry["number"] + 1


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


def test_long_poll_answers_at_once_if_there_are_entries(site: Admin) -> None:
    site.get("/examplebucket/a", REFERER)
    assert len(site.get(f"{JOURNAL}?wait=20").json["entries"]) == 1


def test_long_poll_times_out_with_an_empty_answer(site: Admin) -> None:
    assert site.get(f"{JOURNAL}?wait=0.01").json == {"entries": []}


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
def following(emulator: Emulator, query: str = "", last: int | None = None) -> Iterator[Follower]:
    """Follow the journal like a browser that has seen the entry `last`."""
    connection = HTTPConnection("127.0.0.1", emulator.port, timeout=20)
    headers = {"Accept": "text/event-stream"}
    if last is not None:
        headers["Last-Event-ID"] = str(last)
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


def test_each_follower_gets_the_entries_of_its_filter(site: Admin) -> None:
    wanted = {"": [200, 403, 404], "?verdict=denied": [403], "?bucket=other": [404]}
    queries = [*wanted] * 5
    with ExitStack() as stack:
        followers = [stack.enter_context(following(site.emulator, query)) for query in queries]
        site.get("/examplebucket/a", REFERER)
        site.get("/examplebucket/a", "http://bad/")
        site.get("/other/a")
        for query, follower in zip(queries, followers, strict=True):
            assert [follower.next()["status"] for _ in wanted[query]] == wanted[query]


def test_follower_resumes_after_its_last_entry(site: Admin) -> None:
    for _ in range(3):
        site.get("/examplebucket/a", REFERER)
    with following(site.emulator) as follower:
        first = follower.next()["number"]
    with following(site.emulator, last=first) as follower:
        assert [follower.next()["number"] for _ in range(2)] == [first + 1, first + 2]
        site.get("/examplebucket/a", REFERER)
        assert follower.next()["number"] == first + 3


def test_slow_follower_loses_old_entries_and_delays_nobody(site: Admin) -> None:
    site.get("/examplebucket/a", REFERER)
    journal = site.emulator.controls.journal
    with following(site.emulator) as slow:
        seen = slow.next()["number"]

        def record() -> None:
            """Record more entries at once than a follower may be behind."""
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
