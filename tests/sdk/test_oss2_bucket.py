"""oss2: buckets, their documents, and the service."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import alibabacloud_oss_v2 as oss
import oss2
import pytest
from oss2 import models
from oss2.exceptions import BucketNotEmpty, NoSuchBucket, ServerError

from tests.client import REGION, Client, Live, serve
from tests.sdk.v2 import Ask, asking

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


def versioning(status: str) -> models.BucketVersioningConfig:
    config = models.BucketVersioningConfig()
    config.status = status
    return config


# What is read before and after a configuration is put with some arguments.
KEPT: dict[str, tuple[tuple[Any, ...], Callable[[Any], Any], Any, Any]] = {
    "put_bucket_versioning": ((versioning("Enabled"),), attrgetter("status"), None, "Enabled"),
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

NAMES = ["alpha-1", "alpha-2", "beta-1", "beta-2", "gamma"]


@pytest.fixture(scope="module")
def five() -> Any:
    """A server of its own with five buckets."""
    with serve() as running:
        for name in reversed(NAMES):
            running.put_bucket(name)
        yield running


@pytest.fixture
def service(five: Live, owner: Any) -> oss2.Service:
    return oss2.Service(owner, five.endpoint, region=REGION)


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


# --- Queries of the metadata index through oss2 and SDK V2, which send and read their own XML

KEY = "<>&=?/1\\2\\-test.txt"
"""A key as the suite of Java V1 uses it."""
USER_META = "OSSUserMeta.x-oss-meta-location"


@pytest.fixture
def ask(live: Live) -> Iterator[Ask]:
    with asking("sync", live.endpoint, version="v4") as found:
        yield found


@pytest.fixture
def indexed(live: Live, bucket: oss2.Bucket) -> oss2.Bucket:
    """A bucket with two objects and an old index, which is up to date."""
    bucket.put_object("b", "12345")
    headers = {"x-oss-meta-location": "hangzhou", "x-oss-tagging": "type1=b&type0=a"}
    bucket.put_object(KEY, "123", headers=headers)
    assert bucket.open_bucket_meta_query().status == 200
    storage = live.service.storage
    record = storage.bucket(bucket.bucket_name)
    assert record is not None
    opened = re.sub(b"(?<=<CreateTime>)....", b"2020", record.documents["metaQuery"])
    documents = {**record.documents, "metaQuery": opened}
    live.run(lambda: storage.put_bucket(record._replace(documents=documents)))
    return bucket


def test_v2_finds_by_user_header(indexed: oss2.Bucket, ask: Ask) -> None:
    query: Any = f'{{"Field": "{USER_META}", "Value": "hangzhou", "Operation": "eq"}}'
    request = oss.DoMetaQueryRequest(
        bucket=indexed.bucket_name, meta_query=oss.MetaQuery(query=query, max_results=80369)
    )
    found = ask(request)
    (file,) = found.files.file
    assert (file.filename, file.size, file.oss_tagging_count) == (KEY, 3, 2)
    assert file.oss_tagging.taggings[0].key == "type0"
    assert found.next_token == "" or found.next_token is None
