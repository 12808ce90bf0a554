"""`parity`: what it finds at emulators whose assumptions are known, and what it leaves behind."""

from __future__ import annotations

import json
import re
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import oss2
import pytest
from oss2.credentials import StaticCredentialsProvider
from oss_emulator import Emulator
from oss_emulator.cli import main
from oss_emulator.cli.client import ServiceClient, Signer
from oss_emulator.cli.parity import Experiment
from oss_emulator.parity.inquiries import Reply
from oss_emulator.pipeline import referer as pipeline
from oss_referer import Assumptions, RefererConfiguration, RefererPolicy
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
from oss_referer.sources import referer_xml
from oss_referer.sources.account import GivenKey
from oss_referer.terminal.parser import CommandError

from tests.cases import read_cases
from tests.cli.forking import Forked
from tests.client import PATIENCE
from tests.thorough import THOROUGH

CASES = read_cases("cli")

BUCKET = "parity-bucket"
RULES = RefererConfiguration(
    allow_empty_referer=False, whitelist=("https://www.example.com/",), blacklist=("https://b/",)
)
BLOCK = (
    b"<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess>"
    b"</PublicAccessBlockConfiguration>"
)


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    with Emulator() as emulator:
        monkeypatch.setenv("OSS_ENDPOINT", emulator.endpoint)
        yield emulator


@pytest.fixture
def old_bucket(emulator: Emulator) -> oss2.Bucket:
    """A bucket with rules and an object, as a user may have it."""
    bucket = emulator.bucket(BUCKET, acl="private", rules=RULES)
    bucket.put_object("precious", b"content")
    return bucket


