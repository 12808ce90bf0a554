"""RestoreObject and CleanRestoredObject: storage classes, tiers and durations."""

from __future__ import annotations

import pytest
from fastcrc.crc64 import xz as crc64

from tests.unit.operations.service import Answer, Caller, check_error

MINUTE, HOUR, DAY = 60, 3600, 86400
DIRECT = "<ArchiveDirectReadConfiguration><Enabled>{}</Enabled></ArchiveDirectReadConfiguration>"


def put(ask: Caller, storage_class: str) -> None:
    ask("PUT", "/bucket/a", "1", x_oss_storage_class=storage_class)


def restore(ask: Caller, days: int | None = None, tier: str | None = None) -> Answer:
    wish = f"<Days>{days}</Days>" if days else ""
    if tier:
        wish += f"<JobParameters><Tier>{tier}</Tier></JobParameters>"
    body = f"<RestoreRequest>{wish}</RestoreRequest>" if wish else ""
    return ask("POST", "/bucket/a?restore", body)


def state(ask: Caller) -> str | None:
    return ask("HEAD", "/bucket/a").headers.get("x-oss-restore")


@pytest.mark.parametrize("storage_class", ["Archive", "ColdArchive", "DeepColdArchive"])
def test_archived_object_cannot_be_read(ask: Caller, storage_class: str) -> None:
    put(ask, storage_class)
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="a")
    part = f"/bucket/b?uploadId={ask.begin_upload('b')}&partNumber=1"
    source = {"x_oss_copy_source": "/bucket/a"}
    message = "The operation is not valid for the object's state."
    for answer in (
        ask("GET", "/bucket/a"),
        ask("PUT", "/bucket/b", **source),
        ask("PUT", part, **source),
    ):
        check_error(answer, 403, "InvalidObjectState", message, Key="a")
        assert answer.headers["x-oss-hash-crc64ecma"] == str(crc64(b"1"))  # P-90
    assert ask("GET", "/bucket/link").code == "InvalidObjectState"
    head = ask("HEAD", "/bucket/a")
    assert head.headers["x-oss-storage-class"] == storage_class
    assert "x-oss-restore" not in head.headers
    assert ask("DELETE", "/bucket/a").status == 204


@pytest.mark.parametrize(
    ("storage_class", "enabled", "status"),
    [
        ("Archive", "true", 200),
        ("Archive", "false", 403),
        ("ColdArchive", "true", 403),
        ("DeepColdArchive", "true", 403),
    ],
)
def test_direct_read_can_read_only_the_class_archive(
    ask: Caller, storage_class: str, enabled: str, status: int
) -> None:
    put(ask, storage_class)
    assert ask("GET", "/bucket/a").code == "InvalidObjectState"
    assert ask("PUT", "/bucket?bucketArchiveDirectRead", DIRECT.format(enabled)).status == 200
    assert ask("GET", "/bucket/a").status == status
    assert ask("PUT", "/bucket/b", x_oss_copy_source="/bucket/a").status == status


@pytest.mark.parametrize("storage_class", ["Standard", "IA"])
@pytest.mark.parametrize("operation", ["restore", "cleanRestoredObject"])
def test_only_archives_can_be_restored(ask: Caller, storage_class: str, operation: str) -> None:
    put(ask, storage_class)
    answer = ask("POST", f"/bucket/a?{operation}")
    assert (answer.status, answer.code) == (400, "OperationNotSupported")
    assert answer.headers["x-oss-ec"] == "0016-00000702"
    assert ask("GET", "/bucket/a").body == b"1"


def test_restore_gets_202_then_409_then_200(ask: Caller) -> None:
    put(ask, "Archive")
    assert restore(ask).status == 202
    assert state(ask) == 'ongoing-request="true"'
    assert ask("GET", "/bucket").text("Contents/RestoreInfo") == 'ongoing-request="true"'
    message = "The restore operation is in progress."
    check_error(restore(ask), 409, "RestoreAlreadyInProgress", message, "0016-00000701")  # S-26
    assert ask("GET", "/bucket/a").code == "InvalidObjectState"
    ask.now += MINUTE + 1
    day = 'ongoing-request="false", expiry-date="Mon, 16 Jun 2025 15:07:40 GMT"'
    assert state(ask) == day
    assert ask("GET", "/bucket/a").body == b"1"
    assert restore(ask, days=2).status == 200
    assert state(ask) == 'ongoing-request="false", expiry-date="Tue, 17 Jun 2025 15:07:41 GMT"'


