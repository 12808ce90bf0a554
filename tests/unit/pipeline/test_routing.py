"""Routing: the operation of a request, and requests that are not emulated."""

from __future__ import annotations

import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.pipeline.routing import Dispatcher
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError

from tests.unit.pipeline.service import ask

DISPATCHER = Dispatcher(OPERATIONS)
SERVICE, BUCKET, OBJECT = Target(), Target("b"), Target("b", "k")
COPY = {"x-oss-copy-source": "/b/a"}


def find(method: str, target: Target, query: str, headers: dict[str, str] | None = None) -> str:
    return DISPATCHER.find(ask(method, f"/?{query}", headers), target).name


@pytest.mark.parametrize(
    ("method", "target", "query", "headers", "name"),
    [
        ("GET", SERVICE, "", {}, "ListBuckets"),
        ("GET", BUCKET, "", {}, "ListObjects"),
        ("GET", BUCKET, "list-type=2", {}, "ListObjectsV2"),
        ("GET", BUCKET, "prefix=a&acl", {}, "GetBucketAcl"),
        ("GET", OBJECT, "", {}, "GetObject"),
        ("GET", OBJECT, "20240101", {}, "GetObject"),
        ("GET", OBJECT, "versionId=1", {}, "GetObject"),
        ("PUT", OBJECT, "x-param-null&Signature=s", {}, "PutObject"),  # P-49
        ("PUT", OBJECT, "somethingNew", COPY, "CopyObject"),
        ("PUT", OBJECT, "", {}, "PutObject"),
        ("PUT", OBJECT, "", COPY, "CopyObject"),
        ("PUT", OBJECT, "partNumber=1&uploadId=2", {}, "UploadPart"),
        ("PUT", OBJECT, "partNumber=1&uploadId=2", COPY, "UploadPartCopy"),
        ("GET", BUCKET, "inventory", {}, "ListBucketInventory"),
        ("GET", BUCKET, "inventory&inventoryId=1", {}, "GetBucketInventory"),
        ("POST", BUCKET, "cname&comp=token", {}, "CreateCnameToken"),
        ("POST", BUCKET, "", {}, "PostObject"),
        ("OPTIONS", OBJECT, "acl&somethingNew", {}, "OptionObject"),
    ],
)
def test_most_specific_operation_is_found(
    method: str, target: Target, query: str, headers: dict[str, str], name: str
) -> None:
    assert find(method, target, query, headers) == name


@pytest.mark.parametrize(
    ("method", "target", "query", "subresource"),
    [
        ("PATCH", OBJECT, "", ""),
        ("PUT", OBJECT, "udfImageDesc", "udfImageDesc"),
        ("PUT", OBJECT, "group", "group"),
        ("POST", OBJECT, "somethingNew", "somethingNew"),
        ("DELETE", OBJECT, "somethingNew", "somethingNew"),
        ("GET", BUCKET, "somethingNew", "somethingNew"),
        ("GET", BUCKET, "inventoryId=1", "inventoryId"),
        ("POST", BUCKET, "cname&comp=new", "cname&comp=new"),
        ("OPTIONS", SERVICE, "", ""),
    ],
)
def test_missing_operation_is_named(
    method: str, target: Target, query: str, subresource: str
) -> None:
    """P-40"""
    with pytest.raises(OSSError, match="is not emulated") as raised:
        find(method, target, query)
    error = raised.value
    assert (error.status, error.details["Method"]) == (501, method)
    assert error.details["SubResource"] == subresource


def test_post_to_an_object_without_a_subresource_is_not_allowed() -> None:
    with pytest.raises(OSSError, match="MethodNotAllowed"):
        find("POST", OBJECT, "")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda item: f"{item.name}-{item.resource}")
def test_every_operation_is_found_by_its_declaration(operation: object) -> None:
    item = next(found for found in OPERATIONS if found is operation)
    target = {"service": SERVICE, "bucket": BUCKET, "object": OBJECT}[item.resource]
    headers = {item.header: "/b/a"} if item.header else {}
    found = DISPATCHER.find(ask(item.method, f"/?{item.subresource}", headers), target)
    assert found is item
