"""Versions of objects through oss2: which one a call means, and whose ACL counts."""

from __future__ import annotations

import oss2
import pytest

from tests.http.client import Client, check_error
from tests.http.live import Signed


@pytest.fixture
def versioned(bucket: oss2.Bucket) -> oss2.Bucket:
    """A bucket that keeps versions."""
    bucket.put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    return bucket


def test_each_version_has_its_own_acl(versioned: oss2.Bucket, client: Client, name: str) -> None:
    open_acl = {"x-oss-object-acl": "public-read"}
    old = versioned.put_object("a", b"old", headers=open_acl).versionid
    new = versioned.put_object("a", b"new").versionid
    assert client.get(f"/{name}/a?versionId={old}").body == b"old"
    assert client.get(f"/{name}/a?versionId={new}").status == 403
    assert client.get(f"/{name}/a").status == 403
    changed = versioned.put_object_acl("a", "private", params={"versionId": old})
    assert changed.headers["x-oss-version-id"] == old
    assert client.get(f"/{name}/a?versionId={old}").status == 403


def test_an_old_version_is_brought_back_by_a_copy(versioned: oss2.Bucket, name: str) -> None:
    """CopyObject: a version copied onto its own object becomes the current one."""
    old = versioned.put_object("a", b"old").versionid
    versioned.put_object("a", b"new")
    copied = versioned.copy_object(name, "a", "a", params={"versionId": old})
    assert copied.headers["x-oss-copy-source-version-id"] == old
    assert copied.versionid not in (None, old)
    assert versioned.get_object("a").read() == b"old"
    assert len(versioned.list_object_versions().versions) == 3


def test_a_delete_marker_is_no_source(versioned: oss2.Bucket, signed: Signed, name: str) -> None:
    """CopyObject: 404, also where the marker is named."""
    versioned.put_object("a", b"1")
    marker = versioned.delete_object("a").versionid
    for source in (f"/{name}/a", f"/{name}/a?versionId={marker}"):
        answer = signed.request("PUT", name, "b", headers={"x-oss-copy-source": source})
        message = "The specified key does not exist."
        check_error(answer, 404, "NoSuchKey", message, "0026-00000001", Key="a")


@pytest.mark.parametrize("subresource", ["", "acl", "tagging", "symlink", "objectMeta"])
def test_a_delete_marker_is_told(
    versioned: oss2.Bucket, signed: Signed, name: str, subresource: str
) -> None:
    """404 where it is the current version, 405 where it is named (GetObject)."""
    versioned.put_object("a", b"1")
    marker = versioned.delete_object("a").versionid
    method = "HEAD" if subresource == "objectMeta" else "GET"
    query = {subresource: ""} if subresource else {}
    answer = signed.request(method, name, "a", query)
    assert (answer.status, answer.code) == (404, "NoSuchKey")
    assert answer.headers["x-oss-delete-marker"] == "true"
    answer = signed.request(method, name, "a", {**query, "versionId": marker})
    assert (answer.status, answer.code) == (405, "MethodNotAllowed")
    assert answer.headers["x-oss-version-id"] == marker


def test_what_was_put_before_is_the_version_null(versioned: oss2.Bucket) -> None:
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
