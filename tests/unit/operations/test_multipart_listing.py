"""ListMultipartUploads: pages, prefixes, markers."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.unit.operations.service import Answer, Caller

KEYS = ["a", "a", "b/1", "b/2", "b/2", "c", "d/e/1", "中/1"]


def begin_all(ask: Caller) -> list[tuple[str, str]]:
    """Begin an upload for each key; return keys and ids in the order of a listing."""
    ids = []
    for key in KEYS:
        ask.now += 1
        ids.append((key, ask.begin_upload(quote(key))))
    return sorted(ids)


def read(ask: Caller, **query: str | int) -> Answer:
    """Return a page; an `_` in the name of a parameter stands for `-`."""
    pairs = "".join(f"&{name.replace('_', '-')}={quote(str(v))}" for name, v in query.items())
    answer = ask("GET", f"/bucket?uploads{pairs}")
    assert answer.status == 200
    return answer


def uploads(page: Answer) -> list[tuple[str, str]]:
    return list(zip(page.texts("Upload/Key"), page.texts("Upload/UploadId"), strict=True))


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("prefix", "delimiter", "keys", "prefixes"),
    [
        ("", "", KEYS, []),
        ("", "/", ["a", "a", "c"], ["b/", "d/", "中/"]),
        ("b/", "/", ["b/1", "b/2", "b/2"], []),
        ("d/", "/", [], ["d/e/"]),
        ("zz", "", [], []),
    ],
)
def test_pages_hold_each_upload_and_each_prefix_once(
    ask: Caller, limit: int, prefix: str, delimiter: str, keys: list[str], prefixes: list[str]
) -> None:
    """Uploads are ordered by key and then by upload id."""
    ids = begin_all(ask)
    found, groups = [], []
    key_marker = id_marker = ""
    for _ in range(len(KEYS) + 1):
        page = read(
            ask,
            prefix=prefix,
            delimiter=delimiter,
            key_marker=key_marker,
            upload_id_marker=id_marker,
            max_uploads=limit,
        )
        found += uploads(page)
        groups += page.texts("CommonPrefixes/Prefix")
        assert len(uploads(page)) + len(page.texts("CommonPrefixes/Prefix")) <= limit
        if page.text("IsTruncated") == "false":
            break
        key_marker = page.text("NextKeyMarker") or ""
        id_marker = page.text("NextUploadIdMarker") or ""
    assert found == [pair for pair in ids if pair[0] in keys]
    assert groups == prefixes


def test_marker_without_upload_id_skips_its_key(ask: Caller) -> None:
    ids = begin_all(ask)
    assert [key for key, _ in uploads(read(ask, key_marker="a"))] == KEYS[2:]
    after = uploads(read(ask, key_marker="a", upload_id_marker=ids[0][1]))
    assert after[0] == ids[1]


def test_upload_id_marker_without_key_marker_is_ignored(ask: Caller) -> None:
    ids = begin_all(ask)
    assert uploads(read(ask, upload_id_marker=ids[0][1])) == ids


def test_page_always_has_both_next_markers(ask: Caller) -> None:
    """P-33"""
    page = read(ask)
    for name in ("NextKeyMarker", "NextUploadIdMarker", "Delimiter", "IsTruncated"):
        assert page.text(name) is not None, name


def test_keys_are_encoded_on_request(ask: Caller) -> None:
    begin_all(ask)
    page = read(ask, encoding_type="url", prefix="中/")
    assert page.texts("Upload/Key") == ["%E4%B8%AD%2F1"]
    assert page.text("Prefix") == "%E4%B8%AD%2F"


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("max-uploads", "0"), ("max-uploads", "1001"), ("encoding-type", "other")],
)
def test_bad_parameter_gets_400(ask: Caller, parameter: str, value: str) -> None:
    answer = ask("GET", f"/bucket?uploads&{parameter}={value}")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.text("ArgumentName") == parameter
