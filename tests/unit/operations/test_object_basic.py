"""PutObject, GetObject, HeadObject, GetObjectMeta, DeleteObject."""

from __future__ import annotations

import pytest
from oss_emulator.protocol.message import Request

from tests.client import content_md5
from tests.unit.operations.service import Answer, Caller, check_error

# --- PutObject


@pytest.mark.parametrize(
    ("header", "value", "named"),
    [
        ("if_match", '"x"', "If-Match"),
        ("if_none_match", "*", "If-None-Match"),
        ("if_modified_since", "Fri, 13 Nov 2015 14:47:53 GMT", "If-Modified-Since"),
        ("if_unmodified_since", "Fri, 13 Nov 2015 14:47:53 GMT", "If-Unmodified-Since"),
    ],
)
def test_put_with_a_condition_gets_400(ask: Caller, header: str, value: str, named: str) -> None:
    answer = ask("PUT", "/bucket/a", "x", **{header: value})
    assert (answer.status, answer.code) == (400, "NotImplemented")
    assert (answer.text("Header"), answer.text("EC")) == (named, "0017-00000245")
    assert ask("HEAD", "/bucket/a").status == 404


def _create(ask: Caller, call: str, **headers: str) -> Answer:
    """Create the object `a`."""
    if call == "complete":
        upload = ask.begin_upload("a")
        ask.put_parts("a", upload, b"new")
        return ask("POST", f"/bucket/a?uploadId={upload}", x_oss_complete_all="yes", **headers)
    method, target, more = {
        "put": ("PUT", "/bucket/a", {}),
        "copy": ("PUT", "/bucket/a", {"x_oss_copy_source": "/bucket/source"}),
        "link": ("PUT", "/bucket/a?symlink", {"x_oss_symlink_target": "source"}),
        "initiate": ("POST", "/bucket/a?uploads", {}),
    }[call]
    return ask(method, target, **more, **headers)


@pytest.mark.parametrize("versioning", [None, "Enabled", "Suspended"])
@pytest.mark.parametrize("call", ["put", "copy", "link", "initiate", "complete"])
def test_overwriting_can_be_forbidden(ask: Caller, call: str, versioning: str | None) -> None:
    """The header has no effect in a versioned bucket (PutObject)."""
    ask("PUT", "/bucket/source", "old")
    if versioning:
        ask.keep_versions(versioning)
    assert _create(ask, call, x_oss_forbid_overwrite="true").status == 200
    ask("PUT", "/bucket/a", "there")
    assert _create(ask, call, x_oss_forbid_overwrite="false").status == 200
    ask("PUT", "/bucket/a", "there")
    again = _create(ask, call, x_oss_forbid_overwrite="true")
    expected = (200, "") if versioning else (409, "FileAlreadyExists")
    assert (again.status, again.code) == expected


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x_oss_storage_class": "standard"}, "InvalidArgument"),
        ({"x_oss_object_acl": "public"}, "InvalidArgument"),
        ({"x_oss_server_side_encryption": "AES128"}, "InvalidEncryptionAlgorithmError"),
        ({"x_oss_hash_crc64ecma": "1"}, "InvalidCRC64"),
        ({"x_oss_meta_client_side_encryption_key": "x"}, "InvalidEncryptionRequest"),  # P-53
    ],
)
def test_bad_header_puts_nothing(ask: Caller, headers: dict[str, str], code: str) -> None:
    answer = ask("PUT", "/bucket/a", "x", **headers)
    assert (answer.status, answer.code) == (400, code)
    assert ask("HEAD", "/bucket/a").status == 404


@pytest.mark.parametrize(
    ("value", "ec"),
    [
        (content_md5(b"another"), "0017-00000503"),
        # Hex digits are valid base64 of 24 bytes, of which the first 16 are compared (P-46).
        ("5d41402abc4b2a76b9719d911017c592", "0017-00000503"),
        ("c2hvcnQ=", "0017-00000502"),
        ("not base64!", "0017-0000050"),
    ],
)
def test_wrong_content_md5_puts_nothing(ask: Caller, value: str, ec: str) -> None:
    answer = ask("PUT", "/bucket/a", "hello", content_md5=value)
    assert (answer.status, answer.code) == (400, "InvalidDigest")
    assert answer.text("Message") == "The Content-MD5 you specified was invalid."
    assert answer.text("Content-MD5") == value
    assert (answer.text("EC") or "").startswith(ec)
    assert ask("HEAD", "/bucket/a").status == 404


