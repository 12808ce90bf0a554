"""Requests as they are parsed, their parameters, and pages of listings."""

from __future__ import annotations

import os
import tempfile
import time
from base64 import b64encode
from bisect import bisect_left
from hashlib import sha1
from hmac import digest

import hypothesis.strategies as st
import oss2
import pytest
from alibabacloud_oss_v2.signer import SignerV1
from hypothesis import given
from oss_emulator.protocol import paging, parameters, signature
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import FileRange, Request, parse_query, repeated_names
from oss_emulator.protocol.parameters import KNOWN, SUBRESOURCES

from tests.rows import read_cases, rows

CASES = read_cases("unit.protocol")


# --- The table of query parameters: those that V1 signs (P-12), and how they are read

SECRET = "a-secret"
NOW = 1_750_000_000.0
DATE = "Sun, 15 Jun 2025 15:06:40 GMT"

UNSIGNED = """
    prefix marker delimiter max-keys encoding-type list-type start-after fetch-owner key-marker
    upload-id-marker version-id-marker max-uploads max-parts part-number-marker regions
    OSSAccessKeyId Expires Signature
""".split()


@rows("names", oss2.ProviderAuth._subresource_key_set, SignerV1._subresource_key_set)
def test_every_parameter_that_an_sdk_signs_is_signed(names: frozenset[str]) -> None:
    assert [name for name in names if not parameters.is_signed(name)] == []


@rows("name", *UNSIGNED)
def test_parameter_that_no_sdk_signs_is_not_signed(name: str) -> None:
    assert not parameters.is_signed(name)


def test_every_name_with_the_signed_prefix_is_marked_as_signed() -> None:
    assert all(row.signed for name, row in KNOWN.items() if name.startswith("x-oss-"))


def test_each_name_is_listed_once() -> None:
    assert len(SUBRESOURCES) + len(parameters.PARAMETERS) == len(KNOWN)


def string_to_sign(resource: str) -> bytes:
    return f"GET\n\n\n{DATE}\n{resource}".encode()


# A URL with one of these is signed in the URL and cannot have a signature in the header too.
IN_URL = {"OSSAccessKeyId", "Expires", "Signature"}


def test_v1_signature_covers_exactly_the_signed_parameters() -> None:
    for name in sorted(KNOWN.keys() - IN_URL):
        resource = f"/bucket/key?{name}=v" if KNOWN[name].signed else "/bucket/key"
        signed = b64encode(digest(SECRET.encode(), string_to_sign(resource), sha1)).decode()
        headers = [("Host", "localhost"), ("Date", DATE), ("Authorization", f"OSS id:{signed}")]
        request = Request.parse("GET", f"/bucket/key?{name}=v", headers, NOW)
        claim = signature.parse(request)
        assert claim is not None, name
        signature.verify(claim, request, Target("bucket", "key"), SECRET, "cn-hangzhou")


@rows(("query", "limit"), ({}, 100), ({"max-keys": ""}, 100), ({"max-keys": "1000"}, 1000))
def test_limit_of_a_listing_is_100_by_default(query: dict[str, str], limit: int) -> None:
    assert parameters.max_keys(query) == limit


@rows(
    ("text", "least"),
    ("0", 1),
    *((text, 0) for text in ("1001", "0000000001001", "-1", "+5", "1_0", "٣", "x", "9" * 40)),
)
def test_limit_out_of_range_is_refused(text: str, least: int) -> None:
    with pytest.raises(OSSError) as caught:
        parameters.max_keys({"max-keys": text}, least=least)
    assert caught.value.code == "InvalidArgument"


@rows(
    ("in_header", "in_query", "limit"),
    (None, None, None),
    ("819200", None, 819200),
    (None, "838860800", 838860800),
)
def test_traffic_limit_comes_in_the_header_or_in_the_query(
    in_header: str | None, in_query: str | None, limit: int | None
) -> None:
    assert parameters.traffic_limit(in_header, in_query) == limit


def test_lenient_service_takes_low_traffic_limits() -> None:
    """P-92: the suites of ali-oss and ossutil send these two."""
    for limit in (645763, 800000):
        assert parameters.traffic_limit(str(limit), None, lenient=True) == limit
    for refused in ("0", "838860801"):
        with pytest.raises(OSSError, match="InvalidArgument"):
            parameters.traffic_limit(refused, None, lenient=True)


@rows(("in_header", "in_query"), ("819199", None), ("838860801", None), ("x", None), ("1", "1"))
def test_bad_traffic_limit_is_refused(in_header: str | None, in_query: str | None) -> None:
    with pytest.raises(OSSError) as caught:
        parameters.traffic_limit(in_header, in_query)
    assert caught.value.code == "InvalidArgument"


@rows(("text", "found"), ("", None), ("url", "url"), ("URL", "url"))
def test_encoding_type_is_url_or_nothing(text: str, found: str | None) -> None:
    assert parameters.encoding_type(_listing({"encoding-type": text})) == found


def _listing(query: dict[str, str], headers: dict[str, str] | None = None) -> Request:
    return Request("GET", "/", "", query, headers or {}, 0.0)


@rows("place", 0, 1)
def test_another_encoding_type_is_refused(place: int) -> None:
    parts: list[dict[str, str]] = [{}, {}]
    parts[place] = {"encoding-type": "base64"}
    with pytest.raises(OSSError) as caught:
        parameters.encoding_type(_listing(*parts))
    assert caught.value.code == "InvalidArgument"


# --- Pages of a listing, compared with those of a slow and obvious implementation

