"""The journal without a socket: the entries it keeps, its listeners, the content of an entry."""

import time
import tracemalloc
import weakref

import pytest
from oss_emulator.control.faults import Fault
from oss_emulator.control.journal import Journal, JournalEntry, RefererResult, weigh
from oss_emulator.operations.admission import Admission, Refused, refuse
from oss_emulator.operations.call import NO_BODY, Body
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.form import FormReader
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import Settings
from oss_emulator.storage.blobs import MemoryBlob
from oss_referer.traffic import accesslog

from tests.rows import read_cases

CASES = read_cases("unit.control")

RULES = b"""<RefererConfiguration>
  <AllowEmptyReferer>false</AllowEmptyReferer>
  <RefererList><Referer>http://www.example.com/</Referer></RefererList>
</RefererConfiguration>"""


@pytest.fixture
def service() -> Service:
    """A service with one public bucket that has Referer rules."""
    service = Service(Settings())
    for target, body in [("/examplebucket", b""), ("/examplebucket?referer", RULES)]:
        fields = [("Host", "localhost"), ("x-oss-acl", "public-read")]
        request = Request.parse("PUT", target, fields, time.time())
        assert service.handle(request, body, caller=service.accounts.owner).status == 200
    return service


def ask(
    service: Service, target: str = "/examplebucket/a", referer: str = ""
) -> Admission | Refused:
    """Return the outcome of admission for an anonymous GET."""
    fields = [("Host", "localhost"), ("User-Agent", 'a "b"')]
    if referer:
        fields.append(("Referer", referer))
    return service.admit(Request.parse("GET", target, fields, 1_700_000_000.25, "192.0.2.1"))


def record(journal: Journal, outcome: Admission | Refused) -> JournalEntry:
    return journal.record(outcome, Response(404), 0, 0.0)


def test_entries_are_numbered_and_the_last_are_kept(service: Service) -> None:
    journal = Journal(size=3)
    for _ in range(5):
        record(journal, ask(service))
    assert [entry.number for entry in journal.entries()] == [3, 4, 5]
    assert [entry.number for entry in journal.entries(since=4)] == [5]
    assert journal.entries(since=5) == []
    assert Journal().size == 1000


def test_numbers_continue_after_clear(service: Service) -> None:
    journal = Journal()
    first = record(journal, ask(service))
    journal.clear()
    assert journal.entries() == []
    assert record(journal, ask(service)).number == first.number + 1


def test_cleared_entries_are_restored_before_later_ones(service: Service) -> None:
    journal = Journal(size=4)
    for _ in range(3):
        record(journal, ask(service))
    journal.clear()
    journal.clear()  # nothing to remove: what can be restored stays
    assert journal.entry(2) is None
    later = [record(journal, ask(service)) for _ in range(2)]
    journal.restore()
    assert [entry.number for entry in journal.entries()] == [2, 3, 4, 5]
    assert journal.entries()[2:] == later
    entry = journal.entry(2)
    assert entry is not None
    assert entry.number == 2
    journal.restore()
    assert len(journal.entries()) == 4


def test_entry_is_found_by_its_number_behind_a_gap(service: Service) -> None:
    """Entries between the restored and the later ones went to make room."""
    journal = Journal(limit=400_000)
    for number in range(40):
        record(journal, ask(service))
        if number == 1:
            journal.clear()
        if number > 1:
            record(journal, ask(service, "/examplebucket/" + "k" * 20_000))
    journal.restore()
    numbers = [entry.number for entry in journal.entries()]
    assert numbers[:2] == [1, 2]
    assert numbers[2] > 3
    for number in range(numbers[-1] + 2):
        entry = journal.entry(number)
        assert (entry.number if entry else None) == (number if number in numbers else None)


def test_listeners_are_called_until_they_stop(service: Service) -> None:
    journal = Journal()
    heard: list[list[JournalEntry]] = [[], []]
    stops = [journal.listen(entries.append) for entries in heard]
    one = record(journal, ask(service))
    stops[0]()
    two = record(journal, ask(service))
    assert heard == [[one], [one, two]]


class Blob(MemoryBlob):
    """A blob that tests can reference weakly."""

    __slots__ = ("__weakref__",)


