"""`faults`."""

from __future__ import annotations

from tests.unit.control.api.caller import ApiCaller


def test_faults_are_planned_listed_and_removed(ask: ApiCaller) -> None:
    first = ask("POST", "faults", {"status": 503, "code": "SlowDown"})
    assert first.status == 201
    assert first.json["fault"]["code"] == "SlowDown"
    second = ask("POST", "faults", {"reset": True})
    assert ask("GET", "faults") == (200, {"faults": [first.json, second.json]})
    assert ask("DELETE", f"faults/{first.json['id']}") == (200, {"faults": [second.json]})
    assert ask("DELETE", "faults") == (200, {"faults": []})


def test_bad_fault_is_refused(ask: ApiCaller) -> None:
    answer = ask("POST", "faults", {"every": 0})
    assert answer.status == 400
    assert "every must be from 1" in answer.json["error"]


def test_missing_fault_is_refused(ask: ApiCaller) -> None:
    assert ask("DELETE", "faults/999") == (404, {"error": "The fault '999' does not exist."})
    assert ask("DELETE", "faults/x").status == 404


def test_body_must_be_a_json_object(ask: ApiCaller) -> None:
    assert "not valid JSON" in ask("POST", "faults", b"{").json["error"]
    assert "must be a JSON object" in ask("POST", "faults", []).json["error"]
