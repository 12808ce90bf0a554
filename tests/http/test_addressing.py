"""The bucket and key of a request: queries, custom domains, regions, listening addresses."""

from __future__ import annotations

import hmac
import socket
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import alibabacloud_oss_v2 as oss
import oss2
import pytest
from oss_emulator import Emulator

from tests.client import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    REGION,
    SETTINGS,
    SIGNERS,
    Answer,
    Client,
    Live,
    Signed,
    serve,
    sign,
)
from tests.rows import rows


def get(client: Client, host: str, target: str = "/a") -> Answer:
    return client.get(target, ("Host", host))


# --- the path and the query


@pytest.fixture
def bucket(live: Live, make_bucket: Callable[..., str]) -> str:
    """A bucket that anybody may read and write, with the object `dir/a b`."""
    name = make_bucket("public-read-write")
    live.put(f"/{name}/dir/a%20b", b"content")
    return name


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
    """P-05: a test of oss2 does this. The connection closes, so nothing is read as the body."""
    with client.connect() as connection:
        headers = [("Host", "localhost"), ("Content-Length", "9")]
        answer = connection.request(method, f"/{bucket}/dir/a%20b", headers)
        assert answer.status == 200
        assert answer.headers["Content-Length"] == "7"
        assert answer.headers["Connection"] == "close"


