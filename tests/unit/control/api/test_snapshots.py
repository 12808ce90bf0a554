"""`snapshot` and `restore`."""

from __future__ import annotations

import pytest

from tests.unit.control.api.caller import ApiCaller


def test_contents_are_brought_back(ask: ApiCaller) -> None:
    assert ask("PUT", "snapshot/before") == (200, {"snapshot": "before"})
    assert ask("GET", "snapshot") == (200, {"snapshots": ["before"]})
    ask.oss("PUT", "/bucket/a", b"22")
    ask.oss("PUT", "/bucket/b", b"3")
    assert ask("POST", "restore/before") == (200, {"restored": "before"})
    assert ask.oss("GET", "/bucket/a").body == b"1"
    assert ask.oss("GET", "/bucket/b").status == 404


def test_snapshot_is_dropped(ask: ApiCaller) -> None:
    ask("PUT", "snapshot/before")
    assert ask("DELETE", "snapshot/before") == (200, {"deleted": "before"})
    assert ask("GET", "snapshot") == (200, {"snapshots": []})


@pytest.mark.parametrize(("method", "path"), [("POST", "restore/"), ("DELETE", "snapshot/")])
def test_missing_snapshot_is_refused(ask: ApiCaller, method: str, path: str) -> None:
    assert ask(method, f"{path}none") == (404, {"error": "The snapshot 'none' does not exist."})
    assert ask(method, path).status == 400


def test_snapshot_needs_a_name(ask: ApiCaller) -> None:
    answer = ask("PUT", "snapshot/")
    assert answer.status == 400
    assert "Name the snapshot" in answer.json["error"]
