"""CopyObject: directives, conditions, versions, and sources that cannot be copied."""

from __future__ import annotations

import re

import pytest

from tests.unit.operations.service import Answer, Caller, check_error

META = {"content_type": "text/plain", "cache_control": "no-cache", "x_oss_meta_a": "1"}
NEW = {"content_type": "image/png", "x_oss_meta_b": "2"}


def copy(ask: Caller, target: str = "b", source: str = "/bucket/a", **headers: str) -> Answer:
    return ask("PUT", f"/bucket/{target}", x_oss_copy_source=source, **headers)


def kept(ask: Caller, key: str) -> dict[str, str]:
    """Return the metadata of an object, limited to the headers that these tests set."""
    found = {
        name.lower().replace("-", "_"): value
        for name, value in ask("HEAD", f"/bucket/{key}").headers.items()
    }
    return {name: found[name] for name in {**META, **NEW} if name in found}


def test_answer_holds_etag_time_and_checksum(ask: Caller) -> None:
    put = ask("PUT", "/bucket/a", "x")
    ask.now += 60
    answer = copy(ask)
    assert answer.text("ETag") == put.headers["ETag"]
    assert answer.text("LastModified") == "2025-06-15T15:07:40.000Z"
    assert answer.headers["x-oss-hash-crc64ecma"] == put.headers["x-oss-hash-crc64ecma"]
    assert ask("HEAD", "/bucket/b").headers["Last-Modified"] == "Sun, 15 Jun 2025 15:07:40 GMT"


@pytest.mark.parametrize(
    ("directive", "headers", "expected"),
    [
        (None, {}, META),
        (None, NEW, META),
        ("COPY", NEW, META),
        ("REPLACE", NEW, NEW),
        ("REPLACE", {}, {"content_type": "text/plain"}),  # P-53
        ("REPLACE", {"x_oss_meta_b": "2"}, {"content_type": "text/plain", "x_oss_meta_b": "2"}),
    ],
)
def test_directive_decides_the_metadata(
    ask: Caller, directive: str | None, headers: dict[str, str], expected: dict[str, str]
) -> None:
    ask("PUT", "/bucket/a", "x", **META)
    directives = {"x_oss_metadata_directive": directive} if directive else {}
    copy(ask, **headers, **directives)
    assert kept(ask, "b") == expected


ENCRYPTION = {
    f"x_oss_meta_client_side_encryption_{name}": value
    for name, value in (
        ("key", "a2V5"),
        ("start", "c3RhcnQ="),
        ("cek_alg", "AES/CTR/NoPadding"),
        ("wrap_alg", "RSA/NONE/PKCS1Padding"),
    )
}


def encryption(ask: Caller, key: str) -> dict[str, str]:
    """Return the metadata of an object that concerns client-side encryption."""
    found = {
        name.replace("-", "_"): value
        for name, value in ask("HEAD", f"/bucket/{key}").headers.items()
    }
    return {name: found[name] for name in ENCRYPTION if name in found}


@pytest.mark.parametrize("target", ["a", "b"])
@pytest.mark.parametrize("repeated", [{}, ENCRYPTION], ids=["not sent", "sent again"])
def test_replacement_keeps_the_metadata_of_client_side_encryption(
    ask: Caller, target: str, repeated: dict[str, str]
) -> None:
    """P-53"""
    ask("PUT", "/bucket/a", "x", **META, **ENCRYPTION)
    replaced = {"x_oss_metadata_directive": "REPLACE", **NEW, **repeated}
    assert copy(ask, target, **replaced).status == 200
    assert encryption(ask, target) == ENCRYPTION
    assert kept(ask, target) == NEW


def test_metadata_of_client_side_encryption_cannot_be_replaced(ask: Caller) -> None:
    """P-53"""
    ask("PUT", "/bucket/a", "x", **ENCRYPTION)
    other = {**ENCRYPTION, "x_oss_meta_client_side_encryption_key": "b3RoZXI="}
    answer = copy(ask, x_oss_metadata_directive="REPLACE", **other)
    message = "The parameters of client encryption are allowed to be set once."
    check_error(answer, 400, "InvalidEncryptionRequest", message)
    assert ask("HEAD", "/bucket/b").status == 404


def test_unknown_directive_gets_400(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "x")
    answer = copy(ask, x_oss_metadata_directive="MERGE")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.text("ArgumentName") == "x-oss-metadata-directive"
    assert answer.text("ArgumentValue") == "MERGE"
    assert ask("HEAD", "/bucket/b").status == 404


