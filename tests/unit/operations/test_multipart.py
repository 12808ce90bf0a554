"""InitiateMultipartUpload, CompleteMultipartUpload and AbortMultipartUpload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.client import content_md5
from tests.unit.operations.service import Answer, Caller, check_error, completion

PART = 100 * 1024
"""The smallest size of all parts except the last (CompleteMultipartUpload)."""

NO_UPLOAD = (
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
    "been aborted or completed."
)


def put_object(ask: Caller, key: str, *bodies: bytes) -> Answer:
    """Put an object by parts."""
    upload_id = ask.begin_upload(key)
    return ask.complete(key, upload_id, ask.put_parts(key, upload_id, *bodies))


def test_object_has_the_headers_of_its_initiation(ask: Caller) -> None:
    """P-32"""
    headers = {"content_type": "text/plain", "x_oss_meta_a": "b", "x_oss_tagging": "k=v"}
    upload_id = ask.begin_upload("a", **headers)
    parts = ask.put_parts("a", upload_id, b"a" * PART, b"end")
    assert ask("HEAD", "/bucket/a").status == 404
    done = ask.complete("a", upload_id, parts)
    assert done.headers["ETag"].endswith('-2"')
    assert done.text("ETag") == done.headers["ETag"]
    assert done.text("Location") == "http://localhost/bucket/a"
    got = ask("GET", "/bucket/a")
    assert got.body == b"a" * PART + b"end"
    for name in ("ETag", "x-oss-hash-crc64ecma"):
        assert got.headers[name] == done.headers[name]
    assert got.headers["x-oss-object-type"] == "Multipart"
    assert (got.headers["Content-Type"], got.headers["x-oss-meta-a"]) == ("text/plain", "b")
    assert got.headers["x-oss-tagging-count"] == "1"


@pytest.mark.parametrize(
    ("first", "last"),
    [(PART - 3, PART + 2), (0, 0), (2 * PART, 2 * PART + 6), (PART, 2 * PART - 1)],
)
def test_range_crosses_the_edges_of_parts(ask: Caller, first: int, last: int) -> None:
    bodies = [b"1" * PART, b"2" * PART, b"3" * 7]
    put_object(ask, "a", *bodies)
    got = ask("GET", "/bucket/a", range=f"bytes={first}-{last}")
    assert (got.status, got.body) == (206, b"".join(bodies)[first : last + 1])


def test_part_is_replaced_and_unlisted_part_is_dropped(ask: Caller) -> None:
    """Part numbers may have gaps (CompleteMultipartUpload)."""
    upload_id = ask.begin_upload("a")
    etags = {}
    for number, body in ((10000, b"end"), (3, b"dropped"), (7, b"old"), (7, b"a" * PART)):
        target = f"/bucket/a?uploadId={upload_id}&partNumber={number}"
        etags[number] = ask("PUT", target, body).headers["ETag"]
    ask.complete("a", upload_id, [(7, etags[7]), (10000, etags[10000])])
    assert ask("GET", "/bucket/a").body == b"a" * PART + b"end"


def test_upload_can_be_completed_only_once(ask: Caller) -> None:
    upload_id, other_id = ask.begin_upload("a"), ask.begin_upload("a")
    parts = ask.put_parts("a", upload_id, b"1")
    assert ask.complete("a", upload_id, parts).status == 200
    assert ask.complete("a", upload_id, parts).code == "NoSuchUpload"
    assert ask("GET", "/bucket?uploads").texts("Upload/UploadId") == [other_id]
    assert ask("DELETE", f"/bucket/a?uploadId={other_id}").status == 204
    assert ask("GET", "/bucket/a").body == b"1"


def begin_sequential_upload(ask: Caller) -> str:
    return ask("POST", "/bucket/a?uploads&sequential").text("UploadId") or ""


def test_object_of_sequential_parts_has_a_content_md5(ask: Caller) -> None:
    """P-51"""
    bodies = [b"a" * PART, b"end"]
    upload_id = begin_sequential_upload(ask)
    ask.complete("a", upload_id, ask.put_parts("a", upload_id, *bodies))
    for method in ("HEAD", "GET"):
        headers = ask(method, "/bucket/a").headers
        assert headers["Content-MD5"] == content_md5(b"".join(bodies))
        assert headers["x-oss-object-type"] == "Multipart"
    put_object(ask, "a", *bodies)
    assert "Content-MD5" not in ask("HEAD", "/bucket/a").headers


@pytest.mark.parametrize("copied", [False, True], ids=["UploadPart", "UploadPartCopy"])
def test_sequential_parts_must_come_in_order(ask: Caller, copied: bool) -> None:
    """P-51"""
    ask("PUT", "/bucket/source", "1")
    target = f"/bucket/a?uploadId={begin_sequential_upload(ask)}&partNumber="
    headers = {"x_oss_copy_source": "/bucket/source"} if copied else {}
    message = (
        "For sequential multipart upload, you must upload or complete parts with sequential part "
        "number."
    )
    answer = ask("PUT", f"{target}2", **headers)
    check_error(answer, 400, "PartNotSequential", message, PartNumber="2")
    assert ask("PUT", f"{target}1", **headers).status == 200
    message = "For sequential multipart upload, you can't overwrite uploaded parts."
    answer = ask("PUT", f"{target}1", **headers)
    check_error(answer, 409, "PartAlreadyExist", message, "0042-00000108", PartNumber="1")
    assert ask("PUT", f"{target}3", **headers).code == "PartNotSequential"
    assert ask("PUT", f"{target}2", **headers).status == 200


def test_sequential_parts_are_completed_without_gaps(ask: Caller) -> None:
    """P-51"""
    upload_id = begin_sequential_upload(ask)
    parts = ask.put_parts("a", upload_id, b"a" * PART, b"b" * PART, b"end")
    assert ask.complete("a", upload_id, [parts[0], parts[2]]).code == "PartNotSequential"
    assert ask.complete("a", upload_id, parts[1:]).code == "PartNotSequential"
    assert ask.complete("a", upload_id, parts[:2]).status == 200
    assert ask("GET", "/bucket/a").body == b"a" * PART + b"b" * PART


def test_each_completion_is_a_version(ask: Caller) -> None:
    ask.keep_versions()
    ids = [put_object(ask, "a", body).headers["x-oss-version-id"] for body in (b"1", b"2")]
    assert len(set(ids)) == 2
    for version_id, body in zip(ids, (b"1", b"2"), strict=True):
        assert ask("GET", f"/bucket/a?versionId={version_id}").body == body


def test_missing_upload_gets_404_from_each_operation(ask: Caller) -> None:
    """P-39, S-23: one code, with a different EC for each operation."""
    source = {"x_oss_copy_source": "/bucket/none"}
    target, part = "/bucket/a?uploadId=none", "/bucket/a?uploadId=none&partNumber=1"
    for answer, ec in (
        (ask("GET", target), "0042-00000002"),
        (ask("DELETE", target), "0042-00000002"),
        (ask("PUT", part, "1"), "0042-00000104"),
        (ask("PUT", part, **source), "0042-00000311"),
        (ask("POST", target, completion([(1, "X")])), "0042-00000203"),
    ):
        check_error(answer, 404, "NoSuchUpload", NO_UPLOAD, ec, UploadId="none")


def test_upload_belongs_to_its_key(ask: Caller) -> None:
    upload_id = ask.begin_upload("a")
    target = f"/bucket/b?uploadId={upload_id}&partNumber=1"
    assert ask("PUT", target, "1").code == "NoSuchUpload"


Change = Callable[[list[tuple[int, str]]], list[tuple[Any, str]]]

REFUSALS: dict[str, tuple[Change, str, str]] = {
    "another order": (lambda parts: parts[::-1], "InvalidPartOrder", "0042-00000209"),
    "one twice": (lambda parts: [parts[0], *parts], "InvalidPartOrder", "0042-00000209"),
    "number too high": (lambda parts: [(10001, parts[0][1])], "InvalidPartOrder", ""),
    "unknown part": (lambda parts: [*parts, (9, parts[0][1])], "InvalidPart", "0042-00000212"),
    "another ETag": (lambda parts: [(1, parts[1][1])], "InvalidPart", "0042-00000212"),
    "no number": (lambda parts: [("", parts[0][1])], "MalformedXML", "0042-00000205"),
    "no ETag": (lambda parts: [(1, "")], "MalformedXML", "0042-00000205"),
}


@pytest.mark.parametrize(("change", "code", "ec"), REFUSALS.values(), ids=REFUSALS)
def test_wrong_list_is_refused_and_the_upload_continues(
    ask: Caller, change: Change, code: str, ec: str
) -> None:
    upload_id = ask.begin_upload("a")
    parts = ask.put_parts("a", upload_id, b"a" * PART, b"end")
    answer = ask.complete("a", upload_id, change(parts))
    assert (answer.status, answer.code) == (400, code)
    assert answer.headers.get("x-oss-ec", "") == ec
    assert ask("GET", f"/bucket/a?uploadId={upload_id}").texts("Part/PartNumber") == ["1", "2"]


@pytest.mark.parametrize("document", ["<CompleteMultipartUpload>", "<Parts/>", "not XML"])
def test_malformed_list_is_refused(ask: Caller, document: str) -> None:
    answer = ask("POST", f"/bucket/a?uploadId={ask.begin_upload('a')}", document)
    assert (answer.status, answer.code) == (400, "MalformedXML")


def test_list_without_parts_makes_an_empty_object(ask: Caller) -> None:
    """P-44: this also drops all parts that were uploaded."""
    for bodies in ((), (b"dropped",)):
        upload_id = ask.begin_upload("a", content_type="text/plain")
        ask.put_parts("a", upload_id, *bodies)
        done = ask.complete("a", upload_id, [])
        assert (done.status, done.headers["x-oss-hash-crc64ecma"]) == (200, "0")
        got = ask("GET", "/bucket/a")
        assert (got.status, got.body, got.headers["Content-Type"]) == (200, b"", "text/plain")
        assert got.headers["ETag"] == done.text("ETag")
        assert ask("GET", f"/bucket/a?uploadId={upload_id}").code == "NoSuchUpload"


def test_invalid_part_is_named(ask: Caller) -> None:
    upload_id = ask.begin_upload("a")
    message = (
        "One or more of the specified parts could not be found or the specified entity tag might "
        "not have matched the part's entity tag."
    )
    answer = ask.complete("a", upload_id, [(9, '"X"')])
    named = {"ETag": '"X"', "PartNumber": "9", "UploadId": upload_id}
    check_error(answer, 400, "InvalidPart", message, "0042-00000212", **named)  # S-22


@pytest.mark.parametrize(("size", "status"), [(PART - 1, 400), (PART, 200)])
def test_only_the_last_part_may_be_small(ask: Caller, size: int, status: int) -> None:
    answer = put_object(ask, "a", b"a" * size, b"end")
    assert answer.status == status
    if status == 400:
        assert (answer.code, answer.headers["x-oss-ec"]) == ("EntityTooSmall", "0042-00000213")


def test_complete_all_uses_all_uploaded_parts(ask: Caller) -> None:
    upload_id = ask.begin_upload("a")
    ask.put_parts("a", upload_id, b"a" * PART, b"end")
    headers = {"x_oss_complete_all": "yes", "x_oss_object_acl": "public-read"}
    assert ask("POST", f"/bucket/a?uploadId={upload_id}", **headers).status == 200
    assert ask("GET", "/bucket/a").body == b"a" * PART + b"end"
    assert ask("GET", "/bucket/a?acl").text("AccessControlList/Grant") == "public-read"


def test_complete_all_with_a_list_is_refused(ask: Caller) -> None:
    upload_id = ask.begin_upload("a")
    ask.put_parts("a", upload_id, b"1")
    target = f"/bucket/a?uploadId={upload_id}"
    answer = ask("POST", target, completion([(1, "X")]), x_oss_complete_all="yes")
    message = "Should not speficy both complete all header and http body."
    argument = {"ArgumentName": "x-oss-complete-all", "ArgumentValue": "yes"}
    check_error(answer, 400, "InvalidArgument", message, "0042-00000216", **argument)
    assert ask("POST", target, x_oss_complete_all="no").code == "InvalidArgument"


def test_complete_all_needs_a_part(ask: Caller) -> None:
    target = f"/bucket/a?uploadId={ask.begin_upload('a')}"
    assert ask("POST", target, x_oss_complete_all="yes").code == "InvalidPart"


def test_completion_can_forbid_overwriting(ask: Caller) -> None:
    forbid = {"x_oss_forbid_overwrite": "true"}
    upload_id = ask.begin_upload("a", **forbid)
    parts = ask.put_parts("a", upload_id, b"1")
    ask("PUT", "/bucket/a", "0")
    completed = ask("POST", f"/bucket/a?uploadId={upload_id}", completion(parts), **forbid)
    assert completed.code == "FileAlreadyExists"
    assert ask("POST", "/bucket/a?uploads", **forbid).code == "FileAlreadyExists"


def test_encryption_is_set_when_the_upload_begins(ask: Caller) -> None:
    encryption = {"x_oss_server_side_encryption": "AES256"}
    begun = ask("POST", "/bucket/a?uploads", **encryption)
    upload_id = begun.text("UploadId") or ""
    part = ask("PUT", f"/bucket/a?uploadId={upload_id}&partNumber=1", "1")
    done = ask.complete("a", upload_id, [(1, part.headers["ETag"])])
    for answer in (begun, part, done, ask("HEAD", "/bucket/a")):
        assert answer.headers["x-oss-server-side-encryption"] == "AES256"
    target = f"/bucket/a?uploadId={ask.begin_upload('a')}"
    for method, query in (("PUT", "&partNumber=1"), ("POST", "")):
        answer = ask(method, f"{target}{query}", "1", **encryption)
        assert (answer.status, answer.code) == (400, "InvalidArgument")


def test_encrypted_upload_needs_all_announced_parts(ask: Caller) -> None:
    """P-53"""
    prefix = "x_oss_meta_client_side_encryption_"
    sent = {f"{prefix}{name}": "eA==" for name in ("key", "start", "cek_alg", "wrap_alg")}
    answer = ask("POST", "/bucket/a?uploads", **sent, **{f"{prefix}part_size": str(PART)})
    message = "Miss some necessary client encryption meta parameters."
    check_error(answer, 400, "InvalidEncryptionRequest", message)
    sizes = {f"{prefix}data_size": str(PART + 3), f"{prefix}part_size": str(PART)}
    upload_id = ask.begin_upload("a", **sent, **sizes)
    parts = ask.put_parts("a", upload_id, b"a" * PART, b"end")
    message = "The client encryption part list is unexpected with init_multipart setted."
    answer = ask.complete("a", upload_id, parts[:1])
    check_error(answer, 400, "InvalidEncryptionRequest", message)
    assert ask.complete("a", upload_id, parts).status == 200
    assert ask("GET", "/bucket/a").headers["x-oss-meta-client-side-encryption-key"] == "eA=="


def test_names_are_encoded_on_request(ask: Caller) -> None:
    begun = ask("POST", "/bucket/%E4%B8%AD?uploads&encoding-type=url")
    assert (begun.text("Key"), begun.text("EncodingType")) == ("%E4%B8%AD", "url")
    upload_id = begun.text("UploadId")
    etag = ask("PUT", f"/bucket/%E4%B8%AD?uploadId={upload_id}&partNumber=1", "1").headers["ETag"]
    target = f"/bucket/%E4%B8%AD?uploadId={upload_id}&encoding-type=url"
    done = ask("POST", target, completion([(1, etag)]))
    assert (done.text("Key"), done.text("EncodingType")) == ("%E4%B8%AD", "url")
    assert done.text("Location") == "http://localhost/bucket/%E4%B8%AD"


def test_bucket_with_an_upload_cannot_be_deleted(ask: Caller) -> None:
    upload_id = ask.begin_upload("a")
    assert ask("DELETE", "/bucket").code == "BucketNotEmpty"
    ask("DELETE", f"/bucket/a?uploadId={upload_id}")
    assert ask("DELETE", "/bucket").status == 204