def test_entry_of_a_failed_upload_does_not_hold_its_body(service: Service) -> None:
    fields = [("Host", "localhost"), ("Content-MD5", "A" * 22 + "==")]
    put = Request.parse("PUT", "/examplebucket/a", fields, time.time())
    admitted = service.admit(put, service.accounts.owner)
    assert isinstance(admitted, Admission)
    blob = Blob(b"content")
    body, watched = NO_BODY._replace(content=(blob,), size=7), weakref.ref(blob)
    try:
        service.execute(admitted, body)
    except OSSError as error:
        refused = refuse(admitted, error)
    del blob, body
    journal = Journal()
    entry = journal.record(refused, service.render(refused), 0, 0.0)
    assert entry.code == "InvalidDigest"
    assert watched() is None


def test_entry_keeps_the_request_that_came(service: Service) -> None:
    """PostObject: the fields of a form act as headers, but the entry has those of the request."""
    boundary = "multipart/form-data; boundary=b"
    part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    fields = {"key": "a/b", "x-oss-meta-of": "form", "Content-Type": "text/css", "file": "..."}
    form = "".join(part.format(*field) for field in fields.items()) + "--b--\r\n"
    original = Request.parse(
        "POST", "/examplebucket?", [("Host", "localhost"), ("Content-Type", boundary)], time.time()
    )
    owner = service.accounts.owner
    admitted = service.admit(original, owner)
    assert isinstance(admitted, Admission)
    reader = FormReader(boundary)
    content = reader.feed(form.encode())
    outcome = service.admit_form(admitted, reader.finish())
    assert isinstance(outcome, Admission)
    response = service.execute(outcome, Body.of(content))
    entry = Journal().record(outcome, response, 0, 0.0)
    stored = service.storage.object("examplebucket", "a/b")
    assert stored is not None
    assert stored.headers == {"Content-Type": "text/css", "x-oss-meta-of": "form"}
    assert entry.request is original
    assert entry.request.headers == {"host": "localhost", "content-type": boundary}
    assert (entry.operation, entry.bucket, entry.key) == ("PostObject", "examplebucket", "a/b")
    assert (entry.caller, entry.to_dict()["target"]) == (owner, "/examplebucket")


@pytest.mark.parametrize(
    ("target", "referer", "verdict"),
    [
        ("/examplebucket/a", "http://www.example.com/", RefererResult.ALLOWED),
        ("/examplebucket/a", "http://thief.test/", RefererResult.DENIED),
        ("/examplebucket/a", "", RefererResult.DENIED),
        ("/none/a", "http://www.example.com/", RefererResult.NOT_CHECKED),
        ("/examplebucket", "http://www.example.com/", RefererResult.NOT_CHECKED),
    ],
)
def test_verdict_is_that_of_the_rules(
    service: Service, target: str, referer: str, verdict: RefererResult
) -> None:
    entry = record(Journal(), ask(service, target, referer))
    assert entry.verdict is verdict
    assert entry.to_dict()["verdict"] == verdict.value


def test_entry_as_json_and_as_access_log_line(service: Service) -> None:
    refused = ask(service, "/examplebucket/a%20b?x=1", "http://thief.test/")
    assert isinstance(refused, Refused)
    request_id = refused.known.request_id
    entry = Journal().record(refused, service.render(refused), 356, 0.0123)
    told = entry.to_dict()
    decision, access = told.pop("decision"), told.pop("access")
    assert (decision["allowed"], decision["ec"], access) == (False, "0003-00000503", None)
    assert told == {
        "number": 1,
        "time": "2023-11-14T22:13:20.000Z",
        "request_id": request_id,
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
        "default_domain": None,
        "fault": None,
        "message": "You are denied by bucket referer policy.",
        "sent_bytes": 356,
        "milliseconds": 12.3,
        "test": "",
    }
    line = accesslog.format(entry.to_line(service.storage))
    assert line.startswith(
        "192.0.2.1 - - [14/Nov/2023:22:13:20 +0000] "
        '"GET /examplebucket/a%20b?x=1 HTTP/1.1" 403 356 12 "http://thief.test/" '
        rf'"a \x22b\x22" "localhost" "{request_id}" "true" "-" "GetObject" "examplebucket" '
    )