@pytest.mark.parametrize("storage_class", ["Standard", "IA", "Archive", "ColdArchive"])
def test_object_has_the_class_it_was_put_with(ask: Caller, storage_class: str) -> None:
    ask("PUT", "/bucket/a", "x", x_oss_storage_class=storage_class)
    assert ask("HEAD", "/bucket/a").headers["x-oss-storage-class"] == storage_class


def test_object_has_the_class_of_its_bucket_by_default(ask: Caller) -> None:
    storage_class = "<StorageClass>IA</StorageClass>"
    ask("PUT", "/cold", f"<CreateBucketConfiguration>{storage_class}</CreateBucketConfiguration>")
    ask("PUT", "/cold/a", "x")
    assert ask("HEAD", "/cold/a").headers["x-oss-storage-class"] == "IA"


@pytest.mark.parametrize("algorithm", ["AES256", "KMS", "SM4"])
def test_answers_repeat_the_encryption(ask: Caller, algorithm: str) -> None:
    put = ask("PUT", "/bucket/a", "x", x_oss_server_side_encryption=algorithm)
    for answer in (put, ask("GET", "/bucket/a"), ask("HEAD", "/bucket/a")):
        assert answer.headers["x-oss-server-side-encryption"] == algorithm


def test_put_replaces_everything(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "first", x_oss_meta_a="1", content_type="text/plain")
    ask("PUT", "/bucket/a", "2")
    got = ask("GET", "/bucket/a")
    assert (got.body, got.headers["Content-Type"]) == (b"2", "application/octet-stream")
    assert "x-oss-meta-a" not in got.headers


def test_headers_that_do_not_describe_an_object_are_not_kept(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "x", x_custom="1", x_oss_custom="2", accept="text/plain")
    head = {name.lower() for name in ask("HEAD", "/bucket/a").headers}
    assert not {"x-custom", "x-oss-custom", "accept"} & head


def test_user_metadata_may_have_8_kib(ask: Caller) -> None:
    """PutObject: the total size of the user metadata cannot exceed 8 KB."""
    ask("PUT", "/bucket/a", "x", x_oss_meta_a="v" * (8 * 1024 - 1))
    assert len(ask("HEAD", "/bucket/a").headers["x-oss-meta-a"]) == 8 * 1024 - 1
    half = "v" * 4096
    assert ask("PUT", "/bucket/b", "x", x_oss_meta_a=half, x_oss_meta_b=half).status == 400
    assert ask("HEAD", "/bucket/b").status == 404


@pytest.mark.parametrize("key", ["dir/", "a//b", "dir/./", "x/../y", "%20", "a%2Fb/"])
def test_key_is_not_a_path(ask: Caller, key: str) -> None:
    """Dots and trailing slashes have no special meaning."""
    assert ask("PUT", f"/bucket/{key}", "in it").status == 200
    assert ask("GET", f"/bucket/{key}").body == b"in it"
    assert ask("GET", f"/bucket/{key}x").code == "NoSuchKey"
    assert ask("DELETE", f"/bucket/{key}").status == 204
    assert ask("HEAD", f"/bucket/{key}").status == 404


@pytest.mark.parametrize(
    ("key", "ec", "message"),
    [
        ("/a", "0016-00000005", "The specified object is not valid."),
        ("%5Ca", "0016-00000005", "The specified object is not valid."),
        ("a" * 1024, "0016-00000003", "The Length of Object name must be less than 1024."),
        ("%E4%B8%AD" * 342, "0016-00000003", "The Length of Object name must be less than 1024."),
    ],
)
def test_invalid_key_gets_400(ask: Caller, key: str, ec: str, message: str) -> None:
    answer = ask("PUT", f"/bucket/{key}", "x")
    check_error(answer, 400, "InvalidObjectName", message, ec)
    assert ask("GET", "/bucket").texts("Contents/Key") == []


# --- GetObject: ranges

BODY = b"".join(b"%04d" % number for number in range(250))
"""The 1,000 bytes of the examples in the reference."""

WHOLE = None

