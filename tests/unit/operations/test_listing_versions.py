"""ListObjectVersions, compared with a slow oracle, and the versions in a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.thorough import cases
from tests.unit.operations.service import VERSIONING, Caller


@dataclass(frozen=True)
class Version:
    """A version in a listing."""

    key: str
    id: str
    latest: bool
    marker: bool


@dataclass(frozen=True)
class Page:
    """A page of a listing: versions, prefixes, and the markers for the next page."""

    versions: list[Version]
    prefixes: list[str]
    next: tuple[str, str] | None


def put(ask: Caller, key: str) -> str:
    ask.now += 1
    return ask("PUT", f"/bucket/{quote(key)}", "x").headers.get("x-oss-version-id", "null")


def remove(ask: Caller, key: str) -> str:
    ask.now += 1
    return ask("DELETE", f"/bucket/{quote(key)}").headers["x-oss-version-id"]


def read(ask: Caller, **query: str | int) -> Page:
    """Return a page; an `_` in the name of a parameter stands for `-`."""
    pairs = "".join(f"&{name.replace('_', '-')}={quote(str(v))}" for name, v in query.items())
    answer = ask("GET", f"/bucket?versions&encoding-type=url{pairs}")
    assert answer.status == 200, answer.body
    root = etree.fromstring(answer.body)
    versions = [
        Version(
            unquote(node.findtext("Key") or ""),
            node.findtext("VersionId") or "",
            node.findtext("IsLatest") == "true",
            node.tag == "DeleteMarker",
        )
        for node in root
        if node.tag in ("Version", "DeleteMarker")
    ]
    prefixes = [unquote(node.findtext("Prefix") or "") for node in root.iter("CommonPrefixes")]
    truncated = root.findtext("IsTruncated") == "true"
    marker = (
        unquote(root.findtext("NextKeyMarker") or ""),
        root.findtext("NextVersionIdMarker") or "",
    )
    return Page(versions, prefixes, marker if truncated else None)


def walk(ask: Caller, limit: int, **query: str | int) -> list[Page]:
    """Return all pages of a listing."""
    pages = [read(ask, max_keys=limit, **query)]
    while (marker := pages[-1].next) is not None:
        key, version_id = marker
        pages.append(
            read(
                ask, **{**query, "key_marker": key, "version_id_marker": version_id}, max_keys=limit
            )
        )
        assert len(pages) < 200
    return pages


def expect(
    history: list[tuple[str, str, bool]], prefix: str, delimiter: str
) -> tuple[list[Version], list[str]]:
    """List by brute force, from a history with the oldest version first."""
    versions, prefixes, seen = [], [], set()
    newest_first = list(reversed(history))
    for key, version_id, marker in sorted(newest_first, key=lambda item: item[0]):
        if not key.startswith(prefix):
            continue
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        if found:
            prefixes.append(prefix + head + found)
        else:
            versions.append(Version(key, version_id, key not in seen, marker))
            seen.add(key)
    return versions, sorted(set(prefixes))


KEYS = ["a", "a/b", "a/b/c", "a/c", "b", "b/é", "中/文", "z"]
STEPS = st.lists(st.tuples(st.sampled_from(KEYS), st.booleans()), max_size=20)


@settings(max_examples=cases(30, 120), deadline=None)
@given(
    steps=STEPS,
    prefix=st.sampled_from(["", "a", "a/", "b/", "中", "x"]),
    delimiter=st.sampled_from(["", "/", "b"]),
    limit=st.integers(1, 7),
)
def test_pages_together_equal_the_oracle(
    steps: list[tuple[str, bool]], prefix: str, delimiter: str, limit: int
) -> None:
    ask = Caller()
    ask("PUT", "/bucket")
    ask.keep_versions()
    history = [(key, (remove if gone else put)(ask, key), gone) for key, gone in steps]
    pages = walk(ask, limit, prefix=prefix, delimiter=delimiter)
    versions = [version for page in pages for version in page.versions]
    prefixes = [name for page in pages for name in page.prefixes]
    assert (versions, prefixes) == expect(history, prefix, delimiter)
    for page in pages[:-1]:
        assert len(page.versions) + len(page.prefixes) == limit


def test_listing_continues_after_a_deleted_version(ask: Caller) -> None:
    ask.keep_versions()
    ids = [put(ask, "a") for _ in range(5)]
    page = read(ask, max_keys=2)
    assert page.next == ("a", ids[3])
    for version in page.versions:
        ask("DELETE", f"/bucket/a?versionId={version.id}")
    rest = read(ask, key_marker="a", version_id_marker=ids[3])
    assert [version.id for version in rest.versions] == [ids[2], ids[1], ids[0]]


def test_suspended_bucket_keeps_one_null_version_of_a_key(ask: Caller) -> None:
    assert put(ask, "a") == "null"
    ask.keep_versions()
    kept = put(ask, "a")
    ask.keep_versions("Suspended")
    assert put(ask, "a") == "null"
    assert read(ask).versions == [
        Version("a", "null", latest=True, marker=False),
        Version("a", kept, latest=False, marker=False),
    ]
    assert remove(ask, "a") == "null"
    assert read(ask).versions == [
        Version("a", "null", latest=True, marker=True),
        Version("a", kept, latest=False, marker=False),
    ]


def test_bucket_without_versions_lists_null_versions(ask: Caller) -> None:
    put(ask, "a")
    assert read(ask).versions == [Version("a", "null", latest=True, marker=False)]


def test_bucket_with_a_delete_marker_cannot_be_deleted(ask: Caller) -> None:
    ask.keep_versions()
    marker = remove(ask, "a")
    answer = ask("DELETE", "/bucket")
    assert (answer.status, answer.code) == (409, "BucketNotEmpty")
    assert ask("DELETE", f"/bucket/a?versionId={marker}").status == 204
    assert ask("DELETE", "/bucket").status == 204


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("max-keys=1001", "max-keys"),
        ("max-keys=x", "max-keys"),
        ("version-id-marker=null", "version-id-marker"),
        (f"prefix={'a' * 1024}", "prefix"),
        (f"key-marker={'a' * 1024}", "key-marker"),
        (f"delimiter={'a' * 1024}", "delimiter"),
        (f"key-marker=a&version-id-marker={'a' * 1024}", "version-id-marker"),
        ("encoding-type=other", "encoding-type"),
    ],
)
def test_bad_parameter_gets_400(ask: Caller, query: str, name: str) -> None:
    answer = ask("GET", f"/bucket?versions&{query}")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.text("ArgumentName") == name


def test_listing_has_all_elements_in_order(ask: Caller) -> None:
    """S-03"""
    put(ask, "a b")
    root = etree.fromstring(ask("GET", "/bucket?versions").body)
    assert [node.tag for node in root] == [
        "Name",
        "Prefix",
        "KeyMarker",
        "VersionIdMarker",
        "MaxKeys",
        "Delimiter",
        "IsTruncated",
        "Version",
    ]
    assert [node.tag for node in root[-1]] == [
        "Key",
        "VersionId",
        "IsLatest",
        "LastModified",
        "ETag",
        "Type",
        "Size",
        "StorageClass",
        "Owner",
    ]


@pytest.mark.parametrize("status", ["", "Disabled", "enabled"])
def test_unknown_versioning_status_gets_400(ask: Caller, status: str) -> None:
    assert ask("PUT", "/bucket?versioning", VERSIONING.format(status)).code == "MalformedXML"
    assert ask("GET", "/bucket?versioning").text("Status") is None


@pytest.mark.parametrize("version_id", ["234", "IllegalVersion", "caeq"])
def test_malformed_version_id_gets_400(ask: Caller, version_id: str) -> None:
    put(ask, "a")
    entry = f"<Object><Key>a</Key><VersionId>{version_id}</VersionId></Object>"
    for answer in (
        ask("GET", f"/bucket/a?versionId={version_id}"),
        ask("DELETE", f"/bucket/a?versionId={version_id}"),
        ask.delete_many(f"<Delete>{entry}</Delete>"),
    ):
        assert (answer.code, answer.text("ArgumentName")) == ("InvalidArgument", "VersionId")
    assert ask("GET", "/bucket/a").body == b"x"
