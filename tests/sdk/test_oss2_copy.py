"""CopyObject through oss2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oss2
import pytest

from tests.client import Live

META = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "x-oss-meta-a": "1"}
NEW = {"Content-Type": "image/png", "x-oss-meta-b": "2"}
SIX_MIB = b"0123456789abcdef" * (6 * 1024 * 1024 // 16)


def kept(bucket: oss2.Bucket, key: str) -> dict[str, str]:
    """The metadata of an object, of that which these tests set."""
    headers = bucket.head_object(key).headers
    names = {*META, *NEW}
    return {name: headers[name] for name in names if name in headers}


@pytest.mark.parametrize("body", [b"", b"hello", SIX_MIB], ids=["empty", "small", "6 MiB"])
def test_copy_survives_the_deletion_of_its_source(bucket: oss2.Bucket, body: bytes) -> None:
    put = bucket.put_object("a", body, META)
    result = bucket.copy_object(bucket.bucket_name, "a", "b")
    assert (result.status, result.etag, result.crc) == (200, put.etag, put.crc)
    bucket.delete_object("a")
    assert bucket.get_object("b").read() == body
    assert kept(bucket, "b") == META


def test_copy_crosses_buckets(
    live: Live, bucket: oss2.Bucket, make_bucket: Callable[..., str], owner: Any
) -> None:
    other = live.bucket(make_bucket(), owner)
    other.put_object("中文/a b+c%25?&=#", b"x", META)
    bucket.copy_object(other.bucket_name, "中文/a b+c%25?&=#", "x/../y")
    assert bucket.get_object("x/../y").read() == b"x"
    assert kept(bucket, "x/../y") == META


def test_metadata_is_updated_by_a_copy(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", b"x", META)
    bucket.update_object_meta("a", dict(NEW))
    assert kept(bucket, "a") == NEW
