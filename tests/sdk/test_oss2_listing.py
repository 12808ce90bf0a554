"""ListObjects, version 1 and 2, through oss2."""

from __future__ import annotations

import time
from hashlib import md5
from typing import Any

import oss2
import pytest

from tests.client import Live

FUN = ["fun/movie/001.avi", "fun/movie/007.avi", "fun/test.jpg", "oss.jpg"]

# Sorted by UTF-8 bytes; UTF-16 would swap the last two.
ODD = [
    "\x01",
    "\t tab",
    "\n line",
    "\r return",
    "\x1f unit",
    " blank",
    "%25",
    "& < > \" '",
    "+ = ? #",
    "A",
    "a b+c%25?&=#",
    "a/../b",
    "a//b",
    "\x7f",
    "\x85",
    "é",
    "中文/测试",
    "\uffef",
    "😀",
]


def put(bucket: oss2.Bucket, keys: list[str]) -> None:
    for key in reversed(keys):
        bucket.put_object(key, key.encode())


def names(result: Any) -> tuple[list[str], list[str]]:
    return [item.key for item in result.object_list], result.prefix_list


@pytest.mark.parametrize("page", [1, 2, 3, 4, 1000])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_iterators_find_each_name_once(bucket: oss2.Bucket, page: int, delimiter: str) -> None:
    put(bucket, FUN)
    expected = ["fun/", "oss.jpg"] if delimiter else FUN
    for iterator in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
        found = list(iterator(bucket, delimiter=delimiter, max_keys=page))
        assert [item.key for item in found] == expected
        assert [item.is_prefix() for item in found] == [item.endswith("/") for item in expected]


@pytest.mark.parametrize(
    ("asked", "count"), [({}, 100), ({"max_keys": 1000}, 1000), ({"max_keys": 999}, 999)]
)
def test_page_holds_100_keys_by_default_and_1000_at_most(
    live: Live, bucket: oss2.Bucket, asked: dict[str, int], count: int
) -> None:
    keys = [f"{number:04}" for number in range(1001)]
    for key in keys:
        live.put(f"/{bucket.bucket_name}/{key}")
    for call in (bucket.list_objects, bucket.list_objects_v2):
        result = call(**asked)
        assert names(result)[0] == keys[:count]
        assert result.is_truncated is True


def test_odd_keys_are_listed_as_they_were_put(bucket: oss2.Bucket) -> None:
    """P-03, P-33: any Unicode, control characters, in the order of their UTF-8 bytes."""
    assert sorted(ODD, key=str.encode) == ODD
    put(bucket, ODD)
    for iterator in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
        assert [item.key for item in iterator(bucket, max_keys=3)] == ODD
        for key in ODD:
            assert next(iterator(bucket, prefix=key)).key == key
    for key in ODD:
        assert bucket.get_object(key).read() == key.encode()


def test_keys_are_plain_text_without_encoding(bucket: oss2.Bucket) -> None:
    keys = ["a b+c%25?&=#", "<&>\"'", "中文"]
    put(bucket, keys)
    result = bucket.list_objects_v2(encoding_type="")
    assert names(result)[0] == sorted(keys)


def test_object_is_listed_with_its_etag_size_time_and_owner(bucket: oss2.Bucket) -> None:
    before = int(time.time())
    bucket.put_object("a", b"hello", {"x-oss-storage-class": "IA"})
    owner = bucket.get_bucket_info().owner.id
    for result, shown in (
        (bucket.list_objects(), owner),
        (bucket.list_objects_v2(), None),
        (bucket.list_objects_v2(fetch_owner=True), owner),
    ):
        (item,) = result.object_list
        assert item.etag == md5(b"hello", usedforsecurity=False).hexdigest().upper()
        assert (item.size, item.type, item.storage_class) == (5, "Normal", "IA")
        assert before <= item.last_modified <= int(time.time())
        assert item.last_modified == bucket.head_object("a").last_modified
        assert (item.owner and item.owner.id) == shown
