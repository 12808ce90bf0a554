"""Bucket configurations through oss2."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import oss2
import pytest
from oss2 import models
from oss2.exceptions import ServerError

from tests.client import REGION, Live

OWNER = "1000000000000001"
CALLBACK = b64encode(b'{"callbackUrl":"http://a.example/","callbackBody":"x=1"}').decode()

Call = Callable[[oss2.Bucket], Any]


def versioning(status: str) -> models.BucketVersioningConfig:
    config = models.BucketVersioningConfig()
    config.status = status
    return config


# How to put and to read it, and what is read before and after.
KEPT: dict[str, tuple[Call, Call, Any, Any]] = {
    "versioning": (
        lambda bucket: bucket.put_bucket_versioning(versioning("Enabled")),
        lambda bucket: bucket.get_bucket_versioning().status,
        None,
        "Enabled",
    ),
    "request payment": (
        lambda bucket: bucket.put_bucket_request_payment("Requester"),
        lambda bucket: bucket.get_bucket_request_payment().payer,
        "BucketOwner",
        "Requester",
    ),
    "transfer acceleration": (
        lambda bucket: bucket.put_bucket_transfer_acceleration("true"),
        lambda bucket: bucket.get_bucket_transfer_acceleration().enabled,
        "NoSuchTransferAccelerationConfiguration",
        "true",
    ),
    "access monitor": (
        lambda bucket: bucket.put_bucket_access_monitor("Enabled"),
        lambda bucket: bucket.get_bucket_access_monitor().access_monitor.status,
        "Disabled",
        "Enabled",
    ),
    "archive direct read": (
        lambda bucket: bucket.put_bucket_archive_direct_read(True),
        lambda bucket: bucket.get_bucket_archive_direct_read().enabled,
        False,
        True,
    ),
    "public access block": (
        lambda bucket: bucket.put_bucket_public_access_block(True),
        lambda bucket: bucket.get_bucket_public_access_block().block_public_access,
        False,
        True,
    ),
    "storage capacity": (
        lambda bucket: bucket.set_bucket_storage_capacity(models.BucketUserQos(100)),
        lambda bucket: bucket.get_bucket_storage_capacity().storage_capacity,
        -1,
        100,
    ),
    "limits": (
        lambda bucket: bucket.put_bucket_qos_info(models.BucketQosInfo(total_upload_bw=5)),
        lambda bucket: bucket.get_bucket_qos_info().total_upload_bw,
        "NoSuchBucketQosInfo",
        5,
    ),
    "limits of a requester": (
        lambda bucket: bucket.put_bucket_requester_qos_info(
            OWNER, models.QoSConfiguration(total_qps=7)
        ),
        lambda bucket: bucket.get_bucket_requester_qos_info(OWNER).qos_configuration.total_qps,
        -1,
        7,
    ),
    "callback policy": (
        lambda bucket: bucket.put_bucket_callback_policy(
            [models.CallbackPolicyInfo("p", CALLBACK)]
        ),
        lambda bucket: bucket.get_bucket_callback_policy().callback_policies[0].callback,
        "BucketCallbackPolicyNotExist",
        CALLBACK,
    ),
    "policy": (
        lambda bucket: bucket.put_bucket_policy(
            '{"Version":"1","Statement":[{"Effect":"Deny","Action":"oss:*","Resource":"*"}]}'
        ),
        lambda bucket: bucket.get_bucket_policy().policy[:14],
        "NoSuchBucketPolicy",
        '{"Version":"1"',
    ),
    "cors": (
        lambda bucket: bucket.put_bucket_cors(
            models.BucketCors([models.CorsRule(["*"], ["GET"], max_age_seconds=3)])
        ),
        lambda bucket: bucket.get_bucket_cors().rules[0].max_age_seconds,
        "NoSuchCORSConfiguration",
        3,
    ),
    "website": (
        lambda bucket: bucket.put_bucket_website(models.BucketWebsite("index.html", "e.html")),
        lambda bucket: bucket.get_bucket_website().index_file,
        "NoSuchWebsiteConfiguration",
        "index.html",
    ),
    "lifecycle": (
        lambda bucket: bucket.put_bucket_lifecycle(
            models.BucketLifecycle(
                [models.LifecycleRule("r", "前缀/", expiration=models.LifecycleExpiration(days=3))]
            )
        ),
        lambda bucket: bucket.get_bucket_lifecycle().rules[0].prefix,
        "NoSuchLifecycle",
        "前缀/",
    ),
    "style": (
        lambda bucket: bucket.put_bucket_style("a-style", "image/resize,w_1"),
        lambda bucket: bucket.get_bucket_style("a-style").content,
        "NoSuchStyle",
        "image/resize,w_1",
    ),
    "retention policy": (
        lambda bucket: bucket.init_bucket_worm(1),
        lambda bucket: bucket.get_bucket_worm().state,
        "NoSuchWORMConfiguration",
        "InProgress",
    ),
    "domain token": (
        lambda bucket: bucket.create_bucket_cname_token("a.test"),
        lambda bucket: bucket.get_bucket_cname_token("a.test").cname,
        "CnameTokenNotFound",
        "a.test",
    ),
    "metadata index": (
        lambda bucket: bucket.open_bucket_meta_query(),
        lambda bucket: bucket.get_bucket_meta_query_status().state,
        "MetaQueryNotExist",
        "Ready",
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_configuration_is_read_as_it_was_put(bucket: oss2.Bucket, name: str) -> None:
    put, get, before, after = KEPT[name]

    def read() -> Any:
        try:
            return get(bucket)
        except ServerError as error:
            return error.code

    assert read() == before
    assert put(bucket).status == 200
    assert read() == after


DELETED: dict[str, Call] = {
    "public access block": oss2.Bucket.delete_bucket_public_access_block,
    "limits": oss2.Bucket.delete_bucket_qos_info,
    "limits of a requester": lambda bucket: bucket.delete_bucket_requester_qos_info(OWNER),
    "callback policy": oss2.Bucket.delete_bucket_callback_policy,
    "policy": oss2.Bucket.delete_bucket_policy,
    "cors": oss2.Bucket.delete_bucket_cors,
    "website": oss2.Bucket.delete_bucket_website,
    "lifecycle": oss2.Bucket.delete_bucket_lifecycle,
    "style": lambda bucket: bucket.delete_bucket_style("a-style"),
    "retention policy": oss2.Bucket.abort_bucket_worm,
}


@pytest.mark.parametrize("name", DELETED)
def test_deleted_configuration_reads_as_if_never_put(bucket: oss2.Bucket, name: str) -> None:
    put, get, before, _ = KEPT[name]
    put(bucket)
    for _ in range(2):
        assert DELETED[name](bucket).status == 204
    try:
        found = get(bucket)
    except ServerError as error:
        found = error.code
    assert found == before


def test_requesters_with_limits_are_listed(bucket: oss2.Bucket) -> None:
    for requester in ("3", "1", "2"):
        limits = models.QoSConfiguration(total_qps=int(requester))
        bucket.put_bucket_requester_qos_info(requester, limits)
    first = bucket.list_bucket_requester_qos_infos(max_keys=2)
    assert (first.bucket, first.is_truncated) == (bucket.bucket_name, True)
    rest = bucket.list_bucket_requester_qos_infos(first.next_continuation_token, 2)
    assert (rest.is_truncated, rest.next_continuation_token) == (False, "")
    listed = [*first.requester_qos_info, *rest.requester_qos_info]
    assert [(item.requester, item.qos_configuration.total_qps) for item in listed] == [
        ("1", 1),
        ("2", 2),
        ("3", 3),
    ]


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


@pytest.mark.parametrize(
    ("headers", "rule"),
    [
        ({"x-oss-server-side-encryption": "SM4"}, ("SM4", None, None)),
        (
            {
                "x-oss-server-side-encryption": "KMS",
                "x-oss-server-side-encryption-key-id": "a-key",
                "x-oss-server-side-data-encryption": "SM4",
            },
            ("KMS", "a-key", "SM4"),
        ),
    ],
)
def test_bucket_is_created_with_its_encryption(
    live: Live, new_name: str, owner: Any, session: oss2.Session, headers: Any, rule: Any
) -> None:
    bucket = live.bucket(new_name, owner, session=session)
    bucket.create_bucket(headers=headers)
    found = bucket.get_bucket_info().bucket_encryption_rule
    assert (found.sse_algorithm, found.kms_master_keyid, found.kms_data_encryption) == rule
    assert bucket.get_bucket_encryption().sse_algorithm == rule[0]


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
