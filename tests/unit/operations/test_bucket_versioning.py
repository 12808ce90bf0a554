"""Versioning of a bucket: off, enabled, suspended."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Caller

BODY = "<VersioningConfiguration><Status>%s</Status></VersioningConfiguration>"


def test_new_bucket_has_no_status(ask: Caller) -> None:
    assert ask("GET", "/bucket?versioning").text("Status") is None


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_status_is_answered(ask: Caller, status: str) -> None:
    assert ask("PUT", "/bucket?versioning", BODY % status).status == 200
    assert ask("GET", "/bucket?versioning").text("Status") == status


def test_versions_stay_when_versioning_is_suspended(ask: Caller) -> None:
    ask("PUT", "/bucket?versioning", BODY % "Enabled")
    first = ask("PUT", "/bucket/a", "1").headers["x-oss-version-id"]
    ask("PUT", "/bucket?versioning", BODY % "Suspended")
    assert ask("PUT", "/bucket/a", "2").headers["x-oss-version-id"] == "null"
    assert ask("GET", f"/bucket/a?versionId={first}").body == b"1"


def test_unknown_status_is_refused(ask: Caller) -> None:
    answer = ask("PUT", "/bucket?versioning", BODY % "Disabled")
    assert answer.code == "MalformedXML"
    assert "must be Enabled or Suspended" in (answer.text("ErrorDetail") or "")
