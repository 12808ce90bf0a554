"""SDK V2: buckets and access points."""

from __future__ import annotations

import alibabacloud_oss_v2 as oss

from tests.sdk.v2 import Ask

# --- Configurations that need more than a document

OWNER = "1000000000000001"


# --- Configurations that need more than a document


def inventory(inventory_id: str, target: str) -> oss.InventoryConfiguration:
    return oss.InventoryConfiguration(
        id=inventory_id,
        is_enabled=True,
        included_object_versions="Current",
        schedule=oss.InventorySchedule(frequency="Daily"),
        filter=oss.InventoryFilter(prefix="a/", storage_class="Standard,IA"),
        optional_fields=oss.OptionalFields(fields=["Size"]),
        destination=oss.InventoryDestination(
            oss_bucket_destination=oss.InventoryOSSBucketDestination(
                format="CSV",
                account_id=OWNER,
                role_arn=f"acs:ram::{OWNER}:role/r",
                bucket=f"acs:oss:::{target}",
            )
        ),
    )


def test_inventory_is_kept_until_it_is_deleted(ask: Ask, name: str) -> None:
    put = oss.PutBucketInventoryRequest(
        bucket=name, inventory_id="report", inventory_configuration=inventory("report", name)
    )
    ask(put)
    assert ask.fails(put).status_code == 409
    get = oss.GetBucketInventoryRequest(bucket=name, inventory_id="report")
    got = ask(get).inventory_configuration
    assert (got.id, got.filter.storage_class) == ("report", "IA,Standard")
    listed = ask(oss.ListBucketInventoryRequest(bucket=name)).list_inventory_configurations_result
    assert listed.is_truncated is False
    assert [item.id for item in listed.inventory_configurations] == ["report"]
    ask(oss.DeleteBucketInventoryRequest(bucket=name, inventory_id="report"))
    error = ask.fails(get)
    assert (error.status_code, error.code) == (404, "NoSuchInventory")


def replication(target: str, rule_id: str | None = None) -> oss.ReplicationConfiguration:
    destination = oss.ReplicationDestination(
        bucket=target, location="oss-cn-beijing", transfer_type="oss_acc"
    )
    prefixes = oss.ReplicationPrefixSet(prefixs=["a/", "b/"])
    rule = oss.ReplicationRule(
        id=rule_id,
        destination=destination,
        prefix_set=prefixes,
        action="ALL",
        historical_object_replication="disabled",
    )
    return oss.ReplicationConfiguration(rules=[rule])


def test_replication_rules_have_states(ask: Ask, name: str) -> None:
    get = oss.GetBucketReplicationRequest(bucket=name)
    assert ask.fails(get).code == "NoSuchReplicationConfiguration"
    put = oss.PutBucketReplicationRequest(
        bucket=name, replication_configuration=replication("target", "r")
    )
    assert ask(put).headers["x-oss-replication-rule-id"] == "r"
    assert ask.fails(put).code == "BucketReplicationAlreadyExist"
    assert ask(oss.GetBucketInfoRequest(bucket=name)).bucket_info.cross_region_replication == (
        "Enabled"
    )
    rtc = oss.RtcConfiguration(id="r", rtc=oss.ReplicationTimeControl(status="enabled"))
    ask(oss.PutBucketRtcRequest(bucket=name, rtc_configuration=rtc))
    (rule,) = ask(get).replication_configuration.rules
    assert (rule.id, rule.status, rule.rtc.status) == ("r", "starting", "enabled")
    assert (rule.destination.bucket, rule.prefix_set.prefixs) == ("target", ["a/", "b/"])
    progress = oss.GetBucketReplicationProgressRequest(bucket=name, rule_id="r")
    (shown,) = ask(progress).replication_progress.rules
    assert (shown.id, shown.status, shown.progress.historical_object) == ("r", "starting", "0")
    ask(
        oss.DeleteBucketReplicationRequest(
            bucket=name, replication_rules=oss.ReplicationRules(ids=["r"])
        )
    )
    assert [rule.status for rule in ask(get).replication_configuration.rules] == ["closing"]
    unknown = oss.GetBucketReplicationProgressRequest(bucket=name, rule_id="other")
    assert ask.fails(unknown).code == "NoSuchReplicationRule"


# --- Access points through SDK V2: their configurations, and objects through an alias

ARN = f"acs:oss:cn-hangzhou:{OWNER}:accesspoint/ap-v2"
ACCESS_POINT_POLICY = (
    '{"Version":"1","Statement":[{"Action":["oss:GetObject"],"Effect":"Deny",'
    f'"Principal":["{OWNER}"],"Resource":["{ARN}","{ARN}/object/*"]}}]}}'
)


def test_access_point_is_created_used_and_deleted(ask: Ask, name: str) -> None:
    """P-83, P-84"""
    configuration = oss.CreateAccessPointConfiguration("ap-v2", network_origin="internet")
    created = ask(oss.CreateAccessPointRequest(name, configuration))
    assert created.access_point_arn == ARN
    one = {"bucket": name, "access_point_name": "ap-v2"}
    found = ask(oss.GetAccessPointRequest(**one))
    assert (found.alias, found.status) == (created.alias, "enable")
    assert found.public_access_block_configuration.block_public_access is True
    for where in ({}, {"bucket": name}):
        listed = ask(oss.ListAccessPointsRequest(max_keys=1, continuation_token="", **where))
        assert listed.max_keys == 1
        assert [point.alias for point in listed.access_points] == [created.alias]

    through = {"bucket": created.alias, "key": "a"}
    ask(oss.PutObjectRequest(body=b"content", **through))
    assert ask.read(oss.GetObjectRequest(**through)) == b"content"
    assert ask.read(oss.GetObjectRequest(bucket=name, key="a")) == b"content"
    ask(oss.PutAccessPointPolicyRequest(body=ACCESS_POINT_POLICY, **one))
    assert ask(oss.GetAccessPointPolicyRequest(**one)).body == ACCESS_POINT_POLICY
    error = ask.fails(oss.GetObjectRequest(**through))
    assert (error.status_code, error.code) == (403, "AccessDenied")
    ask(oss.DeleteAccessPointPolicyRequest(**one))
    assert ask.read(oss.GetObjectRequest(**through)) == b"content"

    block = oss.PublicAccessBlockConfiguration(block_public_access=False)
    asked = oss.PutAccessPointPublicAccessBlockRequest(
        public_access_block_configuration=block, **one
    )
    ask(asked)
    shown = ask(oss.GetAccessPointPublicAccessBlockRequest(**one))
    assert shown.public_access_block_configuration.block_public_access is False
    ask(oss.DeleteAccessPointPublicAccessBlockRequest(**one))
    assert ask(oss.DeleteAccessPointRequest(**one)).status_code == 204
    error = ask.fails(oss.GetAccessPointRequest(**one))
    assert (error.status_code, error.code) == (404, "NoSuchAccessPoint")