@pytest.mark.parametrize("directive", [None, "COPY", "REPLACE"])
def test_copy_onto_itself_replaces_the_metadata(ask: Caller, directive: str | None) -> None:
    """CopyObject: this does not depend on x-oss-metadata-directive."""
    ask("PUT", "/bucket/a", "x", **META)
    directives = {"x_oss_metadata_directive": directive} if directive else {}
    copy(ask, "a", **NEW, **directives)
    assert kept(ask, "a") == NEW
    assert ask("GET", "/bucket/a").body == b"x"


@pytest.mark.parametrize(
    ("versioning", "versions"), [(None, ["new"]), ("Suspended", ["new"]), ("Enabled", ["new", ""])]
)
def test_copy_onto_itself_creates_a_version_in_a_versioned_bucket(
    ask: Caller, versioning: str | None, versions: list[str]
) -> None:
    ask("PUT", "/bucket/a", "content")
    if versioning:
        ask.keep_versions(versioning)
    assert copy(ask, "a", x_oss_meta_a="new").status == 200
    listed = ask("GET", "/bucket?versions").texts("Version/VersionId")
    assert len(listed) == len(versions)
    for version, meta in zip(listed, versions, strict=True):
        answer = ask("GET", f"/bucket/a?versionId={version}")
        assert (answer.body, answer.headers.get("x-oss-meta-a", "")) == (b"content", meta)


def test_copy_has_class_acl_and_encryption_of_the_request(ask: Caller) -> None:
    source = {
        "x_oss_storage_class": "IA",
        "x_oss_object_acl": "public-read",
        "x_oss_server_side_encryption": "AES256",
    }
    ask("PUT", "/bucket/a", "x", **source)
    copy(ask, "plain")
    head = ask("HEAD", "/bucket/plain").headers
    assert head["x-oss-storage-class"] == "Standard"
    assert "x-oss-server-side-encryption" not in head
    assert ask("GET", "/bucket/plain?acl").text("AccessControlList/Grant") == "default"
    asked = {
        "x_oss_storage_class": "Archive",
        "x_oss_object_acl": "private",
        "x_oss_server_side_encryption": "KMS",
    }
    answer, head = copy(ask, **asked), ask("HEAD", "/bucket/b").headers
    assert head["x-oss-storage-class"] == "Archive"
    assert ask("GET", "/bucket/b?acl").text("AccessControlList/Grant") == "private"
    for headers in (answer.headers, head):
        assert headers["x-oss-server-side-encryption"] == "KMS"


BEFORE, WHEN = "Sat, 14 Jun 2025 15:06:40 GMT", "Sun, 15 Jun 2025 15:06:40 GMT"
ISO_BEFORE, ISO_AFTER = "2025-06-14T15:06:40.000Z", "2025-06-16T15:06:40.000Z"
ETAG = "9DD4E461268C8034F5C8564E155C67A6"
HOLDS, NOT_MODIFIED, FAILED = 200, 304, 412


@pytest.mark.parametrize(
    ("condition", "value", "status"),
    [
        ("if_match", ETAG, HOLDS),
        ("if_match", f'"{ETAG}"', HOLDS),
        ("if_match", "0" * 32, FAILED),
        ("if_none_match", "0" * 32, HOLDS),
        ("if_none_match", ETAG, NOT_MODIFIED),
        ("if_modified_since", BEFORE, HOLDS),
        ("if_modified_since", WHEN, NOT_MODIFIED),
        ("if_modified_since", ISO_BEFORE, HOLDS),
        ("if_modified_since", ISO_AFTER, NOT_MODIFIED),
        ("if_unmodified_since", WHEN, HOLDS),
        ("if_unmodified_since", BEFORE, FAILED),
        ("if_unmodified_since", ISO_AFTER, HOLDS),
        ("if_unmodified_since", ISO_BEFORE, FAILED),
    ],
)
def test_conditions_apply_to_the_source(
    ask: Caller, condition: str, value: str, status: int
) -> None:
    assert ask("PUT", "/bucket/a", "x").headers["ETag"] == f'"{ETAG}"'
    assert copy(ask, **{f"x_oss_copy_source_{condition}": value}).status == status
    assert ask("HEAD", "/bucket/b").status == (200 if status == HOLDS else 404)


def test_condition_without_the_prefix_has_no_effect(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "x")
    assert copy(ask, if_match="0" * 32).status == 200


