"""DeleteMultipleObjects: its document, quiet answers and versions."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5

import pytest

from tests.unit.operations.service import Caller


def document(*keys: str, quiet: str = "", version_id: str = "") -> str:
    version = f"<VersionId>{version_id}</VersionId>" if version_id else ""
    entries = "".join(f"<Object><Key>{key}</Key>{version}</Object>" for key in keys)
    return f"<Delete>{quiet and f'<Quiet>{quiet}</Quiet>'}{entries}</Delete>"


@pytest.mark.parametrize("document", [document("a"), "", "not XML"])
def test_deletion_without_content_md5_is_refused(ask: Caller, document: str) -> None:
    """P-76"""
    ask("PUT", "/bucket/a", "x")
    answer = ask("POST", "/bucket?delete", document)
    assert (answer.status, answer.code) == (400, "MissingArgument")
    assert answer.text("EC") == "0016-00000606"
    assert ask("HEAD", "/bucket/a").status == 200


def test_answer_lists_existing_and_missing_keys(ask: Caller) -> None:
    for key in ("a", "b", "stays"):
        ask("PUT", f"/bucket/{key}", "x")
    answer = ask.delete_many(document("b", "a", "never"))
    assert (answer.status, answer.texts("Deleted/Key")) == (200, ["b", "a", "never"])
    assert ask("GET", "/bucket").texts("Contents/Key") == ["stays"]


def test_keys_are_encoded_on_request(ask: Caller) -> None:
    """P-35: this includes keys that XML 1.0 forbids."""
    ask("PUT", "/bucket/%01%20%E4%B8%AD", "x")
    answer = ask.delete_many(document("&#1; 中"), "delete&encoding-type=url")
    assert answer.texts("Deleted/Key") == ["%01%20%E4%B8%AD"]
    assert answer.text("EncodingType") == "url"
    assert ask("GET", "/bucket").texts("Contents/Key") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [(document("a"), 200), (document("b"), 400)],
    ids=["its digest", "another digest"],
)
def test_only_16_bytes_of_content_md5_are_compared(ask: Caller, body: str, status: int) -> None:
    """P-46: the C SDK sends the digest and four more bytes."""
    ask("PUT", "/bucket/a", "x")
    digest = md5(document("a").encode(), usedforsecurity=False).digest()
    header = b64encode(digest + b"\0\1\2\3").decode()
    assert ask.delete_many(body, content_md5=header).status == status
    assert ask("HEAD", "/bucket/a").status == (404 if status == 200 else 200)


@pytest.mark.parametrize(("quiet", "silent"), [("true", True), ("TRUE", True), ("false", False)])
def test_quiet_deletion_has_an_empty_answer(ask: Caller, quiet: str, silent: bool) -> None:
    ask("PUT", "/bucket/a", "x")
    answer = ask.delete_many(document("a", quiet=quiet))
    assert (answer.status, answer.body == b"") == (200, silent)
    assert ask("HEAD", "/bucket/a").status == 404


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not XML",
        "<Delete>",
        "<Delete/>",
        "<Remove><Object><Key>a</Key></Object></Remove>",
        "<Delete><Object/></Delete>",
        "<Delete><Object><Key></Key></Object></Delete>",
        "<Delete>" + "<Object><Key>a</Key></Object>" * 1001 + "</Delete>",
        '<!DOCTYPE d [<!ENTITY k "a">]><Delete><Object><Key>&k;</Key></Object></Delete>',
    ],
)
def test_malformed_document_deletes_nothing(ask: Caller, body: str) -> None:
    ask("PUT", "/bucket/a", "x")
    answer = ask.delete_many(body)
    assert (answer.status, answer.code) == (400, "MalformedXML")
    assert answer.text("EC") == "0016-00000608"
    assert ask("HEAD", "/bucket/a").status == 200


def test_deletion_without_version_id_puts_a_delete_marker(ask: Caller) -> None:
    ask.keep_versions()
    version_id = ask("PUT", "/bucket/a", "x").headers["x-oss-version-id"]
    marked = ask.delete_many(document("a"))
    assert marked.text("Deleted/DeleteMarker") == "true"
    marker = marked.text("Deleted/DeleteMarkerVersionId")
    assert marker not in (None, version_id)
    removed = ask.delete_many(document("a", version_id=version_id))
    assert removed.text("Deleted/VersionId") == version_id
    assert removed.text("Deleted/DeleteMarker") is None
    gone = ask.delete_many(document("a", version_id=marker or ""))
    assert gone.text("Deleted/DeleteMarkerVersionId") == marker
    assert ask("GET", "/bucket?versions").texts(".//VersionId") == []


def test_one_protected_object_prevents_the_whole_deletion(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "x")
    days = "<RetentionPeriodInDays>1</RetentionPeriodInDays>"
    worm = f"<InitiateWormConfiguration>{days}</InitiateWormConfiguration>"
    assert ask("POST", "/bucket?worm", worm).status == 200
    answer = ask.delete_many(document("b", "a"))
    assert (answer.status, answer.code) == (409, "FileImmutable")
    assert ask("HEAD", "/bucket/a").status == 200


def test_other_root_is_named(ask: Caller) -> None:
    """S-33"""
    answer = ask.delete_many("<Remove/>")
    assert (answer.code, answer.text("EC")) == ("MalformedXML", "0016-00000608")
    assert answer.text("ErrorDetail") == "the root node is not named Delete."
