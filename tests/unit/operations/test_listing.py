"""ListObjects, versions 1 and 2: pages with any names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.thorough import cases
from tests.unit.operations.service import Answer, Caller


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
        """Return a page; a `_` in the name of a parameter stands for `-`."""
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
    delimiter=st.sampled_from(["", "/", "a", "é"]),
    limit=st.integers(1, 4),
)
def test_pages_together_have_all_names_in_order(
    version: int, keys: list[str], prefix: str, delimiter: str, limit: int
) -> None:
    """P-33: in the order of the UTF-8 bytes, each name once."""
    ask = Caller()
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


def test_page_holds_100_keys_by_default_and_1000_at_most(ask: Caller) -> None:
    keys = [f"{number:04}" for number in range(1001)]
    put(ask, keys)
    for version in (1, 2):
        for query, count in (({}, 100), ({"max_keys": 999}, 999), ({"max_keys": 1000}, 1000)):
            page = Listing(ask, version)(**query)
            assert names(page)[0] == keys[:count]
            assert page.text("IsTruncated") == "true"


# --- ListObjectVersions, compared with a slow oracle


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


def put_version(ask: Caller, key: str) -> str:
    ask.now += 1
    return ask("PUT", f"/bucket/{quote(key)}", "x").headers.get("x-oss-version-id", "null")


def remove(ask: Caller, key: str) -> str:
    ask.now += 1
    return ask("DELETE", f"/bucket/{quote(key)}").headers["x-oss-version-id"]


def read(ask: Caller, **query: str | int) -> Page:
    """Return a page; a `_` in the name of a parameter stands for `-`."""
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


VERSIONED_KEYS = ["a", "a/b", "a/b/c", "a/c", "b", "b/é", "中/文", "z"]
STEPS = st.lists(st.tuples(st.sampled_from(VERSIONED_KEYS), st.booleans()), max_size=20)


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
    ask.keep_versions()
    history = [(key, (remove if gone else put_version)(ask, key), gone) for key, gone in steps]
    pages = walk(ask, limit, prefix=prefix, delimiter=delimiter)
    versions = [version for page in pages for version in page.versions]
    prefixes = [name for page in pages for name in page.prefixes]
    assert (versions, prefixes) == expect(history, prefix, delimiter)
    for page in pages[:-1]:
        assert len(page.versions) + len(page.prefixes) == limit
