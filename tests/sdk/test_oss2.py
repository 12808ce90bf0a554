"""oss2: what exchanges and its own suite do not show."""

from __future__ import annotations

from typing import Any

import oss2
import pytest
from oss2.exceptions import AccessDenied
from oss2.models import BucketReferer

from tests.client import ANONYMOUS, Live


def test_many_keys_are_deleted_at_once(bucket: oss2.Bucket) -> None:
    """P-35: also keys that XML 1.0 forbids."""
    keys = ["a", "b<>&'\"", "中文", "\x0c\x01\x1f", "c d+%20", "a//b", " blank ", "\t\n"]
    for key in [*keys, "stays"]:
        bucket.put_object(key, b"x")
    result = bucket.batch_delete_objects([*keys, "never there"])
    assert (result.status, result.deleted_keys) == (200, [*keys, "never there"])
    assert [item.key for item in bucket.list_objects().object_list] == ["stays"]


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
