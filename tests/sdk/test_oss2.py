"""oss2: what exchanges and its own suite do not show of buckets, objects and Referer rules."""

from __future__ import annotations

import random
import time
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import md5
from operator import attrgetter
from typing import Any

import oss2
import pytest
from oss2 import models
from oss2.exceptions import AccessDenied, BucketNotEmpty, NoSuchBucket, ServerError
from oss2.models import (
    BucketReferer,
    LiveChannelInfo,
    LiveChannelInfoTarget,
    PartInfo,
)
from oss_emulator.storage.blobs import SPOOL_ABOVE

from tests.client import ANONYMOUS, REGION, Client, Live, serve
from tests.sdk.v2 import NAMES
from tests.unit.selecting.cases import CASES, Case

# --- Objects through oss2: bodies, odd keys, deletion

BODIES = {
    "empty": b"",
    "every byte": bytes(range(256)),
    "1 MiB": bytes(range(256)) * 4096,
    # Larger than objects that are kept in memory: written to a file.
    "large": b"0123456789abcdef" * (SPOOL_ABOVE // 16 + 1),
}
each_body = pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)

ODD_KEYS = [*NAMES, "a" * 1023, "中" * 341]


def digest(body: bytes) -> str:
    return md5(body, usedforsecurity=False).hexdigest().upper()


def crc(body: bytes) -> int:
    sums = oss2.utils.Crc64()
    sums.update(body)
    return int(sums.crc)


# --- put, and what comes back


@each_body
def test_body_is_returned_with_its_checksums(bucket: oss2.Bucket, body: bytes) -> None:
    """P-32: the ETag is the MD5 in upper case, with Content-MD5 and CRC-64."""
    before = int(time.time())
    put = bucket.put_object("a", body)
    assert (put.status, put.etag, put.crc) == (200, digest(body), crc(body))
    assert put.headers["ETag"] == f'"{digest(body)}"'
    assert put.headers["Content-MD5"] == oss2.utils.content_md5(body)
    got = bucket.get_object("a")
    assert got.read() == body
    assert got.status == 200
    head, meta = bucket.head_object("a"), bucket.get_object_meta("a")
    assert head.status == meta.status == 200
    for result in (got, head, meta):
        assert (result.content_length, result.etag) == (len(body), digest(body))
        assert before <= result.last_modified <= int(time.time())
    for result in (got, head):
        assert result.server_crc == crc(body)
        assert result.object_type == "Normal"
        assert result.headers["x-oss-storage-class"] == "Standard"
        assert result.headers["Accept-Ranges"] == "bytes"
        assert result.content_type == "application/octet-stream"


# --- keys


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_key_works_in_every_call(bucket: oss2.Bucket, key: str) -> None:
    """P-03: a key is decoded once and nothing in it is folded."""
    bucket.put_object(key, b"x")
    assert bucket.get_object(key).read() == b"x"
    assert bucket.head_object(key).content_length == 1
    assert [item.key for item in bucket.list_objects().object_list] == [key]
    bucket.put_object_acl(key, "public-read")
    assert bucket.get_object_acl(key).acl == "public-read"
    bucket.copy_object(bucket.bucket_name, key, "copy")
    bucket.delete_object(key)
    bucket.copy_object(bucket.bucket_name, "copy", key)
    bucket.delete_object("copy")
    if "\r" in key:  # oss2 does not escape it, and XML reads it as a line feed
        bucket.delete_object(key)
    else:
        assert bucket.batch_delete_objects([key]).deleted_keys == [key]
    assert bucket.list_objects().object_list == []


# --- delete


def test_many_keys_are_deleted_at_once(bucket: oss2.Bucket) -> None:
    """P-35: also keys that XML 1.0 forbids."""
    keys = ["a", "b<>&'\"", "中文", "\x0c\x01\x1f", "c d+%20", "a//b", " blank ", "\t\n"]
    for key in [*keys, "stays"]:
        bucket.put_object(key, b"x")
    result = bucket.batch_delete_objects([*keys, "never there"])
    assert (result.status, result.deleted_keys) == (200, [*keys, "never there"])
    assert [item.key for item in bucket.list_objects().object_list] == ["stays"]


# --- Multipart uploads through oss2, also with parts that are kept in files

