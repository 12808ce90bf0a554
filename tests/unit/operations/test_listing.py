"""ListObjects, versions 1 and 2: filters, groups and pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.unit.operations.service import Answer, Caller

FUN = ["fun/movie/001.avi", "fun/movie/007.avi", "fun/test.jpg", "oss.jpg"]

Query = dict[str, Any]


def put(ask: Caller, keys: list[str]) -> None:
    for key in reversed(keys):
        ask("PUT", f"/bucket/{quote(key)}", key.encode())


class Listing:
    """One version of the operation; `after` is its parameter for the name after which it starts."""

    def __init__(self, ask: Caller, version: int) -> None:
        self._ask = ask
        self._fixed = {"list-type": "2"} if version == 2 else {}
        self.after = "start-after" if version == 2 else "marker"
        self.token = "continuation-token" if version == 2 else "marker"
        self.next = "NextContinuationToken" if version == 2 else "NextMarker"

    def __call__(self, **query: Any) -> Answer:
        """Return a page; an `_` in the name of a parameter stands for `-`."""
        named = {
            self.after if name == "after" else name.replace("_", "-"): str(value)
            for name, value in query.items()
        }
        pairs = "&".join(
            f"{name}={quote(value)}" for name, value in {**self._fixed, **named}.items()
        )
        return self._ask("GET", f"/bucket?{pairs}")

    def pages(self, **query: Any) -> list[Answer]:
        """Return all pages."""
        found = [self(**query)]
        while found[-1].text("IsTruncated") == "true":
            following = found[-1].text(self.next) or ""
            if found[-1].text("EncodingType") and self.next == "NextMarker":
                following = unquote_plus(following)
            place = {self.token.replace("-", "_"): following}
            found.append(self(**{**query, **place}))
            assert len(found) < 100
        return found


@pytest.fixture(params=[1, 2])
def listing(request: pytest.FixtureRequest, ask: Caller) -> Listing:
    return Listing(ask, request.param)


def names(page: Answer) -> tuple[list[str], list[str]]:
    return page.texts("Contents/Key"), page.texts("CommonPrefixes/Prefix")


@pytest.mark.parametrize(
    ("query", "keys", "prefixes"),
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
def test_keys_are_filtered_and_grouped(
    ask: Caller, listing: Listing, query: Query, keys: list[str], prefixes: list[str]
) -> None:
    put(ask, FUN)
    page = listing(**query)
    assert names(page) == (keys, prefixes)
    assert page.text("IsTruncated") == "false"


def test_empty_bucket_has_an_empty_list(listing: Listing) -> None:
    assert names(listing()) == ([], [])


@pytest.mark.parametrize("delimiter", ["/", "%", "&", "文", "\x01", " "])
def test_delimiter_may_be_any_character(ask: Caller, listing: Listing, delimiter: str) -> None:
    put(ask, [f"a{delimiter}1", f"a{delimiter}2", "b"])
    for limit in (1, 100):
        page = listing(delimiter=delimiter, max_keys=limit, encoding_type="url")
        keys, prefixes = names(page)
        assert [unquote_plus(prefix) for prefix in prefixes] == [f"a{delimiter}"]
        assert keys == (["b"] if limit > 1 else [])


KEYS = st.lists(
    st.text(st.sampled_from("ab/\x01é😀"), min_size=1, max_size=5).filter(
        lambda key: not key.startswith("/")
    ),
    max_size=12,
    unique=True,
)


@pytest.mark.parametrize("version", [1, 2])
@given(
    keys=KEYS,
    prefix=st.text(st.sampled_from("ab/é"), max_size=2),
    delimiter=st.sampled_from(["", "/", "a/", "é"]),
    limit=st.integers(1, 4),
)
def test_pages_together_have_all_names_in_order(
    version: int, keys: list[str], prefix: str, delimiter: str, limit: int
) -> None:
    """P-33: in the order of the UTF-8 bytes, each name once."""
    ask = Caller()
    ask("PUT", "/bucket")
    put(ask, keys)
    shown = set()
    for key in keys:
        if key.startswith(prefix):
            head, found, _ = key[len(prefix) :].partition(delimiter or "\0")
            shown.add(prefix + head + found if found else key)
    query = {"prefix": prefix, "delimiter": delimiter, "max_keys": limit, "encoding_type": "url"}
    pages = Listing(ask, version).pages(**query)
    listed = []
    for page in pages:
        decoded = [unquote_plus(name) for found in names(page) for name in found]
        listed += sorted(decoded, key=str.encode)
    assert listed == sorted(shown, key=str.encode)
    for page in pages[:-1]:
        assert len(names(page)[0]) + len(names(page)[1]) == limit


def test_continuation_token_overrides_start_after(ask: Caller) -> None:
    """ListObjectsV2 uses start-after for the first page only."""
    put(ask, ["a", "b", "c", "d"])
    token = ask("GET", "/bucket?list-type=2&max-keys=1").text("NextContinuationToken")
    page = ask("GET", f"/bucket?list-type=2&continuation-token={token}&start-after=c")
    assert names(page)[0] == ["b", "c", "d"]


def test_next_marker_is_the_last_name_of_a_full_page(ask: Caller) -> None:
    put(ask, ["a", "b/1", "b/2", "c"])
    assert ask("GET", "/bucket?max-keys=1").text("NextMarker") == "a"
    assert ask("GET", "/bucket?max-keys=2&delimiter=/").text("NextMarker") == "b/"
    assert ask("GET", "/bucket?max-keys=3&delimiter=/").text("NextMarker") is None


@pytest.mark.parametrize("limit", [1001, -1, "many"])
def test_max_keys_out_of_range_gets_400(listing: Listing, limit: int | str) -> None:
    answer = listing(max_keys=limit)
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.text("ArgumentName") == "max-keys"
    assert answer.text("ArgumentValue") == str(limit)


def test_max_keys_may_be_zero(ask: Caller, listing: Listing) -> None:
    """The reference requires at least 1, but the service answers 0 with an empty page."""
    put(ask, ["a"])
    page = listing(max_keys=0)
    assert (names(page), page.text("IsTruncated")) == (([], []), "false")


@pytest.mark.parametrize(
    ("query", "count"), [({}, 100), ({"max_keys": 999}, 999), ({"max_keys": 1000}, 1000)]
)
def test_page_holds_100_keys_by_default_and_1000_at_most(
    ask: Caller, listing: Listing, query: Query, count: int
) -> None:
    keys = [f"{number:04}" for number in range(1001)]
    put(ask, keys)
    page = listing(**query)
    assert names(page)[0] == keys[:count]
    assert page.text("IsTruncated") == "true"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"encoding_type": "urlencode"}, "encoding-type"),
        ({"list_type": "2", "continuation_token": "%%%"}, "continuation-token"),
        ({"list_type": "3"}, "list-type"),
    ],
)
def test_bad_parameter_gets_400(ask: Caller, query: Query, name: str) -> None:
    answer = Listing(ask, 1)(**query)
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.text("ArgumentName") == name
    if name == "encoding-type":
        assert answer.text("Message") == "Invalid Encoding Method specified in Request"
        assert answer.text("EC") == "0017-00000235"


@pytest.mark.parametrize("name", ["prefix", "delimiter", "after"])
def test_name_must_be_shorter_than_1024_bytes(listing: Listing, name: str) -> None:
    assert names(listing(**{name: "x" * 1023})) == ([], [])
    assert listing(**{name: "中" * 341 + "x"}).code == "InvalidArgument"


def test_names_are_encoded_on_request(ask: Caller, listing: Listing) -> None:
    put(ask, ["a b+c%25?&=#", "中/x"])
    plain = listing(delimiter="/")
    assert names(plain) == (["a b+c%25?&=#"], ["中/"])
    encoded = listing(delimiter="/", encoding_type="url")
    assert encoded.text("EncodingType") == "url"
    assert [unquote_plus(name) for name in names(encoded)[0]] == ["a b+c%25?&=#"]
    assert names(encoded)[1] == ["%E4%B8%AD%2F"]


def test_object_is_listed_with_its_size_class_time_and_etag(ask: Caller) -> None:
    put_answer = ask("PUT", "/bucket/a", "hello", x_oss_storage_class="IA")
    for page, owned in (
        (ask("GET", "/bucket"), True),
        (ask("GET", "/bucket?list-type=2"), False),
        (ask("GET", "/bucket?list-type=2&fetch-owner=true"), True),
    ):
        names = ("Size", "Type", "StorageClass", "LastModified", "ETag")
        assert [page.text(f"Contents/{name}") for name in names] == [
            "5",
            "Normal",
            "IA",
            "2025-06-15T15:06:40.000Z",
            put_answer.headers["ETag"],
        ]
        assert (page.text("Contents/Owner/ID") is not None) == owned


def test_delete_marker_is_not_listed(ask: Caller, listing: Listing) -> None:
    ask.keep_versions()
    put(ask, ["a", "b"])
    ask("DELETE", "/bucket/a")
    assert names(listing())[0] == ["b"]


def test_second_version_has_all_elements_in_order(ask: Caller) -> None:
    """S-02: the number of keys comes last."""
    for key in ("a/b", "c", "d"):
        ask("PUT", f"/bucket/{key}")
    query = "list-type=2&max-keys=2&delimiter=/&encoding-type=url&start-after=A"
    first = ask("GET", f"/bucket?{query}")
    token = first.text("NextContinuationToken")
    head = ["Name", "Prefix", "StartAfter", "MaxKeys", "Delimiter", "EncodingType", "IsTruncated"]
    tail = ["Contents", "CommonPrefixes", "KeyCount"]
    assert _names(first) == [*head, "NextContinuationToken", *tail]
    query = f"list-type=2&delimiter=/&continuation-token={quote(token or '')}"
    head = ["Name", "Prefix", "ContinuationToken", "MaxKeys", "Delimiter", "IsTruncated"]
    assert _names(ask("GET", f"/bucket?{query}")) == [*head, "Contents", "KeyCount"]


def _names(answer: Answer) -> list[str]:
    return [str(element.tag) for element in etree.fromstring(answer.body)]
