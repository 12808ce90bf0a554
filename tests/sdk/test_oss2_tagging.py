"""The tags of objects through oss2: set, shown, copied, versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oss2
import pytest
from oss2.models import Tagging, TaggingRule

from tests.http.client import check_error
from tests.http.live import Signed


def tagging(tags: dict[str, str]) -> Tagging:
    rule = TaggingRule()
    for key, value in tags.items():
        rule.add(key, value)
    return Tagging(rule)


def tags_of(bucket: oss2.Bucket, key: str, **params: str) -> dict[str, str]:
    found: dict[str, str] = bucket.get_object_tagging(key, params=params).tag_set.tagging_rule
    return found


def test_tags_are_replaced_as_a_whole_and_deleted(bucket: oss2.Bucket) -> None:
    """Last-Modified stays (PutObjectTagging); GET and HEAD tell how many there are."""
    bucket.put_object("a", b"1", headers={"x-oss-tagging": "k=v&k2"})
    assert tags_of(bucket, "a") == {"k": "v", "k2": ""}
    before = bucket.head_object("a")
    assert before.headers["x-oss-tagging-count"] == "2"
    bucket.put_object_tagging("a", tagging({"中 +": "文/:"}))
    assert tags_of(bucket, "a") == {"中 +": "文/:"}
    after = bucket.get_object("a")
    assert after.headers["x-oss-tagging-count"] == "1"
    assert after.last_modified == before.last_modified
    bucket.delete_object_tagging("a")
    assert tags_of(bucket, "a") == {}
    assert "x-oss-tagging-count" not in bucket.head_object("a").headers


CREATE: dict[str, Callable[[oss2.Bucket, dict[str, str]], Any]] = {
    "PutObject": lambda bucket, headers: bucket.put_object("a", b"1", headers=headers),
    "AppendObject": lambda bucket, headers: bucket.append_object("a", 0, b"1", headers=headers),
    "PutSymlink": lambda bucket, headers: bucket.put_symlink("b", "a", headers=headers),
    "CopyObject": lambda bucket, headers: bucket.copy_object(
        bucket.bucket_name, "source", "a", {**headers, "x-oss-tagging-directive": "REPLACE"}
    ),
    "Initiate": lambda bucket, headers: bucket.init_multipart_upload("a", headers=headers),
}


@pytest.mark.parametrize("create", CREATE.values(), ids=CREATE)
@pytest.mark.parametrize(
    ("header", "code"),
    [("k=v", ""), ("=v", "InvalidTag"), ("k=1&k=2", "InvalidArgument"), ("k=%40", "InvalidTag")],
)
def test_each_creation_takes_the_header(
    bucket: oss2.Bucket, create: Callable[..., Any], header: str, code: str
) -> None:
    bucket.put_object("source", b"1")
    if code:
        with pytest.raises(oss2.exceptions.ServerError) as refused:
            create(bucket, {"x-oss-tagging": header})
        assert (refused.value.status, refused.value.code) == (400, code)
        return
    begun = create(bucket, {"x-oss-tagging": header})
    if isinstance(begun, oss2.models.InitMultipartUploadResult):
        part = bucket.upload_part("a", begun.upload_id, 1, b"1")
        listed = [oss2.models.PartInfo(1, part.etag)]
        bucket.complete_multipart_upload("a", begun.upload_id, listed)
    assert tags_of(bucket, "a") == {"k": "v"}


@pytest.mark.parametrize(
    ("directive", "tags"),
    [
        (None, {"old": "1"}),
        ("Copy", {"old": "1"}),
        ("Replace", {"new": "2"}),
        ("REPLACE", {"new": "2"}),
    ],
)
def test_a_copy_has_the_tags_of_its_directive(
    bucket: oss2.Bucket, name: str, directive: str | None, tags: dict[str, str]
) -> None:
    bucket.put_object("source", b"1", headers={"x-oss-tagging": "old=1"})
    headers = {"x-oss-tagging": "new=2"}
    if directive is not None:
        headers["x-oss-tagging-directive"] = directive
    bucket.copy_object(name, "source", "a", headers)
    assert tags_of(bucket, "a") == tags


def test_no_other_directive_is_known(bucket: oss2.Bucket, signed: Signed, name: str) -> None:
    bucket.put_object("source", b"1")
    headers = {"x-oss-copy-source": f"/{name}/source", "x-oss-tagging-directive": "MERGE"}
    error = signed.request("PUT", name, "a", headers=headers).error
    assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", "x-oss-tagging-directive")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MalformedXML"),
        (b"<Tagging/>", "MalformedXML"),
        (b"<TagSet/>", "MalformedXML"),
        (b"<Tagging><TagSet><Tag><Key/></Tag></TagSet></Tagging>", "InvalidTag"),
    ],
)
def test_a_document_is_checked(
    bucket: oss2.Bucket, signed: Signed, name: str, body: bytes, code: str
) -> None:
    bucket.put_object("a", b"1", headers={"x-oss-tagging": "k=v"})
    answer = signed.request("PUT", name, "a", {"tagging": ""}, body=body)
    assert (answer.status, answer.code) == (400, code)
    assert tags_of(bucket, "a") == {"k": "v"}
    assert bucket.get_object("a").read() == b"1"


def test_a_missing_object_has_no_tags(signed: Signed, name: str) -> None:
    for method in ("GET", "DELETE"):
        answer = signed.request(method, name, "none", {"tagging": ""})
        message = "The specified key does not exist."
        check_error(answer, 404, "NoSuchKey", message, "0026-00000001", Key="none")


def test_each_version_has_its_tags(bucket: oss2.Bucket) -> None:
    bucket.put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    old = bucket.put_object("a", b"1").versionid
    new = bucket.put_object("a", b"2").versionid
    set_old = bucket.put_object_tagging("a", tagging({"k": "old"}), params={"versionId": old})
    set_new = bucket.put_object_tagging("a", tagging({"k": "new"}))
    assert (set_old.versionid, set_new.versionid) == (old, new)
    assert tags_of(bucket, "a", versionId=old) == {"k": "old"}
    assert tags_of(bucket, "a") == {"k": "new"}
    bucket.delete_object_tagging("a", params={"versionId": old})
    assert tags_of(bucket, "a", versionId=old) == {}
    bucket.delete_object("a")
    with pytest.raises(oss2.exceptions.NoSuchKey):
        tags_of(bucket, "a")
