"""Access points through SDK V2: their configurations, and objects through an alias."""

from __future__ import annotations

import alibabacloud_oss_v2 as oss

from tests.sdk.v2 import Ask

OWNER = "1000000000000001"
ARN = f"acs:oss:cn-hangzhou:{OWNER}:accesspoint/ap-v2"
POLICY = (
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
    ask(oss.PutAccessPointPolicyRequest(body=POLICY, **one))
    assert ask(oss.GetAccessPointPolicyRequest(**one)).body == POLICY
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