KIB = 1024
PART = 100 * KIB
"""The minimum size of a part, except for the last one (CompleteMultipartUpload)."""


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - test data


def upload(
    bucket: oss2.Bucket, key: str, bodies: Iterable[bytes], **options: Any
) -> tuple[str, list[PartInfo]]:
    """Begin an upload and put its parts, from number 1 on."""
    upload_id = bucket.init_multipart_upload(key, **options).upload_id
    parts = [
        PartInfo(number, bucket.upload_part(key, upload_id, number, body).etag)
        for number, body in enumerate(bodies, 1)
    ]
    return upload_id, parts


def test_parts_become_the_object(bucket: oss2.Bucket) -> None:
    """P-32: the ETag ends with the number of parts, the CRC is that of the whole object."""
    bodies = [noise(size, seed) for seed, size in enumerate((PART + 5, SPOOL_ABOVE + 1, 7))]
    headers = {"Content-Type": "text/plain", "x-oss-meta-a": "b", "x-oss-tagging": "k=v"}
    upload_id, parts = upload(bucket, "a", bodies, headers=headers)
    assert not bucket.object_exists("a")
    done = bucket.complete_multipart_upload("a", upload_id, parts)
    assert done.crc == crc(b"".join(bodies))
    etags = "".join(part.etag for part in parts)  # P-41
    digest = md5(etags.encode(), usedforsecurity=False).hexdigest().upper()
    assert done.etag == f"{digest}-3"
    got = bucket.get_object("a")
    assert got.read() == b"".join(bodies)
    assert got.etag == done.etag
    assert got.object_type == "Multipart"
    assert got.content_type == "text/plain"
    assert got.headers["x-oss-meta-a"] == "b"
    assert got.headers["x-oss-tagging-count"] == "1"


def test_part_is_copied_across_parts_in_files(bucket: oss2.Bucket, name: str) -> None:
    size = SPOOL_ABOVE + 1
    bodies = [noise(size, 1), noise(size, 2)]
    bucket.complete_multipart_upload("source", *upload(bucket, "source", bodies))
    upload_id = bucket.init_multipart_upload("a").upload_id
    span = (size - 2000, size + 1999)
    part = bucket.upload_part_copy(name, "source", span, "a", upload_id, 1)
    bucket.complete_multipart_upload("a", upload_id, [PartInfo(1, part.etag)])
    assert bucket.get_object("a").read() == b"".join(bodies)[span[0] : span[1] + 1]


# --- P-63: live channels through oss2


def channel(playlist: str = "test.m3u8") -> LiveChannelInfo:
    return LiveChannelInfo(target=LiveChannelInfoTarget(playlist_name=playlist))


def test_channel_is_created_read_switched_and_deleted(bucket: oss2.Bucket) -> None:
    created = bucket.create_live_channel("ch", channel())
    signed = bucket.sign_rtmp_url("ch", "test.m3u8", 60)
    assert signed.partition("?")[0] == created.publish_url
    found = bucket.get_live_channel("ch")
    target = found.target
    assert (found.status, target.type, target.frag_duration, target.frag_count) == (
        "enabled",
        "HLS",
        "5",
        "3",
    )
    assert target.playlist_name == "test.m3u8"
    assert bucket.get_live_channel_stat("ch").status == "Idle"
    bucket.put_live_channel_status("ch", "disabled")
    assert bucket.get_live_channel_stat("ch").status == "Disabled"
    assert bucket.get_live_channel_history("ch").records == []
    bucket.delete_live_channel("ch")
    with pytest.raises(oss2.exceptions.NoSuchLiveChannel):
        bucket.get_live_channel("ch")


# --- SelectObject through oss2: the table of statements


@pytest.mark.parametrize(
    "case", [each for each in CASES if not each.code][::20], ids=lambda case: case.name
)
def test_case_of_the_table(bucket: oss2.Bucket, case: Case) -> None:
    bucket.put_object("a", case.data.encode())
    found = bucket.select_object("a", case.sql, select_params=case.parameters)
    rows, end = b"", ""
    try:
        for piece in found:
            rows += piece
    except oss2.exceptions.SelectOperationFailed as error:
        end = error.code.decode()
    assert end == case.end
    assert (found.status, rows.decode()) == (206, case.rows)


