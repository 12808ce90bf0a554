"""The journal without a socket: what it remembers, whom it tells, what an entry says."""

import time

import pytest
from oss_emulator import accesslog
from oss_emulator.control.journal import Entry, Journal, Verdict
from oss_emulator.operations.call import NO_BODY, Body, Call
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.settings import Settings

RULES = b"""<RefererConfiguration>
  <AllowEmptyReferer>false</AllowEmptyReferer>
  <RefererList><Referer>http://www.example.com/</Referer></RefererList>
</RefererConfiguration>"""


@pytest.fixture
def service() -> Service:
    """A service with one bucket that anybody may read whom the rules let in."""
    service = Service(Settings())
    for target, body in [("/examplebucket", b""), ("/examplebucket?referer", RULES)]:
        fields = [("Host", "localhost"), ("x-oss-acl", "public-read")]
        request = Request.parse("PUT", target, fields, time.time())
        assert service.handle(request, body, caller=service.accounts.owner).status == 200
    return service


def call(service: Service, target: str = "/examplebucket/a", referer: str = "") -> Call:
    """A GET that was admitted or refused."""
    fields = [("Host", "localhost"), ("User-Agent", 'a "b"')]
    if referer:
        fields.append(("Referer", referer))
    made = service.receive(Request.parse("GET", target, fields, 1_700_000_000.25, "192.0.2.1"))
    try:
        service.admit(made)
    except OSSError as error:
        service.refuse(made, error)
    return made


def test_entries_are_numbered_and_the_last_are_kept(service: Service) -> None:
    journal = Journal(size=3)
    for _ in range(5):
        journal.record(call(service), 404, 0, 0.0)
    assert [entry.number for entry in journal.entries()] == [3, 4, 5]
    assert [entry.number for entry in journal.entries(since=4)] == [5]
    assert journal.entries(since=5) == []


def test_numbers_go_on_after_it_was_cleared(service: Service) -> None:
    journal = Journal()
    first = journal.record(call(service), 404, 0, 0.0)
    journal.clear()
    assert journal.entries() == []
    assert journal.record(call(service), 404, 0, 0.0).number == first.number + 1


def test_who_listens_is_told_until_it_ends(service: Service) -> None:
    journal = Journal()
    heard: list[list[Entry]] = [[], []]
    ends = [journal.listen(entries.append) for entries in heard]
    one = journal.record(call(service), 404, 0, 0.0)
    ends[0]()
    two = journal.record(call(service), 404, 0, 0.0)
    assert heard == [[one], [one, two]]


def test_the_bytes_of_a_request_are_let_go(service: Service) -> None:
    made = call(service)
    made.body = Body.of(b"0" * 1000)
    assert Journal().record(made, 200, 0, 0.0).call.body is NO_BODY


@pytest.mark.parametrize(
    ("target", "referer", "verdict"),
    [
        ("/examplebucket/a", "http://www.example.com/", Verdict.ALLOWED),
        ("/examplebucket/a", "http://thief.test/", Verdict.DENIED),
        ("/examplebucket/a", "", Verdict.DENIED),
        ("/none/a", "http://www.example.com/", Verdict.NOT_CHECKED),
        ("/examplebucket", "http://www.example.com/", Verdict.NOT_CHECKED),
    ],
)
def test_verdict_is_that_of_the_rules(
    service: Service, target: str, referer: str, verdict: Verdict
) -> None:
    entry = Journal().record(call(service, target, referer), 200, 0, 0.0)
    assert entry.verdict is verdict
    assert entry.to_dict()["verdict"] == verdict.value


def test_an_entry_in_json_and_in_the_access_log(service: Service) -> None:
    made = call(service, "/examplebucket/a%20b?x=1", "http://thief.test/")
    entry = Journal().record(made, 403, 356, 0.0123)
    told = entry.to_dict()
    decision, access = told.pop("decision"), told.pop("access")
    assert (decision["allowed"], decision["ec"], access) == (False, "0003-00000503", None)
    assert told == {
        "number": 1,
        "time": "2023-11-14T22:13:20.000Z",
        "request_id": made.request_id,
        "remote": "192.0.2.1",
        "method": "GET",
        "target": "/examplebucket/a%20b?x=1",
        "host": "localhost",
        "operation": "GetObject",
        "bucket": "examplebucket",
        "key": "a b",
        "signed": "none",
        "access_key_id": "",
        "referer": "http://thief.test/",
        "verdict": "denied",
        "status": 403,
        "code": "AccessDenied",
        "ec": "0003-00000503",
        "message": "You are denied by bucket referer policy.",
        "sent_bytes": 356,
        "milliseconds": 12.3,
    }
    line = accesslog.format(entry.to_line())
    assert line.startswith(
        "192.0.2.1 - - [14/Nov/2023:22:13:20 +0000] "
        '"GET /examplebucket/a%20b?x=1 HTTP/1.1" 403 356 12 "http://thief.test/" '
        rf'"a \x22b\x22" "localhost" "{made.request_id}" "true" "-" "GetObject" "examplebucket" '
    )
