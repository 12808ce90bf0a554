"""The bucket and key of a request: path style, virtual hosts and encoded keys."""

from __future__ import annotations

from collections.abc import Callable

import oss2
import pytest

from tests.client import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    Client,
    Live,
    Signed,
    sign,
)


@pytest.fixture
def bucket(live: Live, make_bucket: Callable[..., str]) -> str:
    """A bucket that anybody may read and write, with the object `dir/a b`."""
    name = make_bucket("public-read-write")
    live.put(f"/{name}/dir/a%20b", b"content")
    return name


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("dir/a", "dir/a"),
        ("dir%2Fa", "dir/a"),
        ("dir%2fa", "dir/a"),
        ("a//b", "a//b"),
        ("a%2F%2Fb", "a//b"),
        ("x/../y", "x/../y"),
        ("x/./y", "x/./y"),
        ("%2E%2E%2F%2E%2E", "../.."),
        ("..%2F..", "../.."),
        ("..", ".."),
        ("a%252Fb", "a%2Fb"),
        ("a%2525", "a%25"),
        ("a+b", "a b"),
        ("a%2Bb", "a+b"),
        ("a%20b", "a b"),
        ("a%", "a%"),
        ("a%zz", "a%zz"),
        ("%E4%B8%AD", "中"),
        ("%e4%b8%ad", "中"),
        ("%00", "\0"),
        ("a%3Fb%23c", "a?b#c"),
        ("a;b=c&d", "a;b=c&d"),
        ("a%5Cb", "a\\b"),
        ("trailing/", "trailing/"),
        ("~!$'()*,:@", "~!$'()*,:@"),
    ],
)
@pytest.mark.parametrize("style", ["path", "host"])
def test_key_is_decoded_once_and_not_normalized(
    live: Live, client: Client, make_bucket: Callable[..., str], written: str, key: str, style: str
) -> None:
    """P-03"""
    bucket = make_bucket("public-read-write")
    prefix = f"/{bucket}" if style == "path" else ""
    host = ("Host", "localhost" if style == "path" else f"{bucket}.localhost")
    assert client.put(f"{prefix}/{written}", b"x", host).status == 200
    keys = live.run(lambda: [item.key for item in live.service.storage.objects(bucket)])
    assert keys == [key]
    assert client.get(f"{prefix}/{written}", host).body == b"x"


@pytest.mark.parametrize("blank", ["%20", "+"])
def test_space_in_a_query_is_a_plus_or_percent_20(
    signed: Signed, client: Client, bucket: str, blank: str
) -> None:
    """P-04: the signature covers the decoded value."""
    target, fields = sign(signed.auth, "header", "GET", bucket, "", {"prefix": "dir/a b"})
    assert "%20" in target
    answer = client.request("GET", target.replace("%20", blank), fields)
    assert answer.body.count(b"<Key>dir/a b</Key>") == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_get_with_a_length_but_no_body_is_answered(
    client: Client, bucket: str, method: str
) -> None:
    """P-05: a test of oss2 does this. The connection closes, so nothing is taken for the body."""
    with client.connect() as connection:
        headers = [("Host", "localhost"), ("Content-Length", "9")]
        answer = connection.request(method, f"/{bucket}/dir/a%20b", headers)
        assert answer.status == 200
        assert answer.headers["Content-Length"] == "7"
        assert answer.headers["Connection"] == "close"


def test_plus_sign_in_the_path_is_a_space_and_signed_as_one(
    client: Client, live: Live, bucket: str
) -> None:
    """P-43: the SDK for Ruby signs the key with a space and sends a plus sign for it."""
    auth = oss2.Auth(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign(auth, "header", "GET", bucket, "dir/a b")
    assert "%20" in target
    answer = client.request("GET", target.replace("%20", "+"), fields)
    assert (answer.status, answer.body) == (200, b"content")
    assert client.get(f"/{bucket}/dir/a%2Bb").code == "NoSuchKey"


def test_s3_endpoint_speaks_s3(live: Live, client: Client, bucket: str) -> None:
    """P-59"""
    live.put(f"/{bucket}/a", b"content")
    answer = client.get("/a", ("Host", f"{bucket}.s3.oss-cn-hangzhou.aliyuncs.com"))
    assert (answer.status, answer.body) == (200, b"content")
    assert answer.headers["x-amz-request-id"] == answer.headers["x-oss-request-id"]