# --- ListObjects, version 1 and 2, through oss2


# Sorted by UTF-8 bytes; UTF-16 would swap the last two.
ODD = [
    "\x01",
    "\t tab",
    "\n line",
    "\r return",
    "\x1f unit",
    " blank",
    "%25",
    "& < > \" '",
    "+ = ? #",
    "A",
    "a b+c%25?&=#",
    "a/../b",
    "a//b",
    "\x7f",
    "\x85",
    "é",
    "中文/测试",
    "\uffef",
    "😀",
]


def put(bucket: oss2.Bucket, keys: list[str]) -> None:
    for key in reversed(keys):
        bucket.put_object(key, key.encode())


def test_odd_keys_are_listed_as_they_were_put(bucket: oss2.Bucket) -> None:
    """P-03, P-33: any Unicode, control characters, in the order of their UTF-8 bytes."""
    assert sorted(ODD, key=str.encode) == ODD
    put(bucket, ODD)
    for iterator in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
        assert [item.key for item in iterator(bucket, max_keys=5)] == ODD
    for key in ODD:
        assert next(oss2.ObjectIteratorV2(bucket, prefix=key)).key == key
    for key in ODD:
        assert bucket.get_object(key).read() == key.encode()


# --- PutBucketReferer and GetBucketReferer through oss2

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


# --- Buckets through oss2: created, described, counted and deleted


def test_bucket_is_created_described_and_deleted(
    live: Live, new_name: str, owner: Any, session: oss2.Session
) -> None:
    bucket = live.bucket(new_name, owner, session=session)
    with pytest.raises(NoSuchBucket) as missing:
        bucket.get_bucket_info()
    assert missing.value.details["BucketName"] == new_name
    assert missing.value.headers["x-oss-ec"] == missing.value.ec == "0015-00000101"
    before = int(time.time())
    bucket.create_bucket("public-read", oss2.models.BucketCreateConfig("IA", "ZRS"))
    info = bucket.get_bucket_info()
    assert (info.name, info.acl.grant) == (new_name, "public-read")
    assert (info.storage_class, info.data_redundancy_type) == ("IA", "ZRS")
    assert (info.location, info.owner.id) == (f"oss-{REGION}", info.owner.display_name)
    created = datetime.strptime(info.creation_date, "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=UTC)
    assert before <= created.timestamp() <= int(time.time())
    assert (info.bucket_encryption_rule.sse_algorithm, info.versioning_status) == (None, None)
    bucket.put_object("a", b"x" * 11)
    stat = bucket.get_bucket_stat()
    assert (stat.object_count, stat.storage_size_in_bytes) == (1, 11)
    with pytest.raises(BucketNotEmpty):
        bucket.delete_bucket()
    bucket.delete_object("a")
    assert bucket.delete_bucket().status == 204


# --- Bucket configurations through oss2

OWNER = "1000000000000001"
CALLBACK = b64encode(b'{"callbackUrl":"http://a.example/","callbackBody":"x=1"}').decode()

RULE = models.LifecycleRule("r", "前缀/", expiration=models.LifecycleExpiration(days=3))
DENY = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"oss:*","Resource":"*"}]}'
CALLBACKS = [models.CallbackPolicyInfo("p", CALLBACK)]
CORS = models.BucketCors([models.CorsRule(["*"], ["GET"], max_age_seconds=3)])


def versioning_of(status: str) -> models.BucketVersioningConfig:
    config = models.BucketVersioningConfig()
    config.status = status
    return config


