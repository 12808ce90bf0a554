"""Symbolic links through oss2 and by hand: PutSymlink, GetSymlink, reading through a link."""

from __future__ import annotations

import time
from hashlib import md5

import oss2
import pytest

from tests.http.client import check_error
from tests.http.live import ANONYMOUS, Live, Signed

TARGETS = ["target", "dir/a b", "中文/x", "100%", "a+b&c=d?e"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_link_leads_to_its_target(bucket: oss2.Bucket, target: str) -> None:
    """P-36: the target's content and ETag with the link's own metadata."""
    bucket.put_object(target, b"content", headers={"x-oss-meta-a": "target"})
    bucket.put_symlink(target, "link", headers={"x-oss-meta-a": "link"})
    got = bucket.get_object("link")
    assert got.read() == b"content"
    etag = md5(b"content", usedforsecurity=False).hexdigest().upper()
    for result in (got, bucket.head_object("link")):
        assert result.etag == etag
        assert result.content_length == 7
        assert result.object_type == "Symlink"
        assert result.headers["x-oss-meta-a"] == "link"
        assert result.server_crc == bucket.head_object(target).server_crc
    assert bucket.get_object("link", byte_range=(1, 2)).read() == b"on"
    link = bucket.get_symlink("link")
    assert link.target_key == target
    assert link.headers["x-oss-meta-a"] == "link"
    assert bucket.get_object_meta("link").content_length == 0


def test_the_target_is_looked_up_when_it_is_read(
    bucket: oss2.Bucket, signed: Signed, name: str
) -> None:
    bucket.put_symlink("target", "link")
    message = "The symlink target object does not exist."
    check_error(signed.request("GET", name, "link"), 404, "SymlinkTargetNotExist", message, "")
    assert signed.request("HEAD", name, "link").code == "SymlinkTargetNotExist"
    bucket.put_object("target", b"1")
    assert bucket.get_object("link").read() == b"1"
    bucket.put_object("target", b"22")
    assert bucket.get_object("link").read() == b"22"


def test_a_link_may_not_lead_to_a_link(bucket: oss2.Bucket, signed: Signed, name: str) -> None:
    bucket.put_symlink("b", "a")
    bucket.put_symlink("c", "b")
    bucket.put_object("c", b"1")
    message = "The symbolic's target file type is invalid"
    answer = signed.request("GET", name, "a")
    check_error(answer, 400, "InvalidTargetType", message, "0026-00000011")


def test_what_is_no_link(bucket: oss2.Bucket, signed: Signed, name: str) -> None:
    bucket.put_object("a", b"1")
    answer = signed.request("GET", name, "a", {"symlink": ""})
    check_error(answer, 400, "NotSymlink", "The object is not symlink.", "")
    assert signed.request("GET", name, "none", {"symlink": ""}).code == "NoSuchKey"


def test_a_target_must_be_named(bucket: oss2.Bucket, signed: Signed, name: str) -> None:
    error = signed.request("PUT", name, "a", {"symlink": ""}).error
    assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", "x-oss-symlink-target")
    assert not bucket.object_exists("a")


def test_a_link_is_put_as_an_object_is(bucket: oss2.Bucket) -> None:
    headers = {
        "x-oss-storage-class": "IA",
        "x-oss-tagging": "k=v",
        "x-oss-object-acl": "public-read",
    }
    bucket.put_symlink("target", "link", headers=headers)
    listed = bucket.list_objects().object_list[0]
    assert (listed.type, listed.storage_class, listed.size) == ("Symlink", "IA", 0)
    assert bucket.get_object_tagging("link").tag_set.tagging_rule == {"k": "v"}
    assert bucket.get_object_acl("link").acl == "public-read"
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket.put_symlink("other", "link", headers={"x-oss-forbid-overwrite": "true"})
    assert (refused.value.status, refused.value.code) == (409, "FileAlreadyExists")


def test_a_copy_of_a_link_is_a_link(bucket: oss2.Bucket, name: str) -> None:
    bucket.put_object("target", b"1")
    bucket.put_symlink("target", "link")
    bucket.copy_object(name, "link", "copy")
    assert bucket.get_symlink("copy").target_key == "target"
    assert bucket.get_object("copy").read() == b"1"


def test_the_time_is_the_later_of_the_two(live: Live, bucket: oss2.Bucket) -> None:
    """HeadObject: Last-Modified of what was changed last, the link or its target."""
    bucket.put_symlink("target", "link")
    live.run(lambda: live.service.clock.set(time.time() + 600))
    try:
        bucket.put_object("target", b"1")
        assert bucket.head_object("link").last_modified >= int(time.time()) + 590
    finally:
        live.run(lambda: live.service.clock.set(time.time()))


def test_both_acls_are_held_against_the_reader(
    live: Live, bucket: oss2.Bucket, name: str, session: oss2.Session
) -> None:
    """PutSymlink: the ACL of the link and that of its target."""
    open_acl = {"x-oss-object-acl": "public-read"}
    anonymous = live.bucket(name, ANONYMOUS, session=session)
    bucket.put_object("target", b"1")
    bucket.put_symlink("target", "link", headers=open_acl)
    with pytest.raises(oss2.exceptions.AccessDenied):
        anonymous.get_object("link")
    bucket.put_object_acl("target", "public-read")
    assert anonymous.get_object("link").read() == b"1"


def test_each_version_may_lead_elsewhere(bucket: oss2.Bucket) -> None:
    bucket.put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    ids = {}
    for target in ("one", "two"):
        bucket.put_object(target, target.encode())
        ids[target] = bucket.put_symlink(target, "link").versionid
    for target, version_id in ids.items():
        link = bucket.get_symlink("link", params={"versionId": version_id})
        assert (link.target_key, link.versionid) == (target, version_id)
        got = bucket.get_object("link", params={"versionId": version_id})
        assert got.read() == target.encode()
