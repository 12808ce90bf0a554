"""`play --endpoint`: its findings at emulators with known assumptions, and what it leaves."""

from __future__ import annotations

import json
import re
import signal
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import oss2
import pytest
from oss2.credentials import StaticCredentialsProvider
from oss_emulator import Emulator
from oss_emulator.cli import main
from oss_emulator.cli.client import ServiceClient, Signer
from oss_emulator.recording import scenario as scenarios
from oss_emulator.recording.playing import PlayedAnswer
from oss_emulator.recording.scenario import RecordedSignature
from oss_referer import Assumptions, Signing
from oss_referer.engine.assumptions import (
    DEFAULT,
    CheckedRequests,
    CheckOrder,
    CutEntries,
    CutPath,
    EmptyWhitelist,
    WhiteSpace,
)
from oss_referer.sources import assumptions as toml
from oss_referer.sources.account import GivenKey
from oss_referer.terminal.parser import CommandError

from tests.cli.forking import Forked
from tests.client import PATIENCE
from tests.rows import read_cases, rows
from tests.thorough import THOROUGH

CASES = read_cases("cli")

BUCKET = "play-bucket"
STEPS: Any = [
    {
        "request": {"method": "PUT", "bucket": "b", "path": "/key", "body": {"text": "x"}},
        "answer": {"status": 200},
    }
]


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    with Emulator() as emulator:
        monkeypatch.setenv("OSS_ENDPOINT", emulator.endpoint)
        yield emulator


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `play` at an emulator and return its exit status and what it printed."""

    def run(at: Emulator | str, *arguments: str) -> tuple[int, str, str]:
        endpoint = at if isinstance(at, str) else at.endpoint
        status = main(["play", "--endpoint", endpoint, *arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.fixture
def small(tmp_path: Path) -> str:
    """A file with one step."""
    path = tmp_path / "small.json"
    scenario = {"scenario": "s", "steps": STEPS}
    path.write_text(json.dumps({"buckets": {"b": {}}, "scenarios": [scenario]}))
    return str(path)


def buckets(emulator: Emulator) -> list[str]:
    provider = StaticCredentialsProvider(emulator.access_key_id, emulator.access_key_secret)
    service = oss2.Service(oss2.ProviderAuthV4(provider), emulator.endpoint, region=emulator.region)
    return [bucket.name for bucket in service.list_buckets().buckets]


def unconfirmed(output: str) -> dict[str, str]:
    """Return the conclusions that are not "confirmed", by their subject."""
    return {
        item["about"]: item["conclusion"]
        for item in json.loads(output)["facts"]
        if item["conclusion"] != "confirmed"
    }


NEEDS_HOSTS = {"the index page of a website": "not allowed here"}
"""Facts that an endpoint shows only where its buckets have host names."""

# --- the assumptions that are found

SINGLE = [assumptions for _, assumptions in DEFAULT.alternatives()]
BESIDE: dict[str, list[Any]] = {}
"""The variants that are found whatever the other assumptions are."""
for field, default in DEFAULT.chosen().items():
    apart = (default, CheckedRequests.ALL_SIGNED_URLS)
    BESIDE[field] = [variant for variant in type(default) if variant not in apart]
TOGETHER = [
    replace(DEFAULT, **{field: each[row] for field, each in BESIDE.items() if row < len(each)})
    for row in range(max(map(len, BESIDE.values())))
]
"""Each variant once, in as few combinations as possible."""
COMBINED: dict[str, Any] = {
    "checked_requests": CheckedRequests.BUCKETS_TOO,
    "check_order": CheckOrder.AFTER_ACL,
    "empty_whitelist": EmptyWhitelist.DENIES,
    "white_space": WhiteSpace.BLANK_MATCHES,
    "cut_path": CutPath.WITH_SLASH,
    "cut_entries": CutEntries.CUT,
}
PAIRS = [
    replace(DEFAULT, **{field: COMBINED[field] for field in pair})
    for pair in combinations(COMBINED, 2)
]
TRIED = [Assumptions(checked_requests=CheckedRequests.ALL_SIGNED_URLS), *TOGETHER]
if THOROUGH:
    TRIED += [DEFAULT, *SINGLE, *PAIRS]


def name(assumptions: Assumptions) -> str:
    differing = {
        str(variant)
        for field, variant in assumptions.chosen().items()
        if variant is not DEFAULT.chosen()[field]
    }
    return "+".join(sorted(differing)) or "default"


@pytest.mark.thorough
@pytest.mark.parametrize("assumptions", TRIED, ids=name)
def test_every_variant_is_found_and_written(
    assumptions: Assumptions, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "assumptions.toml"
    with Emulator(assumptions=assumptions) as emulator:
        status, output, announced = run(emulator, "--json", "--write", str(file))
        sent = len(emulator.journal)
        assert "ListBuckets" not in {entry.operation for entry in emulator.journal}
        assert buckets(emulator) == []
    assert toml.read(file) == assumptions
    heading, _, rest = file.read_text(encoding="utf-8").partition("\n")
    decided = [line for line in rest.splitlines(keepends=True) if line[0] != "#"]
    assert "".join(decided) == toml.format(assumptions)
    assert re.fullmatch(r"# Found by oss-emulator play at http://\S+ on \d{4}-\d\d-\d\d\.", heading)
    said = json.loads(output)
    # Then the copy is denied as a signed URL, whatever the rules say about its source.
    all_urls = assumptions.checked_requests is CheckedRequests.ALL_SIGNED_URLS
    hidden = {"copy_source"} if all_urls else set()
    assert status == (assumptions != DEFAULT)
    for item in said["facts"]:
        if item["assumption"] in hidden:
            assert item["conclusion"] == "could not be seen"
        elif item["about"] not in NEEDS_HOSTS:
            differs = item["found"] != item["expected"]
            assert item["conclusion"] == ("differs" if differs else "confirmed"), item
    few, most = map(int, re.findall(r"\d+", announced))
    assert sent <= few < most or "refused" in name(assumptions)


def test_own_emulator_is_asked_without_an_endpoint(capsys: pytest.CaptureFixture[str]) -> None:
    """The gate of CI: every answer is the one that is documented or assumed."""
    assert main(["play", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {item["conclusion"] for item in said["facts"]} == {"confirmed"}
    assert said["equal"] == said["answers"] >= 120


# --- other data of the account is not touched, and nothing is left behind


def test_bucket_of_the_same_name_is_not_touched(emulator: Emulator, run: Run, small: str) -> None:
    bucket = emulator.bucket("b-precious")
    bucket.put_object("key", b"content")
    assert run(emulator, small)[0] == 0
    assert buckets(emulator) == ["b-precious"]
    assert bucket.get_object("key").read() == b"content"


def test_public_access_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, run: Run
) -> None:
    """P-45: it takes a moment until public ACLs are allowed."""
    send, refused = ServiceClient.send, list[str]()

    def refuse(
        client: ServiceClient, method: str, bucket: str, key: str, *rest: Any, **body: Any
    ) -> PlayedAnswer:
        if (method, key) == ("PUT", "public") and len(refused) < 3:
            refused.append(key)
            return PlayedAnswer(403)
        return send(client, method, bucket, key, *rest, **body)

    monkeypatch.setattr(ServiceClient, "send", refuse)
    status, output, _ = run(emulator, "--json")
    assert (status, len(refused), unconfirmed(output)) == (0, 3, NEEDS_HOSTS)


def interrupt_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C once, during the request with this number."""
    send = ServiceClient.send

    def interrupted(client: ServiceClient, *request: Any, **body: Any) -> PlayedAnswer:
        reply = send(client, *request, **body)
        if client.sent == count:
            raise KeyboardInterrupt
        return reply

    monkeypatch.setattr(ServiceClient, "send", interrupted)


