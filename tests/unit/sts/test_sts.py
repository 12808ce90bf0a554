"""STS: AssumeRole and GetCallerIdentity."""

from __future__ import annotations

from aliyunsdkcore.request import RpcRequest
from oss_emulator import rpc
from oss_emulator.access.accounts import Accounts
from oss_emulator.access.identity import AccessKey, Kind
from oss_emulator.protocol import xml
from oss_emulator.protocol.dates import parse_iso

from tests.rows import read_cases, rows
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

CASES = read_cases("unit.sts")


# --- STS: its requests and answers, AssumeRole, and GetCallerIdentity

UNKNOWN: list[tuple[dict[str, str | None], int, str]] = [
    ({"Action": None}, 400, "MissingAction"),
    ({"Action": "AssumeRoleWithSAML"}, 404, "InvalidAction.NotFound"),
    ({"Action": "AssumeRoleWithOIDC"}, 404, "InvalidAction.NotFound"),
    ({"Version": None}, 400, "InvalidVersion"),
    ({"Version": "2014-01-01"}, 400, "InvalidVersion"),
]


@rows(("changes", "status", "code"), *UNKNOWN)
def test_unknown_action_or_version_is_refused(
    changes: dict[str, str | None], status: int, code: str
) -> None:
    check_refused(changes, status, code)


def test_error_recommends_a_page() -> None:
    refused = ask(parameters(Format="XML", RoleArn="x"))
    assert isinstance(refused.body, bytes)
    assert xml.parse(refused.body, "Error").text("Recommend") == (
        "https://api.aliyun.com/troubleshoot?q=InvalidParameter.RoleArn&product=Sts"
        "&requestId=0F101112-1314-1516-1718-191A1B1C1D1E"
    )


def test_parameters_may_be_in_a_form() -> None:
    response = ask(parameters("GetCallerIdentity"), method="POST")
    assert response.status == 200
    assert parse(response)["IdentityType"] == "RAMUser"


@rows("form", "XML", None)
def test_answers_are_xml_by_default(form: str | None) -> None:
    response = ask(parameters(Format=form))
    assert response.headers["Content-Type"] == "text/xml"
    assert isinstance(response.body, bytes)
    node = xml.parse(response.body, "AssumeRoleResponse")
    assert node.text("Credentials/AccessKeyId").startswith("STS.")
    refused = ask(parameters(Format=form, RoleArn="x"))
    assert isinstance(refused.body, bytes)
    assert xml.parse(refused.body, "Error").text("Code") == "InvalidParameter.RoleArn"


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


@rows(("changes", "status", "code"), *REFUSED)
def test_bad_parameter_is_refused(changes: dict[str, str | None], status: int, code: str) -> None:
    check_refused(changes, status, code)


def test_root_account_learns_of_accounts_where_there_is_no_role() -> None:
    fields = parameters(AccessKeyId="owner-key")
    text = "Roles may not be assumed by root accounts."  # all that the service says
    assert parse(ask(fields))["Message"] == text
    key = '[[account]]\nid = "1"\n[[account.key]]\nid = "owner-key"\nsecret = "owner-secret"\n'
    alone = rpc.RPCEnvironment(Accounts.parse(key, token_key=b"key"))
    said = parse(ask(fields, environment=alone))["Message"]
    assert said.startswith(f"{text} This emulator has one key")
    assert "start it with --accounts FILE" in said


@rows("method", "GET", "POST")
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


@rows(
    ("changes", "policy_type", "no_permission"),
    ({"AccessKeyId": "nobody-key"}, "AccountLevelIdentityBasedPolicy", "ImplicitDeny"),
    ({"RoleArn": ROLE.replace("worker", "closed")}, "AssumeRolePolicy", "ImplicitDeny"),
    ({"RoleArn": ROLE.replace("worker", "barred")}, "AssumeRolePolicy", "ExplicitDeny"),
)
def test_denial_names_the_policy(
    changes: dict[str, str], policy_type: str, no_permission: str
) -> None:
    detail = parse(ask(parameters(**changes)))["AccessDeniedDetail"]
    assert (detail["PolicyType"], detail["NoPermissionType"]) == (policy_type, no_permission)
    assert detail["AuthPrincipalType"] == Kind.USER


@rows(("key", "expected"), *CASES["account_and_user_are_described"])
def test_account_and_user_are_described(key: str, expected: dict[str, str]) -> None:
    answer = parse(ask(parameters("GetCallerIdentity", AccessKeyId=key)))
    answer.pop("RequestId")
    assert answer == expected


def test_session_is_described_and_may_assume_a_role() -> None:
    found = credentials()
    fields = {"AccessKeyId": found["AccessKeyId"], "SecurityToken": found["SecurityToken"]}
    secret = found["AccessKeySecret"]
    answer = parse(ask(parameters("GetCallerIdentity", **fields), secret))
    answer.pop("RequestId")
    assert answer == {
        "IdentityType": "AssumedRoleUser",
        "AccountId": "1000000000000001",
        "PrincipalId": "3000000000000001:night",
        "RoleId": "3000000000000001",
        "Arn": "acs:ram::1000000000000001:assumed-role/worker/night",
    }
    assert ask(parameters(**fields), secret).status == 200
