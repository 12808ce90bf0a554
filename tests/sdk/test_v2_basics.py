"""Buckets, listings and the protection of objects through SDK V2."""

from __future__ import annotations

from typing import Any

import alibabacloud_oss_v2 as oss
import pytest

from tests.client import REGION, Live
from tests.sdk.v2 import Ask

KEYS = ["a", "dir/1", "dir/2", "dir/sub/3", "é\x01+ 中", "z"]


def refused(ask: Ask, request: Any) -> tuple[int, str, str]:
    """Status, code and EC of the error that a request is answered with."""
    error = ask.fails(request)
    return error.status_code, error.code, error.ec


def put(ask: Ask, bucket: str, key: str, data: bytes = b"content") -> Any:
    return ask(oss.PutObjectRequest(bucket=bucket, key=key, body=data))


def test_bucket_is_created_counted_and_deleted(ask: Ask, name: str) -> None:
    location = ask(oss.GetBucketLocationRequest(bucket=name)).location
    assert location == f"oss-{REGION}"
    put(ask, name, "a", b"12345")
    stat = ask(oss.GetBucketStatRequest(bucket=name))
    assert (stat.object_count, stat.storage, stat.standard_storage) == (1, 5, 5)
    error = refused(ask, oss.DeleteBucketRequest(bucket=name))
    assert error == (409, "BucketNotEmpty", "0015-00000301")
    ask(oss.DeleteObjectRequest(bucket=name, key="a"))
    assert ask(oss.DeleteBucketRequest(bucket=name)).status_code == 204
    error = refused(ask, oss.GetBucketLocationRequest(bucket=name))
    assert error == (404, "NoSuchBucket", "0015-00000101")


def test_stat_of_a_new_bucket_is_zero_throughout(ask: Ask, name: str) -> None:
    """P-55"""
    stat = ask(oss.GetBucketStatRequest(bucket=name))
    counted = {key: value for key, value in vars(stat).items() if isinstance(value, int)}
    assert counted.pop("status_code") == 200
    assert len(counted) > 15
    assert set(counted.values()) == {0}
    assert stat.last_modified_time == 0


def test_buckets_are_listed_by_tags(ask: Ask, name: str) -> None:
    """P-55: the client ignores the tags in the answer."""
    tags = oss.Tagging(tag_set=oss.TagSet(tags=[oss.Tag(key="k55", value=name)]))
    ask(oss.PutBucketTagsRequest(bucket=name, tagging=tags))
    found = ask(oss.ListBucketsRequest(tag_key="k55", tag_value=name)).buckets
    assert [bucket.name for bucket in found] == [name]
    with pytest.raises(oss.exceptions.OperationError, match="InvalidArgument"):
        ask(oss.ListBucketsRequest(prefix=name.upper()))


def test_acl_of_a_missing_bucket_creates_it(ask: Ask, name: str) -> None:
    """P-47"""
    ask(oss.DeleteBucketRequest(bucket=name))
    answer = ask(oss.PutBucketAclRequest(bucket=name, acl="public-read"))
    assert (answer.status_code, answer.headers["Location"]) == (200, f"/{name}")
    assert ask(oss.GetBucketAclRequest(bucket=name)).acl == "public-read"


def test_bucket_is_created_with_tags(ask: Ask, name: str) -> None:
    ask(oss.DeleteBucketRequest(bucket=name))
    made = oss.PutBucketRequest(
        bucket=name,
        acl="public-read",
        bucket_tagging="k=v&other=",
        create_bucket_configuration=oss.CreateBucketConfiguration(storage_class="IA"),
    )
    assert ask(made).status_code == 200
    tags = ask(oss.GetBucketTagsRequest(bucket=name)).tagging.tag_set.tags
    assert [(tag.key, tag.value or "") for tag in tags] == [("k", "v"), ("other", "")]
    info = ask(oss.GetBucketInfoRequest(bucket=name)).bucket_info
    assert (info.acl, info.storage_class) == ("public-read", "IA")


def test_acl_of_a_bucket_is_set_and_checked(ask: Ask, name: str) -> None:
    assert ask(oss.GetBucketAclRequest(bucket=name)).acl == "private"
    ask(oss.PutBucketAclRequest(bucket=name, acl="public-read"))
    assert ask(oss.GetBucketAclRequest(bucket=name)).acl == "public-read"
    error = refused(ask, oss.PutBucketAclRequest(bucket=name, acl="public"))
    assert error[:2] == (400, "InvalidArgument")


