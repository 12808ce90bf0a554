"""Records as text: every field is read back, and a missing field has its default."""

from __future__ import annotations

import json
from typing import Any

import pytest
from oss_emulator.storage import Account, Bucket, MemoryBlob, Object, Part, Restore, Upload, index

BLOBS = {"one": MemoryBlob(b"1"), "two": MemoryBlob(b"22")}
NAMES = {blob.data: name for name, blob in BLOBS.items()}
OBJECT = Object(
    "中/\x00",
    tuple(BLOBS.values()),
    3,
    '"E"',
    2**64 - 1,
    1.5,
    "1",
    headers={"Content-Type": "text/plain", "x-oss-meta-a": "\udcd6\udcd0"},
    version_id="2",
    tags={"k": "v"},
    sealed=2.5,
    restore=Restore(1.0, 2.0, "Bulk"),
    documents={"legalHold": b"<\xff\x00>"},
    content_md5="1B2M2Y8AsgTpgAmY7PhCfg==",
)


def name(blob: object) -> str:
    assert isinstance(blob, MemoryBlob)
    return NAMES[blob.data]


def find(named: str) -> MemoryBlob:
    return BLOBS[named]


@pytest.mark.parametrize(
    "record",
    [
        Account("1", {"publicAccessBlock": b"<x/>"}),
        Bucket("b", "1", 1.5, "cn-hangzhou", documents={"referer": b"<\xff>"}),
        OBJECT,
        Object("a", (), 0, '"E"', 0, 1.0, "1", delete_marker=True),
        Part(1, (BLOBS["two"],), 2, '"P"', 7, 1.5),
    ],
    ids=lambda record: type(record).__name__,
)
def test_record_is_read_back(record: Any) -> None:
    assert index.parse_record(type(record), index.format_record(record, name), find) == record


def test_upload_is_read_back_with_its_draft() -> None:
    upload = Upload("1", 2.5, OBJECT, sequential=True)
    assert index.parse_record(Upload, index.format_record(upload, name), find) == upload


def test_missing_field_has_its_default() -> None:
    values = json.loads(index.format_record(OBJECT, name))
    for field in ("documents", "restore", "tags"):
        del values[field]
    read = index.parse_record(Object, json.dumps(values), find)
    assert read == OBJECT._replace(documents={}, restore=None, tags={})


def test_names_of_the_blobs_are_in_order() -> None:
    assert index.blob_names(index.format_record(OBJECT, name)) == ["one", "two"]
