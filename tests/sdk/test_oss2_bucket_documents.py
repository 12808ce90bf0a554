"""Bucket configurations through oss2."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import oss2
import pytest
from oss2 import models
from oss2.exceptions import ServerError

from tests.client import REGION, Live

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


# What is read of a configuration before and after it is put with some arguments.
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
        -1,
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
"""What Get and Delete name."""
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


def test_there_are_no_resource_pools_and_no_live_channels(
    live: Live, bucket: oss2.Bucket, owner: Any, session: oss2.Session
) -> None:
    service = oss2.Service(owner, live.endpoint, session=session, region=REGION)
    pools = service.list_resource_pools()
    assert (pools.region, pools.owner, pools.is_truncated) == (REGION, OWNER, False)
    for ask, names in (
        (service.get_resource_pool_info, ("p",)),
        (service.list_resource_pool_buckets, ("p",)),
        (service.list_resource_pool_requester_qos_infos, ("p",)),
        (service.get_resource_pool_requester_qos_info, ("1", "p")),
        (service.delete_resource_pool_requester_qos_info, ("1", "p")),
    ):
        with pytest.raises(ServerError) as caught:
            ask(*names)
        assert caught.value.status == 404
        assert caught.value.message == "The specified resource pool does not exist."
    assert bucket.list_live_channel().channels == []


def test_versions_are_deleted_together(bucket: oss2.Bucket) -> None:
    bucket.put_bucket_versioning(versioning("Enabled"))
    ids = [bucket.put_object("a", data).versionid for data in (b"1", b"2")]
    marker = bucket.delete_object("a").versionid
    listed = bucket.list_object_versions()
    assert [version.versionid for version in listed.versions] == ids[::-1]
    assert [(item.versionid, item.is_latest) for item in listed.delete_marker] == [(marker, True)]
    doomed = models.BatchDeleteObjectVersionList(
        [models.BatchDeleteObjectVersion("a", version_id) for version_id in (ids[1], marker)]
    )
    deleted = bucket.delete_object_versions(doomed).delete_versions
    assert [(item.key, item.versionid, bool(item.delete_marker)) for item in deleted] == [
        ("a", ids[1], False),
        ("a", marker, True),
    ]
    assert bucket.get_object("a").read() == b"1"