RANGES: list[tuple[str, tuple[int, int] | None, tuple[int, int] | int | None]] = [
    # Range header, by default, with x-oss-range-behavior: standard
    ("bytes=0-499", (0, 499), (0, 499)),
    ("bytes=500-999", (500, 999), (500, 999)),
    ("bytes=-500", (500, 999), (500, 999)),
    ("bytes=500-", (500, 999), (500, 999)),
    ("bytes=0-", (0, 999), (0, 999)),
    ("bytes=0-0", (0, 0), (0, 0)),
    ("bytes=999-", (999, 999), (999, 999)),
    ("bytes=-1", (999, 999), (999, 999)),
    ("bytes=-1000", (0, 999), (0, 999)),
    # Past the end: the whole object by default, cut at the end by the standard.
    ("bytes=500-1000", WHOLE, (500, 999)),
    ("bytes=0-1000", WHOLE, (0, 999)),
    ("bytes=500-2000", WHOLE, (500, 999)),
    ("bytes=-1001", WHOLE, (0, 999)),
    # Beginning past the end: 416 by the standard.
    ("bytes=1000-", WHOLE, 416),
    ("bytes=1000-2000", WHOLE, 416),
    ("bytes=2000-", WHOLE, 416),
    # Not a range.
    ("bytes=500-499", WHOLE, WHOLE),
    ("bytes=-", WHOLE, WHOLE),
    ("bytes=", WHOLE, WHOLE),
    ("bytes=a-b", WHOLE, WHOLE),
    ("bytes=0x0-1", WHOLE, WHOLE),
    ("bytes", WHOLE, WHOLE),
    ("octets=0-1", WHOLE, WHOLE),
    ("0-499", WHOLE, WHOLE),
]


@pytest.mark.parametrize("standard", [False, True], ids=["default", "standard"])
@pytest.mark.parametrize(("header", "by_default", "by_standard"), RANGES)
def test_range_is_read_as_documented(
    ask: Caller,
    header: str,
    by_default: tuple[int, int] | None,
    by_standard: tuple[int, int] | int | None,
    standard: bool,
) -> None:
    """GetObject, "Range" and "Range download"; P-32: the CRC is that of the whole object."""
    crc64 = ask("PUT", "/bucket/a", BODY).headers["x-oss-hash-crc64ecma"]
    headers = {"x_oss_range_behavior": "standard"} if standard else {}
    got = ask("GET", "/bucket/a", range=header, **headers)
    expected = by_standard if standard else by_default
    if isinstance(expected, int):
        assert (got.status, got.code) == (416, "InvalidRange")
        assert got.headers["Content-Range"] == "bytes */1000"
        return
    assert got.headers["x-oss-hash-crc64ecma"] == crc64
    if expected is WHOLE:
        assert (got.status, got.headers.get("Content-Range"), got.body) == (200, None, BODY)
        return
    first, last = expected
    assert (got.status, got.body) == (206, BODY[first : last + 1])
    assert got.headers["Content-Range"] == f"bytes {first}-{last}/1000"


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-1", "bytes=0-0"])
def test_empty_object_has_no_range(ask: Caller, header: str) -> None:
    ask("PUT", "/bucket/a")
    got = ask("GET", "/bucket/a", range=header)
    assert (got.status, got.body) == (200, b"")


def test_head_ignores_the_range(ask: Caller) -> None:
    ask("PUT", "/bucket/a", BODY)
    head = ask("HEAD", "/bucket/a", range="bytes=0-1")
    assert (head.status, head.headers["Content-Length"]) == (200, "1000")


# --- GetObject and HeadObject: conditions

BEFORE = "Sat, 14 Jun 2025 15:06:40 GMT"
WHEN = "Sun, 15 Jun 2025 15:06:40 GMT"
AFTER = "Mon, 16 Jun 2025 15:06:40 GMT"
ETAG, OTHER = '"9DD4E461268C8034F5C8564E155C67A6"', f'"{"0" * 32}"'
HOLDS, NOT_MODIFIED, FAILED = 200, 304, 412

CONDITIONS = [
    ({"if_match": ETAG.strip('"')}, HOLDS),
    ({"if_match": ETAG}, HOLDS),
    ({"if_match": OTHER}, FAILED),
    ({"if_match": "*"}, HOLDS),
    ({"if_match": f"{OTHER}, {ETAG}"}, HOLDS),
    ({"if_none_match": ETAG}, NOT_MODIFIED),
    ({"if_none_match": OTHER}, HOLDS),
    ({"if_none_match": "*"}, NOT_MODIFIED),
    ({"if_modified_since": BEFORE}, HOLDS),
    ({"if_modified_since": WHEN}, NOT_MODIFIED),
    ({"if_modified_since": AFTER}, NOT_MODIFIED),
    ({"if_modified_since": "yesterday"}, HOLDS),  # does not conform to the standards
    ({"if_unmodified_since": BEFORE}, FAILED),
    ({"if_unmodified_since": WHEN}, HOLDS),
    ({"if_unmodified_since": AFTER}, HOLDS),
    ({"if_match": ETAG, "if_none_match": OTHER}, HOLDS),
    ({"if_match": OTHER, "if_none_match": ETAG}, FAILED),
    ({"if_match": ETAG, "if_modified_since": WHEN}, NOT_MODIFIED),
    ({"if_match": ETAG, "if_unmodified_since": BEFORE}, FAILED),
    ({"if_modified_since": BEFORE, "if_unmodified_since": AFTER}, HOLDS),
    ({"if_modified_since": WHEN, "if_unmodified_since": BEFORE}, FAILED),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("headers", "status"), CONDITIONS)
