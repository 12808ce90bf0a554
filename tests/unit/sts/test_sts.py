"""STS without a socket: requests as aliyun-python-sdk-core signs them, and every refusal."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from aliyunsdkcore.auth.composer import rpc_signature_composer
from aliyunsdkcore.request import RpcRequest
from oss_emulator import sts
from oss_emulator.access import AccessKey, Accounts, Kind
from oss_emulator.protocol import xml
from oss_emulator.protocol.dates import parse_iso
from oss_emulator.protocol.message import Request, Response
from oss_emulator.sts.signature import sign, string_to_sign

ACCOUNTS = Accounts.load("""
[[account]]
id = "1000000000000001"
[[account.key]]
id = "owner-key"
secret = "owner-secret"

[[account.user]]
id = "2000000000000001"
name = "assumer"
policies = ["AliyunSTSAssumeRoleAccess"]
[[account.user.key]]
id = "assumer-key"
secret = "assumer-secret"

[[account.user]]
name = "nobody"
[[account.user.key]]
id = "nobody-key"
secret = "nobody-secret"

[[account.role]]
id = "3000000000000001"
name = "worker"
policies = ["AliyunOSSReadOnlyAccess", "AliyunSTSAssumeRoleAccess"]

[[account.role]]
name = "closed"
trust = '''{"Version": "1", "Statement": [
  {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": ["acs:ram::2:root"]}}]}'''
[[account.role]]
name = "barred"
trust = '''{"Version": "1", "Statement": [
  {"Effect": "Allow", "Action": "sts:AssumeRole",
   "Principal": {"RAM": ["acs:ram::1000000000000001:root"]}},
  {"Effect": "Deny", "Action": "sts:AssumeRole",
   "Principal": {"RAM": ["acs:ram::1000000000000001:user/assumer"]}}]}'''