@pytest.fixture
def without_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepare the bucket and restore it, and send nothing in between."""
    monkeypatch.setattr("oss_emulator.cli.parity.ask_all", lambda *_: {})


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run `parity` and return its exit status and what it printed."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["parity", "--bucket", BUCKET, *arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def buckets(emulator: Emulator) -> list[str]:
    provider = StaticCredentialsProvider(emulator.access_key_id, emulator.access_key_secret)
    service = oss2.Service(oss2.ProviderAuthV4(provider), emulator.endpoint, region=emulator.region)
    return [bucket.name for bucket in service.list_buckets().buckets]


def rules_of(emulator: Emulator) -> bytes | None:
    record = emulator.run(lambda: emulator.service.storage.bucket(BUCKET))
    return None if record is None else record.documents.get("referer")


def facts(output: str) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for item in json.loads(output)["facts"]:
        found.setdefault(item["fact"], []).append(item)
    return found


def unconfirmed(output: str) -> dict[str, str]:
    """Return why facts were not confirmed."""
    return {
        number: item["why"]
        for number, items in facts(output).items()
        for item in items
        if item["conclusion"] != "confirmed"
    }


# --- the assumptions that are found

SINGLE = [assumptions for _, assumptions in DEFAULT.alternatives()]
BESIDE: dict[str, list[Any]] = {}
"""The variants that are found whatever holds elsewhere."""
for field, default in DEFAULT.chosen().items():
    apart = (default, CheckedRequests.ALL_SIGNED_URLS)
    BESIDE[field] = [variant for variant in type(default) if variant not in apart]
TOGETHER = [
    replace(DEFAULT, **{field: each[row] for field, each in BESIDE.items() if row < len(each)})
    for row in range(max(map(len, BESIDE.values())))
]
"""Each variant once, with as many others as there are."""
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
@pytest.mark.parametrize(
    "assumptions", [*TRIED, *([DEFAULT, *SINGLE, *PAIRS] if THOROUGH else [])], ids=name
)
def test_every_variant_is_found_and_written(
    assumptions: Assumptions,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
) -> None:
    file = tmp_path / "assumptions.toml"
    with Emulator(assumptions=assumptions) as emulator:
        monkeypatch.setenv("OSS_ENDPOINT", emulator.endpoint)
        status, output, announced = run("--json", "--write", str(file))
        sent = len(emulator.journal)
        assert buckets(emulator) == []
    assert toml.read(file) == assumptions
    text = file.read_text(encoding="utf-8")
    heading, _, rest = text.partition("\n")
    decided = [line for line in rest.splitlines(keepends=True) if line[0] != "#"]
    assert "".join(decided) == toml.format(assumptions)
    assert re.fullmatch(
        r"# Found by oss-emulator parity at http://\S+ on \d{4}-\d\d-\d\d\.", heading
    )
    said = json.loads(output)
    # Then the copy is denied as a signed URL, whatever holds for its source.
    all_urls = assumptions.checked_requests is CheckedRequests.ALL_SIGNED_URLS
    hidden = {"copy_source"} if all_urls else set()
    assert said["assumptions"].keys() == assumptions.chosen().keys() - hidden
    assert said["assumptions"].items() <= assumptions.chosen().items()
    assert status == (assumptions != DEFAULT)
    for item in said["facts"]:
        if item["assumption"] in hidden:
            assert item["conclusion"] == "could not be seen"
            continue
        differs = item["found"] != item["expected"]
        assert item["conclusion"] == ("differs" if differs else "confirmed"), item
    few, most = map(int, re.findall(r"(\d+)[ ,]", announced)[:2])
    assert said["requests"] == sent <= few < most


# --- buckets are left as they were


def test_existing_bucket_is_used_only_with_yes(
    emulator: Emulator, old_bucket: oss2.Bucket, run: Callable[..., tuple[int, str, str]]
) -> None:
    before = len(emulator.journal)
    status, output, error = run("--bucket", f"oss://{BUCKET}")
    assert (status, output) == (2, "")
    assert error == (
        f"oss-emulator: oss://{BUCKET} exists; add --yes to replace its rules for a while, or name "
        "a bucket that does not exist\n"
    )
    assert all(entry.request.method == "GET" for entry in emulator.journal[before:])


def test_existing_bucket_is_restored(
    emulator: Emulator, old_bucket: oss2.Bucket, run: Callable[..., tuple[int, str, str]]
) -> None:
    before = len(emulator.journal)
    status, output, _ = run("--yes", "--json")
    assert status == 0
    found = facts(output)
    for number in ("R-02", "R-15"):
        assert [item["conclusion"] for item in found.pop(number)] == ["could not be seen"]
    assert {item["conclusion"] for items in found.values() for item in items} == {"confirmed"}
    kept = rules_of(emulator)
    assert kept is not None
    assert referer_xml.parse(kept) == RULES
    assert [item.key for item in oss2.ObjectIterator(old_bucket)] == ["precious"]
    changed = [
        entry.request.query_string
        for entry in emulator.journal[before:]
        if entry.request.method == "PUT" and "acl" in entry.request.query
    ]
    assert changed == []


def test_bucket_with_versions_is_refused(
    old_bucket: oss2.Bucket, run: Callable[..., tuple[int, str, str]]
) -> None:
    old_bucket.put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    status, _, error = run("--yes")
    assert status == 2
    assert "the bucket has versioning" in error


def interrupt_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C once, while the request after so many is under way."""
    send = ServiceClient.send

    def interrupted(client: ServiceClient, *request: Any, **body: Any) -> Reply:
        reply = send(client, *request, **body)
        if client.sent == count:
            raise KeyboardInterrupt
        return reply

    monkeypatch.setattr(ServiceClient, "send", interrupted)


@pytest.mark.parametrize("count", [2, 3, 5, 30, 110])
def test_interruption_deletes_the_bucket(
    count: int,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., tuple[int, str, str]],
) -> None:
    interrupt_after(count, monkeypatch)
    status, _, error = run()
    assert status == 130
    assert error == f"oss-emulator: interrupted; oss://{BUCKET} was deleted again\n"
    assert buckets(emulator) == []


