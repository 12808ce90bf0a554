"""Buckets and their listings: what the SDK tests do not check."""

from __future__ import annotations

import re

import pytest

from tests.unit.operations.service import NOW, Caller

VERSIONS = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


def test_new_bucket_has_the_tags_of_the_header(ask: Caller) -> None:
    answer = ask("PUT", "/tagged", x_oss_bucket_tagging="k1=v1&k%202=%E5%80%BC&k3")
    assert answer.status == 200
    found = ask("GET", "/tagged?tagging").body.decode()
    tags = re.findall(r"<Key>(.*)</Key>\s*<Value>(.*)</Value>", found)
    assert tags == [("k1", "v1"), ("k 2", "值"), ("k3", "")]
    listed = ask("GET", "/?tag-key=k1&tag-value=v1").body.decode()
    assert re.findall(r"<Name>(.*)</Name>", listed) == ["tagged"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("a=1&a=2", "InvalidArgument"),
        ("%FF=1", "InvalidArgument"),
        ("=v", "InvalidTag"),
        (f"{'k' * 65}=v", "InvalidTag"),
        (f"k={'v' * 129}", "InvalidTag"),
        ("http://k=v", "InvalidTag"),
        ("Aliyun1=v", "InvalidTag"),
        ("acs:k=v", "InvalidTag"),
        ("&".join(f"k{number}" for number in range(21)), "TooManyTags"),
    ],
)
def test_bucket_with_bad_tags_is_not_created(ask: Caller, header: str, code: str) -> None:
    answer = ask("PUT", "/tagged", x_oss_bucket_tagging=header)
    assert (answer.status, answer.code) == (400, code)
    assert ask("HEAD", "/tagged").status == 404


def test_stat_counts_versions_and_parts(ask: Caller) -> None:
    ask("PUT", "/bucket?versioning", VERSIONS)
    ask("PUT", "/bucket/a", b"x" * 10)
    ask("PUT", "/bucket/a", b"x" * 70_000, x_oss_storage_class="IA")
    ask("PUT", "/bucket/b", b"x" * 20, x_oss_storage_class="IA")
    ask("DELETE", "/bucket/a")
    begun = ask("POST", "/bucket/c?uploads", x_oss_storage_class="IA")
    upload = begun.text("UploadId")
    for number in (1, 2):
        ask("PUT", f"/bucket/c?uploadId={upload}&partNumber={number}", b"x" * 5)
    stat = ask("GET", "/bucket?stat")
    expected = {
        "Storage": 70_030,
        "ObjectCount": 3,
        "MultipartUploadCount": 1,
        "MultipartPartCount": 2,
        "MultipartPartStorage": 10,
        "DeleteMarkerCount": 1,
        "StandardStorage": 10,
        "StandardObjectCount": 1,
        "StandardMultipartPartCount": 0,
        # An object of another class than Standard counts at least 64 KiB.
        "InfrequentAccessStorage": 70_000 + 64 * 1024,
        "InfrequentAccessRealStorage": 70_020,
        "InfrequentAccessObjectCount": 2,
        "InfrequentAccessMultipartPartCount": 2,
        "InfrequentAccessMultipartPartStorage": 10,
        "ArchiveStorage": 0,
    }
    assert {name: int(stat.text(name) or "-1") for name in expected} == expected


def test_stat_of_a_new_bucket_has_no_modification_time(ask: Caller) -> None:
    """P-55"""
    stat = ask("GET", "/bucket?stat")
    assert (stat.text("LastModifiedTime"), stat.text("ObjectCount")) == ("0", "0")
    ask("PUT", "/bucket/a", b"x")
    assert ask("GET", "/bucket?stat").text("LastModifiedTime") == str(int(NOW))


def test_prefix_in_upper_case_is_refused(ask: Caller) -> None:
    """P-55: no bucket name can begin with it."""
    answer = ask("GET", "/?prefix=BUCKET")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.text("ArgumentName") == "prefix"


@pytest.mark.parametrize("query", ["tag-key=k", "tag-key=k&tag-value=v", "tagging=%22k%22:%22v%22"])
def test_listing_by_tags_has_the_tags(ask: Caller, query: str) -> None:
    """P-55"""
    ask("PUT", "/tagged", x_oss_bucket_tagging="k=v&other")
    ask("PUT", "/other", x_oss_bucket_tagging="k1=v")
    listed = ask("GET", f"/?{query}")
    assert listed.texts("Buckets/Bucket/Name") == ["tagged"]
    assert listed.texts("Buckets/Bucket/Tagging/TagSet/Tag/Key") == ["k", "other"]
    assert listed.texts("Buckets/Bucket/Tagging/TagSet/Tag/Value") == ["v", ""]
    assert ask("GET", "/").texts("Buckets/Bucket/Tagging") == []


def test_buckets_are_listed_page_by_page(ask: Caller) -> None:
    for name in ("aaa-1", "aaa-2", "aaa-3"):
        ask("PUT", f"/{name}")
    found: list[list[str]] = []
    marker: str | None = ""
    while marker is not None:
        page = ask("GET", f"/?prefix=aaa&max-keys=2&marker={marker}")
        found.append(re.findall(r"<Name>(.*)</Name>", page.body.decode()))
        marker = page.text("NextMarker")
    assert found == [["aaa-1", "aaa-2"], ["aaa-3"]]


def test_continuation_token_overrides_start_after(ask: Caller) -> None:
    """ListObjectsV2 uses start-after for the first page only."""
    for key in "abcd":
        ask("PUT", f"/bucket/{key}")
    first = ask("GET", "/bucket?list-type=2&start-after=a&max-keys=1")
    token = first.text("NextContinuationToken")
    following = ask("GET", f"/bucket?list-type=2&start-after=a&continuation-token={token}")
    assert re.findall(r"<Key>(.*)</Key>", following.body.decode()) == ["c", "d"]
    assert (following.text("StartAfter"), following.text("ContinuationToken")) == ("a", token)


@pytest.mark.parametrize("marked", [False, True])
def test_thousand_objects_are_deleted_in_one_call(ask: Caller, marked: bool) -> None:
    """This holds with and without version ids; 1,001 are too many."""
    ask("PUT", "/bucket?versioning", VERSIONS)
    ids = {}
    for number in range(1000):
        key = f"k{number:04}"
        ids[key] = ask("PUT", f"/bucket/{key}").headers["x-oss-version-id"]
    named = [
        f"<Object><Key>{key}</Key>{'' if marked else f'<VersionId>{ids[key]}</VersionId>'}</Object>"
        for key in ids
    ]
    too_many = ask.delete_many(f"<Delete>{''.join([*named, named[0]])}</Delete>")
    assert too_many.code == "MalformedXML"
    answer = ask.delete_many(f"<Delete>{''.join(named)}</Delete>")
    assert answer.status == 200
    deleted = answer.body.decode()
    assert deleted.count("<Deleted>") == 1000
    assert deleted.count("<DeleteMarker>true</DeleteMarker>") == (1000 if marked else 0)
    left = ask("GET", "/bucket?stat")
    count = "1000" if marked else "0"
    assert (left.text("ObjectCount"), left.text("DeleteMarkerCount")) == (count, count)
