"""SDK V2: buckets and access points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest

from tests.sdk.v2 import Ask

# --- Bucket configurations through SDK V2; test_oss2.py has those that oss2 knows

OWNER = "1000000000000001"


def fields(model: Any) -> Any:
    """Return the fields of a model that are set, as plain values."""
    if isinstance(model, list):
        return [fields(item) for item in model]
    if not isinstance(model, oss.serde.Model):
        return model
    said = {key: fields(value) for key, value in vars(model).items() if key[0] != "_"}
    return {key: value for key, value in said.items() if value is not None}


@dataclass(frozen=True)
class Scenario:
    """A configuration that is put, read and, if possible, deleted."""

    call: str
    """The name of its requests, after Put, Get and Delete."""
    attribute: str
    """The attribute of request and result that holds the configuration."""
    put: Any
    absent: Any
    """The result of the first read: the code of an error, or a configuration."""
    deletable: bool = True


TAGGING = oss.Tagging(tag_set=oss.TagSet(tags=[oss.Tag(key="k", value="v"), oss.Tag(key="only")]))
SCENARIOS = [
    Scenario(
        "BucketEncryption",
        "server_side_encryption_rule",
        oss.ServerSideEncryptionRule(
            apply_server_side_encryption_by_default=oss.ApplyServerSideEncryptionByDefault(
                sse_algorithm="KMS", kms_master_key_id="a-key", kms_data_encryption="SM4"
            )
        ),
        "NoSuchServerSideEncryptionRule",
    ),
    Scenario("BucketTags", "tagging", TAGGING, {"tag_set": {}}),
    Scenario(
        "BucketResourceGroup",
        "bucket_resource_group_configuration",
        oss.BucketResourceGroupConfiguration(resource_group_id="rg-aekz"),
        {"resource_group_id": "rg-default"},
        deletable=False,
    ),
    Scenario(
        "BucketHttpsConfig",
        "https_configuration",
        oss.HttpsConfiguration(
            tls=oss.TLS(enable=True, tls_versions=["TLSv1.2", "TLSv1.3"]),
            cipher_suite=oss.CipherSuite(enable=True, strong_cipher_suite=True),
        ),
        "NoSuchHttpsConfig",
        deletable=False,
    ),
    Scenario(
        "UserDefinedLogFieldsConfig",
        "user_defined_log_fields_configuration",
        oss.UserDefinedLogFieldsConfiguration(
            header_set=oss.LoggingHeaderSet(headers=["x-a", "x-b"]),
            param_set=oss.LoggingParamSet(parameters=["p_1"]),
        ),
        "NoSuchUserDefinedLogFieldsConfig",
    ),
    Scenario(
        "BucketOverwriteConfig",
        "overwrite_configuration",
        oss.OverwriteConfiguration(
            rules=[oss.OverwriteRule(id="r", action="forbid", prefix="a/", suffix=".txt")]
        ),
        {},
    ),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.call)
def test_configuration_is_kept_until_it_is_deleted(ask: Ask, name: str, scenario: Scenario) -> None:
    put, get = (getattr(oss, f"{verb}{scenario.call}Request") for verb in ("Put", "Get"))

    def check_absence() -> None:
        if isinstance(scenario.absent, str):
            error = ask.fails(get(bucket=name))
            assert (error.status_code, error.code) == (404, scenario.absent)
        else:
            found = getattr(ask(get(bucket=name)), scenario.attribute)
            assert fields(found) == scenario.absent

    check_absence()
    assert ask(put(bucket=name, **{scenario.attribute: scenario.put})).status_code == 200
    found = getattr(ask(get(bucket=name)), scenario.attribute)
    assert covers(fields(found), fields(scenario.put))
    if scenario.deletable:
        delete = getattr(oss, f"Delete{scenario.call}Request")
        for _ in range(2):
            assert ask(delete(bucket=name)).status_code == 204
        check_absence()


def covers(found: Any, said: Any) -> bool:
    """Whether all fields that were set are found; the service may add defaults."""
    if isinstance(said, dict):
        return all(key in found and covers(found[key], value) for key, value in said.items())
    if isinstance(said, list):
        return len(found) == len(said) and all(map(covers, found, said))
    return bool(found == said)


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