[[account.role]]
name = "long"
max_session = 43200
""")
ROLE = "acs:ram::1000000000000001:role/worker"
MATERIAL = bytes(range(sts.MATERIAL_SIZE))
NOW = 1_700_000_000.0
TIMESTAMP = "2023-11-14T22:13:20Z"


def parameters(action: str = "AssumeRole", **changes: str | None) -> dict[str, str]:
    found: dict[str, str | None] = {
        "Action": action,
        "Version": "2015-04-01",
        "Format": "JSON",
        "AccessKeyId": "assumer-key",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "nonce",
        "Timestamp": TIMESTAMP,
        "RoleArn": ROLE,
        "RoleSessionName": "night",
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def ask(
    fields: dict[str, str], secret: str = "", *, method: str = "GET", at: float = NOW
) -> Response:
    """Sign a request and ask; in the query, or by POST in the body."""
    secret = secret or fields.get("AccessKeyId", "").replace("-key", "-secret")
    text = string_to_sign(method, fields)
    fields = {"Signature": sign(text, secret).decode(), **fields}
    query = urlencode(fields)
    target = f"/?{query}" if method == "GET" else "/"
    request = Request.parse(method, target, [("Host", "sts.aliyuncs.com")], at)
    body = b"" if method == "GET" else query.encode()
    return sts.answer(request, body, ACCOUNTS, MATERIAL).response


def read(response: Response) -> Any:
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


# --- what the SDK sends


def by_sdk(request: RpcRequest, key: str = "assumer-key") -> Response:
    """Let the SDK build a request, and answer it."""
    request.set_accept_format("JSON")
    url = request.get_url("cn-hangzhou", key, key.replace("-key", "-secret"))
    sent = Request.parse(request.get_method(), url, [("Host", "sts.aliyuncs.com")], 0.0)
    received = parse_iso(sent.query["Timestamp"])
    assert received is not None
    timed = Request.parse(request.get_method(), url, [("Host", "sts.aliyuncs.com")], received)
    return sts.answer(timed, b"", ACCOUNTS, MATERIAL).response


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_sdk_assumes_a_role(method: str) -> None:
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
    answer = read(response)
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


def test_the_sdk_is_told_that_its_secret_is_wrong() -> None:
    request = RpcRequest("Sts", "2015-04-01", "GetCallerIdentity", "sts")
    request.set_accept_format("JSON")
    url = request.get_url("cn-hangzhou", "owner-key", "wrong")
    sent = Request.parse(request.get_method(), url, [("Host", "x")], 0.0)
    timed = Request.parse(
        request.get_method(), url, [("Host", "x")], parse_iso(sent.query["Timestamp"]) or 0.0
    )
    message = read(sts.answer(timed, b"", ACCOUNTS, MATERIAL).response)["Message"]
    # How aliyun-python-sdk-core 2.16 finds out.
    assert message.split(":")[1] == request.string_to_sign


@pytest.mark.parametrize(
    "value", ["", " ", "+", "~", "*", "%", "/", "ä中", "a=b&c", "'\"", "!()", "a:b,c"]
)
def test_texts_to_sign_are_those_of_the_sdk(value: str) -> None:
    found = {"Action": "x", "b": value, "A": "1"}
    compose = rpc_signature_composer.__dict__["__compose_string_to_sign"]
    assert string_to_sign("POST", {**found, "Signature": "s"}) == compose("POST", found)


# --- who asks


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "owner-key",
            {
                "IdentityType": "Account",
                "AccountId": "1000000000000001",
                "PrincipalId": "1000000000000001",
                "UserId": "1000000000000001",
                "Arn": "acs:ram::1000000000000001:root",
            },
        ),
        (
            "assumer-key",
            {
                "IdentityType": "RAMUser",
                "AccountId": "1000000000000001",
                "PrincipalId": "2000000000000001",
                "UserId": "2000000000000001",
                "Arn": "acs:ram::1000000000000001:user/assumer",
            },
        ),
    ],
)
def test_callers_learn_who_they_are(key: str, expected: dict[str, str]) -> None:
    answer = read(ask(parameters("GetCallerIdentity", AccessKeyId=key)))
    answer.pop("RequestId")
    assert answer == expected


def credentials(**changes: str) -> dict[str, str]:
    answer = read(ask(parameters(**changes)))
    found: dict[str, str] = answer["Credentials"]
    return found


def test_a_session_learns_who_it_is_and_may_assume_a_role_itself() -> None:
    found = credentials()
    fields = {"AccessKeyId": found["AccessKeyId"], "SecurityToken": found["SecurityToken"]}
    secret = found["AccessKeySecret"]
    answer = read(ask(parameters("GetCallerIdentity", **fields), secret))
    answer.pop("RequestId")
    assert answer == {
        "IdentityType": "AssumedRoleUser",
        "AccountId": "1000000000000001",
        "PrincipalId": "3000000000000001:night",
        "RoleId": "3000000000000001",
        "Arn": "acs:ram::1000000000000001:assumed-role/worker/night",
    }
    assert ask(parameters(**fields), secret).status == 200


def test_a_session_policy_may_forbid_to_assume_further() -> None:
    policy = (
        '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:*", "Resource": "*"}]}'
    )
    found = credentials(Policy=policy)
    fields = {"AccessKeyId": found["AccessKeyId"], "SecurityToken": found["SecurityToken"]}
    answer = read(ask(parameters(**fields), found["AccessKeySecret"]))
    assert answer["AccessDeniedDetail"]["PolicyType"] == "SessionPolicy"


def test_credentials_hold_for_an_hour_unless_told_otherwise() -> None:
    assert credentials()["Expiration"] == "2023-11-14T23:13:20Z"
    assert credentials(DurationSeconds="900")["Expiration"] == "2023-11-14T22:28:20Z"
    long = ROLE.replace("worker", "long")
    longest = credentials(RoleArn=long, DurationSeconds="43200")
    assert longest["Expiration"] == "2023-11-15T10:13:20Z"


def test_a_form_is_taken_as_a_query_is() -> None:
    response = ask(parameters("GetCallerIdentity"), method="POST")
    assert response.status == 200
    assert read(response)["IdentityType"] == "RAMUser"


# --- forms of answers


@pytest.mark.parametrize("form", ["XML", None])
def test_answers_are_xml_unless_json_is_asked_for(form: str | None) -> None:
    response = ask(parameters(Format=form))
    assert response.headers["Content-Type"] == "text/xml"
    assert isinstance(response.body, bytes)
    node = xml.parse(response.body, "AssumeRoleResponse")
    assert node.text("Credentials/AccessKeyId").startswith("STS.")
    refused = ask(parameters(Format=form, RoleArn="x"))
    assert isinstance(refused.body, bytes)
    assert xml.parse(refused.body, "Error").text("Code") == "InvalidParameter.RoleArn"


# --- what is refused

POLICY = '{"Version": "1", "Statement": []}'
REFUSED = [
    ({"Action": None}, 400, "MissingAction"),
    ({"Action": "AssumeRoleWithSAML"}, 404, "InvalidAction.NotFound"),
    ({"Version": None}, 400, "InvalidVersion"),
    ({"Version": "2014-01-01"}, 400, "InvalidVersion"),
    ({"AccessKeyId": None}, 400, "MissingAccessKeyId"),
    ({"AccessKeyId": "unknown-key"}, 404, "InvalidAccessKeyId.NotFound"),
    ({"AccessKeyId": "STS.unknown"}, 400, "MissingSecurityToken"),
    ({"SecurityToken": "CAIS"}, 400, "InvalidSecurityToken.MismatchWithAccessKey"),
    (
        {"AccessKeyId": "STS.unknown", "SecurityToken": "CAIS"},
        400,
        "InvalidSecurityToken.MismatchWithAccessKey",
    ),
    ({"SignatureMethod": "HMAC-SHA256"}, 400, "InvalidSignatureMethod"),
    ({"SignatureVersion": "2.0"}, 400, "InvalidSignatureMethod"),
    ({"SignatureNonce": ""}, 400, "MissingSignatureNonce"),
    ({"Timestamp": None}, 400, "MissingTimestamp"),
    ({"Timestamp": "yesterday"}, 400, "InvalidTimeStamp.Format"),
    ({"Timestamp": "2023-11-14T21:58:19Z"}, 400, "InvalidTimeStamp.Expired"),
    ({"Timestamp": "2023-11-14T22:28:21Z"}, 400, "InvalidTimeStamp.Expired"),
    ({"Signature": "x"}, 400, "SignatureDoesNotMatch"),
    ({"Signature": ""}, 400, "MissingSignature"),
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
def test_what_is_wrong_has_its_own_code(
    changes: dict[str, str | None], status: int, code: str
) -> None:
    fields = parameters(**{"action": "AssumeRole", **changes})  # type: ignore[arg-type]
    response = ask(fields)
    answer = read(response)
    assert (response.status, answer["Code"]) == (status, code)
    assert answer["HostId"] == "sts.aliyuncs.com"
    assert answer["Message"]


def test_fifteen_minutes_are_close_enough() -> None:
    for stamp in ("2023-11-14T21:58:20Z", "2023-11-14T22:28:20Z"):
        assert ask(parameters(Timestamp=stamp)).status == 200


def test_an_expired_token_is_told_as_such() -> None:
    found = credentials()
    fields = {"AccessKeyId": found["AccessKeyId"], "SecurityToken": found["SecurityToken"]}
    later = parameters("GetCallerIdentity", **fields, Timestamp="2023-11-14T23:13:20Z")
    answer = read(ask(later, found["AccessKeySecret"], at=NOW + 3600))
    assert answer["Code"] == "InvalidSecurityToken.Expired"


@pytest.mark.parametrize(
    ("changes", "policy_type", "no_permission"),
    [
        ({"AccessKeyId": "nobody-key"}, "AccountLevelIdentityBasedPolicy", "ImplicitDeny"),
        ({"RoleArn": ROLE.replace("worker", "closed")}, "AssumeRolePolicy", "ImplicitDeny"),
        ({"RoleArn": ROLE.replace("worker", "barred")}, "AssumeRolePolicy", "ExplicitDeny"),
    ],
)
def test_a_denial_tells_which_policy(
    changes: dict[str, str], policy_type: str, no_permission: str
) -> None:
    detail = read(ask(parameters(**changes)))["AccessDeniedDetail"]
    assert (detail["PolicyType"], detail["NoPermissionType"]) == (policy_type, no_permission)
    assert detail["AuthPrincipalType"] == Kind.USER
