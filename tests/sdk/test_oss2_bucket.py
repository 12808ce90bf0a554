"""Buckets through oss2: creation, configuration, statistics, deletion."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import oss2
import pytest
from oss2.exceptions import InvalidArgument, NoSuchBucket, ServerError

from tests.client import REGION, Live

ACLS = [
    oss2.BUCKET_ACL_PRIVATE,
    oss2.BUCKET_ACL_PUBLIC_READ,
    oss2.BUCKET_ACL_PUBLIC_READ_WRITE,
]
STORAGE_CLASSES = ["Standard", "IA", "Archive", "ColdArchive"]


@pytest.fixture
def new_bucket(live: Live, new_name: str, owner: Any, session: oss2.Session) -> oss2.Bucket:
    """A bucket that does not exist yet."""
    return live.bucket(new_name, owner, session=session)


def exists(bucket: oss2.Bucket) -> bool:
    try:
        bucket.get_bucket_info()
    except NoSuchBucket:
        return False
    return True


# --- PutBucket


def test_created_bucket_exists(new_bucket: oss2.Bucket) -> None:
    assert not exists(new_bucket)
    assert new_bucket.create_bucket().status == 200
    assert exists(new_bucket)


def test_new_bucket_is_private_standard_and_locally_redundant(new_bucket: oss2.Bucket) -> None:
    before = int(time.time())
    new_bucket.create_bucket()
    info = new_bucket.get_bucket_info()
    assert info.name == new_bucket.bucket_name
    assert info.acl.grant == oss2.BUCKET_ACL_PRIVATE
    assert info.storage_class == oss2.BUCKET_STORAGE_CLASS_STANDARD
    assert info.data_redundancy_type == oss2.BUCKET_DATA_REDUNDANCY_TYPE_LRS
    assert info.location == f"oss-{REGION}"
    assert info.owner.id == info.owner.display_name
    # P-31
    created = datetime.strptime(info.creation_date, "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=UTC)
    assert before <= created.timestamp() <= int(time.time())
    assert info.bucket_encryption_rule.sse_algorithm is None
    assert info.versioning_status is None


@pytest.mark.parametrize("acl", ACLS)
def test_bucket_has_the_acl_it_was_created_with(new_bucket: oss2.Bucket, acl: str) -> None:
    new_bucket.create_bucket(acl)
    assert new_bucket.get_bucket_acl().acl == acl
    assert new_bucket.get_bucket_info().acl.grant == acl


@pytest.mark.parametrize("redundancy", [None, "LRS", "ZRS"])
@pytest.mark.parametrize("storage_class", STORAGE_CLASSES)
def test_bucket_is_created_with_class_and_redundancy(
    new_bucket: oss2.Bucket, storage_class: str, redundancy: str | None
) -> None:
    new_bucket.create_bucket(input=oss2.models.BucketCreateConfig(storage_class, redundancy))
    info = new_bucket.get_bucket_info()
    assert (info.storage_class, info.data_redundancy_type) == (storage_class, redundancy or "LRS")


@pytest.mark.parametrize(
    ("first", "second"),
    [(None, None), (None, "public-read"), ("public-read", None), ("public-read", "private")],
)
def test_creating_a_bucket_again_sets_the_acl_that_is_given(
    new_bucket: oss2.Bucket, first: str | None, second: str | None
) -> None:
    new_bucket.create_bucket(first)
    new_bucket.put_object("stays", b"x")
    created = new_bucket.get_bucket_info().creation_date
    new_bucket.create_bucket(second)
    assert new_bucket.get_bucket_acl().acl == (second or first or "private")
    assert new_bucket.get_object("stays").read() == b"x"
    assert new_bucket.get_bucket_info().creation_date == created


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (("Standard", None), ("IA", None), "Cannot modify existing bucket's storage class."),
        (
            ("Standard", "LRS"),
            ("Standard", "ZRS"),
            "Bucket already exists CAN'T modify data redundancy type.",
        ),
    ],
)
def test_creating_a_bucket_again_cannot_change_class_or_redundancy(
    new_bucket: oss2.Bucket,
    first: tuple[str, str | None],
    second: tuple[str, str | None],
    message: str,
) -> None:
    new_bucket.create_bucket("public-read", oss2.models.BucketCreateConfig(*first))
    with pytest.raises(ServerError) as caught:
        new_bucket.create_bucket("private", oss2.models.BucketCreateConfig(*second))
    error = caught.value
    assert (error.status, error.code) == (409, "BucketAlreadyExists")
    assert error.message == message
    info = new_bucket.get_bucket_info()
    assert (info.storage_class, info.data_redundancy_type) == (first[0], first[1] or "LRS")
    assert info.acl.grant == "public-read"


@pytest.mark.parametrize(
    ("acl", "configuration", "name"),
    [
        ("public", None, "x-oss-acl"),
        ("default", None, "x-oss-acl"),
        (None, oss2.models.BucketCreateConfig("standard"), "StorageClass"),
        (None, oss2.models.BucketCreateConfig("Standard", "XRS"), "DataRedundancyType"),
    ],
)
def test_unknown_acl_class_or_redundancy_creates_nothing(
    new_bucket: oss2.Bucket, acl: str | None, configuration: Any, name: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        new_bucket.create_bucket(acl, configuration)
    assert caught.value.name == name
    assert not exists(new_bucket)


@pytest.mark.parametrize(
    "document",
    [
        "<CreateBucketConfiguration>",
        "<Create/>",
        "no XML",
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><CreateBucketConfiguration/>',
    ],
)
def test_malformed_configuration_creates_nothing(new_bucket: oss2.Bucket, document: str) -> None:
    with pytest.raises(oss2.exceptions.MalformedXml):
        new_bucket.create_bucket(input=document)
    assert not exists(new_bucket)


@pytest.mark.parametrize("location", [f"oss-{REGION}", REGION, ""])
def test_location_constraint_may_name_the_region(new_bucket: oss2.Bucket, location: str) -> None:
    new_bucket.create_bucket(input=_located(location))
    assert new_bucket.get_bucket_location().location == f"oss-{REGION}"


def test_location_constraint_of_another_region_is_refused(new_bucket: oss2.Bucket) -> None:
    with pytest.raises(ServerError) as caught:
        new_bucket.create_bucket(input=_located("oss-cn-beijing"))
    assert caught.value.code == "InvalidLocationConstraint"
    assert not exists(new_bucket)


def _located(region: str) -> str:
    return (
        "<CreateBucketConfiguration>"
        f"<LocationConstraint>{region}</LocationConstraint>"
        "</CreateBucketConfiguration>"
    )


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("abc", True),
        ("a" * 63, True),
        ("1-2", True),
        ("ab", False),
        ("a" * 64, False),
        ("-abc", False),
        ("abc-", False),
        ("Abc", False),
        ("a_c", False),
        ("a.c", False),
    ],
)
def test_bucket_name_must_follow_the_rules(live: Live, owner: Any, name: str, good: bool) -> None:
    """PutBucket: 3 to 63 lower-case letters, digits and hyphens, no hyphen at either end."""
    bucket = live.bucket("any-name", owner)
    bucket.bucket_name = name  # oss2 itself would refuse a bad one
    try:
        if good:
            assert bucket.create_bucket().status == 200
            assert exists(bucket)
            return
        with pytest.raises(ServerError) as caught:
            bucket.create_bucket()
        error = caught.value
        assert (error.status, error.code) == (400, "InvalidBucketName")
        assert (error.message, error.ec) == (
            "The specified bucket is not valid.",
            "0015-00000001",
        )
        assert error.details["BucketName"] == name
    finally:
        live.drop_bucket(name)


# --- what is known of a bucket


def test_head_bucket_gets_200_or_404(new_bucket: oss2.Bucket) -> None:
    """oss2 has no method for HeadBucket."""
    with pytest.raises(NoSuchBucket):
        new_bucket._do("HEAD", new_bucket.bucket_name, "")
    new_bucket.create_bucket()
    assert new_bucket._do("HEAD", new_bucket.bucket_name, "").status == 200


def test_endpoints_of_a_bucket_work(live: Live, bucket: oss2.Bucket, owner: Any) -> None:
    info = bucket.get_bucket_info()
    for endpoint in (info.extranet_endpoint, info.intranet_endpoint):
        again = oss2.Bucket(owner, endpoint, bucket.bucket_name, region=REGION)
        assert again.get_bucket_location().location == f"oss-{REGION}"


def test_location_is_the_region(bucket: oss2.Bucket) -> None:
    assert bucket.get_bucket_location().location == f"oss-{REGION}"


def test_stat_counts_objects_and_bytes_by_class(bucket: oss2.Bucket) -> None:
    empty = bucket.get_bucket_stat()
    assert (empty.object_count, empty.storage_size_in_bytes) == (0, 0)
    before = int(time.time())
    for key, size, storage_class in [
        ("a", 10, "Standard"),
        ("b", 20, "IA"),
        ("c", 30, "IA"),
        ("d", 40, "Archive"),
        ("e", 50, "ColdArchive"),
    ]:
        bucket.put_object(key, b"x" * size, {"x-oss-storage-class": storage_class})
    bucket.put_object("a", b"x" * 11)
    bucket.delete_object("d")
    stat = bucket.get_bucket_stat()
    assert (stat.object_count, stat.storage_size_in_bytes) == (4, 111)
    assert (stat.standard_object_count, stat.standard_storage) == (1, 11)
    # For billing, an object that is not of the class Standard counts 64 KiB at least.
    assert (stat.infrequent_access_object_count, stat.infrequent_access_storage) == (2, 2 * 65536)
    assert stat.infrequent_access_real_storage == 50
    assert (stat.archive_object_count, stat.archive_storage) == (0, 0)
    assert (stat.cold_archive_object_count, stat.cold_archive_storage) == (1, 65536)
    assert (stat.multi_part_upload_count, stat.live_channel_count) == (0, 0)
    assert before <= stat.last_modified_time <= int(time.time())


@pytest.mark.parametrize(
    "ask",
    [
        oss2.Bucket.get_bucket_info,
        oss2.Bucket.get_bucket_acl,
        oss2.Bucket.get_bucket_location,
        oss2.Bucket.get_bucket_stat,
        oss2.Bucket.get_bucket_referer,
        oss2.Bucket.list_objects,
        oss2.Bucket.list_objects_v2,
        oss2.Bucket.delete_bucket,
        lambda bucket: bucket.put_bucket_referer(oss2.models.BucketReferer(True, [])),
        lambda bucket: bucket.batch_delete_objects(["a"]),
        lambda bucket: bucket.put_object("a", b""),
        lambda bucket: bucket.get_object("a"),
        lambda bucket: bucket.head_object("a"),
        lambda bucket: bucket.get_object_meta("a"),
        lambda bucket: bucket.object_exists("a"),
        lambda bucket: bucket.delete_object("a"),
        lambda bucket: bucket.copy_object(bucket.bucket_name, "a", "b"),
        lambda bucket: bucket.get_object_acl("a"),
        lambda bucket: bucket.put_object_acl("a", "private"),
    ],
)
def test_missing_bucket_gets_404_from_every_call(new_bucket: oss2.Bucket, ask: Any) -> None:
    with pytest.raises(NoSuchBucket) as caught:
        ask(new_bucket)
    error = caught.value
    assert error.message == "The specified bucket does not exist."
    assert error.ec == "0015-00000101"
    assert error.details["BucketName"] == new_bucket.bucket_name
    assert error.headers["x-oss-ec"] == error.ec


# --- DeleteBucket


def test_empty_bucket_can_be_deleted(new_bucket: oss2.Bucket) -> None:
    new_bucket.create_bucket()
    assert new_bucket.delete_bucket().status == 204
    assert not exists(new_bucket)
    with pytest.raises(NoSuchBucket):
        new_bucket.delete_bucket()


def test_bucket_with_an_object_cannot_be_deleted(new_bucket: oss2.Bucket) -> None:
    new_bucket.create_bucket()
    new_bucket.put_object("a", b"")
    with pytest.raises(oss2.exceptions.BucketNotEmpty) as caught:
        new_bucket.delete_bucket()
    error = caught.value
    assert error.message == "The bucket has objects. Please delete them first."
    assert error.ec == "0015-00000301"
    assert error.details["BucketName"] == new_bucket.bucket_name
    new_bucket.delete_object("a")
    new_bucket.delete_bucket()


def test_recreated_bucket_has_no_old_configuration(new_bucket: oss2.Bucket) -> None:
    new_bucket.create_bucket("public-read")
    new_bucket.put_bucket_referer(oss2.models.BucketReferer(False, ["https://a.example/"]))
    new_bucket.delete_bucket()
    new_bucket.create_bucket()
    assert new_bucket.get_bucket_acl().acl == "private"
    assert new_bucket.get_bucket_referer().referers == []


# --- ACL


@pytest.mark.parametrize("acl", ACLS)
def test_acl_of_a_bucket_can_be_changed(bucket: oss2.Bucket, acl: str) -> None:
    assert bucket.put_bucket_acl(acl).status == 200
    assert bucket.get_bucket_acl().acl == acl


def test_acl_of_a_missing_bucket_creates_it(new_bucket: oss2.Bucket) -> None:
    """P-47"""
    answer = new_bucket.put_bucket_acl("public-read")
    assert (answer.status, answer.headers["Location"]) == (200, f"/{new_bucket.bucket_name}")
    assert new_bucket.get_bucket_acl().acl == "public-read"
    new_bucket.delete_bucket()


@pytest.mark.parametrize("acl", ["default", "public", "", "PRIVATE"])
def test_unknown_acl_gets_400_and_changes_nothing(bucket: oss2.Bucket, acl: str) -> None:
    bucket.put_bucket_acl("public-read")
    with pytest.raises(InvalidArgument) as caught:
        bucket.put_bucket_acl(acl)
    error = caught.value
    assert (error.name, error.value or "") == ("x-oss-acl", acl)
    assert error.message == "no such bucket access control exists"
    assert error.ec == "0015-00000204"
    assert bucket.get_bucket_acl().acl == "public-read"
