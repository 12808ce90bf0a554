"""Objects as the API reference has them, where clients assert little."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import md5

import pytest

from tests.unit.operations.service import Answer, Caller

ARCHIVE = {"x_oss_storage_class": "Archive"}
DIRECT = "<ArchiveDirectReadConfiguration><Enabled>{}</Enabled></ArchiveDirectReadConfiguration>"
VERSIONS = "<VersioningConfiguration><Status>{}</Status></VersioningConfiguration>"
UPLOAD_ID = re.compile(r"<UploadId>(\w+)</UploadId>")


def begin(ask: Caller, key: str = "big") -> str:
    """The id of a new multipart upload."""
    found = UPLOAD_ID.search(ask("POST", f"/bucket/{key}?uploads").body.decode())
    assert found is not None
    return found[1]


def digest(data: bytes) -> str:
    return b64encode(md5(data, usedforsecurity=False).digest()).decode()


# --- Conditions


@pytest.mark.parametrize(
    ("header", "value", "told"),
    [
        ("if_match", '"x"', "If-Match"),
        ("if_none_match", "*", "If-None-Match"),
        ("if_modified_since", "Fri, 13 Nov 2015 14:47:53 GMT", "If-Modified-Since"),
        ("if_unmodified_since", "Fri, 13 Nov 2015 14:47:53 GMT", "If-Unmodified-Since"),
    ],
)
def test_an_object_is_not_put_on_a_condition(
    ask: Caller, header: str, value: str, told: str
) -> None:
    answer = ask("PUT", "/bucket/a", "x", **{header: value})
    assert (answer.status, answer.code) == (400, "NotImplemented")
    assert (answer.text("Header"), answer.text("EC")) == (told, "0017-00000245")
    assert ask("HEAD", "/bucket/a").status == 404


def _creating(ask: Caller, call: str, **headers: str) -> Answer:
    """A call that creates the object `a`."""
    if call == "complete":
        upload = begin(ask, "a")
        ask("PUT", f"/bucket/a?uploadId={upload}&partNumber=1", "new")
        headers["x_oss_complete_all"] = "yes"
        return ask("POST", f"/bucket/a?uploadId={upload}", **headers)
    method, target, more = {
        "put": ("PUT", "/bucket/a", {}),
        "copy": ("PUT", "/bucket/a", {"x_oss_copy_source": "/bucket/source"}),
        "link": ("PUT", "/bucket/a?symlink", {"x_oss_symlink_target": "source"}),
        "initiate": ("POST", "/bucket/a?uploads", {}),
    }[call]
    return ask(method, target, **more, **headers)


@pytest.mark.parametrize("versioning", [None, "Enabled", "Suspended"])
@pytest.mark.parametrize("call", ["put", "copy", "link", "initiate", "complete"])
def test_what_is_there_can_be_kept_from_being_overwritten(
    ask: Caller, call: str, versioning: str | None
) -> None:
    """Where versions are or were kept the header means nothing (PutObject)."""
    ask("PUT", "/bucket/source", "old")
    if versioning:
        ask("PUT", "/bucket?versioning", VERSIONS.format(versioning))
    assert _creating(ask, call, x_oss_forbid_overwrite="true").status == 200
    ask("PUT", "/bucket/a", "there")
    assert _creating(ask, call, x_oss_forbid_overwrite="false").status == 200
    ask("PUT", "/bucket/a", "there")
    again = _creating(ask, call, x_oss_forbid_overwrite="true")
    expected = (200, "") if versioning else (409, "FileAlreadyExists")
    assert (again.status, again.code) == expected


# --- What is told of an object


@pytest.mark.parametrize("data", [b"", b"content"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_object_put_in_one_piece_tells_its_md5(ask: Caller, method: str, data: bytes) -> None:
    """HeadObject: Content-MD5 is answered for the type Normal; a link tells its target's."""
    ask("PUT", "/bucket/a", data)
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="a")
    for key in ("a", "link"):
        answer = ask(method, f"/bucket/{key}")
        assert (answer.status, answer.headers["Content-MD5"]) == (200, digest(data))


def test_no_other_object_tells_an_md5(ask: Caller) -> None:
    ask("POST", "/bucket/appended?append&position=0", "content")
    ask("PUT", "/bucket/copied", x_oss_copy_source="/bucket/appended")
    upload = begin(ask)
    ask("PUT", f"/bucket/big?uploadId={upload}&partNumber=1", "content")
    ask("POST", f"/bucket/big?uploadId={upload}", x_oss_complete_all="yes")
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="big")
    for key in ("appended", "copied", "big", "link"):
        answer = ask("HEAD", f"/bucket/{key}")
        assert answer.headers["Content-Length"] == "7"
        assert "Content-MD5" not in answer.headers
    ask("PUT", "/bucket/a", "content")
    assert "Content-MD5" not in ask("GET", "/bucket/a", range="bytes=0-1").headers


