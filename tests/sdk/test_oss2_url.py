"""Signed URLs of oss2, each way of signing: GET, PUT and HEAD, used by anybody."""

from __future__ import annotations

from typing import Any

import oss2
import pytest
import requests
from oss2.exceptions import AccessDenied, ServerError

from tests.http.live import ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION, Live

KEYS = [
    "a",
    "a b+c%25?&=#",
    "中文/测试.txt",
    "a//b",
    "x/../y",
    "a\x01\x1fb",
    "dir/😀",
    "~!$&'()*,;=:@",
]

# `requests` takes dots out of a path before it sends it, unless their slashes are encoded.
URLS = [(key, safe) for key in KEYS for safe in (False, True) if not (safe and "/../" in key)]


@pytest.mark.parametrize(("key", "slash_safe"), URLS)
def test_a_signed_url_gets_and_puts_what_it_names(
    bucket: oss2.Bucket, key: str, slash_safe: bool
) -> None:
    """P-03: whether `/` is encoded or not."""
    put = bucket.sign_url("PUT", key, 60, slash_safe=slash_safe)
    assert bucket.put_object_with_url(put, b"body").status == 200
    assert [item.key for item in bucket.list_objects().object_list] == [key]
    got = bucket.get_object_with_url(bucket.sign_url("GET", key, 60, slash_safe=slash_safe))
    assert got.read() == b"body"
    head = requests.head(bucket.sign_url("HEAD", key, 60, slash_safe=slash_safe), timeout=20)
    assert (head.status_code, head.headers["Content-Length"]) == (200, "4")


def test_a_signed_put_carries_headers(bucket: oss2.Bucket) -> None:
    headers = {"Content-Type": "text/plain", "x-oss-meta-a": "1", "x-oss-object-acl": "private"}
    url = bucket.sign_url("PUT", "a", 60, headers=dict(headers))
    bucket.put_object_with_url(url, b"x", headers=headers)
    head = bucket.head_object("a")
    assert (head.content_type, head.headers["x-oss-meta-a"]) == ("text/plain", "1")
    assert bucket.get_object_acl("a").acl == "private"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/html", "x-oss-meta-a": "1"},
        {"Content-Type": "text/plain", "x-oss-meta-a": "2"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "text/plain", "x-oss-meta-a": "1", "x-oss-object-acl": "public-read"},
    ],
)
def test_a_signed_put_takes_no_other_headers(bucket: oss2.Bucket, headers: dict[str, str]) -> None:
    signed = {"Content-Type": "text/plain", "x-oss-meta-a": "1"}
    url = bucket.sign_url("PUT", "a", 60, headers=signed)
    with pytest.raises(oss2.exceptions.SignatureDoesNotMatch):
        bucket.put_object_with_url(url, b"x", headers=headers)
    assert not bucket.object_exists("a")


def test_a_signed_url_is_for_one_method(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", b"x")
    url = bucket.sign_url("GET", "a", 60)
    with pytest.raises(oss2.exceptions.SignatureDoesNotMatch):
        bucket.put_object_with_url(url, b"y")
    assert requests.head(url, timeout=20).status_code == 403
    assert requests.delete(url, timeout=20).status_code == 403
    assert bucket.get_object("a").read() == b"x"


def test_a_signed_url_is_for_one_key(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", b"x")
    bucket.put_object("b", b"y")
    url = bucket.sign_url("GET", "a", 60)
    with pytest.raises(oss2.exceptions.SignatureDoesNotMatch):
        bucket.get_object_with_url(url.replace("/a?", "/b?"))


def test_a_signed_url_ends(bucket: oss2.Bucket) -> None:
    """P-17. V4 has no end in the past: its life time is at least a second."""
    bucket.put_object("a", b"x")
    url = bucket.sign_url("GET", "a", -1)
    with pytest.raises(ServerError) as caught:
        bucket.get_object_with_url(url)
    error = caught.value
    if bucket.auth.auth_version() == "v4":
        assert (error.status, error.code) == (400, "InvalidArgument")
        assert error.name == "x-oss-expires"
    else:
        assert isinstance(error, AccessDenied)
        assert error.message == "Request has expired."
        assert error.details["Expires"] < error.details["ServerTime"]


def test_a_token_travels_in_the_url(live: Live, bucket: oss2.Bucket) -> None:
    """P-16: it is read there, and refused beside a key that is not temporary."""
    bucket.put_object("a", b"x")
    version = bucket.auth.auth_version()
    sts = oss2.StsAuth(ACCESS_KEY_ID, ACCESS_KEY_SECRET, "a token/+=", auth_version=version)
    again = live.bucket(bucket.bucket_name, sts)
    url = again.sign_url("GET", "a", 60)
    assert "token%2F%2B%3D" in url
    with pytest.raises(oss2.exceptions.OssError) as caught:
        bucket.get_object_with_url(url)
    assert (caught.value.status, caught.value.code) == (403, "InvalidAccessKeyId")


@pytest.mark.parametrize("additional", [["range"], ["range", "if-modified-since"]])
def test_additional_headers_are_signed(live: Live, make_bucket: Any, additional: list[str]) -> None:
    """P-13, P-14: only V2 and V4 know them."""
    name = make_bucket()
    for factory in (oss2.AuthV2, oss2.AuthV4):
        bucket = live.bucket(name, factory(ACCESS_KEY_ID, ACCESS_KEY_SECRET))
        bucket.put_object("a", b"0123456789")
        headers = {"range": "bytes=2-3", "if-modified-since": "Fri, 13 Nov 2015 14:47:53 GMT"}
        url = bucket.sign_url("GET", "a", 60, headers=headers, additional_headers=additional)
        assert "x-oss-additional-headers=" in url
        assert bucket.get_object_with_url(url, headers=headers).read() == b"23"
        with pytest.raises(oss2.exceptions.SignatureDoesNotMatch):
            bucket.get_object_with_url(url, headers={**headers, "range": "bytes=4-5"})


def test_a_url_may_be_used_again_and_again(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", b"x")
    url = bucket.sign_url("GET", "a", 60)
    for _ in range(3):
        assert bucket.get_object_with_url(url).read() == b"x"


def test_a_signed_url_works_whatever_the_addressing(live: Live, bucket: oss2.Bucket) -> None:
    """The Host is never signed: the same query in the virtual-host form."""
    bucket.put_object("dir/a b", b"x")
    url = bucket.sign_url("GET", "dir/a b", 60)
    host = f"{bucket.bucket_name}.oss-{REGION}.aliyuncs.com"
    path_style = f"/{bucket.bucket_name}/"
    answer = requests.get(url.replace(path_style, "/", 1), headers={"Host": host}, timeout=20)
    assert (answer.status_code, answer.content) == (200, b"x")
