"""CopyObject through oss2."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import oss2
import pytest
from lxml import etree
from oss2.exceptions import InvalidArgument, NoSuchBucket, NoSuchKey, ServerError
from oss2.utils import http_date

from tests.http.live import Live

META = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "x-oss-meta-a": "1"}
NEW = {"Content-Type": "image/png", "x-oss-meta-b": "2"}
SIX_MIB = b"0123456789abcdef" * (6 * 1024 * 1024 // 16)


def kept(bucket: oss2.Bucket, key: str) -> dict[str, str]:
    """What is kept with an object, of that which these tests set."""
    headers = bucket.head_object(key).headers
    names = {*META, *NEW}
    return {name: headers[name] for name in names if name in headers}


@pytest.mark.parametrize("body", [b"", b"hello", SIX_MIB], ids=["empty", "small", "6 MiB"])
def test_a_copy_is_an_object_of_its_own(bucket: oss2.Bucket, body: bytes) -> None:
    put = bucket.put_object("a", body, META)
    result = bucket.copy_object(bucket.bucket_name, "a", "b")
    assert (result.status, result.etag, result.crc) == (200, put.etag, put.crc)
    bucket.delete_object("a")
    assert bucket.get_object("b").read() == body
    assert kept(bucket, "b") == META


def test_the_answer_tells_etag_and_time(bucket: oss2.Bucket) -> None:
    put = bucket.put_object("a", b"x")
    root = etree.fromstring(bucket.copy_object(bucket.bucket_name, "a", "b").resp.read())
    assert root.tag == "CopyObjectResult"
    assert root.findtext("ETag") == f'"{put.etag}"'
    when = datetime.strptime(str(root.findtext("LastModified")), "%Y-%m-%dT%H:%M:%S.000Z")
    assert when.replace(tzinfo=UTC).timestamp() == bucket.head_object("b").last_modified


def test_a_copy_crosses_buckets(
    live: Live, bucket: oss2.Bucket, make_bucket: Callable[..., str], owner: Any
) -> None:
    other = live.bucket(make_bucket(), owner)
    other.put_object("中文/a b+c%25?&=#", b"x", META)
    bucket.copy_object(other.bucket_name, "中文/a b+c%25?&=#", "x/../y")
    assert bucket.get_object("x/../y").read() == b"x"
    assert kept(bucket, "x/../y") == META


@pytest.mark.parametrize(
    ("directive", "headers", "expected"),
    [
        (None, {}, META),
        (None, NEW, META),
        ("COPY", NEW, META),
        ("REPLACE", NEW, NEW),
        ("REPLACE", {}, {"Content-Type": "application/octet-stream"}),
    ],
)
def test_the_directive_says_whose_metadata_a_copy_has(
    bucket: oss2.Bucket, directive: str | None, headers: dict[str, str], expected: dict[str, str]
) -> None:
    bucket.put_object("a", b"x", META)
    asked = {**headers, **({"x-oss-metadata-directive": directive} if directive else {})}
    bucket.copy_object(bucket.bucket_name, "a", "b", asked)
    assert kept(bucket, "b") == expected


def test_an_unknown_directive_is_refused(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", b"x")
    with pytest.raises(InvalidArgument) as caught:
        bucket.copy_object(bucket.bucket_name, "a", "b", {"x-oss-metadata-directive": "MERGE"})
    assert (caught.value.name, caught.value.value) == ("x-oss-metadata-directive", "MERGE")
    assert not bucket.object_exists("b")


@pytest.mark.parametrize("directive", [None, "COPY", "REPLACE"])
def test_onto_itself_the_metadata_of_the_request_counts(
    bucket: oss2.Bucket, directive: str | None
) -> None:
    """CopyObject: regardless of the value of x-oss-metadata-directive."""
    bucket.put_object("a", b"x", META)
    asked = {**NEW, **({"x-oss-metadata-directive": directive} if directive else {})}
    bucket.copy_object(bucket.bucket_name, "a", "a", asked)
    assert kept(bucket, "a") == NEW
    assert bucket.get_object("a").read() == b"x"


def test_metadata_can_be_updated(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", b"x", META)
    bucket.update_object_meta("a", dict(NEW))
    assert kept(bucket, "a") == NEW


def test_a_copy_has_the_class_acl_and_encryption_of_its_request(bucket: oss2.Bucket) -> None:
    bucket.put_object(
        "a",
        b"x",
        {
            "x-oss-storage-class": "IA",
            "x-oss-object-acl": "public-read",
            "x-oss-server-side-encryption": "AES256",
        },
    )
    bucket.copy_object(bucket.bucket_name, "a", "plain")
    head = bucket.head_object("plain")
    assert head.headers["x-oss-storage-class"] == "Standard"
    assert "x-oss-server-side-encryption" not in head.headers
    assert bucket.get_object_acl("plain").acl == "default"
    result = bucket.copy_object(
        bucket.bucket_name,
        "a",
        "asked",
        {
            "x-oss-storage-class": "Archive",
            "x-oss-object-acl": "private",
            "x-oss-server-side-encryption": "KMS",
        },
    )
    head = bucket.head_object("asked")
    assert head.headers["x-oss-storage-class"] == "Archive"
    assert bucket.get_object_acl("asked").acl == "private"
    for answer in (result, head):
        assert answer.headers["x-oss-server-side-encryption"] == "KMS"


DAY = 24 * 3600
HOLDS, NOT_MODIFIED, FAILED = 200, 304, 412


@pytest.mark.parametrize(
    ("condition", "value", "status"),
    [
        ("if-match", "{etag}", HOLDS),
        ("if-match", '"{etag}"', HOLDS),
        ("if-match", "0" * 32, FAILED),
        ("if-none-match", "0" * 32, HOLDS),
        ("if-none-match", "{etag}", NOT_MODIFIED),
        ("if-modified-since", "{before}", HOLDS),
        ("if-modified-since", "{when}", NOT_MODIFIED),
        ("if-modified-since", "{iso_before}", HOLDS),
        ("if-modified-since", "{iso_after}", NOT_MODIFIED),
        ("if-unmodified-since", "{when}", HOLDS),
        ("if-unmodified-since", "{before}", FAILED),
        ("if-unmodified-since", "{iso_after}", HOLDS),
        ("if-unmodified-since", "{iso_before}", FAILED),
    ],
)
def test_a_condition_on_the_source_is_judged_as_documented(
    bucket: oss2.Bucket, condition: str, value: str, status: int
) -> None:
    put = bucket.put_object("a", b"x")
    when = bucket.head_object("a").last_modified
    values = {
        "etag": put.etag,
        "before": http_date(when - DAY),
        "when": http_date(when),
        "iso_before": _iso(when - DAY),
        "iso_after": _iso(when + DAY),
    }
    headers = {f"x-oss-copy-source-{condition}": value.format(**values)}
    if status == HOLDS:
        assert bucket.copy_object(bucket.bucket_name, "a", "b", headers).status == 200
        return
    with pytest.raises(ServerError) as caught:
        bucket.copy_object(bucket.bucket_name, "a", "b", headers)
    assert caught.value.status == status
    assert not bucket.object_exists("b")


def _iso(second: int) -> str:
    """The form of the reference: 2019-04-09T07:01:56.000Z"""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_a_condition_on_the_target_is_none_on_the_source(bucket: oss2.Bucket) -> None:
    """Only the x-oss-copy-source- forms are conditions of a copy."""
    bucket.put_object("a", b"x")
    bucket.copy_object(bucket.bucket_name, "a", "b", {"If-Match": "0" * 32})
    assert bucket.object_exists("b")


def test_overwriting_can_be_forbidden(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", b"new")
    bucket.put_object("b", b"old")
    with pytest.raises(ServerError) as caught:
        bucket.copy_object(bucket.bucket_name, "a", "b", {"x-oss-forbid-overwrite": "true"})
    assert (caught.value.status, caught.value.code) == (409, "FileAlreadyExists")
    assert bucket.get_object("b").read() == b"old"
    bucket.copy_object(bucket.bucket_name, "a", "c", {"x-oss-forbid-overwrite": "true"})
    assert bucket.get_object("c").read() == b"new"


def test_a_source_that_is_not_there_is_told(bucket: oss2.Bucket) -> None:
    with pytest.raises(NoSuchKey) as caught:
        bucket.copy_object(bucket.bucket_name, "missing", "b")
    assert caught.value.details["Key"] == "missing"
    with pytest.raises(NoSuchBucket) as caught_bucket:
        bucket.copy_object("no-such-bucket", "a", "b")
    assert caught_bucket.value.details["BucketName"] == "no-such-bucket"


@pytest.mark.parametrize("source", ["", "/", "a", "/bucket", "/bucket/"])
def test_a_source_that_names_no_object_is_refused(bucket: oss2.Bucket, source: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        bucket.put_object("b", b"body", {"x-oss-copy-source": source})
    assert caught.value.message == (
        "Copy Source must mention the source bucket and key: /sourcebucket/sourcekey."
    )
    assert not bucket.object_exists("b")
