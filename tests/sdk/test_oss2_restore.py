"""Archived objects through oss2: what is refused until they are restored, and how that goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import oss2
import pytest
from oss2.models import RestoreConfiguration, RestoreJobParameters

from tests.http.client import Client, check_error
from tests.http.live import Live, Signed

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture
def wait(live: Live) -> Iterator[Callable[[float], None]]:
    """Lets seconds pass by the server's clock; signatures take 15 minutes of skew."""
    clock = live.service.clock

    def pass_by(seconds: float) -> None:
        live.run(lambda: clock.set(clock.now() + seconds))

    yield pass_by
    live.run(lambda: clock.set(time.time()))


def put(bucket: oss2.Bucket, storage_class: str) -> None:
    bucket.put_object("a", b"1", headers={"x-oss-storage-class": storage_class})


def state(bucket: oss2.Bucket) -> str | None:
    header: str | None = bucket.head_object("a").headers.get("x-oss-restore")
    return header


@pytest.mark.parametrize("storage_class", ["Archive", "ColdArchive", "DeepColdArchive"])
def test_an_archived_object_is_not_read(
    bucket: oss2.Bucket, signed: Signed, name: str, storage_class: str
) -> None:
    put(bucket, storage_class)
    source = {"x-oss-copy-source": f"/{name}/a"}
    upload_id = bucket.init_multipart_upload("b").upload_id
    part = {"uploadId": upload_id, "partNumber": "1"}
    message = "The operation is not valid for the object's state."
    for answer in (
        signed.request("GET", name, "a"),
        signed.request("PUT", name, "b", headers=source),
        signed.request("PUT", name, "b", part, source),
    ):
        check_error(answer, 403, "InvalidObjectState", message, "", Key="a")
    head = bucket.head_object("a")
    assert head.headers["x-oss-storage-class"] == storage_class
    assert "x-oss-restore" not in head.headers
    bucket.put_symlink("a", "link")
    assert signed.request("GET", name, "link").code == "InvalidObjectState"
    bucket.delete_object("a")


@pytest.mark.parametrize("storage_class", ["Standard", "IA"])
@pytest.mark.parametrize("operation", ["restore", "cleanRestoredObject"])
def test_only_archives_are_restored(
    bucket: oss2.Bucket, signed: Signed, name: str, storage_class: str, operation: str
) -> None:
    put(bucket, storage_class)
    answer = signed.request("POST", name, "a", {operation: ""})
    assert (answer.status, answer.code) == (400, "OperationNotSupported")
    assert answer.headers["x-oss-ec"] == "0016-00000702"
    assert bucket.get_object("a").read() == b"1"


def test_a_restore_takes_a_minute_and_lasts_its_days(
    bucket: oss2.Bucket, signed: Signed, name: str, wait: Callable[[float], None]
) -> None:
    """202 first, 409 while it goes on, 200 when it is done (RestoreObject)."""
    put(bucket, "Archive")
    assert bucket.restore_object("a").status == 202
    assert state(bucket) == 'ongoing-request="true"'
    assert bucket.list_objects().object_list[0].restore_info == 'ongoing-request="true"'
    message = "The restore operation is in progress."
    again = signed.request("POST", name, "a", {"restore": ""})
    check_error(again, 409, "RestoreAlreadyInProgress", message, "")
    assert signed.request("GET", name, "a").code == "InvalidObjectState"
    wait(MINUTE + 1)
    restored = state(bucket)
    assert restored is not None
    assert restored.startswith('ongoing-request="false", expiry-date="')
    assert bucket.get_object("a").read() == b"1"
    assert bucket.restore_object("a", input=RestoreConfiguration(days=2)).status == 200
    extended = state(bucket)
    assert extended is not None
    assert extended != restored


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
def test_an_object_is_read_for_its_days_after_its_time(
    live: Live,
    client: Client,
    make_bucket: Callable[..., str],
    owner: Any,
    wait: Callable[[float], None],
    storage_class: str,
    tier: str | None,
    seconds: int,
) -> None:
    """The hours are those of the help page of 0016-00000715. Read without a signature's clock."""
    name = make_bucket("public-read")
    bucket = live.bucket(name, owner)
    put(bucket, storage_class)
    parameters = RestoreJobParameters(tier) if tier else None
    bucket.restore_object("a", input=RestoreConfiguration(days=2, job_parameters=parameters))
    told = []
    for step in (seconds - 30, 60, 2 * DAY - 60, 60):
        wait(step)
        told.append(client.get(f"/{name}/a").status)
    assert told == [403, 200, 200, 403]


