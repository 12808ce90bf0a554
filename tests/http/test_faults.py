"""The effects of faults on oss2, SDK V2 and plain connections."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, IncompleteRead
from typing import Any

import alibabacloud_oss_v2 as oss
import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.storage.blobs import SPOOL_ABOVE

from tests.client import Admin
from tests.http.conftest import REFERER

FAULTS = "/_emulator/faults"
LARGE = bytes(range(256)) * (SPOOL_ABOVE // 256 + 1)
"""Content so large that it is kept in a file."""


@pytest.fixture
def bucket(site: Admin) -> Iterator[oss2.Bucket]:
    """A bucket that belongs to the owner, with the object `a`."""
    found = site.emulator.bucket("faulty", acl="public-read")
    site.emulator.put("/faulty/a", b"0123456789")
    yield found
    found.session.session.close()


def plan(site: Admin, **fault: Any) -> int:
    """Plan a fault; returns its id."""
    answer = site.ask("POST", FAULTS, fault)
    assert answer.status == 201, answer.text
    return int(answer.json["id"])


def counts(site: Admin) -> list[tuple[int, int]]:
    """How many requests matched each planned fault, and how many it affected."""
    faults = site.get(FAULTS).json["faults"]
    return [(planned["fitted"], planned["met"]) for planned in faults]


# --- effects


CALLS: dict[str, Callable[[oss2.Bucket], Any]] = {
    "PutObject": lambda bucket: bucket.put_object("new", b"1"),
    "DeleteObject": lambda bucket: bucket.delete_object("a"),
    "CopyObject": lambda bucket: bucket.copy_object("faulty", "a", "new"),
    "AppendObject": lambda bucket: bucket.append_object("new", 0, b"1"),
    "InitiateMultipartUpload": lambda bucket: bucket.init_multipart_upload("new"),
    "PutBucketReferer": lambda bucket: bucket.put_bucket_referer(
        oss2.models.BucketReferer(False, ["http://a/"])
    ),
    "PutBucketAcl": lambda bucket: bucket.put_bucket_acl("private"),
}


@pytest.mark.parametrize("operation", CALLS)
def test_planned_error_is_answered_and_nothing_is_done(
    site: Admin, bucket: oss2.Bucket, operation: str
) -> None:
    def kept() -> list[Any]:
        storage = site.emulator.service.storage
        items = [(item.key, item.etag) for item in storage.objects("faulty")]
        return [storage.bucket("faulty"), items, list(storage.uploads("faulty"))]

    before = site.emulator.run(kept)
    plan(site, operation=operation, status=503, code="SlowDown", message="Slower.", times=1)
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        CALLS[operation](bucket)
    error = caught.value
    assert (error.status, error.code, error.message) == (503, "SlowDown", "Slower.")
    assert error.request_id
    assert site.emulator.run(kept) == before
    CALLS[operation](bucket)  # the fault was planned for one request
    assert site.emulator.run(kept) != before


def test_sdk_v2_retries_after_a_planned_error(site: Admin, bucket: oss2.Bucket) -> None:
    config = oss.config.load_default()
    config.region, config.endpoint = "cn-hangzhou", site.emulator.endpoint
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(
        site.emulator.access_key_id, site.emulator.access_key_secret
    )
    plan(site, operation="GetObject", status=503, code="SlowDown", times=2)
    found = oss.Client(config).get_object(oss.GetObjectRequest(bucket="faulty", key="a"))
    assert found.body is not None
    assert found.body.content == b"0123456789"
    entries = site.get("/_emulator/journal?bucket=faulty").json["entries"]
    assert [(entry["status"], entry["code"]) for entry in entries] == [
        (503, "SlowDown"),
        (503, "SlowDown"),
        (200, ""),
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda bucket: bucket.put_object("new", b"1"),
        lambda bucket: bucket.get_object_to_file("a", os.devnull),
        lambda bucket: bucket.append_object("new", 0, b"1", init_crc=0),
    ],
    ids=["put", "get", "append"],
)
def test_sdks_notice_a_wrong_crc(
    site: Admin, bucket: oss2.Bucket, call: Callable[[oss2.Bucket], Any]
) -> None:
    plan(site, wrong_crc=True, times=1)
    with pytest.raises(oss2.exceptions.InconsistentError):
        call(bucket)
    bucket.delete_object("new")
    call(bucket)


@pytest.mark.parametrize(
    ("whole", "size"), [(b"0123456789", 0), (b"0123456789", 9), (LARGE, 0), (LARGE, 9)]
)
def test_cut_body_ends_the_connection_early(
    site: Admin, bucket: oss2.Bucket, whole: bytes, size: int
) -> None:
    site.emulator.put("/faulty/b", whole)
    plan(site, key="b", cut_body=size)
    connection = HTTPConnection("127.0.0.1", site.emulator.port, timeout=20)
    connection.request("GET", "/faulty/b")
    response = connection.getresponse()
    assert (response.status, response.length) == (200, len(whole))
    with pytest.raises(IncompleteRead) as caught:
        response.read()
    assert caught.value.partial[:20] == whole[:size]
    connection.close()
    (entry,) = site.get("/_emulator/journal?bucket=faulty").json["entries"]
    assert (entry["status"], entry["sent_bytes"]) == (200, size)
    assert entry["fault"]["cut_body"] == size


def test_reset_closes_the_connection_after_the_operation(site: Admin, bucket: oss2.Bucket) -> None:
    plan(site, operation="PutObject", reset=True, times=1)
    with pytest.raises(oss2.exceptions.RequestError):
        bucket.put_object("new", b"1")
    assert bucket.get_object("new").read() == b"1"
    entries = site.get("/_emulator/journal?bucket=faulty").json["entries"]
    operations = [(entry["operation"], entry["status"], entry["sent_bytes"]) for entry in entries]
    assert operations == [("PutObject", 200, 0), ("GetObject", 200, 1)]


def test_client_times_out_if_the_latency_is_longer() -> None:
    with Emulator() as emulator:
        bucket = emulator.bucket("examplebucket")
        bucket.timeout = 0.05
        fault = {"operation": "PutObject", "latency": 3600}
        assert Admin(emulator).ask("POST", FAULTS, fault).status == 201
        with pytest.raises(oss2.exceptions.RequestError, match="timed out"):
            bucket.put_object("a", b"1")
        bucket.timeout = 20
        assert not bucket.object_exists("a")
        bucket.session.session.close()
        # The request that still waits does not delay the stop, which would fail after a minute.


# --- which requests are affected


def test_refused_request_meets_no_fault(site: Admin) -> None:
    plan(site, status=500)
    assert site.get("/examplebucket/a", "http://evil/").status == 403
    assert counts(site) == [(0, 0)]
    assert site.get("/examplebucket/a", REFERER).status == 500


def test_throttled_answer_names_the_delay(site: Admin, bucket: oss2.Bucket) -> None:
    """S-01"""
    plan(site, operation="PutObject", throttle=5, times=1)
    assert bucket.put_object("new", b"1").headers["x-oss-qos-delay-time"] == "5"
    assert "x-oss-qos-delay-time" not in bucket.put_object("new", b"1").headers
