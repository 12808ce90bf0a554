"""SDK V2: buckets and access points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest

from tests.sdk.v2 import Ask

# --- Bucket configurations through SDK V2; test_oss2_bucket.py has those that oss2 knows

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


POLICY = (
    '{"Version":"1","Statement":[{"Effect":"Allow","Action":["oss:*"],'
    '"Principal":["*"],"Resource":["*"]}]}'
)


def test_policy_is_returned_as_it_was_put(ask: Ask, name: str) -> None:
    get = oss.GetBucketPolicyRequest(bucket=name)
    assert ask.fails(get).ec == "0030-00000006"
    ask(oss.PutBucketPolicyRequest(bucket=name, body=POLICY))
    assert ask(get).body == POLICY
    assert ask(oss.GetBucketPolicyStatusRequest(bucket=name)).policy_status.is_public is True
    assert ask(oss.DeleteBucketPolicyRequest(bucket=name)).status_code == 204
    assert ask.fails(get).code == "NoSuchBucketPolicy"


def test_logging_and_the_metadata_index_are_switched(ask: Ask, name: str) -> None:
    logs = oss.LoggingEnabled(target_bucket=name, target_prefix="log-")
    status = oss.BucketLoggingStatus(logging_enabled=logs)
    ask(oss.PutBucketLoggingRequest(bucket=name, bucket_logging_status=status))
    found = ask(oss.GetBucketLoggingRequest(bucket=name)).bucket_logging_status
    assert found.logging_enabled.target_bucket == name
    policy = ask(oss.GetBucketInfoRequest(bucket=name)).bucket_info.bucket_policy
    assert (policy.log_bucket, policy.log_prefix) == (name, "log-")
    ask(oss.DeleteBucketLoggingRequest(bucket=name))
    found = ask(oss.GetBucketLoggingRequest(bucket=name)).bucket_logging_status
    assert found.logging_enabled is None
    ask(oss.OpenMetaQueryRequest(bucket=name))
    index = oss.GetMetaQueryStatusRequest(bucket=name)
    assert ask(index).meta_query_status.state == "Ready"
    ask(oss.CloseMetaQueryRequest(bucket=name))
    assert ask.fails(index).code == "MetaQueryNotExist"


def test_semantic_query_finds_nothing_in_an_empty_bucket(ask: Ask, name: str) -> None:
    query = oss.DoMetaQueryRequest(
        bucket=name, mode="semantic", meta_query=oss.MetaQuery(query="a wood in the snow")
    )
    ask(oss.OpenMetaQueryRequest(bucket=name))
    assert ask.fails(query).code == "NotImplemented"
    ask(oss.CloseMetaQueryRequest(bucket=name))
    ask(oss.OpenMetaQueryRequest(bucket=name, mode="semantic"))
    found = ask(query)
    assert found.files.file is None
    ask(oss.PutObjectRequest(bucket=name, key="a", body=b"a"))
    assert ask.fails(query).code == "NotImplemented"


def test_buckets_are_listed_by_tag_and_group(ask: Ask, name: str) -> None:
    tags = oss.TagSet(tags=[oss.Tag(key="team", value=name), oss.Tag(key="tier", value="1")])
    ask(oss.PutBucketTagsRequest(bucket=name, tagging=oss.Tagging(tag_set=tags)))
    group = oss.BucketResourceGroupConfiguration(resource_group_id="rg-aekz")
    ask(oss.PutBucketResourceGroupRequest(bucket=name, bucket_resource_group_configuration=group))
    for wanted in (
        {"tag_key": "team", "tag_value": name},
        {"tagging": f'"team":"{name}","tier":"1"'},
        {"resource_group_id": "rg-aekz"},
    ):
        found = ask(oss.ListBucketsRequest(prefix=name, **wanted)).buckets
        assert [bucket.name for bucket in found] == [name]
    assert ask.fails(oss.ListBucketsRequest(tag_value="1")).code == "InvalidArgument"


def test_styles_are_named_and_listed(ask: Ask, name: str) -> None:
    """P-58: in the order of their creation."""
    for style, content in (("b", "image/resize,w_1"), ("a", "image/rotate,90")):
        ask(
            oss.PutStyleRequest(
                bucket=name, style_name=style, style=oss.StyleContent(content=content)
            )
        )
    listed = ask(oss.ListStyleRequest(bucket=name)).style_list.styles
    assert [(style.name, style.content) for style in listed] == [
        ("b", "image/resize,w_1"),
        ("a", "image/rotate,90"),
    ]
    got = ask(oss.GetStyleRequest(bucket=name, style_name="b")).style
    assert (got.name, got.content) == ("b", "image/resize,w_1")
    ask(oss.DeleteStyleRequest(bucket=name, style_name="b"))
    error = ask.fails(oss.GetStyleRequest(bucket=name, style_name="b"))
    assert (error.status_code, error.code) == (404, "NoSuchStyle")


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


def test_reserved_domain_is_bound_without_proof(
    ask: Ask, name: str, make_bucket: Callable[..., str]
) -> None:
    def cname(domain: str) -> oss.BucketCnameConfiguration:
        certificate = oss.CertificateConfiguration(cert_id="123-cn-hangzhou", force=True)
        return oss.BucketCnameConfiguration(
            cname=oss.Cname(domain=domain, certificate_configuration=certificate)
        )

    def put(bucket: str, domain: str) -> oss.PutCnameRequest:
        return oss.PutCnameRequest(bucket=bucket, bucket_cname_configuration=cname(domain))

    domain = f"www.{name}.test"
    token = oss.CreateCnameTokenRequest(bucket=name, bucket_cname_configuration=cname(domain))
    made = ask(token).cname_token
    assert (made.bucket, made.cname) == (name, domain)
    got = ask(oss.GetCnameTokenRequest(bucket=name, cname=domain)).cname_token
    assert got.token == made.token
    missing = oss.GetCnameTokenRequest(bucket=name, cname="other.test")
    assert ask.fails(missing).code == "CnameTokenNotFound"
    ask(put(name, domain))
    listed = ask(oss.ListCnameRequest(bucket=name))
    assert (listed.bucket, listed.owner) == (name, OWNER)
    (bound,) = listed.cnames
    assert (bound.domain, bound.status) == (domain, "Enabled")
    assert (bound.certificate.type, bound.certificate.cert_id) == ("CAS", "123-cn-hangzhou")
    error = ask.fails(put(name, "www.example.com"))
    assert (error.code, error.ec) == ("NeedVerifyDomainOwnership", "0018-00000115")
    assert ask.fails(put(make_bucket(), domain)).code == "CnameDenied"
    ask(oss.DeleteCnameRequest(bucket=name, bucket_cname_configuration=cname(domain)))
    assert not ask(oss.ListCnameRequest(bucket=name)).cnames


def test_redundancy_transition_is_a_queued_task(ask: Ask, name: str) -> None:
    create = oss.CreateBucketDataRedundancyTransitionRequest(
        bucket=name, target_redundancy_type="ZRS"
    )
    task = ask(create).bucket_data_redundancy_transition.task_id
    get = oss.GetBucketDataRedundancyTransitionRequest(
        bucket=name, redundancy_transition_taskid=task
    )
    got = ask(get).bucket_data_redundancy_transition
    assert (got.bucket, got.task_id, got.status) == (name, task, "Queueing")
    for listing in (
        oss.ListBucketDataRedundancyTransitionRequest(bucket=name),
        oss.ListUserDataRedundancyTransitionRequest(max_keys=100),
    ):
        found = ask(listing).list_bucket_data_redundancy_transition
        tasks = [item.task_id for item in found.bucket_data_redundancy_transition]
        assert tasks == [task]
    ask(
        oss.DeleteBucketDataRedundancyTransitionRequest(
            bucket=name, redundancy_transition_taskid=task
        )
    )
    assert ask.fails(get).status_code == 404


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
