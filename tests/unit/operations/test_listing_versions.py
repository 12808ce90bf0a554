"""ListObjectVersions, compared with a slow oracle."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.thorough import cases
from tests.unit.operations.service import Caller


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
    ask.keep_versions()
    history = [(key, (remove if gone else put)(ask, key), gone) for key, gone in steps]
    pages = walk(ask, limit, prefix=prefix, delimiter=delimiter)
    versions = [version for page in pages for version in page.versions]
    prefixes = [name for page in pages for name in page.prefixes]
    assert (versions, prefixes) == expect(history, prefix, delimiter)
    for page in pages[:-1]:
        assert len(page.versions) + len(page.prefixes) == limit
