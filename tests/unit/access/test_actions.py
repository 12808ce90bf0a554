"""The actions that requests need, and the names of resources."""

from __future__ import annotations

import pytest
from oss_emulator.access import required, required_of_source, resource
from oss_emulator.operations import OPERATIONS

TAGGED = {"x-oss-tagging": "a=b"}
BYPASS_HEADER = "x-oss-bypass-governance-retention"
BYPASS = {BYPASS_HEADER: "true"}
BYPASSES = "oss:BypassGovernanceRetention"


@pytest.mark.parametrize(
    ("action", "headers", "version", "expected"),
    [
        ("oss:GetObject", {}, None, ["oss:GetObject"]),
        ("oss:GetObject", {}, "1", ["oss:GetObjectVersion"]),
        ("oss:GetObject", TAGGED, None, ["oss:GetObject"]),
        ("oss:PutObject", {}, None, ["oss:PutObject"]),
        ("oss:PutObject", TAGGED, None, ["oss:PutObject", "oss:PutObjectTagging"]),
        (
            "oss:PutObject",
            {"x-oss-tagging-directive": "Copy"},
            None,
            ["oss:PutObject", "oss:PutObjectTagging"],
        ),
        ("oss:PutObject", TAGGED, "1", ["oss:PutObject", "oss:PutObjectTagging"]),
        ("oss:DeleteObject", {}, "null", ["oss:DeleteObjectVersion"]),
        (
            "oss:PutObject",
            {
                "x-oss-object-worm-mode": "GOVERNANCE",
                "x-oss-object-worm-retain-until-date": "2030-01-01T00:00:00Z",
                "x-oss-object-worm-legal-hold": "ON",
            },
            None,
            ["oss:PutObject", "oss:PutObjectRetention", "oss:PutObjectLegalHold"],
        ),
        ("oss:DeleteObject", BYPASS, "1", ["oss:DeleteObjectVersion", BYPASSES]),
        ("oss:PutObjectRetention", BYPASS, None, ["oss:PutObjectRetention", BYPASSES]),
        ("oss:GetObject", BYPASS, None, ["oss:GetObject"]),
        ("oss:DeleteObject", {BYPASS_HEADER: "True"}, None, ["oss:DeleteObject", BYPASSES]),
        ("oss:DeleteObject", {BYPASS_HEADER: "false"}, None, ["oss:DeleteObject"]),
        ("oss:PutObjectRetention", {BYPASS_HEADER: ""}, None, ["oss:PutObjectRetention"]),
        ("oss:PutObjectTagging", {}, "1", ["oss:PutObjectVersionTagging"]),
        ("oss:GetObjectAcl", {}, "1", ["oss:GetObjectVersionAcl"]),
        ("oss:RestoreObject", {}, "1", ["oss:RestoreObjectVersion"]),
        ("oss:ListParts", {}, "1", ["oss:ListParts"]),
        ("oss:PutBucketReferer", TAGGED, None, ["oss:PutBucketReferer"]),
    ],
)
def test_request_requires_these_actions(
    action: str, headers: dict[str, str], version: str | None, expected: list[str]
) -> None:
    assert list(required(action, headers, version)) == expected


@pytest.mark.parametrize(
    ("headers", "version", "expected"),
    [
        ({}, None, ["oss:GetObject"]),
        ({}, "1", ["oss:GetObjectVersion"]),
        ({"x-oss-tagging-directive": "COPY"}, None, ["oss:GetObject", "oss:GetObjectTagging"]),
        ({"x-oss-tagging-directive": "Replace"}, None, ["oss:GetObject"]),
        (
            {"x-oss-tagging-directive": "Copy"},
            "1",
            ["oss:GetObjectVersion", "oss:GetObjectVersionTagging"],
        ),
    ],
)
def test_copy_requires_these_actions_on_its_source(
    headers: dict[str, str], version: str | None, expected: list[str]
) -> None:
    assert list(required_of_source(headers, version)) == expected


def test_operations_declare_actions_without_a_version() -> None:
    """Only a request with a version id needs an action such as `oss:GetObjectVersion`."""
    actions = {operation.action for operation in OPERATIONS}
    assert all(action.startswith("oss:") for action in actions)
    assert not any("Version" in action for action in actions - VERSIONING)


VERSIONING = {"oss:ListObjectVersions", "oss:PutBucketVersioning", "oss:GetBucketVersioning"}


@pytest.mark.parametrize(
    ("bucket", "key", "expected"),
    [
        ("", "", "acs:oss:cn-hangzhou:1:*"),
        ("b", "", "acs:oss:cn-hangzhou:1:b"),
        ("b", "a/b:c", "acs:oss:cn-hangzhou:1:b/a/b:c"),
    ],
)
def test_resource_names_service_bucket_or_object(bucket: str, key: str, expected: str) -> None:
    assert resource("cn-hangzhou", "1", bucket, key) == expected
