"""AppendObject and SealAppendObject: positions, sealing, versions."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Caller, check_error


@pytest.mark.parametrize(
    ("there", "length"), [(False, "0"), (True, "5")], ids=["missing", "five bytes"]
)
def test_wrong_position_gets_409_with_the_next_one(ask: Caller, there: bool, length: str) -> None:
    """P-38"""
    if there:
        ask("POST", "/bucket/a?append&position=0", "12345")
    answer = ask("POST", "/bucket/a?append&position=3", "x")
    message = "Position is not equal to file length"
    check_error(answer, 409, "PositionNotEqualToLength", message, "0026-00000016")
    assert answer.headers["x-oss-next-append-position"] == length


@pytest.mark.parametrize(
    ("query", "ec"),
    [
        ("", "0016-00000501"),
        ("&position=", "0016-00000501"),
        ("&position=-1", "0016-00000502"),
        ("&position=x", "0016-00000502"),
    ],
)
@pytest.mark.parametrize("operation", ["append", "seal"])
def test_position_must_be_a_number(ask: Caller, operation: str, query: str, ec: str) -> None:
    ask("POST", "/bucket/a?append&position=0", "1")
    answer = ask("POST", f"/bucket/a?{operation}{query}", "x")
    check_error(answer, 400, "MissingArgument", "Missing Some Required Arguments.", ec)


def test_empty_body_may_be_appended(ask: Caller) -> None:
    for body, position in ((b"", "0"), (b"", "0"), (b"1", "1")):
        answer = ask("POST", "/bucket/a?append&position=0", body)
        assert answer.headers["x-oss-next-append-position"] == position


@pytest.mark.parametrize("operation", ["append", "seal"])
def test_only_appendable_objects_grow(ask: Caller, operation: str) -> None:
    ask("PUT", "/bucket/a", "1")
    answer = ask("POST", f"/bucket/a?{operation}&position=1", "x")
    message = "The object is not appendable"
    check_error(answer, 409, "ObjectNotAppendable", message, "0026-00000017")


def test_sealed_object_does_not_grow(ask: Caller) -> None:
    """The time of the first call stays (SealAppendObject)."""
    ask("POST", "/bucket/a?append&position=0", "123")
    assert ask("POST", "/bucket/a?seal&position=2").code == "PositionNotEqualToLength"
    sealed = ask("POST", "/bucket/a?seal&position=3")
    ask.now += 60
    again = ask("POST", "/bucket/a?seal&position=3")
    time = sealed.headers["x-oss-sealed-time"]
    assert sealed.status == again.status == 200
    assert again.headers["x-oss-sealed-time"] == time == "Sun, 15 Jun 2025 15:06:40 GMT"
    assert ask("HEAD", "/bucket/a").headers["x-oss-sealed-time"] == time
    assert ask("POST", "/bucket/a?append&position=3", "x").code == "ObjectNotAppendable"
    assert ask("GET", "/bucket/a").body == b"123"


def test_missing_object_cannot_be_sealed(ask: Caller) -> None:
    assert ask("POST", "/bucket/a?seal&position=0").code == "NoSuchKey"


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_only_the_first_append_creates_a_version(ask: Caller, status: str) -> None:
    """P-50, AppendObject: in a versioned bucket, the id of the first version is not null."""
    ask.keep_versions(status)
    answers = [ask("POST", f"/bucket/a?append&position={n}", "1") for n in (0, 1)]
    ids = {answer.headers["x-oss-version-id"] for answer in answers}
    assert (ids == {"null"}) == (status == "Suspended")
    assert ask("GET", "/bucket?versions").texts("Version/VersionId") == list(ids)
    assert ask("HEAD", "/bucket/a").headers["x-oss-version-id"] in ids


def test_append_after_a_delete_marker_begins_a_new_object(ask: Caller) -> None:
    """P-50, from the suite of Go V1. Once the marker is deleted, the old object can grow."""
    ask.keep_versions()
    old = ask("POST", "/bucket/a?append&position=0", "old").headers["x-oss-version-id"]
    marker = ask("DELETE", "/bucket/a").headers["x-oss-version-id"]
    assert ask("POST", "/bucket/a?append&position=3", "1").code == "PositionNotEqualToLength"
    new = ask("POST", "/bucket/a?append&position=0", "new").headers["x-oss-version-id"]
    assert len({old, marker, new}) == 3
    ask("DELETE", f"/bucket/a?versionId={marker}")
    grown = ask("POST", "/bucket/a?append&position=3", "er")
    assert grown.headers["x-oss-version-id"] == new
    assert ask("GET", "/bucket/a").body == b"newer"
    assert ask("GET", f"/bucket/a?versionId={old}").body == b"old"


def test_version_from_before_versioning_stays_null(ask: Caller) -> None:
    ask("POST", "/bucket/a?append&position=0", "1")
    ask.keep_versions()
    grown = ask("POST", "/bucket/a?append&position=1", "2")
    assert grown.headers["x-oss-version-id"] == "null"
    assert ask("GET", "/bucket?versions").texts("Version/VersionId") == ["null"]


def test_acl_of_a_later_append_takes_effect(ask: Caller) -> None:
    """P-50: an append without the header does not change the ACL."""
    for position, headers, acl in (
        (0, {"x_oss_object_acl": "private"}, "private"),
        (1, {"x_oss_object_acl": "public-read"}, "public-read"),
        (2, {}, "public-read"),
    ):
        ask("POST", f"/bucket/a?append&position={position}", "1", **headers)
        assert ask("GET", "/bucket/a?acl").text("AccessControlList/Grant") == acl
    answer = ask("POST", "/bucket/a?append&position=3", "1", x_oss_object_acl="public")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert ask("HEAD", "/bucket/a").headers["Content-Length"] == "3"


def test_copy_onto_itself_changes_metadata_and_stays_appendable(ask: Caller) -> None:
    """A copy to another key is a normal object (AppendObject, CopyObject)."""
    ask("POST", "/bucket/a?append&position=0", "1", x_oss_meta_a="old")
    replace = {"x_oss_metadata_directive": "REPLACE", "x_oss_meta_a": "new"}
    ask("PUT", "/bucket/a", x_oss_copy_source="/bucket/a", **replace)
    grown = ask("POST", "/bucket/a?append&position=1", "2")
    assert grown.headers["x-oss-next-append-position"] == "2"
    assert ask("HEAD", "/bucket/a").headers["x-oss-meta-a"] == "new"
    ask("PUT", "/bucket/b", x_oss_copy_source="/bucket/a")
    assert ask("HEAD", "/bucket/b").headers["x-oss-object-type"] == "Normal"


def test_appendable_object_has_5_gib_at_most(ask: Caller) -> None:
    """AppendObject"""
    ask("POST", "/bucket/a?append&position=0", "1")
    storage, size = ask.service.storage, 5 * 1024**3
    item = storage.object("bucket", "a")
    assert item is not None
    storage.replace_object("bucket", item._replace(size=size))
    answer = ask("POST", f"/bucket/a?append&position={size}", "x")
    assert (answer.status, answer.code) == (400, "EntityTooLarge")
    assert answer.text("MaxSizeAllowed") == str(size)
