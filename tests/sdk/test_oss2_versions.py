"""Versions of objects through oss2."""

from __future__ import annotations

import oss2
import pytest


@pytest.fixture
def versioned(bucket: oss2.Bucket) -> oss2.Bucket:
    """A bucket that keeps versions."""
    bucket.put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    return bucket


def test_copy_of_an_old_version_becomes_the_current_one(versioned: oss2.Bucket, name: str) -> None:
    """CopyObject"""
    old = versioned.put_object("a", b"old").versionid
    versioned.put_object("a", b"new")
    copied = versioned.copy_object(name, "a", "a", params={"versionId": old})
    assert copied.headers["x-oss-copy-source-version-id"] == old
    assert copied.versionid not in (None, old)
    assert versioned.get_object("a").read() == b"old"
    assert len(versioned.list_object_versions().versions) == 3


def test_object_without_versions_is_the_version_null(versioned: oss2.Bucket) -> None:
    versioned.put_bucket_versioning(oss2.models.BucketVersioningConfig("Suspended"))
    versioned.put_object("a", b"null")
    versioned.put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    versioned.put_object("a", b"new")
    assert versioned.get_object("a", params={"versionId": "null"}).read() == b"null"
    versioned.put_bucket_versioning(oss2.models.BucketVersioningConfig("Suspended"))
    versioned.put_object("a", b"null again")
    bodies = [
        versioned.get_object("a", params={"versionId": found.versionid}).read()
        for found in versioned.list_object_versions().versions
    ]
    assert bodies == [b"null again", b"new"]