# What is read before and after a configuration is put with some arguments.
KEPT: dict[str, tuple[tuple[Any, ...], Callable[[Any], Any], Any, Any]] = {
    "put_bucket_versioning": ((versioning_of("Enabled"),), attrgetter("status"), None, "Enabled"),
    "put_bucket_request_payment": (("Requester",), attrgetter("payer"), "BucketOwner", "Requester"),
    "put_bucket_transfer_acceleration": (
        ("true",),
        attrgetter("enabled"),
        "NoSuchTransferAccelerationConfiguration",
        "true",
    ),
    "put_bucket_access_monitor": (
        ("Enabled",),
        attrgetter("access_monitor.status"),
        "Disabled",
        "Enabled",
    ),
    "put_bucket_archive_direct_read": ((True,), attrgetter("enabled"), False, True),
    "put_bucket_public_access_block": ((True,), attrgetter("block_public_access"), False, True),
    "set_bucket_storage_capacity": (
        (models.BucketUserQos(100),),
        attrgetter("storage_capacity"),
        -1,
        100,
    ),
    "put_bucket_qos_info": (
        (models.BucketQosInfo(total_upload_bw=5),),
        attrgetter("total_upload_bw"),
        "NoSuchBucketQosInfo",
        5,
    ),
    "put_bucket_requester_qos_info": (
        (OWNER, models.QoSConfiguration(total_qps=7)),
        attrgetter("qos_configuration.total_qps"),
        "NoSuchRequesterQosInfo",
        7,
    ),
    "put_bucket_callback_policy": (
        (CALLBACKS,),
        lambda found: found.callback_policies[0].callback,
        "BucketCallbackPolicyNotExist",
        CALLBACK,
    ),
    "put_bucket_policy": ((DENY,), attrgetter("policy"), "NoSuchBucketPolicy", DENY),
    "put_bucket_cors": (
        (CORS,),
        lambda found: found.rules[0].max_age_seconds,
        "NoSuchCORSConfiguration",
        3,
    ),
    "put_bucket_website": (
        (models.BucketWebsite("index.html", "e.html"),),
        attrgetter("index_file"),
        "NoSuchWebsiteConfiguration",
        "index.html",
    ),
    "put_bucket_lifecycle": (
        (models.BucketLifecycle([RULE]),),
        lambda found: found.rules[0].prefix,
        "NoSuchLifecycle",
        "前缀/",
    ),
    "put_bucket_style": (
        ("a-style", "image/resize,w_1"),
        attrgetter("content"),
        "NoSuchStyle",
        "image/resize,w_1",
    ),
    "init_bucket_worm": ((1,), attrgetter("state"), "NoSuchWORMConfiguration", "InProgress"),
    "create_bucket_cname_token": (("a.test",), attrgetter("cname"), "CnameTokenNotFound", "a.test"),
    "open_bucket_meta_query": ((), attrgetter("state"), "MetaQueryNotExist", "Ready"),
}
NAMED = {
    "put_bucket_requester_qos_info": OWNER,
    "put_bucket_style": "a-style",
    "create_bucket_cname_token": "a.test",
}
"""The further arguments of Get and Delete."""
GETS = {"open_bucket_meta_query": "get_bucket_meta_query_status"}
DELETES = {
    "init_bucket_worm": "abort_bucket_worm",
    "open_bucket_meta_query": "close_bucket_meta_query",
}


@pytest.mark.parametrize("put", KEPT)
def test_configuration_is_kept_until_it_is_deleted(bucket: oss2.Bucket, put: str) -> None:
    arguments, value, before, after = KEPT[put]
    subject = put.partition("_")[2]
    named = [NAMED[put]] if put in NAMED else []

    def read() -> Any:
        try:
            return value(getattr(bucket, GETS.get(put, f"get_{subject}"))(*named))
        except ServerError as error:
            return error.code

    assert read() == before
    assert getattr(bucket, put)(*arguments).status == 200
    assert read() == after
    delete = getattr(bucket, DELETES.get(put, f"delete_{subject}"), None)
    if delete is not None:
        assert delete(*named).status in (200, 204)
        assert read() == before


# --- ListBuckets through oss2


def test_account_may_have_100_buckets_and_all_are_listed(owner: Any) -> None:
    """GetService: max-keys is 100 by default, and an account may have 100 buckets."""
    with serve() as running:
        for number in range(100):
            running.put_bucket(f"bucket-{number:03}")
        client = Client(running.host, running.port)
        service = oss2.Service(owner, running.endpoint, region=REGION)
        assert len(service.list_buckets().buckets) == 100
        with pytest.raises(oss2.exceptions.ServerError) as caught:
            running.bucket("one-too-many", owner).create_bucket()
        assert (caught.value.status, caught.value.code) == (400, "TooManyBuckets")
        assert client.get("/one-too-many").code == "NoSuchBucket"