@pytest.mark.parametrize("count", [3, 5, 100])
def test_interruption_restores_an_existing_bucket(
    count: int,
    emulator: Emulator,
    old_bucket: oss2.Bucket,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., tuple[int, str, str]],
) -> None:
    interrupt_after(count, monkeypatch)
    status, _, error = run("--yes")
    assert status == 130
    assert error == f"oss-emulator: interrupted; oss://{BUCKET} has its rules back\n"
    kept = rules_of(emulator)
    assert kept is not None
    assert referer_xml.parse(kept) == RULES
    assert [item.key for item in oss2.ObjectIterator(old_bucket)] == ["precious"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_restores_the_bucket(number: signal.Signals, emulator: Emulator) -> None:
    """Before it changes anything, the command says how many requests it sends, and how fast."""
    command = ["parity", "--bucket", BUCKET, "--rate", "20", "--endpoint", emulator.endpoint]
    entries = threading.Semaphore(0)
    emulator.run(lambda: emulator.controls.journal.listen(lambda _: entries.release()))
    with tempfile.TemporaryFile("w+b") as error, Forked(command, error) as process:
        announced = process.stdout.readline().decode()
        assert re.fullmatch(
            rf"About \d+ requests to oss://{BUCKET}, at most \d+, 20 a second.\n", announced
        )
        for _ in range(11):
            assert entries.acquire(timeout=PATIENCE)
        assert buckets(emulator) == [BUCKET]
        process.send_signal(number)
        assert (process.wait(PATIENCE), process.stdout.read()) == (130, b"")
        error.seek(0)
        said = f"oss-emulator: interrupted; oss://{BUCKET} was deleted again\n"
        assert error.read().decode() == said
    assert buckets(emulator) == []


def refuse_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose the service after so many requests."""
    send = ServiceClient.send

    def lost(client: ServiceClient, *request: Any, **body: Any) -> Reply:
        if client.sent >= count:
            raise CommandError("http://lost does not answer: timed out")
        return send(client, *request, **body)

    monkeypatch.setattr(ServiceClient, "send", lost)


def test_what_is_left_is_said_if_the_service_is_lost(
    monkeypatch: pytest.MonkeyPatch,
    emulator: Emulator,
    run: Callable[..., tuple[int, str, str]],
) -> None:
    refuse_after(30, monkeypatch)
    status, _, error = run()
    assert status == 2
    assert error.count("\n") == 1
    assert f"oss://{BUCKET}: the bucket is left (http://lost does not answer" in error
    assert error.count("the object oss-emulator-parity-") == 3
    assert buckets(emulator) == [BUCKET]


@pytest.mark.usefixtures("without_questions")
@pytest.mark.parametrize("problem", [CommandError("reset"), KeyboardInterrupt(), None])
def test_restoring_is_tried_again(
    problem: BaseException | None,
    monkeypatch: pytest.MonkeyPatch,
    emulator: Emulator,
    old_bucket: oss2.Bucket,
    run: Callable[..., tuple[int, str, str]],
) -> None:
    send, failed = ServiceClient.send, set()

    def fail_once(
        client: ServiceClient, method: str, bucket: str, key: str, *rest: Any, **body: Any
    ) -> Reply:
        if method == "DELETE" and key not in failed:
            failed.add(key)
            if problem:
                raise problem
            return Reply(503)
        return send(client, method, bucket, key, *rest, **body)

    monkeypatch.setattr(ServiceClient, "send", fail_once)
    status, _, error = run("--yes")
    assert (status, error) == (0, "")
    assert len(failed) == 3
    assert [item.key for item in oss2.ObjectIterator(old_bucket)] == ["precious"]


def test_rules_that_could_not_be_put_back_are_said(
    monkeypatch: pytest.MonkeyPatch,
    old_bucket: oss2.Bucket,
    run: Callable[..., tuple[int, str, str]],
) -> None:
    refuse_after(30, monkeypatch)
    _, _, error = run("--yes")
    assert "the rules could not be put back; they were <?xml" in error
    assert "<Referer>https://www.example.com/</Referer>" in error


# --- what cannot be seen


def test_blocked_public_access_hides_anonymous_requests_only(
    emulator: Emulator, old_bucket: oss2.Bucket, run: Callable[..., tuple[int, str, str]]
) -> None:
    """P-45"""
    emulator.put(f"/{BUCKET}?publicAccessBlock", BLOCK)
    status, output, _ = run("--yes", "--json")
    assert status == 0
    unseen = unconfirmed(output)
    assert set(unseen) == {"R-01", "R-02", "R-15"}
    assert "public-read" in unseen["R-01"]


def test_new_account_hides_public_objects_only(
    monkeypatch: pytest.MonkeyPatch, run: Callable[..., tuple[int, str, str]]
) -> None:
    """P-60"""
    with Emulator(new_account=True) as emulator:
        monkeypatch.setenv("OSS_ENDPOINT", emulator.endpoint)
        status, output, _ = run("--json")
        assert buckets(emulator) == []
    assert status == 0
    unseen = unconfirmed(output)
    assert set(unseen) == {"R-01", "R-02"}
    assert all("public-read" in why and "403 AccessDenied" in why for why in unseen.values())


# --- input and output


def test_output_fits_into_80_columns(
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., tuple[int, str, str]],
) -> None:
    monkeypatch.setattr("oss_emulator.parity.asking.TRIES", 2)
    monkeypatch.setattr(
        pipeline,
        "RefererPolicy",
        type("Policies", (), {"compile": lambda *_: RefererPolicy.compile(RULES)}),
    )
    _, output, _ = run()
    lines = output.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("R-20  could not be seen") for line in lines)
    assert re.search(r"^R-13  ", output, re.M)
    assert re.search(r"^confirmed: \d+, differs: \d+, could not be seen: \d+$", output, re.M)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "ftp://127.0.0.1", "http://a:b"])
def test_unusable_endpoint_is_one_sentence(
    endpoint: str, run: Callable[..., tuple[int, str, str]]
) -> None:
    status, output, error = run("--endpoint", endpoint)
    assert (status, output) == (2, "")
    assert re.fullmatch(
        r"oss-emulator: (http://127.0.0.1:1 does not answer: .+|'.+' is not an endpoint; .+)\n",
        error,
    )


@pytest.mark.parametrize(("variables", "words"), CASES["refusal_of_the_key_is_one_sentence"])
def test_refusal_of_the_key_is_one_sentence(
    variables: Mapping[str, str],
    words: str,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., tuple[int, str, str]],
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    status, _, error = run()
    assert status == 2
    sentence = rf"oss-emulator: oss://{BUCKET}: PutBucket was answered {words} [\d-]+\n"
    assert re.fullmatch(sentence, error)


@pytest.mark.usefixtures("without_questions")
def test_file_that_cannot_be_written_is_one_sentence(
    emulator: Emulator, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    status, _, error = run("--write", str(tmp_path / "missing" / "file"))
    assert status == 2
    assert "the file cannot be written: No such file" in error
    assert buckets(emulator) == []


@pytest.mark.parametrize("rate", ["0", "-1", "inf", "nan", "fast"])
def test_bad_rate_is_refused(rate: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["parity", "--bucket", BUCKET, "--rate", rate])
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


def test_pauses_give_rules_time_to_take_effect(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("oss_emulator.cli.parity.time.sleep", slept.append)
    signer = Signer(GivenKey("id", "secret", None), "cn-beijing")
    Experiment(ServiceClient(emulator.endpoint, None), signer, BUCKET, 1.5).pause()
    assert slept == [1.5]


@pytest.mark.parametrize("token", [None, "a/token+="])
@pytest.mark.parametrize("key", ["folder/a b+ü", "a"])
def test_signed_urls_are_those_of_the_sdk(key: str, token: str | None) -> None:
    """P-14"""
    provider = StaticCredentialsProvider("id", "secret", token)
    auth = oss2.ProviderAuthV4(provider)
    bucket = oss2.Bucket(auth, "http://127.0.0.1", BUCKET, region="cn-beijing")
    signer = Signer(GivenKey("id", "secret", token), "cn-beijing")
    params = {"x-oss-process": "image/resize,w_10"}
    for _ in range(5):  # again, if the second has changed in between
        theirs = parse_qs(urlsplit(bucket.sign_url("GET", key, 3600, params=dict(params))).query)
        ours = parse_qs(signer.sign_url("GET", BUCKET, key, params))
        if ours["x-oss-date"] == theirs["x-oss-date"]:
            break
    assert ours == theirs
