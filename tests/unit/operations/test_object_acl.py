"""PutObjectACL and GetObjectACL."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Caller, check_error


def acl(ask: Caller, query: str = "") -> str | None:
    return ask("GET", f"/bucket/a?acl{query}").text("AccessControlList/Grant")


@pytest.mark.parametrize("value", ["default", "private", "public-read", "public-read-write"])
def test_acl_is_set_with_the_object_or_later(ask: Caller, value: str) -> None:
    ask("PUT", "/bucket/a", "x", x_oss_object_acl=value)
    assert acl(ask) == value
    ask("PUT", "/bucket/a", "x")
    assert acl(ask) == "default"
    assert ask("PUT", "/bucket/a?acl", x_oss_object_acl=value).status == 200
    assert acl(ask) == value
    readable = value.startswith("public")
    assert ask.anonymously("GET", "/bucket/a").status == (200 if readable else 403)


@pytest.mark.parametrize("headers", [{}, {"x_oss_object_acl": ""}])
def test_missing_acl_gets_400_and_changes_nothing(ask: Caller, headers: dict[str, str]) -> None:
    """P-58, help page of 0017-00000105."""
    ask("PUT", "/bucket/a", "x", x_oss_object_acl="private")
    answer = ask("PUT", "/bucket/a?acl", **headers)
    message = "Missing Some Required Arguments."
    check_error(answer, 400, "MissingArgument", message, "0017-00000105")
    assert acl(ask) == "private"


@pytest.mark.parametrize("value", ["public", "Private"])
def test_unknown_acl_gets_400_and_changes_nothing(ask: Caller, value: str) -> None:
    ask("PUT", "/bucket/a", "x", x_oss_object_acl="private")
    answer = ask("PUT", "/bucket/a?acl", x_oss_object_acl=value)
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.text("ArgumentName") == "x-oss-object-acl"
    assert acl(ask) == "private"


def test_each_version_has_its_own_acl(ask: Caller) -> None:
    ask.keep_versions()
    put = ask("PUT", "/bucket/a", "old", x_oss_object_acl="public-read")
    old = put.headers["x-oss-version-id"]
    new = ask("PUT", "/bucket/a", "new").headers["x-oss-version-id"]
    assert ask.anonymously("GET", f"/bucket/a?versionId={old}").body == b"old"
    assert ask.anonymously("GET", f"/bucket/a?versionId={new}").status == 403
    assert ask.anonymously("GET", "/bucket/a").status == 403
    changed = ask("PUT", f"/bucket/a?acl&versionId={old}", x_oss_object_acl="private")
    assert changed.headers["x-oss-version-id"] == old
    assert ask.anonymously("GET", f"/bucket/a?versionId={old}").status == 403


def test_missing_object_has_no_acl(ask: Caller) -> None:
    assert ask("GET", "/bucket/a?acl").code == "NoSuchKey"
    assert ask("PUT", "/bucket/a?acl", x_oss_object_acl="private").code == "NoSuchKey"