def test_conditions_are_checked_as_documented(
    ask: Caller, method: str, headers: dict[str, str], status: int
) -> None:
    assert ask("PUT", "/bucket/a", "x").headers["ETag"] == ETAG
    answer = ask(method, "/bucket/a", **headers)
    assert answer.status == status
    if status == NOT_MODIFIED:
        assert answer.headers["ETag"] == ETAG
    elif status == FAILED:
        message = "At least one of the pre-conditions you specified did not hold."
        check_error(answer, 412, "PreconditionFailed", message, "0017-00001001")
        condition = (answer.text("Condition") or "").lower().replace("-", "_")
        assert condition in headers


def test_missing_key_is_reported_before_a_failed_condition(ask: Caller) -> None:
    assert ask("GET", "/bucket/a", if_match='"x"').code == "NoSuchKey"


# --- Headers of answers


@pytest.mark.parametrize("data", [b"", b"content"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_object_put_in_one_piece_has_a_content_md5(ask: Caller, method: str, data: bytes) -> None:
    """HeadObject: only the type Normal has one; a link has that of its target."""
    ask("PUT", "/bucket/a", data)
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="a")
    for key in ("a", "link"):
        answer = ask(method, f"/bucket/{key}")
        assert (answer.status, answer.headers["Content-MD5"]) == (200, content_md5(data))


def test_other_objects_and_ranges_have_no_content_md5(ask: Caller) -> None:
    ask("POST", "/bucket/appended?append&position=0", "content")
    ask("PUT", "/bucket/copied", x_oss_copy_source="/bucket/appended")
    upload = ask.begin_upload("big")
    ask.complete("big", upload, ask.put_parts("big", upload, b"content"))
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="big")
    for key in ("appended", "copied", "big", "link"):
        answer = ask("HEAD", f"/bucket/{key}")
        assert answer.headers["Content-Length"] == "7"
        assert "Content-MD5" not in answer.headers
    ask("PUT", "/bucket/a", "content")
    assert "Content-MD5" not in ask("GET", "/bucket/a", range="bytes=0-1").headers


def test_metadata_that_is_not_utf8_is_returned_unchanged(ask: Caller) -> None:
    """P-57: surrogates stand for the bytes, here of GBK."""
    sent = {"x_oss_meta_a": "\udcd6\udcd0", "content_disposition": "attachment;\udcce\udcc4"}
    assert ask("PUT", "/bucket/a", "1", **sent).status == 200
    ask("PUT", "/bucket/b", x_oss_copy_source="/bucket/a")
    for key in ("a", "b"):
        found = ask("HEAD", f"/bucket/{key}").headers
        assert found["x-oss-meta-a"] == sent["x_oss_meta_a"]
        assert found["Content-Disposition"] == sent["content_disposition"]


def test_meta_holds_size_time_and_checksums_only(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "content", x_oss_meta_a="1")
    answer = ask("HEAD", "/bucket/a?objectMeta")
    headers = answer.headers
    assert ask("GET", "/bucket/a?objectMeta") == answer  # P-56
    assert headers["Content-Length"] == "7"
    assert headers["Last-Modified"] == WHEN
    assert {"ETag", "x-oss-hash-crc64ecma"} <= headers.keys()
    assert headers["x-oss-object-type"] == "Normal"  # S-06
    assert not {"x-oss-meta-a", "Content-Type", "Accept-Ranges"} & headers.keys()