def test_hotlink_rules_are_set_and_cleared(ask: Ask, name: str) -> None:
    rules = oss.RefererConfiguration(
        allow_empty_referer=False,
        allow_truncate_query_string=True,
        truncate_path=True,
        referer_list=oss.RefererList(referers=["http://a.example.com", "https://*.example.net"]),
        referer_blacklist=oss.RefererBlacklist(referers=["http://bad.example.com"]),
    )
    ask(oss.PutBucketRefererRequest(bucket=name, referer_configuration=rules))
    found = ask(oss.GetBucketRefererRequest(bucket=name)).referer_configuration
    assert (found.allow_empty_referer, found.truncate_path) == (False, True)
    assert found.referer_list.referers == rules.referer_list.referers
    assert found.referer_blacklist.referers == rules.referer_blacklist.referers
    none = oss.RefererConfiguration(allow_empty_referer=True, referer_list=oss.RefererList())
    ask(oss.PutBucketRefererRequest(bucket=name, referer_configuration=none))
    found = ask(oss.GetBucketRefererRequest(bucket=name)).referer_configuration
    assert (found.allow_empty_referer, found.referer_list.referers) == (True, None)


@pytest.mark.parametrize("version", ["", "V2"])
def test_pages_and_prefixes_cover_the_listing(ask: Ask, name: str, version: str) -> None:
    for key in KEYS:
        put(ask, name, key)
    shown: list[str] = []
    place: dict[str, Any] = {}
    for _ in KEYS:
        kind = getattr(oss, f"ListObjects{version}Request")
        page = ask(kind(bucket=name, max_keys=2, delimiter="/", encoding_type="url", **place))
        shown += [item.key for item in page.contents or ()]
        shown += [group.prefix for group in page.common_prefixes or ()]
        if not page.is_truncated:
            break
        place = (
            {"continuation_token": page.next_continuation_token}
            if version
            else {"marker": page.next_marker}
        )
    assert sorted(shown) == sorted(["a", "dir/", "é\x01+ 中", "z"])


def test_listing_starts_after_a_name(ask: Ask, name: str) -> None:
    for key in KEYS:
        put(ask, name, key)
    page = ask(oss.ListObjectsV2Request(bucket=name, start_after="dir/1", prefix="dir/"))
    assert [item.key for item in page.contents] == ["dir/2", "dir/sub/3"]
    assert (page.key_count, page.start_after) == (2, "dir/1")


def test_versions_are_kept_and_listed(ask: Ask, name: str) -> None:
    kept = oss.VersioningConfiguration(status="Enabled")
    ask(oss.PutBucketVersioningRequest(bucket=name, versioning_configuration=kept))
    found = ask(oss.GetBucketVersioningRequest(bucket=name))
    assert found.version_status == "Enabled"
    first, second = (put(ask, name, "a").version_id for _ in range(2))
    marker = ask(oss.DeleteObjectRequest(bucket=name, key="a"))
    assert marker.delete_marker
    listed = ask(oss.ListObjectVersionsRequest(bucket=name))
    assert [item.version_id for item in listed.version] == [second, first]
    assert [item.version_id for item in listed.delete_marker] == [marker.version_id]
    objects = [
        oss.DeleteObject(key="a", version_id=version)
        for version in (first, second, marker.version_id)
    ]
    deleted = ask(oss.DeleteMultipleObjectsRequest(bucket=name, objects=objects))
    assert {item.version_id for item in deleted.deleted_objects} == {
        first,
        second,
        marker.version_id,
    }
    assert ask(oss.GetBucketStatRequest(bucket=name)).delete_marker_count == 0


def test_many_objects_are_deleted(ask: Ask, name: str) -> None:
    for key in KEYS:
        put(ask, name, key)
    objects = [oss.DeleteObject(key=key) for key in KEYS]
    deleted = ask(
        oss.DeleteMultipleObjectsRequest(bucket=name, encoding_type="url", objects=objects)
    )
    assert [item.key for item in deleted.deleted_objects] == KEYS
    quietly = oss.DeleteMultipleObjectsRequest(bucket=name, objects=objects, quiet=True)
    assert not ask(quietly).deleted_objects
    assert not ask(oss.ListObjectsRequest(bucket=name)).contents


