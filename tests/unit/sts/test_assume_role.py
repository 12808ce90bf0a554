"""AssumeRole: the credentials it issues, and every refusal."""

from __future__ import annotations

import pytest
from aliyunsdkcore.request import RpcRequest
from oss_emulator.access import AccessKey, Kind
from oss_emulator.protocol.dates import parse_iso

from tests.unit.sts.requests import (
    ACCOUNTS,
    ROLE,
    ask,
    by_sdk,
    check_refused,
    credentials,
    parameters,
    parse,
)

POLICY = '{"Version": "1", "Statement": []}'
REFUSED: list[tuple[dict[str, str | None], int, str]] = [
    ({"RoleArn": None}, 400, "MissingRoleArn"),
    ({"RoleArn": "arn:aws:iam::1:role/x"}, 400, "InvalidParameter.RoleArn"),
    ({"RoleArn": "acs:ram::1000000000000001:role/gone"}, 404, "EntityNotExist.Role"),
    ({"RoleSessionName": None}, 400, "MissingRoleSessionName"),
    ({"RoleSessionName": "a"}, 400, "InvalidParameter.RoleSessionName"),
    ({"RoleSessionName": "a b"}, 400, "InvalidParameter.RoleSessionName"),
    ({"RoleSessionName": "a" * 65}, 400, "InvalidParameter.RoleSessionName"),
    ({"DurationSeconds": "899"}, 400, "InvalidParameter.DurationSeconds"),
    ({"DurationSeconds": "3601"}, 400, "InvalidParameter.DurationSeconds"),
    ({"DurationSeconds": "1e3"}, 400, "InvalidParameter.DurationSeconds"),
    ({"Policy": "x"}, 400, "InvalidParameter.PolicyGrammar"),
    ({"Policy": POLICY}, 400, "InvalidParameter.PolicyGrammar"),
    ({"Policy": " " * 2049}, 400, "InvalidParameter.PolicySize"),
    ({"AccessKeyId": "owner-key"}, 403, "NoPermission"),
    ({"AccessKeyId": "nobody-key"}, 403, "NoPermission"),
    ({"RoleArn": "acs:ram::1000000000000001:role/closed"}, 403, "NoPermission"),
    ({"RoleArn": "acs:ram::1000000000000001:role/barred"}, 403, "NoPermission"),
]


@pytest.mark.parametrize(("changes", "status", "code"), REFUSED)
def test_bad_parameter_is_refused(changes: dict[str, str | None], status: int, code: str) -> None:
    check_refused(changes, status, code)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sdk_assumes_a_role(method: str) -> None:
    request = RpcRequest("Sts", "2015-04-01", "AssumeRole", "sts")
    request.set_method(method)
    request.add_query_param("RoleArn", ROLE)
    request.add_query_param("RoleSessionName", "a.b@c-d_e")
    request.add_query_param("DurationSeconds", 900)
    policy = (
        '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "* ~+/"}]}'
    )
    request.add_query_param("Policy", policy)
    response = by_sdk(request)
    assert response.status == 200
    answer = parse(response)
    assert answer["AssumedRoleUser"] == {
        "Arn": f"{ROLE}/a.b@c-d_e",
        "AssumedRoleId": "3000000000000001:a.b@c-d_e",
    }
    credentials = answer["Credentials"]
    expires = parse_iso(credentials["Expiration"])
    assert expires is not None
    found = ACCOUNTS.find(credentials["AccessKeyId"], credentials["SecurityToken"], expires - 1)
    assert isinstance(found, AccessKey)
    assert found.secret == credentials["AccessKeySecret"]
    assert found.identity.session_policy is not None
    assert answer["RequestId"] == "0F101112-1314-1516-1718-191A1B1C1D1E"


def test_session_policy_may_deny_assuming_another_role() -> None:
    policy = (
        '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:*", "Resource": "*"}]}'
    )
    found = credentials(Policy=policy)
    fields = {"AccessKeyId": found["AccessKeyId"], "SecurityToken": found["SecurityToken"]}
    answer = parse(ask(parameters(**fields), found["AccessKeySecret"]))
    assert answer["AccessDeniedDetail"]["PolicyType"] == "SessionPolicy"


def test_credentials_are_valid_for_an_hour_by_default() -> None:
    assert credentials()["Expiration"] == "2023-11-14T23:13:20Z"
    assert credentials(DurationSeconds="900")["Expiration"] == "2023-11-14T22:28:20Z"
    long = ROLE.replace("worker", "long")
    longest = credentials(RoleArn=long, DurationSeconds="43200")
    assert longest["Expiration"] == "2023-11-15T10:13:20Z"


@pytest.mark.parametrize(
    ("changes", "policy_type", "no_permission"),
    [
        ({"AccessKeyId": "nobody-key"}, "AccountLevelIdentityBasedPolicy", "ImplicitDeny"),
        ({"RoleArn": ROLE.replace("worker", "closed")}, "AssumeRolePolicy", "ImplicitDeny"),
        ({"RoleArn": ROLE.replace("worker", "barred")}, "AssumeRolePolicy", "ExplicitDeny"),
    ],
)
def test_denial_names_the_policy(
    changes: dict[str, str], policy_type: str, no_permission: str
) -> None:
    detail = parse(ask(parameters(**changes)))["AccessDeniedDetail"]
    assert (detail["PolicyType"], detail["NoPermissionType"]) == (policy_type, no_permission)
    assert detail["AuthPrincipalType"] == Kind.USER
