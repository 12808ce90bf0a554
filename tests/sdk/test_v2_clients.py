"""SDK V2: its clients, basic operations and accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
from oss_emulator import Emulator

from tests.client import REGION, Live
from tests.sdk.accounts import assume_role
from tests.sdk.v2 import Ask, asking, configure

# --- Both clients of SDK V2 and both signature versions; all other tests use one of each

CLIENTS = [(kind, version) for kind in ("sync", "async") for version in ("v1", "v4")]
BODY = b"0123456789"


@pytest.fixture(params=CLIENTS, ids="-".join)
def ask_each(request: pytest.FixtureRequest, live: Live) -> Iterator[Ask]:
    """Each client in turn, with each signature."""
    kind, version = request.param
    with asking(kind, live.endpoint, version=version) as found:
        yield found


@pytest.mark.parametrize("key", ["dir/a b+c%25?&=#中文//😀", "\x01\t'\"<>;"])
def test_object_is_put_read_listed_copied_and_deleted(ask_each: Ask, name: str, key: str) -> None:
    place = {"bucket": name, "key": key}
    put = oss.PutObjectRequest(**place, body=BODY, metadata={"a": "1 +"}, content_type="text/plain")
    assert ask_each(put).status_code == 200
    assert ask_each.read(oss.GetObjectRequest(**place)) == BODY
    assert ask_each.read(oss.GetObjectRequest(**place, range_header="bytes=2-4")) == b"234"
    typed = oss.GetObjectRequest(**place, response_content_type="text/x; charset=a b")
    assert ask_each(typed).content_type == "text/x; charset=a b"
    head = ask_each(oss.HeadObjectRequest(**place))
    assert (head.content_length, head.content_type) == (10, "text/plain")
    assert head.metadata["a"] == "1 +"
    listed = ask_each(oss.ListObjectsV2Request(bucket=name, prefix=key, encoding_type="url"))
    assert [item.key for item in listed.contents] == [key]
    ask_each(oss.CopyObjectRequest(bucket=name, key="copy", source_key=key))
    assert ask_each.read(oss.GetObjectRequest(bucket=name, key="copy")) == BODY
    doomed = [oss.DeleteObject(key="copy")]
    deleted = ask_each(oss.DeleteMultipleObjectsRequest(bucket=name, objects=doomed))
    assert [item.key for item in deleted.deleted_objects] == ["copy"]
    assert ask_each(oss.DeleteObjectRequest(**place)).status_code == 204
    error = ask_each.fails(oss.GetObjectRequest(**place))
    assert (error.status_code, error.code, error.ec) == (404, "NoSuchKey", "0026-00000001")


def test_upload_is_completed_from_put_and_copied_parts(ask_each: Ask, name: str) -> None:
    ask_each(oss.PutObjectRequest(bucket=name, key="source", body=BODY))
    place: dict[str, Any] = {"bucket": name, "key": "dir/a b"}
    place["upload_id"] = ask_each(oss.InitiateMultipartUploadRequest(**place)).upload_id
    first = ask_each(oss.UploadPartRequest(**place, part_number=1, body=b"a" * 100 * 1024))
    second = ask_each(
        oss.UploadPartCopyRequest(
            **place, part_number=2, source_key="source", source_range="bytes=2-4"
        )
    )
    listed = ask_each(oss.ListPartsRequest(**place)).parts
    assert [(part.part_number, part.size) for part in listed] == [(1, 100 * 1024), (2, 3)]
    parts = [
        oss.UploadPart(part_number=number, etag=part.etag)
        for number, part in enumerate((first, second), 1)
    ]
    whole = oss.CompleteMultipartUpload(parts=parts)
    ask_each(oss.CompleteMultipartUploadRequest(**place, complete_multipart_upload=whole))
    read = oss.GetObjectRequest(bucket=name, key="dir/a b")
    assert ask_each.read(read) == b"a" * 100 * 1024 + b"234"


def test_subresources_of_an_object_are_signed(ask_each: Ask, name: str) -> None:
    place = {"bucket": name, "key": "a"}
    ask_each(oss.AppendObjectRequest(**place, position=0, body=b"one"))
    assert ask_each(oss.AppendObjectRequest(**place, position=3, body=b"two")).next_position == 6
    tags = oss.Tagging(tag_set=oss.TagSet(tags=[oss.Tag(key="k", value="v")]))
    ask_each(oss.PutObjectTaggingRequest(**place, tagging=tags))
    found = ask_each(oss.GetObjectTaggingRequest(**place)).tag_set.tags
    assert [(tag.key, tag.value) for tag in found] == [("k", "v")]
    ask_each(oss.PutObjectAclRequest(**place, acl="private"))
    assert ask_each(oss.GetObjectAclRequest(**place)).acl == "private"
    ask_each(oss.PutSymlinkRequest(bucket=name, key="link", symlink_target="a"))
    assert ask_each(oss.GetSymlinkRequest(bucket=name, key="link")).target == "a"
    kept = oss.VersioningConfiguration(status="Enabled")
    ask_each(oss.PutBucketVersioningRequest(bucket=name, versioning_configuration=kept))
    version_id = ask_each(oss.PutObjectRequest(bucket=name, key="b", body=b"old")).version_id
    ask_each(oss.PutObjectRequest(bucket=name, key="b", body=b"new"))
    old = oss.GetObjectRequest(bucket=name, key="b", version_id=version_id)
    assert ask_each.read(old) == b"old"


def test_subresources_of_a_bucket_are_signed(ask_each: Ask, name: str) -> None:
    rules = oss.RefererConfiguration(
        allow_empty_referer=False,
        truncate_path=True,
        referer_list=oss.RefererList(referers=["http://a.example.com"]),
    )
    ask_each(oss.PutBucketRefererRequest(bucket=name, referer_configuration=rules))
    found = ask_each(oss.GetBucketRefererRequest(bucket=name)).referer_configuration
    assert (found.allow_empty_referer, found.truncate_path) == (False, True)
    assert found.referer_list.referers == ["http://a.example.com"]
    assert ask_each(oss.GetBucketLocationRequest(bucket=name)).location == f"oss-{REGION}"
    cors = oss.CORSConfiguration(
        cors_rules=[oss.CORSRule(allowed_origins=["*"], allowed_methods=["GET"])]
    )
    ask_each(oss.PutBucketCorsRequest(bucket=name, cors_configuration=cors))
    assert ask_each(oss.DeleteBucketCorsRequest(bucket=name)).status_code == 204
    error = ask_each.fails(oss.GetBucketCorsRequest(bucket=name))
    assert (error.status_code, error.code) == (404, "NoSuchCORSConfiguration")
    style = oss.StyleContent(content="image/resize,w_1")
    ask_each(oss.PutStyleRequest(bucket=name, style_name="a-style", style=style))
    assert ask_each(oss.GetStyleRequest(bucket=name, style_name="a-style")).style.name == "a-style"
    buckets = ask_each(oss.ListBucketsRequest(prefix=name, max_keys=1)).buckets
    assert [bucket.name for bucket in buckets] == [name]


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_presigned_urls_work(live: Live, name: str, version: str) -> None:
    client = oss.Client(configure(live.endpoint, version=version))
    place = {"bucket": name, "key": "dir/a b+中"}
    put = client.presign(oss.PutObjectRequest(**place, metadata={"a": "1"}))
    target = "/" + put.url.split("/", 3)[3]
    assert live.client.put(target, BODY, *put.signed_headers.items()).status == 200
    get = client.presign(oss.GetObjectRequest(**place))
    answer = live.client.get("/" + get.url.split("/", 3)[3])
    assert (answer.status, answer.body, answer.headers["x-oss-meta-a"]) == (200, BODY, "1")


@pytest.mark.parametrize(("kind", "version"), CLIENTS)
def test_temporary_credentials_are_accepted_until_their_token_is_changed(
    emulator: Emulator, kind: str, version: str
) -> None:
    given = assume_role(emulator)
    key, secret, token = (
        given[name] for name in ("AccessKeyId", "AccessKeySecret", "SecurityToken")
    )
    place = {"bucket": "examplebucket", "key": "b"}
    put = oss.PutObjectRequest(**place, body=b"new")
    good = oss.credentials.StaticCredentialsProvider(key, secret, token)
    with asking(kind, emulator.endpoint, good, version) as ask_each:
        assert ask_each(put).status_code == 200
        assert ask_each(oss.HeadObjectRequest(**place)).content_length == 3
    bad = oss.credentials.StaticCredentialsProvider(key, secret, f"{token[:-4]}AAAA")
    with asking(kind, emulator.endpoint, bad, version) as ask_each:
        error = ask_each.fails(put)
    assert (error.status_code, error.code) == (403, "InvalidSecurityToken")
    assert error.ec == "0002-00000006"