def test_plus_sign_in_the_path_is_a_space_and_signed_as_one(client: Client, bucket: str) -> None:
    """P-43: the SDK for Ruby signs the key with a space and sends a plus sign for it."""
    auth = oss2.Auth(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign(auth, "header", "GET", bucket, "dir/a b")
    assert "%20" in target
    answer = client.request("GET", target.replace("%20", "+"), fields)
    assert (answer.status, answer.body) == (200, b"content")
    assert client.get(f"/{bucket}/dir/a%2Bb").code == "NoSuchKey"


# --- custom domains


@rows("version", "v1", "v4")
def test_oss2_works_with_a_custom_domain(version: str) -> None:
    """With `is_cname`, the signature names the bucket and the address does not."""
    keys: dict[str, Any] = {"access_key_id": ACCESS_KEY_ID, "access_key_secret": ACCESS_KEY_SECRET}
    with Emulator(cname={"img.example.com": "a-bucket"}, **keys) as emulator:
        emulator.put("/a-bucket")
        auth = SIGNERS[version](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
        bucket = oss2.Bucket(
            auth,
            "http://img.example.com",
            "a-bucket",
            is_cname=True,
            region=REGION,
            proxies={"http": emulator.endpoint},
        )
        bucket.put_object("dir/a b", b"content")
        assert bucket.get_object("dir/a b").read() == b"content"
        assert [item.key for item in oss2.ObjectIterator(bucket)] == ["dir/a b"]
        assert bucket.sign_url("GET", "a", 60).startswith("http://img.example.com/a?")


# --- other regions


@rows("version", "v1", "v4")
def test_buckets_of_two_regions_live_in_one_server(version: str) -> None:
    """P-01, P-33, P-80"""
    keys: dict[str, Any] = {"access_key_id": ACCESS_KEY_ID, "access_key_secret": ACCESS_KEY_SECRET}
    with Emulator(**keys) as emulator:

        def bucket_at(region: str, name: str) -> oss2.Bucket:
            endpoint, proxies = f"http://oss-{region}.aliyuncs.com", {"http": emulator.endpoint}
            auth = SIGNERS[version](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
            return oss2.Bucket(auth, endpoint, name, region=region, proxies=proxies)

        here, there = bucket_at(REGION, "bucket-1"), bucket_at("cn-beijing", "bucket-2")
        for bucket in (here, there):
            bucket.create_bucket()
            bucket.put_object("a", b"content")
        info = there.get_bucket_info()
        assert (info.location, info.extranet_endpoint, info.intranet_endpoint) == (
            "oss-cn-beijing",
            "oss-cn-beijing.aliyuncs.com",
            "oss-cn-beijing-internal.aliyuncs.com",
        )
        service = oss2.Service(here.auth, here.endpoint, region=REGION, proxies=here.proxies)
        found = service.list_buckets().buckets
        assert {each.name: each.extranet_endpoint for each in found} == {
            "bucket-1": f"oss-{REGION}.aliyuncs.com",
            "bucket-2": "oss-cn-beijing.aliyuncs.com",
        }
        with pytest.raises(oss2.exceptions.AccessDenied, match="cn-beijing") as caught:
            bucket_at(REGION, "bucket-2").get_object("a")
        assert caught.value.details["EC"] == "0003-00001403"
        with pytest.raises(oss2.exceptions.AccessDenied, match="same data center") as caught:
            here.copy_object("bucket-2", "a", "b")
        assert caught.value.details["EC"] == "0016-00000306"
        with pytest.raises(oss2.exceptions.ServerError, match="InvalidTargetBucketForLogging"):
            here.put_bucket_logging(oss2.models.BucketLogging("bucket-2", "logs/"))


# --- invalid hosts


@pytest.mark.parametrize("host", ["a b", "a:65536", "[::1", "user@a", "é"])
@pytest.mark.parametrize("target", ["/b/a", "/_emulator/health"])
def test_invalid_host_gets_400(client: Client, host: str, target: str) -> None:
    answer = get(client, host, target)
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert answer.error["ErrorDetail"]


@pytest.mark.parametrize("fields", [b"", b"Host: a\r\nHost: b\r\n", b"Host : a\r\n"])
def test_http_1_1_needs_exactly_one_host(client: Client, fields: bytes) -> None:
    """RFC 9112, 3.2"""
    with client.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\n" + fields + b"\r\n")
        answer = connection.receive()
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert get(client, "localhost", "/").status == 403  # the server still answers


# --- the listening address


@pytest.fixture
def ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 address to listen on")


@pytest.mark.usefixtures("ipv6")
@pytest.mark.parametrize("host", ["", "::"])
def test_server_listens_on_ipv6_and_ipv4(host: str) -> None:
    """oss2 accepts the endpoint that the emulator names."""
    with Emulator(host=host, tls_port=0) as emulator:
        for address in ("127.0.0.1", "::1"):
            assert get(Client(address, emulator.port), "localhost", "/").status == 403
        assert emulator.endpoint == f"http://127.0.0.1:{emulator.port}"
        assert emulator.bucket("a-bucket").get_bucket_info().name == "a-bucket"


@pytest.mark.usefixtures("ipv6")
def test_server_listens_on_ipv6() -> None:
    """SDK V2 accepts an IPv6 endpoint with path style; oss2 accepts none."""
    emulator = Emulator(host="::1").start()
    try:
        client = Client("::1", emulator.port)
        emulator.put("/a-bucket", headers={"x-oss-acl": "public-read"})
        emulator.put("/a-bucket/a", b"content")
        for host in (f"[::1]:{emulator.port}", "[::1]", "[0:0::1]"):
            assert get(client, host, "/a-bucket/a").body == b"content"
        assert emulator.endpoint == f"http://[::1]:{emulator.port}"
        config = oss.config.Config(
            region=REGION,
            endpoint=emulator.endpoint,
            use_path_style=True,
            credentials_provider=oss.credentials.AnonymousCredentialsProvider(),
        )
        answer = oss.Client(config).get_object(oss.GetObjectRequest("a-bucket", "a"))
        assert answer.body is not None
        assert answer.body.read() == b"content"
    finally:
        emulator.stop()


# --- lenient


def test_lenient_server_stores_a_key_in_overlong_utf8() -> None:
    """P-92: the suite of ossutil uploads and downloads the key `C0 AE`; both sign these bytes."""
    date = format_datetime(datetime.now(UTC), usegmt=True)

    def signed(method: str) -> tuple[str, str]:
        text = f"{method}\n\n\n{date}\n/a-bucket/".encode() + b"\xc0\xae/a"
        digest = hmac.digest(ACCESS_KEY_SECRET.encode(), text, "sha1")
        return ("Authorization", f"OSS {ACCESS_KEY_ID}:{b64encode(digest).decode()}")

    def ask(method: str, body: bytes = b"") -> Answer:
        headers = [("Date", date), signed(method), ("Content-Type", "")]
        return running.client.request(method, "/a-bucket/%C0%AE%2Fa", headers, body)

    with serve(replace(SETTINGS, lenient=True)) as running:
        running.put_bucket("a-bucket")
        assert ask("PUT", b"content").status == 200
        assert ask("GET").body == b"content"
        assert ask("DELETE").status == 204


@rows("limit", "645763", "800000")
def test_lenient_server_takes_a_low_traffic_limit(limit: str) -> None:
    """P-92: ali-oss and ossutil are tested with these limits."""
    with serve(replace(SETTINGS, lenient=True)) as running:
        running.put_bucket("a-bucket", "public-read-write")
        slow = ("x-oss-traffic-limit", limit)
        assert running.client.put("/a-bucket/a", b"content", slow).status == 200
        assert running.client.get("/a-bucket/a", slow).body == b"content"
