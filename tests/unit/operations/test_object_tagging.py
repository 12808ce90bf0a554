"""The tags of objects: their document, the header that sets them, and their versions."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Caller, check_error

TAG = "<Tag><Key>k</Key><Value>{}</Value></Tag>"
TAGGING = f"<Tagging><TagSet>{TAG}</TagSet></Tagging>"


def tags(ask: Caller, key: str, query: str = "") -> dict[str, str]:
    found = ask("GET", f"/bucket/{key}?tagging{query}")
    assert found.status == 200
    return dict(zip(found.texts(".//Key"), found.texts(".//Value"), strict=True))


def create(ask: Caller, operation: str, header: str) -> tuple[int, str]:
    """Create `a` with a tagging header; return status and code of the first answer."""
    method, target, more = {
        "PutObject": ("PUT", "/bucket/a", {}),
        "AppendObject": ("POST", "/bucket/a?append&position=0", {}),
        "PutSymlink": ("PUT", "/bucket/a?symlink", {"x_oss_symlink_target": "b"}),
        "CopyObject": (
            "PUT",
            "/bucket/a",
            {"x_oss_copy_source": "/bucket/source", "x_oss_tagging_directive": "REPLACE"},
        ),
        "InitiateMultipartUpload": ("POST", "/bucket/a?uploads", {}),
    }[operation]
    answer = ask(method, target, x_oss_tagging=header, **more)
    if operation.startswith("Initiate") and answer.status == 200:
        upload_id = answer.text("UploadId") or ""
        ask.complete("a", upload_id, ask.put_parts("a", upload_id, b"1"))
    return answer.status, answer.code


CREATIONS = ["PutObject", "AppendObject", "PutSymlink", "CopyObject", "InitiateMultipartUpload"]


@pytest.mark.parametrize("operation", CREATIONS)
def test_every_way_to_create_an_object_reads_the_tagging_header(
    ask: Caller, operation: str
) -> None:
    ask("PUT", "/bucket/source", "1")
    assert create(ask, operation, "k=v") == (200, "")
    assert tags(ask, "a") == {"k": "v"}


@pytest.mark.parametrize("operation", CREATIONS)
@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("=v", "InvalidTag"),
        ("k=1&k=2", "InvalidArgument"),
        ("k=%40", "InvalidTag"),
        ("&".join(f"k{n}" for n in range(11)), "BadRequest"),  # P-54
    ],
)
def test_bad_tags_create_nothing(ask: Caller, operation: str, header: str, code: str) -> None:
    ask("PUT", "/bucket/source", "1")
    assert create(ask, operation, header) == (400, code)
    assert ask("HEAD", "/bucket/a").status == 404


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        (None, {"old": "1"}),
        ("Copy", {"old": "1"}),
        ("Replace", {"new": "2"}),
        ("REPLACE", {"new": "2"}),
    ],
)
def test_copy_has_the_tags_of_its_directive(
    ask: Caller, directive: str | None, expected: dict[str, str]
) -> None:
    ask("PUT", "/bucket/source", "1", x_oss_tagging="old=1")
    headers = {"x_oss_tagging_directive": directive} if directive else {}
    ask("PUT", "/bucket/a", x_oss_copy_source="/bucket/source", x_oss_tagging="new=2", **headers)
    assert tags(ask, "a") == expected


def test_unknown_directive_gets_400(ask: Caller) -> None:
    ask("PUT", "/bucket/source", "1")
    headers = {"x_oss_copy_source": "/bucket/source", "x_oss_tagging_directive": "MERGE"}
    answer = ask("PUT", "/bucket/a", **headers)
    name = "x-oss-tagging-directive"
    assert (answer.code, answer.text("ArgumentName")) == ("InvalidArgument", name)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "MalformedXML"),
        ("<Tagging/>", "MalformedXML"),
        ("<TagSet/>", "MalformedXML"),
        ("<Tagging><TagSet><Tag><Key/></Tag></TagSet></Tagging>", "InvalidTag"),
        (TAGGING.format("1").replace("<TagSet>", f"<TagSet>{TAG}"), "InvalidTag"),  # P-54
    ],
)
def test_bad_document_changes_nothing(ask: Caller, body: str, code: str) -> None:
    ask("PUT", "/bucket/a", "1", x_oss_tagging="k=v")
    answer = ask("PUT", "/bucket/a?tagging", body)
    assert (answer.status, answer.code) == (400, code)
    assert tags(ask, "a") == {"k": "v"}
    assert ask("GET", "/bucket/a").body == b"1"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_missing_object_has_no_tags(ask: Caller, method: str) -> None:
    body = TAGGING.format("v") if method == "PUT" else ""
    answer = ask(method, "/bucket/none?tagging", body)
    message = "The specified key does not exist."
    check_error(answer, 404, "NoSuchKey", message, "0026-00000001", Key="none")


def test_each_version_has_its_own_tags(ask: Caller) -> None:
    ask.keep_versions()
    old, new = (ask("PUT", "/bucket/a", body).headers["x-oss-version-id"] for body in "12")
    for query, version_id, value in ((f"&versionId={old}", old, "old"), ("", new, "new")):
        answer = ask("PUT", f"/bucket/a?tagging{query}", TAGGING.format(value))
        assert answer.headers["x-oss-version-id"] == version_id
    assert tags(ask, "a", f"&versionId={old}") == {"k": "old"}
    assert tags(ask, "a") == {"k": "new"}
    ask("DELETE", f"/bucket/a?tagging&versionId={old}")
    assert tags(ask, "a", f"&versionId={old}") == {}
    ask("DELETE", "/bucket/a")
    assert ask("GET", "/bucket/a?tagging").code == "NoSuchKey"


def test_raw_ampersand_in_a_key_is_an_invalid_tag(ask: Caller) -> None:
    """P-90"""
    ask("PUT", "/bucket/a")
    body = "<Tagging><TagSet><Tag><Key>a&b</Key><Value>1</Value></Tag></TagSet></Tagging>"
    assert ask("PUT", "/bucket/a?tagging", body).code == "InvalidTag"
