"""Multipart uploads: what the vendor's suite does not assert, through oss2 and by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import oss2
import pytest
from oss2.models import PartInfo

from tests.http.client import Answer, check_error
from tests.http.live import Signed

KIB = 1024
PART = 100 * KIB
"""The smallest part but the last (CompleteMultipartUpload)."""

NO_UPLOAD = (
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
    "been aborted or completed."
)


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - test data


def crc(body: bytes) -> int:
    sums = oss2.utils.Crc64()
    sums.update(body)
    return int(sums.crc)


def upload(
    bucket: oss2.Bucket, key: str, bodies: Iterable[bytes], **options: Any
) -> tuple[str, list[PartInfo]]:
    """Begin an upload and put its parts, from number 1 on."""
    upload_id = bucket.init_multipart_upload(key, **options).upload_id
    parts = [
        PartInfo(number, bucket.upload_part(key, upload_id, number, body).etag)
        for number, body in enumerate(bodies, 1)
    ]
    return upload_id, parts


def complete(parts: Sequence[tuple[int | str, str]]) -> bytes:
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        for number, etag in parts
    )
    return f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()


# --- the object that comes of it


@pytest.mark.parametrize("sizes", [[0], [1], [PART, 0], [PART, 1], [PART + 5, 5 * KIB * KIB, 7]])
def test_the_parts_become_the_object(bucket: oss2.Bucket, sizes: list[int]) -> None:
    """P-32: ETag `…-n`, the CRC of the whole; also where parts lie in files."""
    bodies = [noise(size, seed) for seed, size in enumerate(sizes)]
    headers = {"Content-Type": "text/plain", "x-oss-meta-a": "b", "x-oss-tagging": "k=v"}
    upload_id, parts = upload(bucket, "a", bodies, headers=headers)
    assert not bucket.object_exists("a")
    done = bucket.complete_multipart_upload("a", upload_id, parts)
    assert done.crc == crc(b"".join(bodies))
    assert done.etag.endswith(f"-{len(sizes)}")
    got = bucket.get_object("a")
    assert got.read() == b"".join(bodies)
    assert got.etag == done.etag
    assert got.object_type == "Multipart"
    assert got.content_type == "text/plain"
    assert got.headers["x-oss-meta-a"] == "b"
    assert got.headers["x-oss-tagging-count"] == "1"


@pytest.mark.parametrize(
    "span", [(PART - 3, PART + 2), (0, 0), (2 * PART, 2 * PART + 6), (PART, 2 * PART - 1)]
)
def test_ranges_run_over_the_edges_of_parts(bucket: oss2.Bucket, span: tuple[int, int]) -> None:
    bodies = [noise(PART, 1), noise(PART, 2), noise(7, 3)]
    bucket.complete_multipart_upload("a", *upload(bucket, "a", bodies))
    start, end = span
    got = bucket.get_object("a", byte_range=span)
    assert got.read() == b"".join(bodies)[start : end + 1]


def test_numbers_need_not_follow_each_other(bucket: oss2.Bucket) -> None:
    """A part put again is replaced; one that is not listed is dropped (CompleteMultipartUpload)."""
    upload_id = bucket.init_multipart_upload("a").upload_id
    put = {}
    for number, body in ((10000, b"end"), (3, b"dropped"), (7, b"old"), (7, noise(PART))):
        put[number] = bucket.upload_part("a", upload_id, number, body).etag
    listed = [PartInfo(7, put[7]), PartInfo(10000, put[10000])]
    bucket.complete_multipart_upload("a", upload_id, listed)
    assert bucket.get_object("a").read() == noise(PART) + b"end"


def test_complete_all_takes_what_is_there(bucket: oss2.Bucket) -> None:
    upload_id, _ = upload(bucket, "a", [noise(PART), b"end"])
    headers = {"x-oss-complete-all": "yes", "x-oss-object-acl": "public-read"}
    bucket.complete_multipart_upload("a", upload_id, None, headers=headers)
    assert bucket.get_object("a").read() == noise(PART) + b"end"
    assert bucket.get_object_acl("a").acl == "public-read"


def test_an_upload_ends_once(bucket: oss2.Bucket) -> None:
    upload_id, parts = upload(bucket, "a", [b"1"])
    other_id, _ = upload(bucket, "a", [b"2"])
    bucket.complete_multipart_upload("a", upload_id, parts)
    with pytest.raises(oss2.exceptions.NoSuchUpload):
        bucket.complete_multipart_upload("a", upload_id, parts)
    assert [found.upload_id for found in oss2.MultipartUploadIterator(bucket)] == [other_id]
    bucket.abort_multipart_upload("a", other_id)
    assert bucket.get_object("a").read() == b"1"


def test_versions_come_of_uploads(bucket: oss2.Bucket) -> None:
    bucket.put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    done = [
        bucket.complete_multipart_upload("a", *upload(bucket, "a", [body])) for body in (b"1", b"2")
    ]
    ids = [result.versionid for result in done]
    assert len(set(ids)) == 2
    for version_id, body in zip(ids, (b"1", b"2"), strict=True):
        assert bucket.get_object("a", params={"versionId": version_id}).read() == body


# --- what is refused


def test_a_missing_upload_is_told_by_each_call(signed: Signed, name: str) -> None:
    """P-39: one code, an EC for each kind of call."""
    query = {"uploadId": "none"}
    put = {**query, "partNumber": "1"}
    source = {"x-oss-copy-source": f"/{name}/none"}
    body = complete([(1, "X")])
    for answer, ec in (
        (signed.request("GET", name, "a", query), "0042-00000002"),
        (signed.request("DELETE", name, "a", query), "0042-00000002"),
        (signed.request("PUT", name, "a", put, body=b"1"), "0042-00000104"),
        (signed.request("PUT", name, "a", put, source), "0042-00000311"),
        (signed.request("POST", name, "a", query, body=body), "0042-00000311"),
    ):
        check_error(answer, 404, "NoSuchUpload", NO_UPLOAD, ec, UploadId="none")


def test_an_upload_belongs_to_its_key(bucket: oss2.Bucket) -> None:
    upload_id, _ = upload(bucket, "a", [b"1"])
    with pytest.raises(oss2.exceptions.NoSuchUpload):
        bucket.upload_part("b", upload_id, 1, b"1")


@pytest.mark.parametrize("number", ["0", "10001", "-1", "1.5", "x", "", "٣"])
def test_part_numbers_have_bounds(
    bucket: oss2.Bucket, signed: Signed, name: str, number: str
) -> None:
    upload_id, _ = upload(bucket, "a", [])
    query = {"uploadId": upload_id, "partNumber": number}
    answer = signed.request("PUT", name, "a", query, body=b"1")
    message = "Part number must be an integer between 1 and 10000, inclusive."
    argument = {"ArgumentName": "PartNumber", "ArgumentValue": number}
    check_error(answer, 400, "InvalidArgument", message, "0017-00000220", **argument)


def test_a_part_number_alone_puts_no_object(signed: Signed, name: str, bucket: oss2.Bucket) -> None:
    """P-40: never fall through to PutObject."""
    assert signed.request("PUT", name, "a", {"partNumber": "1"}, body=b"1").status == 501
    assert not bucket.object_exists("a")


Change = Callable[[list[tuple[Any, str]]], list[tuple[Any, str]]]

REFUSALS: dict[str, tuple[Change, str, str]] = {
    "another order": (lambda parts: parts[::-1], "InvalidPartOrder", "0042-00000209"),
    "one twice": (lambda parts: [parts[0], *parts], "InvalidPartOrder", "0042-00000209"),
    "number too high": (lambda parts: [(10001, parts[0][1])], "InvalidPartOrder", ""),
    "a part that is not there": (lambda parts: [*parts, (9, parts[0][1])], "InvalidPart", ""),
    "another ETag": (lambda parts: [(1, parts[1][1])], "InvalidPart", ""),
    "no part": (lambda parts: [], "MalformedXML", "0042-00000205"),
    "no number": (lambda parts: [("", parts[0][1])], "MalformedXML", "0042-00000205"),
    "no ETag": (lambda parts: [(1, "")], "MalformedXML", "0042-00000205"),
}


def _complete_changed(
    bucket: oss2.Bucket, signed: Signed, name: str, change: Change
) -> tuple[str, Answer]:
    upload_id, parts = upload(bucket, "a", [noise(PART), b"end"])
    listed = change([(part.part_number, f'"{part.etag}"') for part in parts])
    return upload_id, signed.request(
        "POST", name, "a", {"uploadId": upload_id}, {}, complete(listed)
    )


@pytest.mark.parametrize(("change", "code", "ec"), REFUSALS.values(), ids=REFUSALS)
def test_a_list_is_checked(
    bucket: oss2.Bucket, signed: Signed, name: str, change: Change, code: str, ec: str
) -> None:
    """Nothing is lost: the upload goes on."""
    upload_id, answer = _complete_changed(bucket, signed, name, change)
    assert (answer.status, answer.code) == (400, code)
    assert answer.headers.get("x-oss-ec", "") == ec
    assert len(bucket.list_parts("a", upload_id).parts) == 2


def test_an_invalid_part_is_named(bucket: oss2.Bucket, signed: Signed, name: str) -> None:
    upload_id, answer = _complete_changed(bucket, signed, name, lambda parts: [(9, '"X"')])
    message = (
        "One or more of the specified parts could not be found or the specified entity tag might "
        "not have matched the part's entity tag."
    )
    named = {"ETag": '"X"', "PartNumber": "9", "UploadId": upload_id}
    check_error(answer, 400, "InvalidPart", message, "", **named)


@pytest.mark.parametrize(("size", "taken"), [(PART - 1, False), (PART, True)])
def test_only_the_last_part_may_be_small(bucket: oss2.Bucket, size: int, taken: bool) -> None:
    upload_id, parts = upload(bucket, "a", [noise(size), b"end"])
    if taken:
        bucket.complete_multipart_upload("a", upload_id, parts)
        return
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket.complete_multipart_upload("a", upload_id, parts)
    assert (refused.value.status, refused.value.code) == (400, "EntityTooSmall")
    assert refused.value.ec == "0042-00000213"


def test_complete_all_takes_no_list(bucket: oss2.Bucket, signed: Signed, name: str) -> None:
    upload_id, _ = upload(bucket, "a", [b"1"])
    headers = {"x-oss-complete-all": "yes"}
    answer = signed.request(
        "POST", name, "a", {"uploadId": upload_id}, headers, complete([(1, "X")])
    )
    message = "Should not speficy both complete all header and http body."
    argument = {"ArgumentName": "x-oss-complete-all", "ArgumentValue": "yes"}
    check_error(answer, 400, "InvalidArgument", message, "0042-00000216", **argument)


def test_nothing_is_overwritten_that_must_not(bucket: oss2.Bucket) -> None:
    forbid = {"x-oss-forbid-overwrite": "true"}
    upload_id, parts = upload(bucket, "a", [b"1"], headers=forbid)
    bucket.put_object("a", b"0")
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket.complete_multipart_upload("a", upload_id, parts, headers=forbid)
    assert refused.value.code == "FileAlreadyExists"
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket.init_multipart_upload("a", headers=forbid)
    assert refused.value.code == "FileAlreadyExists"


def test_the_encryption_of_an_upload_is_that_of_its_parts(
    bucket: oss2.Bucket, signed: Signed, name: str
) -> None:
    name_of = "x-oss-server-side-encryption"
    begun = bucket.init_multipart_upload("a", headers={name_of: "AES256"})
    part = bucket.upload_part("a", begun.upload_id, 1, b"1")
    done = bucket.complete_multipart_upload("a", begun.upload_id, [PartInfo(1, part.etag)])
    for result in (begun, part, done, bucket.head_object("a")):
        assert result.headers[name_of] == "AES256"
    upload_id = bucket.init_multipart_upload("a").upload_id
    query = {"uploadId": upload_id}
    for method, number in (("PUT", {"partNumber": "1"}), ("POST", {})):
        answer = signed.request(method, name, "a", {**query, **number}, {name_of: "AES256"}, b"1")
        assert (answer.status, answer.code) == (400, "InvalidArgument")


# --- parts that are copied


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        (None, 0, 299),
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=290-", 290, 299),
        ("bytes=-5", 295, 299),
        # What is no range of the source copies the whole (UploadPartCopy).
        ("bytes=10-300", 0, 299),
        ("10-19", 0, 299),
    ],
)
def test_a_part_is_copied(
    bucket: oss2.Bucket, signed: Signed, name: str, header: str | None, first: int, last: int
) -> None:
    body = noise(300)
    bucket.put_object("source", body)
    upload_id = bucket.init_multipart_upload("a").upload_id
    headers = {"x-oss-copy-source": f"/{name}/source"}
    if header is not None:
        headers["x-oss-copy-source-range"] = header
    query = {"uploadId": upload_id, "partNumber": "1"}
    answer = signed.request("PUT", name, "a", query, headers)
    assert answer.status == 200
    whole = (first, last) == (0, 299)
    shown = None if whole else f"bytes {first}-{last}/300"
    assert answer.headers["Content-Range"] == shown
    assert dict(answer.elements)["ETag"] == answer.headers["ETag"]
    etag = answer.headers["ETag"]
    bucket.complete_multipart_upload("a", upload_id, [PartInfo(1, etag.strip('"'))])
    assert bucket.get_object("a").read() == body[first : last + 1]


def test_the_source_may_be_parts_in_files(bucket: oss2.Bucket, name: str) -> None:
    bodies = [noise(5 * KIB * KIB, 1), noise(5 * KIB * KIB, 2)]
    bucket.complete_multipart_upload("source", *upload(bucket, "source", bodies))
    upload_id = bucket.init_multipart_upload("a").upload_id
    span = (5 * KIB * KIB - 2000, 5 * KIB * KIB + 1999)
    part = bucket.upload_part_copy(name, "source", span, "a", upload_id, 1)
    bucket.complete_multipart_upload("a", upload_id, [PartInfo(1, part.etag)])
    assert bucket.get_object("a").read() == b"".join(bodies)[span[0] : span[1] + 1]


@pytest.mark.parametrize(
    ("condition", "value", "status"),
    [
        ("if-match", "none", 412),
        ("if-none-match", "*", 304),
        ("if-unmodified-since", "Fri, 24 Feb 2012 06:07:48 GMT", 412),
        ("if-modified-since", "Fri, 24 Feb 2062 06:07:48 GMT", 304),
        ("if-match", "*", 200),
    ],
)
def test_conditions_hold_the_source(
    bucket: oss2.Bucket, signed: Signed, name: str, condition: str, value: str, status: int
) -> None:
    bucket.put_object("source", b"1")
    upload_id = bucket.init_multipart_upload("a").upload_id
    headers = {
        "x-oss-copy-source": f"/{name}/source",
        f"x-oss-copy-source-{condition}": value,
    }
    query = {"uploadId": upload_id, "partNumber": "1"}
    assert signed.request("PUT", name, "a", query, headers).status == status


def test_a_version_is_copied(bucket: oss2.Bucket, signed: Signed, name: str) -> None:
    bucket.put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    old = bucket.put_object("source", b"old").versionid
    bucket.put_object("source", b"new")
    upload_id = bucket.init_multipart_upload("a").upload_id
    query = {"uploadId": upload_id, "partNumber": "1"}
    for version, code in (
        (old, ""),
        (old[:-1] + ("0" if old[-1] != "0" else "1"), "NoSuchVersion"),
        ("none", "InvalidArgument"),
    ):
        source = {"x-oss-copy-source": f"/{name}/source?versionId={version}"}
        answer = signed.request("PUT", name, "a", query, source)
        if code:
            assert answer.code == code
        else:
            assert answer.headers["x-oss-copy-source-version-id"] == old
            part = PartInfo(1, answer.headers["ETag"].strip('"'))
            bucket.complete_multipart_upload("a", upload_id, [part])
            upload_id = bucket.init_multipart_upload("a").upload_id
            query["uploadId"] = upload_id
    assert bucket.get_object("a").read() == b"old"


# --- lists


def test_parts_come_in_pages(bucket: oss2.Bucket, signed: Signed, name: str) -> None:
    """P-33: NextPartNumberMarker is always there."""
    upload_id = bucket.init_multipart_upload("中").upload_id
    numbers = [1, 2, 5, 10000]
    for number in numbers:
        bucket.upload_part("中", upload_id, number, b"x" * number)
    pages = []
    marker = "0"
    for limit in ("2", "1", "1", "1000"):
        query = {"uploadId": upload_id, "max-parts": limit, "part-number-marker": marker}
        answer = signed.request("GET", name, "中", {**query, "encoding-type": "url"})
        found = dict(answer.elements)
        assert (found["Key"], found["EncodingType"]) == ("%E4%B8%AD", "url")
        assert (found["PartNumberMarker"], found["MaxParts"]) == (marker, limit)
        marker = found["NextPartNumberMarker"]
        pages.append((marker, found["IsTruncated"]))
    assert pages == [("2", "true"), ("5", "true"), ("10000", "false"), ("10000", "false")]
    assert [part.size for part in oss2.PartIterator(bucket, "中", upload_id)] == numbers


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
def test_the_limits_of_a_list_are_checked(
    bucket: oss2.Bucket, signed: Signed, name: str, parameter: str, value: str
) -> None:
    upload_id = bucket.init_multipart_upload("a").upload_id
    answer = signed.request("GET", name, "a", {"uploadId": upload_id, parameter: value})
    error = answer.error
    assert (answer.status, error["Code"]) == (400, "InvalidArgument")
    assert (error["ArgumentName"], error["ArgumentValue"]) == (parameter, value)


KEYS = ["a", "a", "b/1", "b/2", "b/2", "c", "d/e/1", "中/1"]


def _ids(bucket: oss2.Bucket) -> list[tuple[str, str]]:
    return sorted((key, bucket.init_multipart_upload(key).upload_id) for key in KEYS)


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("prefix", "delimiter", "names", "prefixes"),
    [
        ("", "", KEYS, []),
        ("", "/", ["a", "a", "c"], ["b/", "d/", "中/"]),
        ("b/", "/", ["b/1", "b/2", "b/2"], []),
        ("d/", "/", [], ["d/e/"]),
        ("zz", "", [], []),
    ],
)
def test_uploads_come_in_pages(
    bucket: oss2.Bucket,
    limit: int,
    prefix: str,
    delimiter: str,
    names: list[str],
    prefixes: list[str],
) -> None:
    """By key, and of one key by upload id; a common prefix counts once."""
    ids = _ids(bucket)
    uploads, groups = [], []
    key_marker = id_marker = ""
    for _ in range(len(KEYS) + 1):
        page = bucket.list_multipart_uploads(prefix, delimiter, key_marker, id_marker, limit)
        uploads += [(found.key, found.upload_id) for found in page.upload_list]
        groups += page.prefix_list
        assert len(page.upload_list) + len(page.prefix_list) <= limit
        if not page.is_truncated:
            break
        key_marker, id_marker = page.next_key_marker, page.next_upload_id_marker
    assert [key for key, _ in uploads] == names
    assert uploads == [found for found in ids if found[0] in names]
    assert groups == prefixes


def test_a_marker_without_an_id_passes_its_key(bucket: oss2.Bucket) -> None:
    ids = _ids(bucket)
    after_key = bucket.list_multipart_uploads(key_marker="a").upload_list
    assert [found.key for found in after_key] == KEYS[2:]
    first, second = ids[0], ids[1]
    after_id = bucket.list_multipart_uploads(key_marker="a", upload_id_marker=first[1]).upload_list
    assert (after_id[0].key, after_id[0].upload_id) == second
    ignored = bucket.list_multipart_uploads(upload_id_marker=first[1]).upload_list
    assert len(ignored) == len(KEYS)


def test_both_next_markers_are_always_there(signed: Signed, name: str) -> None:
    """P-33."""
    names = [child for child, _ in signed.request("GET", name, "", {"uploads": ""}).elements]
    assert {"NextKeyMarker", "NextUploadIdMarker", "Delimiter", "IsTruncated"} <= set(names)


def test_a_bucket_with_uploads_is_not_empty(bucket: oss2.Bucket) -> None:
    upload_id, _ = upload(bucket, "a", [])
    with pytest.raises(oss2.exceptions.BucketNotEmpty):
        bucket.delete_bucket()
    bucket.abort_multipart_upload("a", upload_id)
    bucket.delete_bucket()