@pytest.mark.parametrize("key", ["dir/", "a//b", "dir/./", "x/../y", "%20", "a%2Fb/"])
def test_a_name_is_no_path(ask: Caller, key: str) -> None:
    """Keys with slashes at their end, and of names that paths would resolve, are keys."""
    assert ask("PUT", f"/bucket/{key}", "in it").status == 200
    assert ask("GET", f"/bucket/{key}").body == b"in it"
    assert ask("GET", f"/bucket/{key}x").code == "NoSuchKey"
    assert ask("DELETE", f"/bucket/{key}").status == 204
    assert ask("HEAD", f"/bucket/{key}").status == 404


# --- Archives


@pytest.mark.parametrize(
    ("storage_class", "enabled", "status"),
    [
        ("Archive", "true", 200),
        ("Archive", "false", 403),
        ("ColdArchive", "true", 403),
        ("DeepColdArchive", "true", 403),
    ],
)
def test_archives_are_read_directly(
    ask: Caller, storage_class: str, enabled: str, status: int
) -> None:
    ask("PUT", "/bucket/a", "frozen", x_oss_storage_class=storage_class)
    assert ask("GET", "/bucket/a").code == "InvalidObjectState"
    assert ask("PUT", "/bucket?bucketArchiveDirectRead", DIRECT.format(enabled)).status == 200
    assert ask("GET", "/bucket/a").status == status
    assert ask("PUT", "/bucket/b", x_oss_copy_source="/bucket/a").status == status


# --- Copies


def test_a_part_is_copied_from_the_target_of_a_link(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "0123456789")
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="a")
    upload = begin(ask)
    part = f"/bucket/big?uploadId={upload}&partNumber="
    whole = ask("PUT", f"{part}1", x_oss_copy_source="/bucket/link")
    assert whole.text("ETag") == ask("HEAD", "/bucket/a").headers["ETag"]
    some = ask(
        "PUT",
        f"{part}2",
        x_oss_copy_source="/bucket/link",
        x_oss_copy_source_range="bytes=2-4",
    )
    assert some.headers["Content-Range"] == "bytes 2-4/10"
    ask("DELETE", "/bucket/a")
    gone = ask("PUT", f"{part}3", x_oss_copy_source="/bucket/link")
    assert (gone.status, gone.code) == (404, "SymlinkTargetNotExist")


def test_a_part_is_not_copied_from_an_archive_behind_a_link(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "frozen", **ARCHIVE)
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="a")
    target = f"/bucket/big?uploadId={begin(ask)}&partNumber=1"
    assert ask("PUT", target, x_oss_copy_source="/bucket/link").code == "InvalidObjectState"


@pytest.mark.parametrize(
    ("versioning", "versions"), [(None, ["new"]), ("Suspended", ["new"]), ("Enabled", ["new", ""])]
)
def test_a_copy_onto_itself(ask: Caller, versioning: str | None, versions: list[str]) -> None:
    """A version more where versions are kept, else the same one; the bytes stay."""
    ask("PUT", "/bucket/a", "content")
    if versioning:
        ask("PUT", "/bucket?versioning", VERSIONS.format(versioning))
    copied = ask("PUT", "/bucket/a", x_oss_copy_source="/bucket/a", x_oss_meta_a="new")
    assert copied.status == 200
    listed = re.findall(
        r"<VersionId>(.*)</VersionId>", ask("GET", "/bucket?versions").body.decode()
    )
    assert len(listed) == len(versions)
    for version, meta in zip(listed, versions, strict=True):
        answer = ask("GET", f"/bucket/a?versionId={version}")
        assert (answer.body, answer.headers.get("x-oss-meta-a", "")) == (b"content", meta)


def test_an_object_can_be_too_large_to_copy_at_once(ask: Caller) -> None:
    """CopyObject takes 5 GiB; a part of it may be copied nevertheless."""
    ask("PUT", "/bucket/a", "content")
    storage = ask.service.storage
    item = storage.object("bucket", "a")
    assert item is not None
    storage.put_object("bucket", item._replace(size=5 * 1024**3 + 1))
    answer = ask("PUT", "/bucket/b", x_oss_copy_source="/bucket/a")
    assert (answer.status, answer.code) == (400, "EntityTooLarge")
    assert answer.text("Message") == "Source object Length exceeds the maximum allowed size."
    target = f"/bucket/big?uploadId={begin(ask)}&partNumber=1"
    some = {"x_oss_copy_source": "/bucket/a", "x_oss_copy_source_range": "bytes=0-3"}
    assert ask("PUT", target, **some).status == 200


def test_a_form_names_its_object(ask: Caller) -> None:
    field = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    form = field.format("key", "") + field.format("file", "content") + "--b--\r\n"
    answer = ask("POST", "/bucket", form, content_type="multipart/form-data; boundary=b")
    assert (answer.status, answer.code) == (400, "InvalidObjectName")
    assert answer.text("EC") == "0016-00000001"
