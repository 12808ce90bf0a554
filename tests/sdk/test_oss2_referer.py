"""PutBucketReferer and GetBucketReferer through oss2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oss2
import pytest
from oss2.exceptions import AccessDenied, NoSuchBucket
from oss2.models import BucketReferer

from tests.client import ANONYMOUS, Live

VERBATIM = [
    "http://www.aliyun.com",
    "https://阿里云.example/*",
    "https://a.example/?a=1&b=2+c%20d",
    "mibrowser:home",
    "www.example.com",
    "*.example.com",
    "http://www.aliyun.com",
    '<tag attribute="\'">',
    "https://😀.example/",
]
"""P-34: order, duplicates and values come back as they were put."""


def rules(bucket: oss2.Bucket) -> dict[str, Any]:
    found = bucket.get_bucket_referer()
    return {
        "allow_empty_referer": found.allow_empty_referer,
        "referers": found.referers,
        "allow_truncate_query_string": found.allow_truncate_query_string,
        "black_referers": found.black_referers,
    }


UNSET = {
    "allow_empty_referer": True,
    "referers": [],
    "allow_truncate_query_string": True,
    "black_referers": [],
}
"""R-15, R-26."""


@pytest.mark.parametrize(
    ("put", "got"),
    [
        (BucketReferer(True, []), UNSET),
        (BucketReferer(False, []), {**UNSET, "allow_empty_referer": False}),
        (BucketReferer(True, VERBATIM), {**UNSET, "referers": VERBATIM}),
        (
            BucketReferer(False, VERBATIM, False, VERBATIM[::-1]),
            {
                "allow_empty_referer": False,
                "referers": VERBATIM,
                "allow_truncate_query_string": False,
                "black_referers": VERBATIM[::-1],
            },
        ),
        # P-34: true where the element is missing.
        (BucketReferer(True, [], None), {**UNSET, "allow_truncate_query_string": True}),
        (BucketReferer(True, [], False), {**UNSET, "allow_truncate_query_string": False}),
        (BucketReferer(True, [], True), {**UNSET, "allow_truncate_query_string": True}),
        (
            BucketReferer(True, [], black_referers=["http://a.example/"]),
            {**UNSET, "black_referers": ["http://a.example/"]},
        ),
        (BucketReferer(True, [""]), {**UNSET, "referers": [""]}),
    ],
)
def test_rules_come_back_as_they_were_put(
    bucket: oss2.Bucket, put: BucketReferer, got: dict[str, Any]
) -> None:
    """R-30, P-34"""
    result = bucket.put_bucket_referer(put)
    assert (result.status, result.headers["Content-Length"]) == (200, "0")
    assert rules(bucket) == got


def test_delete_of_rules_gets_501_and_deletes_nothing(bucket: oss2.Bucket) -> None:
    """R-34, P-40: nor does it delete the bucket."""
    bucket.put_bucket_referer(BucketReferer(False, ["http://a/"]))
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket._do("DELETE", bucket.bucket_name, "", params={"referer": ""})
    assert (caught.value.status, caught.value.code) == (501, "NotImplemented")
    assert rules(bucket)["referers"] == ["http://a/"]


each_call = pytest.mark.parametrize(
    "call",
    [
        pytest.param(
            lambda it: it.put_bucket_referer(BucketReferer(True, ["http://a/"])), id="put"
        ),
        pytest.param(oss2.Bucket.get_bucket_referer, id="get"),
    ],
)


@each_call
def test_anonymous_caller_may_not_read_or_set_rules(
    live: Live, bucket: oss2.Bucket, call: Callable[[oss2.Bucket], Any]
) -> None:
    """R-32: whatever the ACL."""
    bucket.put_bucket_acl("public-read-write")
    with pytest.raises(AccessDenied) as caught:
        call(live.bucket(bucket.bucket_name, ANONYMOUS))
    assert (caught.value.status, caught.value.code) == (403, "AccessDenied")
    assert rules(bucket) == UNSET


@each_call
def test_missing_bucket_is_reported_before_the_signature(
    live: Live, owner: Any, call: Callable[[oss2.Bucket], Any]
) -> None:
    """R-32, P-18"""
    for who in (owner, ANONYMOUS):
        with pytest.raises(NoSuchBucket) as caught:
            call(live.bucket("no-such-bucket", who))
        assert caught.value.ec == "0015-00000101"


def test_each_bucket_has_rules_of_its_own(
    live: Live, bucket: oss2.Bucket, make_bucket: Any, owner: Any
) -> None:
    """R-03"""
    other = live.bucket(make_bucket(), owner)
    bucket.put_bucket_referer(BucketReferer(True, ["http://a/"]))
    other.put_bucket_referer(BucketReferer(True, ["http://b/"]))
    assert rules(bucket)["referers"] == ["http://a/"]
    assert rules(other)["referers"] == ["http://b/"]


@pytest.mark.parametrize(
    ("referer", "ec"),
    [
        (None, "0003-00000501"),
        ("http://other.example/", "0003-00000503"),
        ("http://bad.example/", "0003-00000502"),
        ("http://good.example/page", None),
    ],
)
@pytest.mark.parametrize("way", ["get", "head", "url"])
def test_rules_apply_as_soon_as_they_are_put(
    live: Live, bucket: oss2.Bucket, way: str, referer: str | None, ec: str | None
) -> None:
    """R-01, R-11 … R-13: to anonymous requests and signed URLs, not to signed headers."""
    bucket.put_bucket_acl("public-read")
    bucket.put_object("a", b"x")
    headers = {} if referer is None else {"Referer": referer}
    anonymous = live.bucket(bucket.bucket_name, ANONYMOUS)

    def ask() -> Any:
        if way == "url":
            return bucket.get_object_with_url(bucket.sign_url("GET", "a", 60), headers=headers)
        return getattr(anonymous, f"{way}_object")("a", headers=headers)

    assert ask().status == 200
    bucket.put_bucket_referer(
        BucketReferer(False, ["http://good.example/"], black_referers=["http://bad."])
    )
    if ec is None:
        assert ask().status == 200
    else:
        with pytest.raises(AccessDenied) as caught:
            ask()
        error = caught.value
        assert error.message == "You are denied by bucket referer policy."
        assert error.ec == error.headers["x-oss-ec"] == ec
        assert error.details["BucketName"] == bucket.bucket_name
        assert error.details["RecommendDoc"] == f"https://api.aliyun.com/troubleshoot?q={ec}"
    assert bucket.get_object("a", headers=headers).read() == b"x"
    bucket.put_bucket_referer(BucketReferer(True, []))
    assert ask().status == 200
