"""The API below `/_emulator/` over HTTP, and requests that ask to be explained."""

from __future__ import annotations

import json
import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.control.api import access

from tests.client import Admin
from tests.hard.fuzz import routes
from tests.http.conftest import REFERER

OPEN = {"health": "health", "login": "login", "static/{name}": "static/mark.svg"}
"""The routes that other machines may use, each with a path."""


def test_other_machines_reach_only_what_is_open_to_all(
    site: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_is_loopback", lambda remote: False)
    reached = {
        path
        for method, path in routes()
        if site.ask(method, f"/_emulator/{OPEN.get(path, path)}").status != 403
    }
    assert reached == OPEN.keys()
    for path in OPEN.values():
        assert site.get(f"/_emulator/{path}").status == 200


def test_no_preflight_is_answered(site: Admin) -> None:
    """Hence no script of another origin can send the header that a change needs."""
    asked = {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-oss-emulator",
    }
    for path in {path for _, path in routes()}:
        answer = site.ask("OPTIONS", f"/_emulator/{OPEN.get(path, path)}", **asked)
        assert answer.status in (403, 405), path
        headers = [name.lower() for name in answer.headers]
        assert not [name for name in headers if name.startswith("access-control")], path


SEED = b'[[bucket]]\nname = "seeded"\n'


def test_contents_on_a_disk_are_changed_in_the_writing_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop stays free for other requests, and nothing is written between two changes."""
    with Emulator(data=tmp_path / "data") as emulator:
        site = Admin(emulator)
        emulator.bucket("examplebucket").put_object("a", b"1")
        assert site.ask("PUT", "/_emulator/snapshot/taken").status == 200
        storage, writing = emulator.service.storage, set()
        transaction = storage.transaction

        def noted() -> AbstractContextManager[None]:
            writing.add(threading.current_thread().name.partition("_")[0])
            return transaction()

        monkeypatch.setattr(storage, "transaction", noted)
        for method, path, body in (
            ("POST", "seed", SEED),
            ("POST", "reset?bucket=examplebucket", None),
            ("PUT", "snapshot/before", None),
            ("POST", "restore/taken", None),
            ("DELETE", "snapshot/taken", None),
            ("POST", "reset", None),
        ):
            assert site.ask(method, f"/_emulator/{path}", body).status == 200, path
            assert writing == {"oss-emulator-writing"}, path
            writing.clear()
        emulator.reset()
        assert writing == {"oss-emulator-writing"}


def test_signatures_expire_by_the_clock(site: Admin) -> None:
    bucket = site.emulator.bucket("examplebucket", acl="public-read")
    target = bucket.sign_url("GET", "a", 60).removeprefix(site.emulator.endpoint)
    assert site.get(target, REFERER).status == 200
    assert site.ask("PUT", "/_emulator/clock", {"shift": 61}).json["shift"] == 61
    expired = site.get(target, REFERER)
    assert "Request has expired." in expired.text
    assert site.ask("PUT", "/_emulator/clock", {"now": "2030-01-31T10:00:00.000Z"}).status == 200
    assert site.get("/_emulator/clock").json["now"].startswith("2030-01-31T10:00:0")
    assert site.get("/examplebucket/a", REFERER).headers["Date"].startswith("Thu, 31 Jan 2030")


def test_request_is_explained_if_it_asks(site: Admin) -> None:
    answer = site.ask(
        "GET", "/examplebucket/a", **{"Referer": "http://bad/", "x-oss-emulator-explain": "1"}
    )
    assert json.loads(answer.headers["x-oss-emulator-decision"])["entry"] == "http://bad/"
    assert "x-oss-emulator-decision" not in site.get("/examplebucket/a").headers


@pytest.mark.parametrize("sign", [oss2.Auth, oss2.AuthV2, oss2.AuthV4])
def test_request_of_an_sdk_is_explained_if_it_asks(site: Admin, sign: Any) -> None:
    emulator = site.emulator
    auth = sign(emulator.access_key_id, emulator.access_key_secret)
    bucket = oss2.Bucket(auth, emulator.endpoint, "examplebucket", region=emulator.region)
    explain = {"x-oss-emulator-explain": "1"}

    def decision(answer: Any) -> Any:
        return json.loads(answer.headers["x-oss-emulator-decision"])

    got = bucket.get_object("a", headers={**explain, "Referer": "http://bad/"})
    assert got.read() == b"0123456789"
    told = decision(got)
    assert (told["allowed"], told["reason"]) == (True, "signed-by-header")
    assert decision(bucket.put_object("b", b"1", headers=explain))["reason"] == "signed-by-header"
    assert decision(bucket.head_object("b", headers=explain))["steps"]
    with pytest.raises(oss2.exceptions.NoSuchKey) as caught:
        bucket.get_object("none", headers=explain)
    assert decision(caught.value)["reason"] == "signed-by-header"
    bucket.session.session.close()


def test_explanation_names_the_policy_of_the_default_domain(site: Admin) -> None:
    """D-03"""
    site.emulator.put("/examplebucket/a.png", b"1", {"Content-Type": "image/png"})
    headers = {"Referer": REFERER, "x-oss-emulator-explain": "1"}
    answer = site.ask("GET", "/examplebucket/a.png", **headers)
    assert answer.status == 200
    told = json.loads(answer.headers["x-oss-emulator-decision"])
    assert "sends this as a download at its public endpoint (D-03)" in told["default_domain"]


def test_request_that_ended_before_the_rules_has_no_decision(site: Admin) -> None:
    answer = site.ask("GET", "/none/a", **{"x-oss-emulator-explain": "1"})
    assert (answer.status, answer.headers["x-oss-emulator-decision"]) == (404, "null")


REFUSED = [
    ("GET", "/_emulator/nothing", None, 404, "does not exist"),
    ("POST", "/_emulator/health", None, 405, "takes GET"),
    ("POST", "/_emulator/referer/check", b"[" * 10_000, 400, "nested too deeply"),
    ("POST", "/_emulator/seed", b" " * (2 * 1024 * 1024 + 1), 400, "larger than"),
]
"""tests/unit/control/test_api.py has those of each resource."""


@pytest.mark.parametrize(("method", "path", "body", "status", "sentence"), REFUSED)
def test_bad_request_gets_one_sentence(
    site: Admin, method: str, path: str, body: Any, status: int, sentence: str
) -> None:
    answer = site.ask(method, path, body)
    error = answer.json["error"]
    assert answer.status == status
    assert sentence in error
    assert "\n" not in error.strip()


def test_key_may_look_like_the_api(site: Admin) -> None:
    """Below a bucket's own host name the path is a key, whatever it begins with."""
    answer = site.ask("GET", "/_emulator/health", Host="examplebucket.localhost", Referer=REFERER)
    assert (answer.status, "NoSuchKey" in answer.text) == (404, True)


# --- failures of the emulator


@pytest.mark.parametrize("where", ["handler", "journal stream"])
def test_failure_gets_a_json_error_and_one_line_in_the_log(
    site: Admin, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("the reason")

    if where == "handler":
        monkeypatch.setattr("oss_emulator.control.controls.Snapshots.take", fail)
        answer = site.ask("PUT", "/_emulator/snapshot/a")
    else:
        monkeypatch.setattr("oss_emulator.control.api.journal.JournalFilter.parse", fail)
        headers = {"Accept": "text/event-stream"}
        answer = site.ask("GET", "/_emulator/journal", **headers)
    assert answer.status == 500
    assert answer.json == {"error": "The emulator failed; its log says why."}
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("oss_emulator", "ERROR")
    assert record.getMessage().endswith(" failed")
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "the reason"
    assert site.get("/_emulator/health").status == 200


def test_failure_of_sts_gets_an_error_of_the_service(
    site: Admin, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("the reason")

    monkeypatch.setattr("oss_emulator.rpc.answer", fail)
    answer = site.ask("GET", "/?Action=GetCallerIdentity&Version=2015-04-01")
    assert answer.status == 500
    assert "<Code>InternalError</Code>" in answer.text
    (record,) = caplog.records
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "the reason"