# Few letters, so that names share prefixes and groups; U+D7FF is the last before the surrogates.
NAMES = st.text(st.sampled_from("ab/\ud7ff\U0010ffff"), min_size=1, max_size=6)
PREFIXES = st.text(st.sampled_from("ab/\U0010ffff"), max_size=3)


def cut(names: set[str], **options: str | int) -> paging.ListPart[str]:
    ordered = sorted(names)
    return paging.cut(
        lambda start: ordered[bisect_left(ordered, start) :],
        lambda name: name,
        **options,  # type: ignore[arg-type]
    )


def obvious(
    names: set[str], prefix: str, delimiter: str, marker: str, limit: int
) -> tuple[list[str], list[str], bool]:
    """Group everything, then cut: return names, prefixes, and whether more follows."""
    shown: list[tuple[str, bool]] = []
    for name in sorted(names):
        if not name.startswith(prefix) or name <= marker:
            continue
        at = name.find(delimiter, len(prefix)) if delimiter else -1
        entry = (name, False) if at < 0 else (name[: at + len(delimiter)], True)
        if entry != (marker, True) and entry not in shown:
            shown.append(entry)
    page = shown[:limit]
    items = [name for name, group in page if not group]
    groups = [name for name, group in page if group]
    return items, groups, limit > 0 and len(shown) > limit


@given(
    names=st.sets(NAMES, max_size=30),
    prefix=PREFIXES,
    delimiter=st.sampled_from(["", "/", "a", "b/"]),
    marker=st.one_of(st.just(""), NAMES),
    limit=st.integers(0, 8),
)
def test_page_equals_that_of_the_slow_implementation(
    names: set[str], prefix: str, delimiter: str, marker: str, limit: int
) -> None:
    page = cut(names, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit)
    items, groups, truncated = obvious(names, prefix, delimiter, marker, limit)
    assert (page.items, page.prefixes, page.truncated) == (items, groups, truncated)


@given(
    names=st.sets(NAMES, max_size=30),
    prefix=PREFIXES,
    delimiter=st.sampled_from(["", "/", "a"]),
    limit=st.integers(1, 5),
)
def test_following_pages_show_everything_once(
    names: set[str], prefix: str, delimiter: str, limit: int
) -> None:
    items: list[str] = []
    groups: list[str] = []
    marker = ""
    while True:
        page = cut(names, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit)
        assert page.count <= limit
        items += page.items
        groups += page.prefixes
        if not page.truncated:
            break
        assert page.next > marker
        marker = page.next
    assert (items, groups, False) == obvious(names, prefix, delimiter, "", len(names) + 1)


def test_members_of_a_group_are_skipped() -> None:
    """The cost of a page depends on what it shows, not on the members of its groups."""
    asked: list[str] = []
    names = sorted(f"{group}/{number:05}" for group in "abc" for number in range(10_000))

    def walk(start: str):  # type: ignore[no-untyped-def]
        for name in names[bisect_left(names, start) :]:
            asked.append(name)
            yield name

    page = paging.cut(walk, lambda name: name, delimiter="/")
    assert page.prefixes == ["a/", "b/", "c/"]
    assert len(asked) < 10


@rows(
    ("prefix", "after"),
    ("a", "b"),
    ("a\U0010ffff", "b"),
    ("\U0010ffff", None),
    ("", None),
    ("\ud7ff", "\ue000"),
)
def test_successor_follows_all_texts_with_the_prefix(prefix: str, after: str | None) -> None:
    assert paging.successor(prefix) == after


# --- Requests out of a request line and header fields, and their queries


def parsed(target: str, *fields: tuple[str, str]) -> Request:
    return Request.parse("GET", target, fields, 1.5)


def test_path_and_query_are_split_and_not_decoded() -> None:
    request = parsed("/b/a%2Fb%3F?acl&versionId=x%20y")
    assert (request.path, request.query_string) == ("/b/a%2Fb%3F", "acl&versionId=x%20y")
    assert request.query == {"acl": "", "versionId": "x y"}
    assert request.target == "/b/a%2Fb%3F?acl&versionId=x%20y"
    assert parsed("/b").query == {}
    assert parsed("/b").target == "/b"


def test_first_header_of_a_name_counts() -> None:
    """R-29"""
    request = parsed("/", ("Referer", "a"), ("REFERER", "b"), ("Host", "h"))
    assert request.headers == {"referer": "a", "host": "h"}
    assert request.host == "h"
    assert parsed("/").host == ""


@rows(("target", "host", "path"), *CASES["absolute_target_names_the_host"])
def test_absolute_target_names_the_host(target: str, host: str, path: str) -> None:
    request = parsed(target, ("Host", "other"))
    assert (request.host, request.path, request.proxied) == (host, path, True)
    assert not parsed("/http://b.test/").proxied


@rows(("query", "expected"), *CASES["query_is_decoded"])
def test_query_is_decoded(query: str, expected: dict[str, str]) -> None:
    """P-04"""
    assert parse_query(query) == expected


def test_repeated_names_of_a_long_query_are_found_at_once() -> None:
    """The limit is generous: comparing all names with each other takes 8 seconds."""
    names = "&".join(map(str, range(16_000)))
    began = time.process_time()
    assert repeated_names(f"{names}&a=1&%61&a") == ("a",)
    assert time.process_time() - began < 2


def test_range_of_a_file_is_read_without_moving_its_position() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"0123456789")
        file.flush()
        piece = FileRange(file, 2, 5)
        assert piece.read(4, 3) == b"456"
        assert piece.read(9, 3) == b"9"
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 10