@pytest.mark.parametrize("count", [1, 5, 110])
def test_interruption_deletes_the_bucket(
    count: int, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    interrupt_after(count, monkeypatch)
    status, _, error = run(emulator)
    assert status == 130
    assert error == "oss-emulator: interrupted; all created buckets were deleted\n"
    assert buckets(emulator) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_deletes_the_bucket(number: signal.Signals, emulator: Emulator) -> None:
    """Before the first change, the command prints how many requests it sends, and how fast."""
    named = ["--rate", "20", "--endpoint", emulator.endpoint]
    entries = threading.Semaphore(0)
    emulator.run(lambda: emulator.controls.journal.listen(lambda _: entries.release()))
    with tempfile.TemporaryFile("w+b") as error, Forked(["play", *named], error) as process:
        announced = process.stdout.readline().decode()
        for _ in range(11):
            assert entries.acquire(timeout=PATIENCE)
        assert len(buckets(emulator)) == 1
        process.send_signal(number)
        assert process.wait(PATIENCE) == 130
        assert re.search(rb"\n(\d+) of \1 answers are equal\n$", process.stdout.read())
        error.seek(0)
        said = error.read().decode()
    pattern = r"About \d+ requests to new buckets, at most \d+, 20 a second.\n"
    assert re.fullmatch(pattern, announced)
    assert said == "oss-emulator: interrupted; all created buckets were deleted\n"
    assert buckets(emulator) == []


def test_leftovers_are_named_if_the_service_is_lost(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, run: Run
) -> None:
    send = ServiceClient.send

    def lost(client: ServiceClient, *request: Any, **body: Any) -> PlayedAnswer:
        if client.sent >= 30:
            raise CommandError("http://lost does not answer: timed out")
        return send(client, *request, **body)

    monkeypatch.setattr(ServiceClient, "send", lost)
    status, _, error = run(emulator)
    assert status == 2
    (left,) = buckets(emulator)
    why = "http://lost does not answer: timed out"
    assert f"oss://{left} and its contents were not deleted ({why})" in error


@pytest.mark.parametrize("problem", [CommandError("reset"), KeyboardInterrupt(), None])
def test_deleting_is_tried_again(
    problem: BaseException | None,
    monkeypatch: pytest.MonkeyPatch,
    emulator: Emulator,
    run: Run,
    small: str,
) -> None:
    send, failed = ServiceClient.send, set[str]()

    def fail_once(
        client: ServiceClient, method: str, bucket: str, key: str, *rest: Any, **body: Any
    ) -> PlayedAnswer:
        if method == "DELETE" and not failed:
            failed.add(key)
            if problem:
                raise problem
            return PlayedAnswer(503)
        return send(client, method, bucket, key, *rest, **body)

    monkeypatch.setattr(ServiceClient, "send", fail_once)
    status, _, error = run(emulator, small)
    assert (status, error, failed) == (0, "", {"key"})
    assert buckets(emulator) == []


def test_interruption_between_two_tries_names_leftovers(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, run: Run, small: str
) -> None:
    send = ServiceClient.send

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    def fail(client: ServiceClient, method: str, *rest: Any, **body: Any) -> PlayedAnswer:
        if method == "DELETE":
            monkeypatch.setattr(time, "sleep", interrupt)
            raise CommandError("reset")
        return send(client, method, *rest, **body)

    monkeypatch.setattr(ServiceClient, "send", fail)
    status, _, error = run(emulator, small)
    (left,) = buckets(emulator)
    said = f"oss-emulator: oss://{left} and its contents were not deleted (interrupted)\n"
    assert (status, error) == (2, said)


def test_bucket_whose_listing_is_not_xml_is_named_as_left(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, run: Run, small: str
) -> None:
    send = ServiceClient.send

    def answer(client: ServiceClient, method: str, *rest: Any, **body: Any) -> PlayedAnswer:
        is_listing = method == "GET" and "versions" in rest[2]
        return PlayedAnswer(200, {}, b"OK") if is_listing else send(client, method, *rest, **body)

    monkeypatch.setattr(ServiceClient, "send", answer)
    status, _, error = run(emulator, small)
    (left,) = buckets(emulator)
    assert (status, error.startswith(f"oss-emulator: oss://{left} and its contents")) == (2, True)


def write_scenario(path: Path, *steps: Any, versioned: bool = False, **others: Any) -> str:
    """Write a file with one bucket and one scenario."""
    answered = [{"answer": {"status": 200}, "request": {"bucket": "b", **step}} for step in steps]
    scenario = {"scenario": "s", "steps": answered}
    buckets = {"b": {"versioned": versioned}}
    path.write_text(json.dumps({"buckets": buckets, "scenarios": [scenario], **others}))
    return str(path)


UPLOAD = {"method": "POST", "path": "/up load/ü", "query": {"uploads": ""}}
CHANNEL = dict(CASES["channel"])
POINT = dict(CASES["point"])
RETENTION = dict(CASES["retention"])
KEY = {"method": "PUT", "path": "/key"}


def retained(mode: str) -> dict[str, Any]:
    until = {"x-oss-object-worm-retain-until-date": "2099-01-01T00:00:00.000Z"}
    return {**KEY, "path": f"/{mode}", "headers": {"x-oss-object-worm-mode": mode, **until}}


HELD = {**KEY, "headers": {"x-oss-object-worm-legal-hold": "ON"}}


@pytest.mark.parametrize(
    ("steps", "versioned"),
    [
        ([UPLOAD], False),
        ([UPLOAD] * 3 + [KEY], True),
        ([CHANNEL, {**CHANNEL, "path": "/%41"}], False),
        ([POINT], False),
        ([RETENTION, KEY], False),
        ([HELD], True),
        ([retained("GOVERNANCE"), HELD, KEY], True),
        ([UPLOAD, CHANNEL, POINT, KEY], False),
    ],
)
def test_everything_that_keeps_a_bucket_is_deleted(
    steps: list[Any], versioned: bool, emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    file = write_scenario(tmp_path / "file.json", *steps, versioned=versioned)
    assert run(emulator, file)[::2] == (0, "")
    assert buckets(emulator) == []


def test_object_that_is_locked_is_named(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    steps = (HELD, retained("COMPLIANCE"), UPLOAD)
    status, _, error = run(emulator, write_scenario(tmp_path / "a", *steps, versioned=True))
    (left,) = buckets(emulator)
    why = r"was not deleted \(the service answered 409 {}\)"
    said = (
        rf"oss-emulator: oss://{left}/COMPLIANCE\?versionId=\w+ {why.format('FileImmutable')}; "
        rf"oss://{left} {why.format('BucketNotEmpty 0015-00000301')}\n"
    )
    assert status == 2
    assert re.fullmatch(said, error)
    found = {item.key for item in emulator.service.storage.versions(left)}
    assert (found, list(emulator.service.storage.uploads(left))) == ({"COMPLIANCE"}, [])


def test_bucket_of_a_preparation_is_not_that_of_the_account(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    bucket = emulator.bucket("mine")
    bucket.put_object("key", b"content")
    before = [{"method": "PUT", "bucket": "mine", "path": "/"}, {**KEY, "bucket": "mine"}]
    assert run(emulator, write_scenario(tmp_path / "a", KEY, before=before))[0] == 0
    assert buckets(emulator) == ["mine"]
    assert bucket.get_object("key").read() == b"content"


@pytest.mark.parametrize("outcome", [PlayedAnswer(503), CommandError("reset")])
def test_bucket_may_exist_although_the_service_did_not_say_so(
    outcome: PlayedAnswer | CommandError,
    monkeypatch: pytest.MonkeyPatch,
    emulator: Emulator,
    run: Run,
    small: str,
) -> None:
    send, late = ServiceClient.send, list[Any]()

    def lose(client: ServiceClient, method: str, *rest: Any, **body: Any) -> PlayedAnswer:
        if method == "PUT" and not late:
            late.append((client, method, *rest))
            if isinstance(outcome, CommandError):
                raise outcome
            return outcome
        reply = send(client, method, *rest, **body)
        if method == "DELETE" and len(late) == 1:
            late.append(send(*late[0], **body))  # the bucket appears only now
            assert len(buckets(emulator)) == 1
        return reply

    monkeypatch.setattr(ServiceClient, "send", lose)
    status, _, error = run(emulator, small)
    assert (status, error.endswith("all created buckets were deleted\n")) == (2, True)
    assert (len(late), buckets(emulator)) == (2, [])


def test_bucket_of_a_request_with_a_query_is_deleted(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    step = {"method": "PUT", "bucket": "other", "path": "/", "query": {"a": "b"}}
    assert run(emulator, write_scenario(tmp_path / "a", step))[0] == 0  # it was created
    assert buckets(emulator) == []


def test_request_to_the_service_itself_creates_no_bucket(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    host = "oss-cn-hangzhou.aliyuncs.com"
    step = {"method": "PUT", "bucket": host, "path": "/", "query": {"publicAccessBlock": ""}}
    status, _, error = run(emulator, write_scenario(tmp_path / "a", step))
    assert (status, error) == (1, "")
    operations = ["PutBucket", "PutPublicAccessBlock", "ListObjectVersions", "DeleteBucket"]
    assert [entry.operation for entry in emulator.journal] == operations


def test_listing_that_repeats_a_page_ends(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, run: Run, small: str
) -> None:
    send = ServiceClient.send
    page = (
        b"<R><IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>"
        b"<NextVersionIdMarker>b</NextVersionIdMarker></R>"
    )

    def answer(client: ServiceClient, method: str, *rest: Any, **body: Any) -> PlayedAnswer:
        is_listing = method == "GET" and "versions" in rest[2]
        return PlayedAnswer(200, {}, page) if is_listing else send(client, method, *rest, **body)

    monkeypatch.setattr(ServiceClient, "send", answer)
    status, _, error = run(emulator, small)
    (left,) = buckets(emulator)
    why = "the list of versions repeats a page"
    said = f"oss-emulator: oss://{left} and its contents were not deleted ({why})\n"
    assert (status, error) == (2, said)


# --- after a failure


def test_failure_keeps_the_answers_before_it(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    interrupt_after(110, monkeypatch)
    files = {flag: tmp_path / flag for flag in ("save", "write", "junit")}
    named = [text for flag, path in files.items() for text in (f"--{flag}", str(path))]
    status, output, error = run(emulator, "--json", *named)
    said = json.loads(output)
    assert (status, error.splitlines()[1:]) == (
        130,
        ["oss-emulator: interrupted; all created buckets were deleted"],
    )
    assert 50 < said["answers"] == said["equal"] < 110
    conclusions = Counter(fact["conclusion"] for fact in said["facts"])
    assert conclusions["confirmed"] > 3
    assert conclusions["could not be seen"] > 0
    assert "was not decided: the command ended before" in files["write"].read_text()
    recording = scenarios.read(files["save"])
    assert sum(len(one.steps) for one in recording.scenarios) == said["answers"]
    assert files["junit"].read_text().count("<testcase ") == said["answers"]


def test_leftovers_are_named_even_if_a_file_cannot_be_written(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    file = write_scenario(tmp_path / "a", retained("COMPLIANCE"), versioned=True)
    status, _, error = run(emulator, file, "--junit", str(tmp_path / "missing" / "file"))
    first, second = error.splitlines()
    assert (status, "oss://" in first, "cannot be written" in second) == (1, True, True)


# --- answers that no service gives

EVIL = "\x1b[31m\x9b2J\u202egnp\u2066"


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """Send answers to one request each, the last one also to all others."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            waiting = list(answers)
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client, suppress(OSError):
                    client.recv(1 << 16)
                    client.sendall(waiting.pop(0) if len(waiting) > 1 else waiting[0])

        Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def http(status: int, body: bytes = b"", **headers: str) -> bytes:
    fields = {"Content-Length": str(len(body)), "Connection": "close", **headers}
    lines = [f"HTTP/1.1 {status} x", *(f"{name}: {text}" for name, text in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def test_bad_error_document_in_a_header_is_no_document(run: Run, tmp_path: Path) -> None:
    file = write_scenario(tmp_path / "a", {**KEY, "method": "HEAD"})
    refused = http(403, b"", **{"x-oss-err": "a", "Content-Type": "application/xml"})
    with answering(http(200), refused, http(204)) as endpoint:
        status, output, error = run(endpoint, file)
    assert (status, "status: expected 200, found 403" in output, error) == (1, True, "")


def test_control_characters_of_answers_are_not_shown(run: Run, tmp_path: Path) -> None:
    document = f"<Error><Code>A{EVIL}</Code><EC>B{EVIL}</EC></Error>".encode()
    evil = document.replace(b"\x1b", b"")  # which XML does not allow
    shown = {"x-oss-b": f"B{EVIL}", "Server": f"C{EVIL}", "Content-Type": "application/xml"}
    saved, junit = tmp_path / "saved", tmp_path / "junit"
    step = {"answer": {"status": 200, "headers": {}}, "request": {"bucket": "b", **KEY}}
    file = tmp_path / "a"
    scenario = {"scenario": "s", "steps": [step]}
    file.write_text(json.dumps({"buckets": {"b": {}}, "scenarios": [scenario]}))
    printed = ""
    for form in ("text", "json", "github", "sarif"):
        with answering(http(200), http(403, evil, **shown)) as endpoint:
            named = ("--format", form, "--save", str(saved), "--junit", str(junit))
            status, output, error = run(endpoint, str(file), *named)
        assert (status, "403 A" in error) == (2, True)
        printed += output + error + saved.read_text() + junit.read_text()
    with answering(http(403, document.replace(b"\x1b", b""))) as endpoint:
        printed += run(endpoint, str(file))[2]
    assert "403 A" in printed
    assert [one for one in printed if not (one.isprintable() or one in "\n\t")] == []
    assert not re.search(r"\\u00(1b|9b)|\\u20[26]", printed)


@pytest.mark.parametrize("part", [b"", b"HTTP/1.1 200 OK\r\nA: b", b"HTTP/1.1 200 OK\r\n\r\n<"])
def test_service_without_whole_answers_ends_the_command(
    part: bytes, monkeypatch: pytest.MonkeyPatch, run: Run, small: str
) -> None:
    """The deletion has no seconds of its own."""
    monkeypatch.setattr("oss_emulator.cli.client.LONGEST", 0.2)
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                asked.append(client)
                client.sendall(part)

        Thread(target=serve, daemon=True).start()
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
        status, _, error = run(endpoint, small)
        listening.shutdown(socket.SHUT_RDWR)
    why = f"{endpoint} does not answer: no answer arrived within 0.2 seconds"
    left = rf"oss://oss-emulator-\w+-b and its contents were not deleted \({why}\)"
    assert status == 2
    assert re.fullmatch(rf"oss-emulator: {why}; {left}\n", error)
    for client in asked:
        client.close()


# --- what an account may not send


def test_new_account_may_use_public_objects_and_not_version_1() -> None:
    """P-45, P-60: public access is unblocked first."""
    with Emulator(new_account=True) as emulator, pytest.MonkeyPatch.context() as patch:
        printed: list[Any] = []
        patch.setattr("oss_emulator.cli.play.formats.print_result", lambda x, _: printed.append(x))
        status = main(["play", "--endpoint", emulator.endpoint])
        assert buckets(emulator) == []
    found = unconfirmed(json.dumps(printed[0].data()))
    refused = {"signed URLs of version 1 are checked": "not allowed here"}
    assert (status, found) == (0, {**NEEDS_HOSTS, **refused})


# --- what is saved


def test_saved_answers_have_nothing_of_the_account(
    monkeypatch: pytest.MonkeyPatch, run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    saved = tmp_path / "saved.json"
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "LTAIprivate")
    with Emulator(access_key_id="LTAIprivate") as emulator:
        status, _, _ = run(emulator, "--save", str(saved))
        ids = {entry.request_id for entry in emulator.journal}
        owner = emulator.bucket("other").get_bucket_info().owner.id
    text = saved.read_text(encoding="utf-8")
    private = ("LTAIprivate", "oss-emulator-", owner, "127.0.0.1", *ids)
    assert status == 0
    assert [value for value in private if value in text] == []
    recording = scenarios.read(saved)
    denied = [
        step
        for one in recording.scenarios
        for step in one.steps
        if "Error/EC=0003-00000503" in step.answer.xml
    ]
    assert {str(step.request.signature) for step in denied} >= {
        "None",
        "signed in the url, V1",
        "signed in the url, V2",
        "signed in the url, V4",
    }
    assert all(
        "Error/Message=You are denied by bucket referer policy." in step.answer.xml
        for step in denied
    )
    # `play` reaches its own emulator by host names over https.
    assert main(["play", str(saved), "--json"]) == 1
    different = json.loads(capsys.readouterr().out)["different"]
    requests = {item["request"].partition(",")[0] for item in different}
    assert requests == {"GET referer/", "OPTIONS referer/open"}


def test_saving_a_file_of_the_reader_warns_of_private_texts(
    emulator: Emulator, run: Run, small: str, tmp_path: Path
) -> None:
    _, _, error = run(emulator, small, "--save", str(tmp_path / "saved.json"))
    said = f"The requests of {small} are saved unchanged; check for private texts."
    assert error == f"{said}\n"


# --- input and output


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "ftp://127.0.0.1", "http://a:b"])
def test_unusable_endpoint_is_one_sentence(endpoint: str, run: Run) -> None:
    status, _, error = run(endpoint)
    assert status == 2
    said = r"oss-emulator: (http://127.0.0.1:1 does not answer: .+|'.+' is not an endpoint; .+)"
    assert re.fullmatch(said, error.strip())


@pytest.mark.parametrize(("variables", "words"), CASES["refusal_of_the_key_is_one_sentence"])
def test_refusal_of_the_key_is_one_sentence(
    variables: Mapping[str, str],
    words: str,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    status, _, error = run(emulator)
    assert status == 2
    sentence = rf"oss-emulator: fresh: PUT referer/: the service answered {words} [\d-]+"
    assert re.fullmatch(rf"{sentence}; all created buckets were deleted\n", error)


@pytest.mark.parametrize("flag", ["--write", "--save"])
def test_file_that_cannot_be_written_is_one_sentence(
    flag: str, emulator: Emulator, run: Run, small: str, tmp_path: Path
) -> None:
    status, _, error = run(emulator, small, flag, str(tmp_path / "missing" / "file"))
    assert status == 2
    assert "the file cannot be written: No such file" in error
    assert buckets(emulator) == []


def test_one_file_is_saved(small: str, run: Run, emulator: Emulator) -> None:
    status, _, error = run(emulator, small, small, "--save", "saved.json")
    assert (status, error) == (2, "oss-emulator: --save needs exactly one FILE\n")


@pytest.mark.parametrize("rate", ["0", "-1", "inf", "nan", "fast"])
def test_bad_rate_is_refused(rate: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["play", "--rate", rate])
    assert "argument --rate" in capsys.readouterr().err


def test_requests_keep_the_rate(monkeypatch: pytest.MonkeyPatch, emulator: Emulator) -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("oss_emulator.cli.client.time.monotonic", lambda: now[0])
    monkeypatch.setattr("oss_emulator.cli.client.time.sleep", sleep)
    client = ServiceClient(emulator.endpoint, rate=4)
    for _ in range(3):
        client.send("GET", BUCKET, "", "", ())
    assert slept == [0.0, 0.25, 0.25]
    assert client.sent == 3


# --- signatures


@rows("token", None, "a/token+=")
@rows("key", "folder/a b+ü", "a")
@rows("version", 1, 2, 4)
def test_signed_urls_are_those_of_the_sdk(version: int, key: str, token: str | None) -> None:
    """P-11, P-13, P-14"""
    provider = StaticCredentialsProvider("id", "secret", token)
    auths = {1: oss2.ProviderAuth, 2: oss2.ProviderAuthV2, 4: oss2.ProviderAuthV4}
    bucket = oss2.Bucket(auths[version](provider), "http://127.0.0.1", BUCKET, region="cn-beijing")
    signer = Signer(GivenKey("id", "secret", token), "cn-beijing")
    params = {"x-oss-process": "image/resize,w_10"}
    for _ in range(5):  # repeat it if the clock moved to the next second in between
        theirs = parse_qs(urlsplit(bucket.sign_url("GET", key, 3600, params=dict(params))).query)
        signature = RecordedSignature(Signing.URL, version)
        ours = parse_qs(signer.sign(signature, "GET", BUCKET, key, params, {})[0])
        if ours == theirs:
            break
    assert ours == theirs