@pytest.mark.parametrize(
    ("method", "query", "headers"),
    [
        ("GET", "", {}),
        ("HEAD", "", {}),
        ("HEAD", "?objectMeta", {}),
        ("GET", "?objectMeta", {}),
        ("GET", "?acl", {}),
        ("PUT", "?acl", {"x_oss_object_acl": "private"}),
        ("PUT", "copy", {"x_oss_copy_source": "/bucket/none%20%3Ckey%3E&"}),
    ],
)
def test_missing_key_is_named(
    ask: Caller, method: str, query: str, headers: dict[str, str]
) -> None:
    target = "/bucket/b" if query == "copy" else f"/bucket/none%20%3Ckey%3E&{query}"
    answer = ask(method, target, **headers)
    message = "The specified key does not exist."
    check_error(answer, 404, "NoSuchKey", message, "0026-00000001", Key="none <key>&")


OVERRIDES = [
    "content-type",
    "content-language",
    "expires",
    "cache-control",
    "content-disposition",
    "content-encoding",
]


@pytest.mark.parametrize("name", OVERRIDES)
def test_anonymous_request_cannot_override_a_header(ask: Caller, name: str) -> None:
    """GetObject"""
    ask("PUT", "/bucket/a", "x", x_oss_object_acl="public-read")
    assert ask.anonymously("GET", "/bucket/a").status == 200
    answer = ask.anonymously("GET", f"/bucket/a?response-{name}=x")
    message = "Request specific response headers cannot be used for anonymous GET requests."
    assert (answer.status, answer.code, answer.text("Message")) == (400, "InvalidRequest", message)


def test_answers_to_limited_uploads_and_copies_have_the_delay(ask: Caller) -> None:
    """P-52, S-01: a limit of 819,200 bit/s delays 1,024 bytes by 10 ms."""
    upload = f"/bucket/b?uploadId={ask.begin_upload('b')}&partNumber=1"
    source = {"x_oss_copy_source": "/bucket/a"}
    limit = {"x_oss_traffic_limit": "819200"}
    for method, target, headers, delay in (
        ("PUT", "/bucket/a", {}, None),
        ("PUT", "/bucket/a", limit, "10"),
        ("PUT", "/bucket/a?x-oss-traffic-limit=1638400", {}, "5"),
        ("POST", "/bucket/c?append&position=0", limit, "10"),
        ("PUT", upload, limit, "10"),
        ("PUT", "/bucket/d", source, None),
        ("PUT", upload, source, None),
        ("GET", "/bucket/a", limit, "10"),
    ):
        body = b"" if method == "GET" or "x_oss_copy_source" in headers else bytes(1024)
        answer = ask(method, target, body, **headers)
        assert (answer.status, answer.headers.get("x-oss-qos-delay-time")) == (200, delay)
    assert "x-oss-qos-delay-time" not in ask("GET", "/bucket/a").headers


# --- Versions, and DeleteObject


def test_deletion_gets_204_even_if_the_object_is_missing(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "x")
    for _ in range(2):
        assert ask("DELETE", "/bucket/a").status == 204
        assert ask("HEAD", "/bucket/a").status == 404


@pytest.mark.parametrize("subresource", ["", "acl", "tagging", "symlink", "objectMeta"])
def test_delete_marker_gets_404_or_405_with_its_version_id(ask: Caller, subresource: str) -> None:
    """GetObject"""
    ask.keep_versions()
    ask("PUT", "/bucket/a", "1")
    marker = ask("DELETE", "/bucket/a").headers["x-oss-version-id"]
    method = "HEAD" if subresource == "objectMeta" else "GET"
    answer = ask(method, f"/bucket/a?{subresource}")
    assert (answer.status, answer.code) == (404, "NoSuchKey")
    assert answer.headers["x-oss-delete-marker"] == "true"
    answer = ask(method, f"/bucket/a?{subresource}&versionId={marker}")
    assert (answer.status, answer.code) == (405, "MethodNotAllowed")
    assert answer.headers["x-oss-version-id"] == marker


def test_unversioned_object_has_the_version_id_null(ask: Caller) -> None:
    ask.keep_versions("Suspended")
    ask("PUT", "/bucket/a", "null")
    ask.keep_versions("Enabled")
    ask("PUT", "/bucket/a", "new")
    assert ask("GET", "/bucket/a?versionId=null").body == b"null"
    ask.keep_versions("Suspended")
    ask("PUT", "/bucket/a", "null again")
    versions = ask("GET", "/bucket?versions").texts("Version/VersionId")
    bodies = [ask("GET", f"/bucket/a?versionId={version}").body for version in versions]
    assert bodies == [b"null again", b"new"]


