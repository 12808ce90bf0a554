"""UploadPart, UploadPartCopy and ListParts."""

from __future__ import annotations

import pytest

from tests.client import content_md5
from tests.unit.operations.service import Caller, check_error


def part_of(ask: Caller, number: int | str = 1) -> str:
    """Begin an upload; return the target of one of its parts."""
    return f"/bucket/big?uploadId={ask.begin_upload('big')}&partNumber={number}"


def test_answer_has_the_checksums_of_the_part(ask: Caller) -> None:
    """P-32"""
    answer = ask("PUT", part_of(ask), "123456789")
    assert answer.headers["x-oss-hash-crc64ecma"] == str(0x995DC9BBDF1939FA)
    assert answer.headers["Content-MD5"] == content_md5(b"123456789")


def test_wrong_crc64_gets_400(ask: Caller) -> None:
    answer = ask("PUT", part_of(ask), "1", x_oss_hash_crc64ecma="1")
    assert (answer.status, answer.code) == (400, "InvalidCRC64")


@pytest.mark.parametrize("number", ["0", "10001", "-1", "1.5", "x", "", "%D9%A3"])
def test_part_number_is_from_1_to_10000(ask: Caller, number: str) -> None:
    answer = ask("PUT", part_of(ask, number), "1")
    message = "Part number must be an integer between 1 and 10000, inclusive."
    value = "٣" if number.startswith("%") else number
    assert (answer.text("ArgumentValue") or "") == value
    check_error(answer, 400, "InvalidArgument", message, "0017-00000220", ArgumentName="PartNumber")


def test_part_number_without_upload_puts_no_object(ask: Caller) -> None:
    """P-40: the request must not be treated as PutObject."""
    assert ask("PUT", "/bucket/a?partNumber=1", "1").status == 501
    assert ask("HEAD", "/bucket/a").status == 404


# --- UploadPartCopy

BODY = bytes(range(256)) + b"z" * 44


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        (None, 0, 299),
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=290-", 290, 299),
        ("bytes=-5", 295, 299),
        # An invalid range copies the whole source (UploadPartCopy).
        ("bytes=10-300", 0, 299),
        ("10-19", 0, 299),
    ],
)
def test_range_of_the_source_is_copied(
    ask: Caller, header: str | None, first: int, last: int
) -> None:
    ask("PUT", "/bucket/source", BODY)
    upload_id = ask.begin_upload("a")
    headers = {"x_oss_copy_source": "/bucket/source"}
    if header is not None:
        headers["x_oss_copy_source_range"] = header
    answer = ask("PUT", f"/bucket/a?uploadId={upload_id}&partNumber=1", **headers)
    assert answer.status == 200
    shown = None if (first, last) == (0, 299) else f"bytes {first}-{last}/300"
    assert answer.headers.get("Content-Range") == shown
    etag = answer.headers["ETag"]
    assert answer.text("ETag") == etag
    ask.complete("a", upload_id, [(1, etag)])
    assert ask("GET", "/bucket/a").body == BODY[first : last + 1]


def test_source_may_be_an_object_of_parts(ask: Caller) -> None:
    source_id = ask.begin_upload("source")
    parts = ask.put_parts("source", source_id, b"a" * 100 * 1024, b"b" * 10)
    ask.complete("source", source_id, parts)
    upload_id = ask.begin_upload("a")
    headers = {"x_oss_copy_source": "/bucket/source", "x_oss_copy_source_range": "bytes=102398-"}
    part = ask("PUT", f"/bucket/a?uploadId={upload_id}&partNumber=1", **headers)
    ask.complete("a", upload_id, [(1, part.headers["ETag"])])
    assert ask("GET", "/bucket/a").body == b"aa" + b"b" * 10


@pytest.mark.parametrize(
    ("condition", "value", "status"),
    [
        ("if_match", "none", 412),
        ("if_none_match", "*", 304),
        ("if_unmodified_since", "Fri, 24 Feb 2012 06:07:48 GMT", 412),
        ("if_modified_since", "Fri, 24 Feb 2062 06:07:48 GMT", 304),
        ("if_match", "*", 200),
    ],
)
def test_conditions_apply_to_the_source(
    ask: Caller, condition: str, value: str, status: int
) -> None:
    ask("PUT", "/bucket/source", "1")
    headers = {"x_oss_copy_source": "/bucket/source", f"x_oss_copy_source_{condition}": value}
    assert ask("PUT", part_of(ask), **headers).status == status


def test_version_of_the_source_is_copied(ask: Caller) -> None:
    ask.keep_versions()
    old = ask("PUT", "/bucket/source", "old").headers["x-oss-version-id"]
    ask("PUT", "/bucket/source", "new")
    upload_id = ask.begin_upload("a")
    target = f"/bucket/a?uploadId={upload_id}&partNumber=1"
    absent = old[:-1] + ("0" if old[-1] != "0" else "1")
    for version, code in ((absent, "NoSuchVersion"), ("none", "InvalidArgument")):
        source = f"/bucket/source?versionId={version}"
        assert ask("PUT", target, x_oss_copy_source=source).code == code
    part = ask("PUT", target, x_oss_copy_source=f"/bucket/source?versionId={old}")
    assert part.headers["x-oss-copy-source-version-id"] == old
    ask.complete("a", upload_id, [(1, part.headers["ETag"])])
    assert ask("GET", "/bucket/a").body == b"old"


