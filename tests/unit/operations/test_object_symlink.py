"""PutSymlink, GetSymlink, and reading through a link."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Caller, check_error


def link(ask: Caller, key: str, target: str, **headers: str) -> str:
    """Put a link; return its version id, or "" in an unversioned bucket."""
    answer = ask("PUT", f"/bucket/{key}?symlink", x_oss_symlink_target=target, **headers)
    assert answer.status == 200
    return answer.headers.get("x-oss-version-id", "")


def test_target_is_looked_up_at_each_read(ask: Caller) -> None:
    link(ask, "link", "target")
    message = "The symlink target object does not exist"  # P-90
    check_error(ask("GET", "/bucket/link"), 404, "SymlinkTargetNotExist", message)
    assert ask("HEAD", "/bucket/link").code == "SymlinkTargetNotExist"
    for content in (b"1", b"22"):
        ask("PUT", "/bucket/target", content)
        assert ask("GET", "/bucket/link").body == content


def test_link_to_a_link_cannot_be_read(ask: Caller) -> None:
    link(ask, "a", "b")
    link(ask, "b", "c")
    ask("PUT", "/bucket/c", "1")
    message = "The symbolic's target file type is invalid"
    check_error(ask("GET", "/bucket/a"), 400, "InvalidTargetType", message, "0026-00000011")


def test_other_objects_are_not_links(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "1")
    message = "The object is not symlink."
    check_error(ask("GET", "/bucket/a?symlink"), 400, "NotSymlink", message)
    assert ask("GET", "/bucket/none?symlink").code == "NoSuchKey"


def test_link_needs_a_target(ask: Caller) -> None:
    answer = ask("PUT", "/bucket/a?symlink")
    assert (answer.code, answer.text("ArgumentName")) == ("InvalidArgument", "x-oss-symlink-target")
    assert ask("HEAD", "/bucket/a").status == 404


def test_link_has_its_own_class_tags_and_acl(ask: Caller) -> None:
    headers = {
        "x_oss_storage_class": "IA",
        "x_oss_tagging": "k=v",
        "x_oss_object_acl": "public-read",
    }
    link(ask, "link", "target", **headers)
    listed = ask("GET", "/bucket")
    found = [listed.text(f"Contents/{name}") for name in ("Type", "StorageClass", "Size")]
    assert found == ["Symlink", "IA", "0"]
    tagging = ask("GET", "/bucket/link?tagging")
    assert (tagging.texts(".//Key"), tagging.texts(".//Value")) == (["k"], ["v"])
    assert ask("GET", "/bucket/link?acl").text("AccessControlList/Grant") == "public-read"
    again = ask(
        "PUT",
        "/bucket/link?symlink",
        x_oss_symlink_target="other",
        x_oss_forbid_overwrite="true",
    )
    assert (again.status, again.code) == (409, "FileAlreadyExists")


def test_copy_of_a_link_is_a_link(ask: Caller) -> None:
    ask("PUT", "/bucket/target", "1")
    link(ask, "link", "target")
    ask("PUT", "/bucket/copy", x_oss_copy_source="/bucket/link")
    assert ask("GET", "/bucket/copy?symlink").headers["x-oss-symlink-target"] == "target"
    assert ask("GET", "/bucket/copy").body == b"1"


@pytest.mark.parametrize("later", ["link", "target"])
def test_last_modified_is_the_later_of_link_and_target(ask: Caller, later: str) -> None:
    """HeadObject"""
    for key in ("target", "link") if later == "link" else ("link", "target"):
        if key == "link":
            link(ask, "link", "target")
        else:
            ask("PUT", "/bucket/target", "1")
        ask.now += 600
    head = ask("HEAD", "/bucket/link")
    assert head.headers["Last-Modified"] == "Sun, 15 Jun 2025 15:16:40 GMT"


def test_acls_of_link_and_target_must_both_allow_a_read(ask: Caller) -> None:
    """PutSymlink"""
    ask("PUT", "/bucket/target", "1")
    link(ask, "link", "target", x_oss_object_acl="public-read")
    assert ask.anonymously("GET", "/bucket/link").code == "AccessDenied"
    ask("PUT", "/bucket/target?acl", x_oss_object_acl="public-read")
    assert ask.anonymously("GET", "/bucket/link").body == b"1"


def test_each_version_has_its_own_target(ask: Caller) -> None:
    ask.keep_versions()
    versions = {}
    for target in ("one", "two"):
        ask("PUT", f"/bucket/{target}", target)
        versions[target] = link(ask, "link", target)
    for target, version_id in versions.items():
        found = ask("GET", f"/bucket/link?symlink&versionId={version_id}").headers
        assert found["x-oss-symlink-target"] == target
        assert found["x-oss-version-id"] == version_id
        assert ask("GET", f"/bucket/link?versionId={version_id}").body == target.encode()


def test_plus_sign_in_a_target_is_a_space(ask: Caller) -> None:
    """P-43"""
    ask("PUT", "/bucket/a%20b", "content")
    link(ask, "link", "a+b")
    assert ask("GET", "/bucket/link").body == b"content"
