"""Copies with the copier of SDK V2: at once, or by parts."""

from __future__ import annotations

from typing import Any

import alibabacloud_oss_v2 as oss
import pytest

from tests.client import Live
from tests.sdk.v2 import configure

PART = 100 * 1024
DATA = bytes(200 * 1024 + 1234)

WAYS: dict[str, tuple[dict[str, Any], str]] = {
    "one request": ({}, "Normal"),
    "one request for a large object": ({"multipart_copy_threshold": PART}, "Normal"),
    "parts": (
        {"multipart_copy_threshold": PART, "part_size": PART, "disable_shallow_copy": True},
        "Multipart",
    ),
}
"""The options of a copier, and the type of the object that it makes."""

KEPT = ("content_disposition", "content_encoding", "cache_control", "expires", "metadata")


@pytest.fixture
def client(live: Live) -> oss.Client:
    return oss.Client(configure(live.endpoint))


@pytest.fixture
def source(client: oss.Client, name: str) -> Any:
    """The headers of an object with metadata and tags, `source`."""
    place = {"bucket": name, "key": "source"}
    request = oss.PutObjectRequest(
        **place,
        body=DATA,
        metadata={"auth": "owner", "version": "1.01"},
        content_type="text/plain",
        content_disposition="attachment;filename=aaa.txt",
        content_encoding="deflate",
        cache_control="no-cache",
        expires="Wed, 08 Jul 2022 16:57:01 GMT",
        tagging="TagA=A&TagB=B",
    )
    client.put_object(request)
    return client.head_object(oss.HeadObjectRequest(**place))


def copy(client: oss.Client, name: str, way: str, **fields: Any) -> Any:
    """Copy `source` to `target`; the headers of the copy."""
    place = {"bucket": name, "key": "target"}
    options, kind = WAYS[way]
    request = oss.CopyObjectRequest(**place, source_key="source", **fields)
    copied = client.copier().copy(request, **options)
    head = client.head_object(oss.HeadObjectRequest(**place))
    assert (head.object_type, head.content_length) == (kind, len(DATA))
    assert copied.hash_crc64 == head.hash_crc64
    return head


@pytest.mark.parametrize("way", WAYS)
def test_replaced_metadata_is_gone(client: oss.Client, name: str, source: Any, way: str) -> None:
    """P-53: only the type stays, and an upload by parts does not know it."""
    directives = {"metadata_directive": "REPLACE", "tagging_directive": "REPLACE"}
    head = copy(client, name, way, **directives)
    assert head.hash_crc64 == source.hash_crc64
    assert [getattr(head, field) for field in KEPT] == [None] * len(KEPT)
    assert head.tagging_count is None
    kind = "application/octet-stream" if way == "parts" else source.content_type
    assert head.content_type == kind


@pytest.mark.parametrize("way", WAYS)
def test_copied_metadata_is_the_sources(
    client: oss.Client, name: str, source: Any, way: str
) -> None:
    head = copy(client, name, way)
    for field in (*KEPT, "content_type", "tagging_count"):
        assert getattr(head, field) == getattr(source, field)