def test_part_is_copied_from_the_target_of_a_link(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "0123456789")
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="a")
    target = part_of(ask)
    link = {"x_oss_copy_source": "/bucket/link"}
    whole = ask("PUT", target, **link)
    assert whole.text("ETag") == ask("HEAD", "/bucket/a").headers["ETag"]
    some = ask("PUT", target, x_oss_copy_source_range="bytes=2-4", **link)
    assert some.headers["Content-Range"] == "bytes 2-4/10"
    ask("DELETE", "/bucket/a")
    gone = ask("PUT", target, **link)
    assert (gone.status, gone.code) == (404, "SymlinkTargetNotExist")


def test_part_cannot_be_copied_from_a_link_to_an_archive(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "frozen", x_oss_storage_class="Archive")
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="a")
    answer = ask("PUT", part_of(ask), x_oss_copy_source="/bucket/link")
    assert answer.code == "InvalidObjectState"


# --- ListParts


def test_parts_are_listed_page_by_page(ask: Caller) -> None:
    """P-33: each page has NextPartNumberMarker."""
    key, numbers = "%E4%B8%AD", [1, 2, 5, 10000]
    upload_id = ask.begin_upload(key)
    target = f"/bucket/{key}?uploadId={upload_id}"
    for number in numbers:
        ask("PUT", f"{target}&partNumber={number}", b"x" * number)
    pages, sizes, marker = [], [], "0"
    for limit in ("2", "1", "1", "1000"):
        query = f"&max-parts={limit}&part-number-marker={marker}&encoding-type=url"
        page = ask("GET", f"{target}{query}")
        assert (page.text("Key"), page.text("EncodingType")) == ("%E4%B8%AD", "url")
        assert (page.text("PartNumberMarker"), page.text("MaxParts")) == (marker, limit)
        marker = page.text("NextPartNumberMarker") or ""
        pages.append((marker, page.text("IsTruncated")))
        sizes += page.texts("Part/Size")
    assert pages == [("2", "true"), ("5", "true"), ("10000", "false"), ("10000", "false")]
    assert sizes == [str(number) for number in numbers]


def test_parts_of_an_encrypted_upload_come_with_its_metadata(ask: Caller) -> None:
    """P-53"""
    elements = {
        "Key": ("key", "a2V5"),
        "Start": ("start", "c3RhcnQ="),
        "CekAlg": ("cek_alg", "AES/CTR/NoPadding"),
        "WrapAlg": ("wrap_alg", "RSA/NONE/PKCS1Padding"),
        "DataSize": ("data_size", "250"),
        "PartSize": ("part_size", "160"),
    }
    sent = {f"x_oss_meta_client_side_encryption_{name}": text for name, text in elements.values()}
    target = f"/bucket/a?uploadId={ask.begin_upload('a', **sent)}"
    page = ask("GET", target)
    found = {name: page.text(f"ClientEncryption{name}") for name in elements}
    assert found == {name: text for name, (_, text) in elements.items()}
    message = "The partSize must same with init_multipart setted except last part."
    answer = ask("PUT", f"{target}&partNumber=1", bytes(250))
    check_error(answer, 400, "InvalidEncryptionRequest", message)
    plain = ask("GET", f"/bucket/a?uploadId={ask.begin_upload('a')}")
    assert [plain.text(f"ClientEncryption{name}") for name in elements] == [None] * 6


def test_list_without_parts_has_an_empty_next_marker(ask: Caller) -> None:
    """P-58: oss2 needs the element, and the suite of C expects no text in it."""
    target = f"/bucket/a?uploadId={ask.begin_upload('a')}"
    page = ask("GET", target)
    assert (page.text("NextPartNumberMarker"), page.text("IsTruncated")) == ("", "false")
    assert page.texts("Part") == []
    ask("PUT", f"{target}&partNumber=1", b"x")
    behind = ask("GET", f"{target}&part-number-marker=1")
    assert (behind.text("NextPartNumberMarker"), behind.texts("Part")) == ("1", [])


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("max-parts", "0"),
        ("max-parts", "1001"),
        ("max-parts", "x"),
        ("part-number-marker", "-1"),
        ("encoding-type", "base65"),
    ],
)
def test_bad_parameter_of_a_list_gets_400(ask: Caller, parameter: str, value: str) -> None:
    answer = ask("GET", f"/bucket/a?uploadId={ask.begin_upload('a')}&{parameter}={value}")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert (answer.text("ArgumentName"), answer.text("ArgumentValue")) == (parameter, value)