@pytest.mark.parametrize("status", ["", "Enabled", "Suspended"])
def test_deletion_names_version_null_in_a_versioned_bucket(ask: Caller, status: str) -> None:
    """P-58: in a bucket that never had versions, the answer has no version id."""
    ask("PUT", "/bucket/a", "1")
    if status:
        ask.keep_versions(status)
    deleted = ask("DELETE", "/bucket/a?versionId=null")
    assert deleted.status == 204
    assert deleted.headers.get("x-oss-version-id") == ("null" if status else None)
    assert ask("HEAD", "/bucket/a").status == 404


@pytest.mark.parametrize("version_id", ["", "x", "caeq"])
def test_invalid_version_id_gets_400(ask: Caller, version_id: str) -> None:
    ask("PUT", "/bucket/a", "1")
    for method in ("GET", "DELETE"):
        answer = ask(method, f"/bucket/a?versionId={version_id}")
        assert (answer.status, answer.code) == (400, "InvalidArgument")
        assert answer.text("ArgumentName") == "VersionId"
    assert ask("GET", "/bucket/a").body == b"1"


def test_malformed_version_id_has_an_ec_of_its_own(ask: Caller) -> None:
    """S-21"""
    answer = ask("GET", "/bucket/a?versionId=fake")
    named = {"ArgumentName": "VersionId", "ArgumentValue": "fake"}
    message = "Invalid version id specified"
    check_error(answer, 400, "InvalidArgument", message, "0012-00000202", **named)


def test_version_that_is_gone_is_named(ask: Caller) -> None:
    """S-20: EC 0026-00000001 is left to keys without any version."""
    ask.keep_versions()
    version = ask("PUT", "/bucket/a", "1").headers["x-oss-version-id"]
    ask("PUT", "/bucket/a", "2")
    ask("DELETE", f"/bucket/a?versionId={version}")
    answer = ask("GET", f"/bucket/a?versionId={version}")
    named = {"Key": "a", "VersionId": version}
    message = "The specified version does not exist."
    check_error(answer, 404, "NoSuchVersion", message, "0012-00000203", **named)


def test_condition_on_a_delete_marker_gets_405(ask: Caller) -> None:
    """S-31"""
    ask.keep_versions()
    ask("DELETE", "/bucket/a")
    answer = ask("GET", "/bucket/a", if_modified_since=WHEN)
    assert (answer.status, answer.text("EC")) == (405, "0003-00000016")
    elements = [answer.text(name) for name in ("ResourceType", "Method", "Header")]
    assert elements == ["DeleteMarker", "GET", "If-Modified-Since"]


@pytest.mark.parametrize(("kind", "vary"), [("text/plain", "Accept-Encoding"), ("image/png", None)])
def test_head_of_a_compressible_type_varies(ask: Caller, kind: str, vary: str | None) -> None:
    """S-07"""
    ask("PUT", "/bucket/a", "content", content_type=kind)
    headers = ask("HEAD", "/bucket/a").headers
    assert (headers.get("Vary"), headers["Content-Length"]) == (vary, "7")
    assert "Vary" not in ask("GET", "/bucket/a").headers  # P-48


def test_head_of_what_get_compresses_has_no_length(ask: Caller) -> None:
    """P-90"""
    ask("PUT", "/bucket/a", "x" * 1024, content_type="text/plain")
    headers = ask("HEAD", "/bucket/a", accept_encoding="gzip").headers
    assert (headers["Content-Encoding"], headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert "Content-Length" not in headers


def test_unchanged_object_shows_its_metadata_to_head(ask: Caller) -> None:
    """P-90"""
    ask("PUT", "/bucket/a", "1", x_oss_meta_a="b")
    answer = ask("HEAD", "/bucket/a", if_modified_since=WHEN)
    assert (answer.status, answer.headers["x-oss-meta-a"]) == (304, "b")
    assert "x-oss-meta-a" not in ask("GET", "/bucket/a", if_modified_since=WHEN).headers


def test_few_answers_do_not_tell_how_long_they_took(ask: Caller) -> None:
    """S-08"""
    ask("PUT", "/bucket/empty", "")
    ask("PUT", "/bucket/full", "1")
    for method, target, timed in (
        ("GET", "/bucket/empty", False),
        ("HEAD", "/bucket/empty", True),
        ("GET", "/bucket/full", True),
        ("GET", "/missing?acl", False),
        ("PUT", "/missing/key", False),
        ("GET", "/bucket/missing", True),
    ):
        request = Request.parse(method, target, [("Host", "localhost")], ask.now)
        response = ask.service.handle(request, caller=ask.service.accounts.owner)
        assert response.timed is timed
