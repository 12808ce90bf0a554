"""ListObjects, version 1 and 2, through oss2."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import md5
from typing import Any

import oss2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oss2.exceptions import InvalidArgument

from tests.http.live import Live

FUN = ["fun/movie/001.avi", "fun/movie/007.avi", "fun/test.jpg", "oss.jpg"]

# In the order of their UTF-8 bytes, which is not that of UTF-16 (the last two).
NASTY = [
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


@pytest.fixture(params=["list_objects", "list_objects_v2"])
def listing(request: pytest.FixtureRequest, bucket: oss2.Bucket) -> Callable[..., Any]:
    """Both versions of the call; the name after which it starts is `after`."""
    call = getattr(bucket, request.param)
    after_name = "marker" if request.param == "list_objects" else "start_after"

    def ask(*, after: str = "", **arguments: Any) -> Any:
        return call(**arguments, **({after_name: after} if after else {}))

    return ask


def names(result: Any) -> tuple[list[str], list[str]]:
    return [item.key for item in result.object_list], result.prefix_list


@pytest.mark.parametrize(
    ("arguments", "keys", "prefixes"),
    [
        ({}, FUN, []),
        ({"prefix": "fun/"}, FUN[:3], []),
        ({"prefix": "fun"}, FUN[:3], []),
        ({"prefix": "FUN"}, [], []),
        ({"prefix": "oss.jpg"}, ["oss.jpg"], []),
        ({"delimiter": "/"}, ["oss.jpg"], ["fun/"]),
        # The example of the API reference.
        ({"prefix": "fun/", "delimiter": "/"}, ["fun/test.jpg"], ["fun/movie/"]),
        ({"prefix": "fun", "delimiter": "/"}, [], ["fun/"]),
        ({"prefix": "fun/movie/", "delimiter": "/"}, FUN[:2], []),
        ({"delimiter": "movie/"}, ["fun/test.jpg", "oss.jpg"], ["fun/movie/"]),
        ({"delimiter": "."}, [], ["fun/movie/001.", "fun/movie/007.", "fun/test.", "oss."]),
        ({"after": "fun/movie/001.avi"}, FUN[1:], []),
        ({"after": "fun/movie/002.avi"}, FUN[1:], []),
        ({"after": "zzz"}, [], []),
        ({"after": "fun/movie/001.avi", "prefix": "fun/"}, FUN[1:3], []),
        ({"after": "fun/movie/007.avi", "delimiter": "/", "prefix": "fun/"}, ["fun/test.jpg"], []),
        ({"after": "fun/movie/", "delimiter": "/", "prefix": "fun/"}, ["fun/test.jpg"], []),
        ({"after": "a", "delimiter": "/"}, ["oss.jpg"], ["fun/"]),
    ],
)
def test_keys_are_chosen_and_grouped(
    bucket: oss2.Bucket,
    listing: Callable[..., Any],
    arguments: dict[str, Any],
    keys: list[str],
    prefixes: list[str],
) -> None:
    put(bucket, FUN)
    result = listing(**arguments)
    assert names(result) == (keys, prefixes)
    assert result.is_truncated is False


def test_an_empty_bucket_lists_nothing(listing: Callable[..., Any]) -> None:
    assert names(listing()) == ([], [])


@pytest.mark.parametrize("page", [1, 2, 3, 4, 1000])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_follow_each_other_without_gap_or_repetition(
    bucket: oss2.Bucket, page: int, delimiter: str
) -> None:
    put(bucket, FUN)
    expected = ["fun/", "oss.jpg"] if delimiter else FUN
    for iterator in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
        found = list(iterator(bucket, delimiter=delimiter, max_keys=page))
        assert [item.key for item in found] == expected
        assert [item.is_prefix() for item in found] == [item.endswith("/") for item in expected]


@pytest.mark.parametrize("limit", [1, 2])
def test_a_full_page_tells_where_to_go_on(bucket: oss2.Bucket, limit: int) -> None:
    put(bucket, ["a", "b", "c"])
    first = bucket.list_objects(max_keys=limit)
    assert first.is_truncated is True
    assert names(first)[0] == ["a", "b", "c"][:limit]
    assert first.next_marker == names(first)[0][-1]
    second = bucket.list_objects_v2(max_keys=limit)
    assert second.is_truncated is True
    rest = bucket.list_objects_v2(continuation_token=second.next_continuation_token)
    assert names(rest)[0] == ["a", "b", "c"][limit:]


def test_a_continuation_token_goes_before_start_after(bucket: oss2.Bucket) -> None:
    put(bucket, ["a", "b", "c", "d"])
    token = bucket.list_objects_v2(max_keys=1).next_continuation_token
    result = bucket.list_objects_v2(continuation_token=token, start_after="c")
    assert names(result)[0] == ["b", "c", "d"]


def test_a_continuation_token_that_is_none_is_refused(bucket: oss2.Bucket) -> None:
    with pytest.raises(InvalidArgument) as caught:
        bucket.list_objects_v2(continuation_token="%%%")
    assert caught.value.name == "continuation-token"


@pytest.mark.parametrize("limit", [1001, -1, "many"])
def test_a_limit_out_of_range_is_refused(listing: Callable[..., Any], limit: Any) -> None:
    with pytest.raises(InvalidArgument) as caught:
        listing(max_keys=limit)
    assert (caught.value.name, caught.value.value) == ("max-keys", str(limit))


def test_no_keys_at_all_can_be_asked_for(bucket: oss2.Bucket, listing: Callable[..., Any]) -> None:
    """The reference begins at 1; the service is known to answer an empty page."""
    put(bucket, ["a"])
    result = listing(max_keys=0)
    assert names(result) == ([], [])
    assert result.is_truncated is False


@pytest.mark.parametrize(
    ("asked", "count"), [({}, 100), ({"max_keys": 1000}, 1000), ({"max_keys": 999}, 999)]
)
def test_up_to_a_thousand_keys_come_and_a_hundred_by_default(
    live: Live, bucket: oss2.Bucket, asked: dict[str, int], count: int
) -> None:
    keys = [f"{number:04}" for number in range(1001)]
    for key in keys:
        live.put(f"/{bucket.bucket_name}/{key}")
    for call in (bucket.list_objects, bucket.list_objects_v2):
        result = call(**asked)
        assert names(result)[0] == keys[:count]
        assert result.is_truncated is True


def test_nasty_keys_come_back_as_they_were_put(bucket: oss2.Bucket) -> None:
    """P-03, P-33: any Unicode, control characters, in the order of their UTF-8 bytes."""
    assert sorted(NASTY, key=str.encode) == NASTY
    put(bucket, NASTY)
    for iterator in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
        assert [item.key for item in iterator(bucket, max_keys=3)] == NASTY
        for key in NASTY:
            assert next(iterator(bucket, prefix=key)).key == key
    for key in NASTY:
        assert bucket.get_object(key).read() == key.encode()


@pytest.mark.parametrize("delimiter", ["/", "%", "&", "文", "\x01", " "])
def test_any_character_can_group(bucket: oss2.Bucket, delimiter: str) -> None:
    put(bucket, [f"a{delimiter}1", f"a{delimiter}2", "b"])
    for call in (bucket.list_objects, bucket.list_objects_v2):
        assert names(call(delimiter=delimiter)) == (["b"], [f"a{delimiter}"])
        assert names(call(delimiter=delimiter, max_keys=1))[1] == [f"a{delimiter}"]


def test_without_encoding_keys_come_as_text(bucket: oss2.Bucket) -> None:
    keys = ["a b+c%25?&=#", "<&>\"'", "中文"]
    put(bucket, keys)
    result = bucket.list_objects_v2(encoding_type="")
    assert names(result)[0] == sorted(keys)


def test_an_unknown_encoding_is_refused(bucket: oss2.Bucket) -> None:
    with pytest.raises(InvalidArgument) as caught:
        bucket.list_objects_v2(encoding_type="urlencode")
    error = caught.value
    assert (error.name, error.value) == ("encoding-type", "urlencode")
    assert error.message == "Invalid Encoding Method specified in Request"
    assert error.ec == "0017-00000235"


@pytest.mark.parametrize("name", ["prefix", "delimiter", "after"])
def test_a_name_of_1024_bytes_is_too_long(listing: Callable[..., Any], name: str) -> None:
    assert names(listing(**{name: "x" * 1023})) == ([], [])
    with pytest.raises(InvalidArgument):
        listing(**{name: "中" * 341 + "x"})


def test_an_object_is_listed_with_what_is_known_of_it(bucket: oss2.Bucket) -> None:
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


KEYS = st.lists(
    st.text(st.sampled_from("ab/\x01é😀"), min_size=1, max_size=5).filter(
        lambda key: not key.startswith("/")
    ),
    max_size=12,
    unique=True,
)


@given(
    keys=KEYS,
    prefix=st.text(st.sampled_from("ab/é"), max_size=2),
    delimiter=st.sampled_from(["", "/", "a/", "é"]),
    page=st.integers(1, 4),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_pages_show_what_a_simple_listing_would(
    live: Live,
    make_bucket: Callable[..., str],
    owner: Any,
    session: oss2.Session,
    keys: list[str],
    prefix: str,
    delimiter: str,
    page: int,
) -> None:
    bucket = live.bucket(make_bucket(), owner, session=session)
    put(bucket, keys)
    shown = set()
    for key in keys:
        if key.startswith(prefix):
            head, found, _ = key[len(prefix) :].partition(delimiter or "\0")
            shown.add(prefix + head + found if found else key)
    expected = sorted(shown, key=str.encode)
    for iterator in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
        found = iterator(bucket, prefix=prefix, delimiter=delimiter, max_keys=page)
        assert [item.key for item in found] == expected
    live.drop_bucket(bucket.bucket_name)
