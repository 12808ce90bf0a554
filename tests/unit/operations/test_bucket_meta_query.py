"""The metadata index of a bucket: queries and their results (P-65)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as some
from oss_emulator.documents.meta_query import parse
from oss_emulator.operations.bucket_meta_query import search
from oss_emulator.storage.base import Object

from tests.rows import read_cases, rows
from tests.unit.operations.service import Answer, Caller

CASES = read_cases("unit.operations")


ANY = {"Field": "Size", "Value": "0", "Operation": "gte"}


def is_(field: str, value: str, operation: str = "eq") -> dict[str, str]:
    return {"Field": field, "Value": value, "Operation": operation}


def document(condition: object = ANY, **elements: str) -> str:
    others = "".join(f"<{name}>{value}</{name}>" for name, value in elements.items())
    return f"<MetaQuery><Query>{escape(json.dumps(condition))}</Query>{others}</MetaQuery>"


def query(ask: Caller, condition: object = ANY, **elements: str) -> Answer:
    return ask("POST", "/bucket?metaQuery&comp=query", document(condition, **elements))


def names(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return answer.texts("Files/File/Filename")


def statistics(ask: Caller, condition: object, *pairs: tuple[str, str]) -> Answer:
    entries = "".join(
        f"<Aggregation><Field>{field}</Field><Operation>{operation}</Operation></Aggregation>"
        for field, operation in pairs
    )
    return query(ask, condition, Aggregations=entries)


@pytest.fixture
def index(ask: Caller) -> Caller:
    """A service whose bucket has some objects and a running index."""
    ask("POST", "/bucket?metaQuery&comp=add")
    ask("PUT", "/bucket/docs/b.txt", "12345", x_oss_tagging="owner=John&type=document")
    ask.now += 60
    ask("PUT", "/bucket/docs/a.txt", "123", x_oss_meta_location="hangzhou")
    ask("PUT", "/bucket/logo.png", "1", x_oss_storage_class="IA", x_oss_object_acl="public-read")
    ask("PUT", "/bucket/safe", "12345", x_oss_server_side_encryption="AES256")
    ask("POST", "/bucket/log?append&position=0", "1234")
    return ask


ALL = ["docs/a.txt", "docs/b.txt", "log", "logo.png", "safe"]


def test_index_finds_nothing_until_it_runs(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "x")
    ask("POST", "/bucket?metaQuery&comp=add")
    answer = query(ask)
    assert (names(answer), answer.text("NextToken")) == ([], "")
    counted = statistics(ask, ANY, ("Size", "sum"), ("Size", "max"))
    assert counted.texts("Aggregations/Aggregation/Value") == ["0", "0"]
    ask.now += 3
    assert names(query(ask)) == ["a"]


def test_object_is_described(index: Caller) -> None:
    index("PUT", "/bucket/b.txt", "x", x_oss_tagging="z=1&a=2", x_oss_meta_b="ü", x_oss_meta_a="1")
    found = index("HEAD", "/bucket/b.txt").headers
    answer = query(index, is_("Filename", "b.txt"))
    names_of = [
        "Filename Size FileModifiedTime OSSObjectType OSSStorageClass ObjectACL ETag OSSCRC64",
        "OSSTaggingCount",
    ]
    assert {name: answer.text(f"Files/File/{name}") for name in " ".join(names_of).split()} == {
        "Filename": "b.txt",
        "Size": "1",
        "FileModifiedTime": "2025-06-15T23:07:40.000000000+08:00",
        "OSSObjectType": "Normal",
        "OSSStorageClass": "Standard",
        "ObjectACL": "default",
        "ETag": found["ETag"],
        "OSSCRC64": found["x-oss-hash-crc64ecma"],
        "OSSTaggingCount": "2",
    }
    tags = "Files/File/OSSTagging/Tagging"
    assert answer.texts(f"{tags}/Key") == ["a", "z"]
    assert answer.texts(f"{tags}/Value") == ["2", "1"]
    meta = "Files/File/OSSUserMeta/UserMeta"
    assert answer.texts(f"{meta}/Key") == ["x-oss-meta-a", "x-oss-meta-b"]
    assert answer.texts(f"{meta}/Value") == ["1", "ü"]


def test_object_without_tags_and_user_headers_has_no_such_elements(index: Caller) -> None:
    answer = query(index, is_("Filename", "log"))
    for name in ("OSSTagging", "OSSUserMeta", "ServerSideEncryption"):
        assert answer.text(f"Files/File/{name}") is None
    assert answer.text("Files/File/OSSTaggingCount") == "0"
    encrypted = query(index, is_("ServerSideEncryption", "AES256"))
    assert names(encrypted) == ["safe"]
    assert encrypted.text("Files/File/ServerSideEncryption") == "AES256"


@rows(
    ("condition", "expected"),
    (ANY, ALL),
    (is_("Size", "5"), ["docs/b.txt", "safe"]),
    (is_("Size", "4", "gt"), ["docs/b.txt", "safe"]),
    (is_("Size", "4", "gte"), ["docs/b.txt", "log", "safe"]),
    (is_("Size", "3", "lt"), ["logo.png"]),
    (is_("Size", "3", "lte"), ["docs/a.txt", "logo.png"]),
    ({"Field": "Size", "Value": 5, "Operation": "eq"}, ["docs/b.txt", "safe"]),
    (is_("Filename", "docs/", "prefix"), ["docs/a.txt", "docs/b.txt"]),
    (is_("Filename", "og", "prefix"), []),
    (is_("Filename", "o", "match"), ["docs/a.txt", "docs/b.txt", "log", "logo.png"]),
    (is_("Filename", "DOCS", "match"), []),
    (is_("Filename", "log", "gt"), ["logo.png", "safe"]),
    (is_("FileModifiedTime", "2025-06-15T15:07:00Z", "lt"), ["docs/b.txt"]),
    (is_("FileModifiedTime", "2025-06-15T23:06:40+08:00"), ["docs/b.txt"]),
    (is_("OSSStorageClass", "IA"), ["logo.png"]),
    (is_("OSSObjectType", "Append", "prefix"), ["log"]),
    (is_("ObjectACL", "public-read"), ["logo.png"]),
    (is_("OSSTaggingCount", "2"), ["docs/b.txt"]),
    (is_("OSSTagging.owner", "John"), ["docs/b.txt"]),
    (is_("OSSTagging.Owner", "John"), []),
    (is_("OSSTagging.owner", "john"), []),
    (is_("OSSTagging.type", "doc", "prefix"), ["docs/b.txt"]),
    (is_("OSSUserMeta.X-OSS-Meta-Location", "hangzhou"), ["docs/a.txt"]),
    (is_("OSSUserMeta.x-oss-meta-location", "Hangzhou"), []),
    (is_("ServerSideEncryption", "A", "gt"), ["safe"]),
    (is_("Filename", "100%' OR 1=1 --"), []),
)
def test_condition_finds_objects(index: Caller, condition: object, expected: list[str]) -> None:
    assert names(query(index, condition)) == expected


def test_etag_is_compared_without_its_quotes(index: Caller) -> None:
    etag = index("HEAD", "/bucket/log").headers["ETag"]
    for value in (etag, etag.strip('"')):
        assert names(query(index, is_("ETag", value))) == ["log"]


SMALL, DOCS = is_("Size", "5", "lt"), is_("Filename", "docs/", "prefix")
JOHN = is_("OSSTagging.owner", "John")


@rows(
    ("operation", "parts", "expected"),
    ("and", [SMALL, DOCS], ["docs/a.txt"]),
    ("or", [SMALL, DOCS], ["docs/a.txt", "docs/b.txt", "log", "logo.png"]),
    ("not", [SMALL, DOCS], ["safe"]),
    ("not", [JOHN], ["docs/a.txt", "log", "logo.png", "safe"]),
    ("not", [is_("ServerSideEncryption", "AES256")], ALL[:-1]),
    ("and", [{"Operation": "not", "SubQueries": [SMALL]}, DOCS], ["docs/b.txt"]),
)
def test_conditions_are_joined(
    index: Caller, operation: str, parts: list[object], expected: list[str]
) -> None:
    assert names(query(index, {"Operation": operation, "SubQueries": parts})) == expected


@rows(
    ("sort", "order", "expected"),
    ("Size", "", ["logo.png", "docs/a.txt", "log", "docs/b.txt", "safe"]),
    ("Size", "asc", ["logo.png", "docs/a.txt", "log", "docs/b.txt", "safe"]),
    ("Size", "desc", ["safe", "docs/b.txt", "log", "docs/a.txt", "logo.png"]),
    ("", "desc", ALL[::-1]),
    ("ServerSideEncryption", "asc", ALL),
)
@rows("limit", 1, 2, 100)
def test_pages_are_sorted(
    index: Caller, sort: str, order: str, expected: list[str], limit: int
) -> None:
    found, token = [], ""
    for _ in range(len(expected)):
        page = query(index, Sort=sort, Order=order, MaxResults=str(limit), NextToken=token)
        assert 0 < len(names(page)) <= limit
        found += names(page)
        token = page.text("NextToken") or ""
        if not token:
            break
    assert found == expected
    assert not token


@rows(
    "token",
    "x",
    "ä",
    *(
        urlsafe_b64encode(text.encode()).decode()
        for text in (
            "a",
            "1",
            "[1]",
            '[1, "a", 2]',
            '[null, "a"]',
            f'[{2**63}, "a"]',
            "[" * 9999,
        )
    ),
)
def test_bad_token_is_refused(index: Caller, token: str) -> None:
    answer = query(index, NextToken=token)
    assert (answer.code, answer.text("ArgumentName")) == ("InvalidArgument", "NextToken")


def test_statistics_come_without_objects(index: Caller) -> None:
    wanted = ["min", "max", "sum", "average", "count", "distinct"]
    answer = statistics(index, ANY, *(("Size", each) for each in wanted))
    assert (names(answer), answer.text("NextToken")) == ([], "")
    assert answer.texts("Aggregations/Aggregation/Field") == ["Size"] * 6
    assert answer.texts("Aggregations/Aggregation/Operation") == wanted
    values = answer.texts("Aggregations/Aggregation/Value")
    assert values == ["1", "5", "18", "3.6", "5", "4"]


def test_statistics_are_of_the_objects_that_are_found(index: Caller) -> None:
    answer = statistics(index, DOCS, ("Size", "sum"), ("ServerSideEncryption", "count"))
    assert answer.texts("Aggregations/Aggregation/Value") == ["8", "0"]


@pytest.mark.parametrize(("field", "groups"), CASES["groups_are_counted"])
def test_groups_are_counted(index: Caller, field: str, groups: tuple[tuple[str, str], ...]) -> None:
    answer = statistics(index, ANY, (field, "group"))
    path = "Aggregations/Aggregation/Groups/Group"
    counted = zip(answer.texts(f"{path}/Value"), answer.texts(f"{path}/Count"), strict=True)
    assert tuple(counted) == groups
    assert answer.text("Aggregations/Aggregation/Value") is None


def test_current_versions_are_found_and_delete_markers_are_not(index: Caller) -> None:
    index.keep_versions()
    index("PUT", "/bucket/log", "123456789")
    index("DELETE", "/bucket/safe")
    index.begin_upload("unfinished")
    assert names(query(index)) == ["docs/a.txt", "docs/b.txt", "log", "logo.png"]
    assert names(query(index, is_("Size", "4", "gt"))) == ["docs/b.txt", "log"]


# --- The index itself

KEYS = some.text(some.characters(exclude_categories=[]), min_size=1, max_size=3)
VALUES = some.text(max_size=3)  # a query with half a surrogate pair is not text


@given(
    keys=some.sets(KEYS, max_size=6),
    operation=some.sampled_from(["eq", "gt", "gte", "lt", "lte", "match", "prefix"]),
    value=VALUES,
)
def test_names_are_compared_by_their_bytes(keys: set[str], operation: str, value: str) -> None:
    plain = {key.encode(errors="replace"): key for key in keys}
    other = value.encode(errors="replace")
    tests: dict[str, Callable[[bytes], bool]] = {
        "eq": lambda key: key == other,
        "gt": lambda key: key > other,
        "gte": lambda key: key >= other,
        "lt": lambda key: key < other,
        "lte": lambda key: key <= other,
        "match": lambda key: other in key,
        "prefix": lambda key: key.startswith(other),
    }
    holds = tests[operation]
    objects = [Object(key, (), 0, "", 0, 0.0, "1") for key in plain.values()]
    wanted = parse(document(is_("Filename", value, operation)).encode())
    found = search(objects, wanted, None).objects
    assert [item.key for item in found] == [plain[key] for key in sorted(plain) if holds(key)]
