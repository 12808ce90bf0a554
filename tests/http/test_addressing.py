"""The bucket and key of a request: path style, virtual hosts and encoded keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import oss2
import pytest

from tests.http.client import Client, check_error
from tests.http.live import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SETTINGS, Live, Signed, serve, sign


@pytest.fixture
def bucket(live: Live, make_bucket: Callable[..., str]) -> str:
    """A bucket that anybody may read and write, with the object `dir/a b`."""
    name = make_bucket("public-read-write")
    live.put(f"/{name}/dir/a%20b", b"content")
    return name


PATH_STYLE = [
    "127.0.0.1",
    "127.0.0.1:{port}",
    "127.0.0.1:80",
    "localhost",
    "localhost:9000",
    "LOCALHOST",
    "localhost.",
    "[::1]",
    "[::1]:9000",
    "10.1.2.3:9000",
    "oss-cn-hangzhou.aliyuncs.com",
    "oss-cn-hangzhou-internal.aliyuncs.com",
    "cn-hangzhou.oss.aliyuncs.com",
    "oss-accelerate.aliyuncs.com",
    "oss-accelerate-overseas.aliyuncs.com:443",
    "oss-cn-hangzhou.localhost:9000",
    "OSS-CN-Hangzhou.Aliyuncs.COM.",
    "a-container",
]
VIRTUAL_HOST = [
    "{b}.localhost",
    "{b}.localhost:9000",
    "{b}.LOCALHOST.",
    "{b}.oss-cn-hangzhou.localhost:9000",
    "{b}.oss-cn-hangzhou.aliyuncs.com",
    "{b}.oss-cn-hangzhou.aliyuncs.com:443",
    "{b}.oss-cn-hangzhou-internal.aliyuncs.com",
    "{b}.cn-hangzhou.oss.aliyuncs.com",
    "{b}.oss-accelerate.aliyuncs.com",
    "{b}.oss-accelerate-overseas.aliyuncs.com",
    "{b}.oss-cn-hangzhou.aliyuncs.com.",
    "{B}.OSS-cn-hangzhou.ALIYUNCS.com",
]


@pytest.mark.parametrize("host", PATH_STYLE)
def test_ip_address_and_endpoint_use_path_style(
    live: Live, client: Client, bucket: str, host: str
) -> None:
    """P-01"""
    name = host.format(port=live.port)
    answer = client.get(f"/{bucket}/dir/a%20b", ("Host", name))
    assert (answer.status, answer.body) == (200, b"content")
    assert client.get(f"/{bucket}", ("Host", name)).error["EC"] == "0003-00000905"
    assert client.get("/", ("Host", name)).error["EC"] == "0003-00001201"


@pytest.mark.parametrize("host", VIRTUAL_HOST)
def test_virtual_host_names_the_bucket(client: Client, bucket: str, host: str) -> None:
    """P-01"""
    name = host.format(b=bucket, B=bucket.upper())
    answer = client.get("/dir/a%20b", ("Host", name))
    assert (answer.status, answer.body) == (200, b"content")
    assert client.get("/", ("Host", name)).error["EC"] == "0003-00000905"
    missing = client.get(f"/{bucket}/dir/a%20b", ("Host", name))
    assert missing.error["Key"] == f"{bucket}/dir/a b"


@pytest.mark.parametrize(
    "host",
    [
        "no-such-bucket.localhost",
        "no-such-bucket.oss-cn-hangzhou.aliyuncs.com",
        "www.example.com",
        "{b}.example.com",
    ],
)
def test_unknown_host_gets_no_such_bucket(client: Client, bucket: str, host: str) -> None:
    answer = client.get("/dir/a%20b", ("Host", host.format(b=bucket)))
    assert (answer.status, answer.code) == (404, "NoSuchBucket")


def test_endpoint_of_another_region_is_refused(client: Client, bucket: str) -> None:
    host = f"{bucket}.oss-cn-beijing.aliyuncs.com"
    check_error(
        client.get("/dir/a%20b", ("Host", host)),
        403,
        "AccessDenied",
        "The bucket you are attempting to access must be addressed using the specified endpoint. "
        "Please send all future requests to this endpoint.",
        "0003-00001403",
        Bucket=bucket,
        Endpoint="oss-cn-hangzhou.aliyuncs.com",
    )


def test_configured_base_domains_are_served() -> None:
    """P-01"""
    with serve(replace(SETTINGS, domain=("oss.example.test", "OSS2.test."))) as running:
        running.put_bucket("a-bucket", "public-read")
        running.put("/a-bucket/a", b"content")
        for host, target in [
            ("oss.example.test", "/a-bucket/a"),
            ("oss.example.test:9000", "/a-bucket/a"),
            ("a-bucket.oss.example.test", "/a"),
            ("a-bucket.oss2.test:9000", "/a"),
            ("a-bucket.localhost", "/a"),
        ]:
            assert running.client.get(target, ("Host", host)).body == b"content"
        answer = running.client.get("/a", ("Host", "a-bucket.example.test"))
        assert answer.code == "NoSuchBucket"


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


@pytest.mark.parametrize("style", ["path", "host"])
@pytest.mark.parametrize("suffix", ["", "/"])
def test_slash_after_the_bucket_is_optional(
    client: Client, bucket: str, signed: Signed, style: str, suffix: str
) -> None:
    target = f"/{bucket}{suffix}" if style == "path" else "/"
    host = "localhost" if style == "path" else f"{bucket}.localhost"
    answer = client.get(f"{target}?location", ("Host", host))
    assert answer.error["EC"] == "0003-00000905"


@pytest.mark.parametrize(
    "query", ["acl", "acl=", "acl&", "&acl", "acl=&x-oss-traffic-limit=819200", "%61cl"]
)
def test_equals_sign_after_a_subresource_is_optional(
    client: Client, signed: Signed, bucket: str, query: str
) -> None:
    """P-04"""
    answer = client.get(f"/{bucket}/dir/a%20b?{query}")
    assert (answer.status, answer.code) == (403, "AccessDenied")  # only the owner may GetObjectACL


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


def test_absolute_url_in_the_request_line_is_accepted(client: Client, bucket: str) -> None:
    """RFC 9112, 3.2.2: clients send it through a proxy."""
    answer = client.get(f"http://localhost:9000/{bucket}/dir/a%20b", ("Host", "localhost:9000"))
    assert (answer.status, answer.body) == (200, b"content")


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
