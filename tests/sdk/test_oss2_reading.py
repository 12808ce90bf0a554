"""Reading through oss2: ranges, conditions, overridden headers."""

from __future__ import annotations

from typing import Any

import oss2
import pytest
from oss2.exceptions import InvalidRequest, NotModified, PreconditionFailed, ServerError
from oss2.utils import http_date

from tests.http.live import ANONYMOUS, Live

BODY = b"".join(b"%04d" % number for number in range(250))
"""The 1,000 bytes of the examples in the reference."""

# --- ranges

WHOLE = None

RANGES = [
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
    # No range at all.
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
def test_a_range_is_read_as_documented(
    bucket: oss2.Bucket, header: str, by_default: Any, by_standard: Any, standard: bool
) -> None:
    """GetObject, "Range" and "Range download"."""
    bucket.put_object("a", BODY)
    whole_crc = bucket.head_object("a").server_crc
    headers = {"Range": header}
    if standard:
        headers["x-oss-range-behavior"] = "standard"
    expected = by_standard if standard else by_default
    if expected == 416:
        with pytest.raises(ServerError) as caught:
            bucket.get_object("a", headers=headers)
        assert (caught.value.status, caught.value.code) == (416, "InvalidRange")
        assert caught.value.headers["Content-Range"] == "bytes */1000"
        return
    got = bucket.get_object("a", headers=headers)
    if expected is WHOLE:
        assert (got.status, got.content_range) == (200, None)
        assert got.read() == BODY
        return
    first, last = expected
    assert (got.status, got.content_range) == (206, f"bytes {first}-{last}/1000")
    assert got.content_length == last - first + 1
    assert got.server_crc == whole_crc  # P-32: of the whole object
    assert got.read() == BODY[first : last + 1]


@pytest.mark.parametrize(
    ("byte_range", "expected"),
    [
        ((0, 99), BODY[:100]),
        ((None, 99), BODY[-99:]),
        ((100, None), BODY[100:]),
        ((None, None), BODY),
        ((0, 0), BODY[:1]),
    ],
)
def test_the_ranges_of_oss2_mean_what_it_documents(
    bucket: oss2.Bucket, byte_range: tuple[int | None, int | None], expected: bytes
) -> None:
    bucket.put_object("a", BODY)
    assert bucket.get_object("a", byte_range=byte_range).read() == expected


@pytest.mark.parametrize(
    ("first", "last"), [(0, 0), (4 * 1024 * 1024 - 1, 4 * 1024 * 1024), (5_000_000, 6_291_455)]
)
def test_a_range_of_a_large_object_is_read_from_its_file(
    bucket: oss2.Bucket, first: int, last: int
) -> None:
    body = b"".join(b"%08d" % number for number in range(6 * 1024 * 1024 // 8))
    bucket.put_object("a", body)
    assert bucket.get_object("a", byte_range=(first, last)).read() == body[first : last + 1]


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-1", "bytes=0-0"])
def test_an_empty_object_has_no_range(bucket: oss2.Bucket, header: str) -> None:
    bucket.put_object("a", b"")
    got = bucket.get_object("a", headers={"Range": header})
    assert (got.status, got.read()) == (200, b"")


def test_head_tells_the_whole_size_whatever_the_range(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", BODY)
    head = bucket.head_object("a", headers={"Range": "bytes=0-1"})
    assert (head.status, head.content_length) == (200, 1000)


# --- conditions: what each is where the object was last modified at `when`

DAY = 24 * 3600
HOLDS, NOT_MODIFIED, FAILED = 200, 304, 412

CONDITIONS = [
    ({"If-Match": "{etag}"}, HOLDS),
    ({"If-Match": '"{etag}"'}, HOLDS),
    ({"If-Match": '"{other}"'}, FAILED),
    ({"If-Match": "*"}, HOLDS),
    ({"If-Match": '"{other}", "{etag}"'}, HOLDS),
    ({"If-None-Match": '"{etag}"'}, NOT_MODIFIED),
    ({"If-None-Match": '"{other}"'}, HOLDS),
    ({"If-None-Match": "*"}, NOT_MODIFIED),
    ({"If-Modified-Since": "{before}"}, HOLDS),
    ({"If-Modified-Since": "{when}"}, NOT_MODIFIED),
    ({"If-Modified-Since": "{after}"}, NOT_MODIFIED),
    ({"If-Modified-Since": "yesterday"}, HOLDS),  # does not conform to the standards
    ({"If-Unmodified-Since": "{before}"}, FAILED),
    ({"If-Unmodified-Since": "{when}"}, HOLDS),
    ({"If-Unmodified-Since": "{after}"}, HOLDS),
    ({"If-Match": '"{etag}"', "If-None-Match": '"{other}"'}, HOLDS),
    ({"If-Match": '"{other}"', "If-None-Match": '"{etag}"'}, FAILED),
    ({"If-Match": '"{etag}"', "If-Modified-Since": "{when}"}, NOT_MODIFIED),
    ({"If-Match": '"{etag}"', "If-Unmodified-Since": "{before}"}, FAILED),
    ({"If-Modified-Since": "{before}", "If-Unmodified-Since": "{after}"}, HOLDS),
    ({"If-Modified-Since": "{when}", "If-Unmodified-Since": "{before}"}, FAILED),
]


def _filled(headers: dict[str, str], etag: str, when: int) -> dict[str, str]:
    values = {
        "etag": etag,
        "other": "0" * 32,
        "before": http_date(when - DAY),
        "when": http_date(when),
        "after": http_date(when + DAY),
    }
    return {name: value.format(**values) for name, value in headers.items()}


@pytest.mark.parametrize("call", ["get_object", "head_object"])
@pytest.mark.parametrize(("headers", "status"), CONDITIONS)
def test_a_condition_is_judged_as_documented(
    bucket: oss2.Bucket, call: str, headers: dict[str, str], status: int
) -> None:
    put = bucket.put_object("a", b"x")
    when = bucket.head_object("a").last_modified
    ask = getattr(bucket, call)
    filled = _filled(headers, put.etag, when)
    if status == HOLDS:
        assert ask("a", headers=filled).status == 200
    elif status == NOT_MODIFIED:
        with pytest.raises(NotModified) as caught:
            ask("a", headers=filled)
        assert caught.value.headers["ETag"] == f'"{put.etag}"'
    else:
        with pytest.raises(PreconditionFailed) as caught:
            ask("a", headers=filled)
        error = caught.value
        assert error.message == "At least one of the pre-conditions you specified did not hold."
        assert error.ec == "0017-00001001"
        assert error.details["Condition"] in headers


def test_a_condition_on_a_missing_key_is_none(bucket: oss2.Bucket) -> None:
    with pytest.raises(oss2.exceptions.NoSuchKey):
        bucket.get_object("a", headers={"If-Match": '"x"'})


# --- response-*

OVERRIDES = {
    "response-content-type": "text/x-other; charset=gbk",
    "response-content-language": "de",
    "response-expires": "Thu, 01 Feb 2042 17:00:00 GMT",
    "response-cache-control": "no-store",
    "response-content-disposition": 'attachment; filename="testing 1.txt"',
    "response-content-encoding": "utf-8",
}
"""The six of GetObject."""


def _overrides(result: Any) -> dict[str, str]:
    return {f"response-{name.lower()}": value for name, value in result.headers.items()}


@pytest.mark.parametrize("names", [[name] for name in OVERRIDES] + [list(OVERRIDES)])
def test_a_signed_request_overrides_headers_of_the_answer(
    bucket: oss2.Bucket, names: list[str]
) -> None:
    kept = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "Content-Language": "zh"}
    bucket.put_object("a", b"x", kept)
    params = {name: OVERRIDES[name] for name in names}
    url = bucket.sign_url("GET", "a", 60, params=dict(params))
    for result in (bucket.get_object("a", params=dict(params)), bucket.get_object_with_url(url)):
        got = _overrides(result)
        for name in OVERRIDES:
            original = {f"response-{key.lower()}": value for key, value in kept.items()}
            assert got.get(name) == params.get(name, original.get(name)), name
        assert result.read() == b"x"
    head = bucket.head_object("a")
    assert head.content_type == "text/plain"


@pytest.mark.parametrize("name", OVERRIDES)
def test_nobody_overrides_headers_without_a_signature(
    live: Live, bucket: oss2.Bucket, name: str
) -> None:
    bucket.put_bucket_acl("public-read")
    bucket.put_object("a", b"x")
    anonymous = live.bucket(bucket.bucket_name, ANONYMOUS)
    assert anonymous.get_object("a").read() == b"x"
    with pytest.raises(InvalidRequest) as caught:
        anonymous.get_object("a", params={name: OVERRIDES[name]})
    assert caught.value.message == (
        "Request specific response headers cannot be used for anonymous GET requests."
    )


@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: b=c", "a\nb", "a\0b", "a\x7fb"])
def test_an_override_cannot_add_a_header(bucket: oss2.Bucket, text: str) -> None:
    bucket.put_object("a", b"x")
    with pytest.raises(oss2.exceptions.InvalidArgument) as caught:
        bucket.get_object("a", params={"response-content-type": text})
    assert "Set-Cookie" not in caught.value.headers
    assert b"<ArgumentName>response-content-type</ArgumentName>" in caught.value.body
