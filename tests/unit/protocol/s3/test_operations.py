"""The operations that OSS answers over S3, and how others are refused (P-71)."""

from __future__ import annotations

import pytest
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import parse_query
from oss_emulator.protocol.s3.operations import SUPPORTED, check_supported

TARGETS = {"service": Target(), "bucket": Target("b"), "object": Target("b", "k")}

REFUSED = [
    ("GET", "object", "tagging", "GetObjectTagging"),
    ("GET", "bucket", "versioning=", "GetBucketVersioning"),
    ("GET", "bucket", "versions&prefix=a", "ListObjectVersions"),
    ("GET", "bucket", "uploads", "ListMultipartUploads"),
    ("DELETE", "bucket", "lifecycle", "DeleteBucketLifecycle"),
    ("PUT", "bucket", "cors", "PutBucketCors"),
    ("POST", "object", "restore", "RestoreObject"),
    ("POST", "object", "select&select-type=2", "SelectObjectContent"),
    ("GET", "bucket", "session", "CreateSession"),
    ("PATCH", "object", "", "PATCH of the object"),
    ("DELETE", "service", "", "DELETE of the service"),
    ("GET", "object", "partNumber=1", "GET of a single part of the object"),
]


@pytest.mark.parametrize("operation", SUPPORTED, ids=lambda operation: operation.name)
def test_documented_operation_passes(operation: tuple[str, ...]) -> None:
    _, method, resource, subresource = operation
    query = {subresource: "1"} if subresource else {"prefix": "a"}
    check_supported(method, TARGETS[resource], query)


@pytest.mark.parametrize(("method", "resource", "query", "name"), REFUSED)
def test_any_other_operation_is_refused_by_name(
    method: str, resource: str, query: str, name: str
) -> None:
    with pytest.raises(OSSError, match=f"NotImplemented: {name} is not") as caught:
        check_supported(method, TARGETS[resource], parse_query(query))
    assert caught.value.status == 501