def test_message_is_that_of_the_answer_without_its_detail(service: Service) -> None:
    error = OSSError(ErrorCase.INVALID_SIGNING_REGION, ErrorDetail="serve --region sets it")
    entry = Journal().record(Refused(ask(service).known, error), Response(400), 0, 0.0)
    assert entry.to_dict()["message"] == error.message
    assert entry.detail == "serve --region sets it"
    assert record(Journal(), ask(service)).detail == ""


def test_entry_tells_the_fault_that_struck_it(service: Service) -> None:
    entry = Journal().record(ask(service), Response(200), 3, 0.0, fault=Fault(cut_body=3))
    assert entry.to_dict()["fault"]["cut_body"] == 3
    assert record(Journal(), ask(service)).to_dict()["fault"] is None


def test_entry_has_the_rules_as_they_were_and_shares_them_with_others(service: Service) -> None:
    """Rules are in memory once for all entries between two changes, as long as one is left."""
    journal = Journal(size=2)
    before = [record(journal, ask(service)) for _ in range(2)]
    assert before[0].rules == RULES
    assert before[0].rules is before[1].rules
    fields = [("Host", "localhost")]
    put = Request.parse("PUT", "/examplebucket?referer", fields, time.time())
    other = RULES.replace(b"example.com", b"example.org")
    assert service.handle(put, other, caller=service.accounts.owner).status == 200
    assert record(journal, ask(service)).rules == other
    assert before[1].rules == RULES
    record(journal, ask(service))
    assert {entry.rules for entry in journal.entries()} == {other}
    assert record(journal, ask(service, "/missing/a")).rules is None


def test_equal_rules_are_in_memory_once(service: Service) -> None:
    journal, found = Journal(), []
    for document in (RULES, RULES.replace(b"www", b"blog"), RULES + b"", bytes(bytearray(RULES))):
        put = Request.parse("PUT", "/examplebucket?referer", [("Host", "x")], time.time())
        assert service.handle(put, document, caller=service.accounts.owner).status == 200
        found.append(record(journal, ask(service)).rules)
    assert found[0] is found[2] is found[3]
    assert found[1] != found[0]


def test_object_size_in_the_access_log_is_that_of_the_storage(service: Service) -> None:
    entry = record(Journal(), ask(service, referer="http://www.example.com/"))
    assert entry.to_line(service.storage).object_size is None
    put = Request.parse("PUT", "/examplebucket/a", [("Host", "localhost")], time.time())
    assert service.handle(put, b"12345", caller=service.accounts.owner).status == 200
    assert entry.to_line(service.storage).object_size == 5
    service.storage.delete_bucket("examplebucket")
    assert entry.to_line(service.storage).object_size is None


@pytest.mark.parametrize(
    ("target", "arn"), CASES["line_of_the_access_log_may_end_with_the_arn_of_the_bucket"]
)
def test_line_of_the_access_log_may_end_with_the_arn_of_the_bucket(
    service: Service, target: str, arn: str
) -> None:
    """P-60"""
    request = Request.parse("GET", target, [("Host", "localhost")], time.time())
    outcome = service.admit(request)
    assert isinstance(outcome, Refused)
    entry = Journal().record(outcome, service.render(outcome), 0, 0.1)
    line = accesslog.format(entry.to_line(service.storage))
    assert accesslog.format(entry.to_line(service.storage, "cn-hangzhou")) == f'{line} "{arn}"'


def test_entry_keeps_the_error_document_and_no_other_body(service: Service) -> None:
    journal = Journal()
    refused = ask(service, "/missing/a")
    assert isinstance(refused, Refused)
    assert "NoSuchBucket" in journal.record(refused, service.render(refused), 0, 0.0).document
    admitted = ask(service, referer="http://www.example.com/")
    assert isinstance(admitted, Admission)
    assert journal.record(admitted, Response(200, {"ETag": "x"}, b"body"), 4, 0.0).document == ""


