"""Buckets through oss2: created, described, counted and deleted."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import oss2
import pytest
from oss2.exceptions import BucketNotEmpty, InvalidArgument, NoSuchBucket

from tests.client import REGION, Live


def test_bucket_is_created_described_and_deleted(
    live: Live, new_name: str, owner: Any, session: oss2.Session
) -> None:
    bucket = live.bucket(new_name, owner, session=session)
    with pytest.raises(NoSuchBucket) as missing:
        bucket.get_bucket_info()
    assert missing.value.details["BucketName"] == new_name
    assert missing.value.headers["x-oss-ec"] == missing.value.ec == "0015-00000101"
    before = int(time.time())
    bucket.create_bucket("public-read", oss2.models.BucketCreateConfig("IA", "ZRS"))
    info = bucket.get_bucket_info()
    assert (info.name, info.acl.grant) == (new_name, "public-read")
    assert (info.storage_class, info.data_redundancy_type) == ("IA", "ZRS")
    assert (info.location, info.owner.id) == (f"oss-{REGION}", info.owner.display_name)
    created = datetime.strptime(info.creation_date, "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=UTC)
    assert before <= created.timestamp() <= int(time.time())
    assert (info.bucket_encryption_rule.sse_algorithm, info.versioning_status) == (None, None)
    bucket.put_object("a", b"x" * 11)
    stat = bucket.get_bucket_stat()
    assert (stat.object_count, stat.storage_size_in_bytes) == (1, 11)
    with pytest.raises(BucketNotEmpty):
        bucket.delete_bucket()
    bucket.delete_object("a")
    assert bucket.delete_bucket().status == 204


def test_acl_of_a_bucket_can_be_changed(bucket: oss2.Bucket) -> None:
    assert bucket.put_bucket_acl("public-read").status == 200
    with pytest.raises(InvalidArgument) as caught:
        bucket.put_bucket_acl("default")
    assert (caught.value.name, caught.value.value) == ("x-oss-acl", "default")
    assert bucket.get_bucket_acl().acl == "public-read"


def test_endpoints_of_a_bucket_work(live: Live, bucket: oss2.Bucket, owner: Any) -> None:
    info = bucket.get_bucket_info()
    for endpoint in (info.extranet_endpoint, info.intranet_endpoint):
        again = oss2.Bucket(owner, endpoint, bucket.bucket_name, region=REGION)
        assert again.get_bucket_location().location == f"oss-{REGION}"
