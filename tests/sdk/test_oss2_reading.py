"""oss2: reading, selecting and listing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oss2
import pytest
from oss2.exceptions import AccessDenied
from oss_emulator.storage.blobs import SPOOL_ABOVE

from tests.client import ANONYMOUS, Live
from tests.unit.selecting.cases import CASES, Case

# --- Reading through oss2: ranges, conditions, overridden headers

BODY = b"".join(b"%04d" % number for number in range(250))
"""The 1,000 bytes of the examples in the reference."""

# --- ranges


@pytest.mark.parametrize(
    ("byte_range", "expected"),
    [
        ((0, 99), BODY[:100]),
        ((None, 99), BODY[-99:]),
        ((100, None), BODY[100:]),
        ((None, None), BODY),
        ((0, 0), BODY[:1]),
    ],
)
def test_ranges_of_oss2_mean_what_it_documents(
    bucket: oss2.Bucket, byte_range: tuple[int | None, int | None], expected: bytes
) -> None:
    bucket.put_object("a", BODY)
    assert bucket.get_object("a", byte_range=byte_range).read() == expected


def test_range_of_a_large_object_is_read_from_its_file(bucket: oss2.Bucket) -> None:
    body = b"0123456789abcdefg" * (SPOOL_ABOVE // 17 + 1)
    bucket.put_object("a", body)
    end = len(body) - 1
    for first, last in [(0, 0), (SPOOL_ABOVE - 1, SPOOL_ABOVE), (end - 100_000, end)]:
        assert bucket.get_object("a", byte_range=(first, last)).read() == body[first : last + 1]


# --- conditions


def test_failed_condition_raises_the_exception_of_its_status(bucket: oss2.Bucket) -> None:
    etag = bucket.put_object("a", b"x").etag
    for ask in (bucket.get_object, bucket.head_object):
        with pytest.raises(oss2.exceptions.NotModified) as not_modified:
            ask("a", headers={"If-None-Match": f'"{etag}"'})
        assert not_modified.value.headers["ETag"] == f'"{etag}"'
        with pytest.raises(oss2.exceptions.PreconditionFailed) as failed:
            ask("a", headers={"If-Match": '"x"'})
        assert failed.value.details["Condition"] == "If-Match"


# --- response-*

OVERRIDES = {
    "response-content-type": "text/x-other; charset=gbk",
    "response-content-language": "de",
    "response-expires": "Thu, 01 Feb 2042 17:00:00 GMT",
    "response-cache-control": "no-store",
    "response-content-disposition": 'attachment; filename="testing 1.txt"',
    "response-content-encoding": "utf-8",
}
"""The six parameters of GetObject."""


def _overrides(result: Any) -> dict[str, str]:
    return {f"response-{name.lower()}": value for name, value in result.headers.items()}


@pytest.mark.parametrize("names", [[name] for name in OVERRIDES] + [list(OVERRIDES)])
def test_signed_request_overrides_headers_of_the_answer(
    bucket: oss2.Bucket, names: list[str]
) -> None:
    kept = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "Content-Language": "zh"}
    bucket.put_object("a", b"x", kept)
    params = {name: OVERRIDES[name] for name in names}
    url = bucket.sign_url("GET", "a", 60, params=dict(params))
    for result in (bucket.get_object("a", params=dict(params)), bucket.get_object_with_url(url)):
        got = _overrides(result)
        for name in OVERRIDES:
            original = {f"response-{key.lower()}": value for key, value in kept.items()}
            assert got.get(name) == params.get(name, original.get(name)), name
        assert result.read() == b"x"
    head = bucket.head_object("a")
    assert head.content_type == "text/plain"


# --- SelectObject through oss2: the table of statements, progress, checksums and metas


@pytest.mark.parametrize(
    "case", [each for each in CASES if not each.code][::20], ids=lambda case: case.name
)
def test_case_of_the_table(bucket: oss2.Bucket, case: Case) -> None:
    bucket.put_object("a", case.data.encode())
    found = bucket.select_object("a", case.sql, select_params=case.parameters)
    rows, end = b"", ""
    try:
        for piece in found:
            rows += piece
    except oss2.exceptions.SelectOperationFailed as error:
        end = error.code.decode()
    assert end == case.end
    assert (found.status, rows.decode()) == (206, case.rows)


def test_checksums_are_compared(bucket: oss2.Bucket) -> None:
    """Q-11: oss2 compares them"""
    bucket.put_object("a", b"a,b\n" * 1000)
    found = bucket.select_object(
        "a", "select _2 from ossobject", select_params={"EnablePayloadCrc": True}
    )
    assert found.read() == b"b\n" * 1000


def test_progress_reaches_the_end(bucket: oss2.Bucket) -> None:
    """Q-12"""
    bucket.put_object("a", b"a,b\n" * 1000)
    seen: list[int] = []
    found = bucket.select_object(
        "a", "select _1 from ossobject where _1 = 'x'", lambda read, _: seen.append(read)
    )
    assert found.read() == b""
    assert seen == [4000]


def test_meta_has_the_counts_and_the_headers(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", b"a,b\nc,d\n")
    found = bucket.create_select_object_meta("a")
    assert (found.splits, found.rows) == (1, 2)
    assert found.etag == bucket.head_object("a").etag


# --- ListObjects, version 1 and 2, through oss2

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


def test_iterators_find_each_name_once(bucket: oss2.Bucket) -> None:
    put(bucket, FUN)
    for delimiter, expected in {"": FUN, "/": ["fun/", "oss.jpg"]}.items():
        for page in (1, 2, 3, 1000):
            for iterator in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
                found = list(iterator(bucket, delimiter=delimiter, max_keys=page))
                assert [item.key for item in found] == expected, (page, iterator)
                prefixes = [item.endswith("/") for item in expected]
                assert [item.is_prefix() for item in found] == prefixes


def test_odd_keys_are_listed_as_they_were_put(bucket: oss2.Bucket) -> None:
    """P-03, P-33: any Unicode, control characters, in the order of their UTF-8 bytes."""
    assert sorted(ODD, key=str.encode) == ODD
    put(bucket, ODD)
    for iterator in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
        assert [item.key for item in iterator(bucket, max_keys=5)] == ODD
    for key in ODD:
        assert next(oss2.ObjectIteratorV2(bucket, prefix=key)).key == key
    for key in ODD:
        assert bucket.get_object(key).read() == key.encode()


def test_keys_are_plain_text_without_encoding(bucket: oss2.Bucket) -> None:
    keys = ["a b+c%25?&=#", "<&>\"'", "中文"]
    put(bucket, keys)
    result = bucket.list_objects_v2(encoding_type="")
    assert names(result)[0] == sorted(keys)


# --- oss2 without a key: what the ACL of a bucket allows

GIVES = {
    "private": set(),
    "public-read": {"read"},
    "public-read-write": {"read", "write"},
}
"""The rights that each ACL grants to everybody; the owner has all others."""

CALLS: list[tuple[str, str, Callable[[oss2.Bucket], Any]]] = [
    ("get_object", "read", lambda it: it.get_object("a").read() == b"content"),
    ("a range", "read", lambda it: it.get_object("a", byte_range=(0, 2)).read() == b"con"),
    ("head_object", "read", lambda it: it.head_object("a").content_length == 7),
    ("get_object_meta", "read", lambda it: it.get_object_meta("a").content_length == 7),
    ("object_exists", "read", lambda it: not it.object_exists("missing")),
    ("sign_url", "read", lambda it: it.get_object_with_url(it.sign_url("GET", "a", 60)).read()),
    ("put_object", "write", lambda it: it.put_object("b", b"x").status == 200),
    ("in chunks", "write", lambda it: it.put_object("b", iter([b"x", b"y"])).status == 200),
    ("delete_object", "write", lambda it: it.delete_object("a").status == 204),
    ("batch_delete", "write", lambda it: it.batch_delete_objects(["a"]).deleted_keys == ["a"]),
    ("copy_object", "write", lambda it: it.copy_object(it.bucket_name, "a", "b").status == 200),
    ("list_objects", "own", oss2.Bucket.list_objects),
    ("list_objects_v2", "own", oss2.Bucket.list_objects_v2),
    ("get_object_acl", "own", lambda it: it.get_object_acl("a")),
    ("put_object_acl", "own", lambda it: it.put_object_acl("a", "public-read-write")),
    ("get_bucket_acl", "own", oss2.Bucket.get_bucket_acl),
    ("put_bucket_acl", "own", lambda it: it.put_bucket_acl("public-read-write")),
    ("get_bucket_info", "own", oss2.Bucket.get_bucket_info),
    ("get_bucket_location", "own", oss2.Bucket.get_bucket_location),
    ("get_bucket_stat", "own", oss2.Bucket.get_bucket_stat),
    ("create_bucket", "own", oss2.Bucket.create_bucket),
    ("delete_bucket", "own", oss2.Bucket.delete_bucket),
]


@pytest.mark.parametrize("acl", GIVES)
def test_anonymous_caller_may_do_what_the_acl_allows_only(
    live: Live, make_bucket: Callable[..., str], owner: Any, session: oss2.Session, acl: str
) -> None:
    kept = make_bucket(acl)  # for denied requests, which must change nothing
    live.put(f"/{kept}/a", b"content")
    denied = set()
    for called, needs, call in CALLS:
        name = kept
        if needs in GIVES[acl]:
            name = make_bucket(acl)
            live.put(f"/{name}/a", b"content")
        try:
            assert call(live.bucket(name, ANONYMOUS, session=session)), called
        except AccessDenied:
            denied.add(called)
    assert denied == {called for called, needs, _ in CALLS if needs not in GIVES[acl]}
    bucket = live.bucket(kept, owner, session=session)
    assert [item.key for item in bucket.list_objects().object_list] == ["a"]
    assert bucket.get_bucket_acl().acl == acl
    assert bucket.get_object_acl("a").acl == "default"


def test_anonymous_caller_may_not_create_a_bucket(live: Live, new_name: str) -> None:
    with pytest.raises(AccessDenied) as caught:
        live.bucket(new_name, ANONYMOUS).create_bucket()
    assert caught.value.ec == "0003-00001201"
