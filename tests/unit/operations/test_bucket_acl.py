"""The ACL of a bucket."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Caller


def test_answer_has_the_acl_and_the_owner(ask: Caller) -> None:
    got = ask("GET", "/bucket?acl")
    assert (got.text("AccessControlList/Grant"), got.text("Owner/ID")) == (
        "private",
        ask.service.accounts.owner.id,
    )


@pytest.mark.parametrize("acl", ["private", "public-read", "public-read-write"])
def test_header_sets_the_acl(ask: Caller, acl: str) -> None:
    assert ask("PUT", "/bucket?acl", x_oss_acl=acl).status == 200
    assert ask("GET", "/bucket?acl").text("AccessControlList/Grant") == acl


def test_put_without_the_header_changes_nothing(ask: Caller) -> None:
    ask("PUT", "/bucket?acl", x_oss_acl="public-read")
    assert ask("PUT", "/bucket?acl").status == 200
    assert ask("GET", "/bucket?acl").text("AccessControlList/Grant") == "public-read"


def test_missing_bucket_is_created_with_the_acl(ask: Caller) -> None:
    """P-47"""
    answer = ask("PUT", "/new-bucket?acl", x_oss_acl="public-read")
    assert (answer.status, answer.headers["Location"]) == (200, "/new-bucket")
    assert ask("GET", "/new-bucket?acl").text("AccessControlList/Grant") == "public-read"
    assert ask("GET", "/new-bucket?bucketInfo").text("Bucket/StorageClass") == "Standard"


@pytest.mark.parametrize(
    ("target", "acl", "code"),
    [
        ("/new-bucket?acl", "no-acl", "InvalidArgument"),
        ("/NEW?acl", "private", "InvalidBucketName"),
    ],
)
def test_bad_request_creates_no_bucket(ask: Caller, target: str, acl: str, code: str) -> None:
    """P-47"""
    assert ask("PUT", target, x_oss_acl=acl).code == code
    assert [bucket.name for bucket in ask.service.storage.buckets()] == ["bucket"]


def test_only_an_account_creates_a_bucket(ask: Caller) -> None:
    """P-47"""
    assert ask.anonymously("PUT", "/new-bucket?acl").status == 403
    assert ask.anonymously("PUT", "/bucket?acl", x_oss_acl="public-read").status == 403
    assert ask("GET", "/bucket?acl").text("AccessControlList/Grant") == "private"


def test_unknown_acl_is_refused(ask: Caller) -> None:
    answer = ask("PUT", "/bucket?acl", x_oss_acl="default")
    assert (answer.code, answer.text("ArgumentName")) == ("InvalidArgument", "x-oss-acl")