def test_retention_policy_protects_objects(ask: Ask, name: str, live: Live) -> None:
    days = oss.InitiateWormConfiguration(retention_period_in_days=1)
    begun = ask(oss.InitiateBucketWormRequest(bucket=name, initiate_worm_configuration=days))
    again = refused(
        ask, oss.InitiateBucketWormRequest(bucket=name, initiate_worm_configuration=days)
    )
    assert again[:2] == (409, "WORMConfigurationAlreadyExists")
    ask(oss.AbortBucketWormRequest(bucket=name))
    error = refused(ask, oss.GetBucketWormRequest(bucket=name))
    assert error[:2] == (404, "NoSuchWORMConfiguration")
    begun = ask(oss.InitiateBucketWormRequest(bucket=name, initiate_worm_configuration=days))
    ask(oss.CompleteBucketWormRequest(bucket=name, worm_id=begun.worm_id))
    longer = oss.ExtendBucketWormRequest(
        bucket=name,
        worm_id=begun.worm_id,
        extend_worm_configuration=oss.ExtendWormConfiguration(retention_period_in_days=3),
    )
    ask(longer)
    policy = ask(oss.GetBucketWormRequest(bucket=name)).worm_configuration
    assert (policy.state, policy.retention_period_in_days) == ("Locked", 3)
    put(ask, name, "a")
    error = refused(ask, oss.DeleteObjectRequest(bucket=name, key="a"))
    assert error[:2] == (409, "FileImmutable")
    # The fixture cannot delete a protected bucket.
    live.run(lambda: live.controls.snapshots.reset_bucket(name))


def test_restored_object_can_be_frozen_again(ask: Ask, name: str, live: Live) -> None:
    ask(oss.PutObjectRequest(bucket=name, key="a", body=b"x", storage_class="Archive"))
    clean = oss.CleanRestoredObjectRequest(bucket=name, key="a")
    assert refused(ask, clean) == (409, "ArchiveRestoreFileStale", "0016-00000718")
    ask(oss.RestoreObjectRequest(bucket=name, key="a"))
    assert refused(ask, clean) == (409, "ArchiveRestoreNotFinished", "0016-00000719")
    clock = live.controls.clock
    live.run(lambda: clock.set(clock.now() + 61))
    try:
        assert ask(oss.GetObjectRequest(bucket=name, key="a")).status_code == 200
        assert ask(clean).status_code == 200
        error = refused(ask, oss.GetObjectRequest(bucket=name, key="a"))
        assert error[:2] == (403, "InvalidObjectState")
    finally:
        clock.shift = 0.0  # not a moment behind, which later tests might notice


def test_preflight_follows_the_rules(ask: Ask, name: str) -> None:
    """The case of SDK V2's own suite, which runs against the service."""
    rules = [
        oss.CORSRule(allowed_origins=["*"], allowed_methods=["GET", "HEAD"]),
        oss.CORSRule(
            allowed_origins=["http://www.example.com"],
            allowed_methods=["PUT", "POST"],
            allowed_headers=["*"],
        ),
    ]
    configuration = oss.CORSConfiguration(cors_rules=rules)
    ask(oss.PutBucketCorsRequest(bucket=name, cors_configuration=configuration))
    wanted = {
        "bucket": name,
        "key": "a",
        "origin": "http://www.example.com",
        "access_control_request_headers": "x-oss-test2",
    }
    answer = ask(oss.OptionObjectRequest(access_control_request_method="PUT", **wanted))
    assert answer.access_control_allow_origin == "http://www.example.com"
    assert answer.access_control_allow_methods == "PUT, POST"
    assert answer.access_control_allow_headers == "x-oss-test2"
    error = refused(ask, oss.OptionObjectRequest(access_control_request_method="DELETE", **wanted))
    assert error == (403, "AccessForbidden", "0003-00000602")


def test_storage_quota_is_kept_until_it_is_deleted(ask: Ask, name: str) -> None:
    quota = oss.QuotaConfiguration(storage_quota=100)
    ask(oss.PutBucketStorageQuotaRequest(bucket=name, quota_configuration=quota))
    read = oss.GetBucketStorageQuotaRequest(bucket=name)
    assert ask(read).quota_configuration.storage_quota == 100
    assert ask(oss.DeleteBucketStorageQuotaRequest(bucket=name)).status_code == 204
    assert ask(read).quota_configuration.storage_quota == -1


def test_call_about_an_access_point_gets_404(ask: Ask, name: str) -> None:
    named = {"bucket": name, "access_point_name": "ap-1"}
    block = oss.PublicAccessBlockConfiguration(block_public_access=True)
    for request in (
        oss.PutAccessPointPublicAccessBlockRequest(
            public_access_block_configuration=block, **named
        ),
        oss.GetAccessPointPublicAccessBlockRequest(**named),
        oss.DeleteAccessPointPublicAccessBlockRequest(**named),
    ):
        assert refused(ask, request)[:2] == (404, "NoSuchAccessPoint")
