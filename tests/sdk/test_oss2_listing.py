"""ListObjects, version 1 and 2, through oss2."""

from __future__ import annotations

from typing import Any

import oss2
import pytest

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