def test_missing_source_is_named(ask: Caller) -> None:
    message = "The specified key does not exist."
    missing = copy(ask, source="/bucket/missing")
    check_error(missing, 404, "NoSuchKey", message, "0026-00000001", Key="missing")
    answer = copy(ask, source="/no-such-bucket/a")
    assert (answer.code, answer.text("BucketName")) == ("NoSuchBucket", "no-such-bucket")


@pytest.mark.parametrize("source", ["", "/", "a", "/bucket", "/bucket/"])
def test_source_must_name_an_object(ask: Caller, source: str) -> None:
    answer = ask("PUT", "/bucket/b", "body", x_oss_copy_source=source)
    message = "Copy Source must mention the source bucket and key: /sourcebucket/sourcekey."
    assert (answer.code, answer.text("Message")) == ("InvalidArgument", message)
    assert ask("HEAD", "/bucket/b").status == 404


def test_delete_marker_cannot_be_copied(ask: Caller) -> None:
    """CopyObject: 404, even with the version id of the marker."""
    ask.keep_versions()
    ask("PUT", "/bucket/a", "1")
    marker = ask("DELETE", "/bucket/a").headers["x-oss-version-id"]
    message = "The specified key does not exist."
    for source in ("/bucket/a", f"/bucket/a?versionId={marker}"):
        answer = copy(ask, source=source)
        check_error(answer, 404, "NoSuchKey", message, "0026-00000001", Key="a")


def test_copy_of_an_old_version_becomes_the_current_one(ask: Caller) -> None:
    """CopyObject"""
    ask.keep_versions()
    old = ask("PUT", "/bucket/a", "old").headers["x-oss-version-id"]
    ask("PUT", "/bucket/a", "new")
    copied = copy(ask, "a", f"/bucket/a?versionId={old}")
    assert copied.headers["x-oss-copy-source-version-id"] == old
    assert re.fullmatch(r"CAEQ\w+", copied.headers["x-oss-version-id"])
    assert copied.headers["x-oss-version-id"] != old
    assert ask("GET", "/bucket/a").body == b"old"
    assert len(ask("GET", "/bucket?versions").texts("Version")) == 3


def test_object_over_5_gib_must_be_copied_by_parts(ask: Caller) -> None:
    """CopyObject"""
    ask("PUT", "/bucket/a", "content")
    storage = ask.service.storage
    item = storage.object("bucket", "a")
    assert item is not None
    storage.put_object("bucket", item._replace(size=5 * 1024**3 + 1))
    answer = copy(ask)
    message = "Source object Length exceeds the maximum allowed size."
    assert (answer.status, answer.code, answer.text("Message")) == (400, "EntityTooLarge", message)
    part = f"big?uploadId={ask.begin_upload('big')}&partNumber=1"
    assert copy(ask, part, x_oss_copy_source_range="bytes=0-3").status == 200


def test_answer_tells_the_size(ask: Caller) -> None:
    """S-05"""
    ask("PUT", "/bucket/a", "12345")
    headers = ask("PUT", "/bucket/b", x_oss_copy_source="/bucket/a").headers
    assert headers["x-oss-copied-size"] == "5"
    assert headers["x-oss-ia-retrieve-flow-type"] == "0"


def test_source_in_an_invalid_bucket_is_refused(ask: Caller) -> None:
    """S-24"""
    answer = ask("PUT", "/bucket/b", x_oss_copy_source="/Bad_Name/a")
    assert (answer.status, answer.code) == (400, "InvalidBucketName")
    assert answer.text("EC") == "0015-00000001"


def test_copy_onto_itself_keeps_the_acl(ask: Caller) -> None:
    """P-90"""
    ask("PUT", "/bucket/a", "1", x_oss_object_acl="public-read")
    headers = {"x_oss_copy_source": "/bucket/a", "x_oss_metadata_directive": "REPLACE"}
    ask("PUT", "/bucket/a", **headers)
    grant = "AccessControlList/Grant"
    assert ask("GET", "/bucket/a?acl").text(grant) == "public-read"
    ask("PUT", "/bucket/b", x_oss_copy_source="/bucket/a")
    assert ask("GET", "/bucket/b?acl").text(grant) == "default"


def test_plus_sign_in_the_source_is_a_space(ask: Caller) -> None:
    """P-43"""
    ask("PUT", "/bucket/a%20b", "content")
    assert ask("PUT", "/bucket/c", x_oss_copy_source="/bucket/a+b").status == 200
