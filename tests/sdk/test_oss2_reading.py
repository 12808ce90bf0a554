"""Reading through oss2: ranges, conditions, overridden headers."""

from __future__ import annotations

from typing import Any

import oss2
import pytest

BODY = b"".join(b"%04d" % number for number in range(250))
"""The 1,000 bytes of the examples in the reference."""

# --- ranges


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
def test_ranges_of_oss2_mean_what_it_documents(
    bucket: oss2.Bucket, byte_range: tuple[int | None, int | None], expected: bytes
) -> None:
    bucket.put_object("a", BODY)
    assert bucket.get_object("a", byte_range=byte_range).read() == expected


@pytest.mark.parametrize(
    ("first", "last"), [(0, 0), (4 * 1024 * 1024 - 1, 4 * 1024 * 1024), (5_000_000, 6_291_455)]
)
def test_range_of_a_large_object_is_read_from_its_file(
    bucket: oss2.Bucket, first: int, last: int
) -> None:
    body = b"".join(b"%08d" % number for number in range(6 * 1024 * 1024 // 8))
    bucket.put_object("a", body)
    assert bucket.get_object("a", byte_range=(first, last)).read() == body[first : last + 1]


# --- conditions


def test_failed_condition_raises_the_exception_of_its_status(bucket: oss2.Bucket) -> None:
    etag = bucket.put_object("a", b"x").etag
    for ask in (bucket.get_object, bucket.head_object):
        with pytest.raises(oss2.exceptions.NotModified) as not_modified:
            ask("a", headers={"If-None-Match": f'"{etag}"'})
        assert not_modified.value.headers["ETag"] == f'"{etag}"'
        with pytest.raises(oss2.exceptions.PreconditionFailed) as failed:
            ask("a", headers={"If-Match": '"x"'})
        assert failed.value.details["Condition"] == "If-Match"


# --- response-*

OVERRIDES = {
    "response-content-type": "text/x-other; charset=gbk",
    "response-content-language": "de",
    "response-expires": "Thu, 01 Feb 2042 17:00:00 GMT",
    "response-cache-control": "no-store",
    "response-content-disposition": 'attachment; filename="testing 1.txt"',
    "response-content-encoding": "utf-8",
}
"""The six parameters of GetObject."""


def _overrides(result: Any) -> dict[str, str]:
    return {f"response-{name.lower()}": value for name, value in result.headers.items()}


@pytest.mark.parametrize("names", [[name] for name in OVERRIDES] + [list(OVERRIDES)])
def test_signed_request_overrides_headers_of_the_answer(
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


@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: b=c", "a\nb", "a\0b", "a\x7fb"])
def test_override_cannot_add_a_header(bucket: oss2.Bucket, text: str) -> None:
    bucket.put_object("a", b"x")
    with pytest.raises(oss2.exceptions.InvalidArgument) as caught:
        bucket.get_object("a", params={"response-content-type": text})
    assert "Set-Cookie" not in caught.value.headers
    assert b"<ArgumentName>response-content-type</ArgumentName>" in caught.value.body
