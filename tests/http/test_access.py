"""What anonymous requests may do under each ACL of the bucket and the object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import pytest

from tests.client import Client, Live, Signed, content_md5

BUCKET_ACLS = ("private", "public-read", "public-read-write")
OBJECT_ACLS = ("default", "private", "public-read", "public-read-write")
DELETE = b"<Delete><Object><Key>a</Key></Object></Delete>"
DELETE_MD5 = (("Content-MD5", content_md5(DELETE)),)
OPEN = (("x-oss-object-acl", "public-read-write"),)


@dataclass(frozen=True)
class Operation:
    """A request, with `{b}` for the bucket, and the right that it needs: read, write or owner."""

    name: str
    needs: str
    method: str
    target: str
    success: int
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()


OBJECT_OPERATIONS = [
    Operation("GetObject", "read", "GET", "/{b}/a", 200),
    Operation("GetObject, a range", "read", "GET", "/{b}/a", 206, None, (("Range", "bytes=0-1"),)),
    Operation("HeadObject", "read", "HEAD", "/{b}/a", 200),
    Operation("GetObjectMeta", "read", "HEAD", "/{b}/a?objectMeta", 200),
    Operation("PutObject", "write", "PUT", "/{b}/a", 200, b"new"),
    Operation("DeleteObject", "write", "DELETE", "/{b}/a", 204),
    Operation("DeleteMultipleObjects", "write", "POST", "/{b}?delete", 200, DELETE, DELETE_MD5),
    Operation("GetObjectACL", "own", "GET", "/{b}/a?acl", 200),
    Operation("PutObjectACL", "own", "PUT", "/{b}/a?acl", 200, None, OPEN),
]


GIVES = {"private": set(), "public-read": {"read"}, "public-read-write": {"read", "write"}}
"""The rights that each ACL grants to everybody."""


@pytest.mark.parametrize("object_acl", OBJECT_ACLS)
@pytest.mark.parametrize("bucket_acl", BUCKET_ACLS)
def test_object_acl_overrides_bucket_acl(
    live: Live,
    client: Client,
    signed: Signed,
    make_bucket: Callable[..., str],
    bucket_acl: str,
    object_acl: str,
) -> None:
    kept = make_bucket(bucket_acl)  # for denied requests, which must change nothing
    live.put(f"/{kept}/a", b"content", {"x-oss-object-acl": object_acl})
    found, wanted = {}, {}
    for operation in OBJECT_OPERATIONS:
        given = GIVES[bucket_acl if object_acl == "default" else object_acl]
        if operation.name == "DeleteMultipleObjects":
            given = given & GIVES[bucket_acl]  # the ACL of the bucket must allow it as well
        bucket = kept
        wanted[operation.name] = (403, "AccessDenied")
        if operation.needs in given:
            bucket = make_bucket(bucket_acl)
            live.put(f"/{bucket}/a", b"content", {"x-oss-object-acl": object_acl})
            wanted[operation.name] = (operation.success, "")
        target = operation.target.replace("{b}", bucket)
        answer = client.request(operation.method, target, operation.headers, operation.body)
        found[operation.name] = (answer.status, answer.code)
    assert found == wanted
    assert signed.request("GET", kept, "a").body == b"content"
    acl = signed.request("GET", kept, "a", {"acl": ""}).text
    assert f"<Grant>{object_acl}</Grant>" in acl


@pytest.mark.parametrize("bucket_acl", BUCKET_ACLS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_missing_object_gets_404_only_for_callers_who_may_read(
    client: Client, make_bucket: Callable[..., str], bucket_acl: str, method: str
) -> None:
    answer = client.request(method, f"/{make_bucket(bucket_acl)}/missing")
    assert answer.status == (404 if "read" in GIVES[bucket_acl] else 403)


@pytest.mark.parametrize("target_acl", BUCKET_ACLS)
def test_copy_needs_read_on_its_source_and_write_on_its_target(
    live: Live,
    client: Client,
    signed: Signed,
    make_bucket: Callable[..., str],
    target_acl: str,
) -> None:
    found, wanted = {}, {}
    for source_acl, object_acl in product(BUCKET_ACLS, OBJECT_ACLS):
        source, target = make_bucket(source_acl), make_bucket(target_acl)
        live.put(f"/{source}/a", b"content", {"x-oss-object-acl": object_acl})
        reads = "read" in GIVES[source_acl if object_acl == "default" else object_acl]
        allowed = reads and "write" in GIVES[target_acl]
        copied = client.request("PUT", f"/{target}/b", [("x-oss-copy-source", f"/{source}/a")])
        got = signed.request("GET", target, "b")
        found[source_acl, object_acl] = (copied.status, got.status)
        wanted[source_acl, object_acl] = (200, 200) if allowed else (403, 404)
    assert found == wanted


def test_changed_acl_applies_at_once(
    client: Client, signed: Signed, make_bucket: Callable[..., str], live: Live
) -> None:
    bucket = make_bucket("private")
    live.put(f"/{bucket}/a", b"content")
    steps = [
        ("PUT", "", {"x-oss-acl": "public-read"}, 200),
        ("PUT", "a", {"x-oss-object-acl": "private"}, 403),
        ("PUT", "a", {"x-oss-object-acl": "default"}, 200),
        ("PUT", "", {"x-oss-acl": "private"}, 403),
    ]
    assert client.get(f"/{bucket}/a").status == 403
    for method, key, headers, status in steps:
        assert signed.request(method, bucket, key, {"acl": ""}, headers).status == 200
        assert client.get(f"/{bucket}/a").status == status


def test_one_private_object_prevents_the_deletion_of_a_list(
    live: Live, client: Client, signed: Signed, make_bucket: Callable[..., str]
) -> None:
    bucket = make_bucket("public-read-write")
    live.put(f"/{bucket}/a", b"content")
    live.put(f"/{bucket}/b", b"content", {"x-oss-object-acl": "private"})
    both = b"<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>"
    digest = content_md5(both)
    headers = [("Content-MD5", digest)]
    assert client.request("POST", f"/{bucket}?delete", headers, both).status == 403
    for key in ("a", "b"):
        assert signed.request("HEAD", bucket, key).status == 200
    answer = signed.request("POST", bucket, "", {"delete": ""}, {"Content-MD5": digest}, both)
    assert answer.status == 200
    for key in ("a", "b"):
        assert signed.request("HEAD", bucket, key).status == 404