def send_form(service: Service, fields: dict[str, str]) -> Admission | Refused:
    """Return the outcome of admission for a form with these fields and a file."""
    kind = "multipart/form-data; boundary=b"
    sent = [("Host", "examplebucket.localhost"), ("Content-Type", kind)]
    admitted = service.admit(Request.parse("POST", "/", sent, 1_700_000_000.25))
    assert isinstance(admitted, Admission)
    reader = FormReader(kind)
    for name, value in {**fields, "file": ""}.items():
        reader.feed(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode())
        reader.feed(f"{value}\r\n".encode())
    reader.feed(b"--b--\r\n")
    return service.admit_form(admitted, reader.finish())


def test_form_is_kept_with_short_fields_and_their_lengths(service: Service) -> None:
    outcome = send_form(service, {"key": "a", "policy": "p" * 1_000_000, "x-oss-meta-a": "b"})
    form = record(Journal(), outcome).admission.form
    assert form is not None
    assert form.fields["policy"] == f"{'p' * 256}… (1,000,000 characters)"
    assert form.fields["x-oss-meta-a"] == "b"


def test_form_is_kept_with_its_first_fields(service: Service) -> None:
    fields = {"key": "a", "policy": "p"} | {f"f{n}": "" for n in range(200)}
    form = record(Journal(), send_form(service, fields)).admission.form
    assert form is not None
    assert len(form.fields) == 64


def test_long_header_is_kept_with_its_length_but_host_and_referer_whole(service: Service) -> None:
    referer, host = f"http://a.test/{'r' * 30_000}", "localhost"
    fields = [("Host", host), ("Referer", referer), ("User-Agent", "u" * 30_000)]
    journal = Journal()
    record(journal, service.admit(Request.parse("GET", "/examplebucket/a", fields, 0)))
    (entry,) = journal.entries()
    assert (entry.referer, entry.host) == (referer, host)
    assert entry.headers["user-agent"] == f"{'u' * 4096}… (30,000 characters)"
    assert entry.is_shortened


@pytest.mark.parametrize(("length", "is_shortened"), [(4096, False), (4097, True)])
def test_header_is_shortened_from_4097_characters_on(
    service: Service, length: int, is_shortened: bool
) -> None:
    journal = Journal()
    fields = [("Host", "localhost"), ("X-Long", "x" * length)]
    record(journal, service.admit(Request.parse("GET", "/examplebucket/a", fields, 0)))
    (entry,) = journal.entries()
    assert entry.is_shortened is is_shortened
    assert entry.headers["x-long"] == "x" * 4096 + ("… (4,097 characters)" if is_shortened else "")


def test_oldest_entries_go_when_the_bytes_are_used_up(service: Service) -> None:
    journal = Journal(limit=1_000_000)
    for number in range(300):
        record(journal, ask(service, referer=f"http://{number}.test/{'r' * 20_000}"))
    kept = journal.entries()
    assert journal.dropped == 300 - len(kept) > 250
    assert [entry.number for entry in kept] == [*range(301 - len(kept), 301)]
    assert journal.traffic.whole.denied == 300
    assert journal.traffic.others[2] == journal.traffic.forgotten > 250
    journal.clear()
    assert journal.dropped == 0
    journal.restore()
    assert 0 < len(journal.entries()) < len(kept)


def test_entries_with_many_headers_are_bounded(service: Service) -> None:
    journal = Journal(limit=1_000_000)
    for number in range(50):
        fields = [("Host", "localhost"), *((f"h{number}-{n}", "v") for n in range(1500))]
        record(journal, service.admit(Request.parse("GET", "/examplebucket/a", fields, 0)))
    assert 1 <= len(journal.entries()) < 6


def test_weight_is_at_least_what_an_entry_takes(service: Service) -> None:
    for referer, fields in (("", 0), ("http://a.test/", 0), ("r" * 30_000, 0), ("é" * 9000, 1500)):
        tracemalloc.start()
        try:
            journal, before = Journal(), tracemalloc.get_traced_memory()[0]
            for number in range(50):
                sent = [("Host", "localhost"), ("Referer", f"{referer}{number}")]
                sent += [(f"h{number}-{n}", f"v{n}") for n in range(fields)]
                target = f"/examplebucket/{number}?a={number}"
                record(journal, service.admit(Request.parse("GET", target, sent, number)))
            taken = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        weight = sum(map(weigh, journal.entries()))
        assert taken * 0.9 < weight < taken * 2.5 + 100_000, (referer[:9], taken, weight)