@pytest.mark.parametrize("tier", ["Expedited", "Standard", "Bulk"])
def test_a_tier_is_told_again(bucket: oss2.Bucket, tier: str) -> None:
    put(bucket, "ColdArchive")
    wish = RestoreConfiguration(days=5, job_parameters=RestoreJobParameters(tier))
    answer = bucket.restore_object("a", input=wish)
    assert answer.status == 202
    assert answer.headers["x-oss-object-restore-priority"] == tier


def test_a_restore_is_only_made_faster(bucket: oss2.Bucket) -> None:
    """Help page of 0016-00000715."""
    put(bucket, "ColdArchive")

    def restore(tier: str) -> Any:
        wish = RestoreConfiguration(days=1, job_parameters=RestoreJobParameters(tier))
        return bucket.restore_object("a", input=wish)

    restore("Standard")
    for tier, ec in (("Standard", None), ("Bulk", "0016-00000715")):
        with pytest.raises(oss2.exceptions.RestoreAlreadyInProgress) as refused:
            restore(tier)
        assert refused.value.ec == (ec or "")
    assert restore("Expedited").status == 202


DAYS = "<Days>{}</Days>"
TIER = "<Days>1</Days><JobParameters><Tier>{}</Tier></JobParameters>"


@pytest.mark.parametrize(
    ("storage_class", "body", "code"),
    [
        ("ColdArchive", TIER.format("Slow"), "InvalidArgument"),
        ("DeepColdArchive", TIER.format("Bulk"), "InvalidArgument"),
        ("Archive", TIER.format("Bulk"), "MalformedXML"),
        ("Archive", DAYS.format("0"), "InvalidArgument"),
        ("Archive", DAYS.format("8"), "InvalidArgument"),
        ("ColdArchive", DAYS.format("366"), "InvalidArgument"),
        ("Archive", DAYS.format("x"), "InvalidArgument"),
        ("Archive", "<Days>", "MalformedXML"),
    ],
)
def test_a_request_is_checked(
    bucket: oss2.Bucket, signed: Signed, name: str, storage_class: str, body: str, code: str
) -> None:
    put(bucket, storage_class)
    document = f"<RestoreRequest>{body}</RestoreRequest>".encode()
    answer = signed.request("POST", name, "a", {"restore": ""}, body=document)
    assert (answer.status, answer.code) == (400, code)
    assert state(bucket) is None


def test_a_restored_object_is_frozen_before_its_time(
    bucket: oss2.Bucket, signed: Signed, name: str, wait: Callable[[float], None]
) -> None:
    """P-39."""

    def clean() -> Any:
        return signed.request("POST", name, "a", {"cleanRestoredObject": ""})

    put(bucket, "Archive")
    stale = ("ArchiveRestoreFileStale", "The archive file or restore info stale", "0016-00000718")
    check_error(clean(), 409, *stale)
    bucket.restore_object("a")
    unfinished = "The archive file's restore is not finished."
    check_error(clean(), 409, "ArchiveRestoreNotFinished", unfinished, "0016-00000719")
    wait(MINUTE + 1)
    assert clean().status == 200
    assert state(bucket) is None
    assert signed.request("GET", name, "a").code == "InvalidObjectState"
    check_error(clean(), 409, *stale)