@pytest.mark.parametrize(
    ("storage_class", "tier", "seconds"),
    [
        ("Archive", None, MINUTE),
        ("ColdArchive", None, 5 * HOUR),
        ("ColdArchive", "Expedited", HOUR),
        ("ColdArchive", "Bulk", 12 * HOUR),
        ("DeepColdArchive", None, 48 * HOUR),
        ("DeepColdArchive", "Expedited", 12 * HOUR),
    ],
)
def test_restored_object_can_be_read_for_the_requested_days(
    ask: Caller, storage_class: str, tier: str | None, seconds: int
) -> None:
    """The help page of 0016-00000715 states the hours."""
    put(ask, storage_class)
    restore(ask, 2, tier)
    statuses = []
    for step in (seconds - 1, 1, 2 * DAY - 1, 1):
        ask.now += step
        statuses.append(ask("GET", "/bucket/a").status)
    assert statuses == [403, 200, 200, 403]


@pytest.mark.parametrize("tier", ["Expedited", "Standard", "Bulk"])
def test_answer_repeats_the_tier(ask: Caller, tier: str) -> None:
    put(ask, "ColdArchive")
    answer = restore(ask, 5, tier)
    assert answer.status == 202
    assert answer.headers["x-oss-object-restore-priority"] == tier


def test_running_restore_accepts_only_a_faster_tier(ask: Caller) -> None:
    """Help page of 0016-00000715."""
    put(ask, "ColdArchive")
    restore(ask, 1, "Standard")
    for tier in ("Standard", "Bulk"):
        answer = restore(ask, 1, tier)
        assert (answer.status, answer.code) == (409, "RestoreAlreadyInProgress")
        assert answer.headers["x-oss-ec"] == "0016-00000715"
    assert restore(ask, 1, "Expedited").status == 202


TIER = "<Days>1</Days><JobParameters><Tier>{}</Tier></JobParameters>"


@pytest.mark.parametrize(
    ("storage_class", "body", "code"),
    [
        ("ColdArchive", TIER.format("Slow"), "InvalidArgument"),
        ("DeepColdArchive", TIER.format("Bulk"), "InvalidArgument"),
        ("Archive", TIER.format("Bulk"), "MalformedXML"),
        ("Archive", "<Days>0</Days>", "InvalidArgument"),
        ("Archive", "<Days>8</Days>", "InvalidArgument"),
        ("ColdArchive", "<Days>366</Days>", "InvalidArgument"),
        ("Archive", "<Days>x</Days>", "InvalidArgument"),
        ("Archive", "<Days>", "MalformedXML"),
    ],
)
def test_bad_request_restores_nothing(
    ask: Caller, storage_class: str, body: str, code: str
) -> None:
    put(ask, storage_class)
    answer = ask("POST", "/bucket/a?restore", f"<RestoreRequest>{body}</RestoreRequest>")
    assert (answer.status, answer.code) == (400, code)
    assert state(ask) is None


def test_restored_object_can_be_frozen_again(ask: Caller) -> None:
    """P-39"""
    put(ask, "Archive")
    clean = "/bucket/a?cleanRestoredObject"
    stale = ("ArchiveRestoreFileStale", "The archive file or restore info stale", "0016-00000718")
    check_error(ask("POST", clean), 409, *stale)
    restore(ask)
    message = "The archive file's restore is not finished."
    unfinished = ("ArchiveRestoreNotFinished", message, "0016-00000719")
    check_error(ask("POST", clean), 409, *unfinished)
    ask.now += MINUTE + 1
    assert ask("POST", clean).status == 200
    assert state(ask) is None
    assert ask("GET", "/bucket/a").code == "InvalidObjectState"
    check_error(ask("POST", clean), 409, *stale)
