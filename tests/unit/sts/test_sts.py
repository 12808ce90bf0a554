"""STS: AssumeRole, AssumeRoleWithOIDC and GetCallerIdentity."""

from __future__ import annotations

from typing import Any

import pytest
from aliyunsdkcore.request import RpcRequest
from oss_emulator import rpc
from oss_emulator.access.accounts import Accounts
from oss_emulator.access.identity import AccessKey, Kind
from oss_emulator.protocol import xml
from oss_emulator.protocol.dates import parse_iso
from oss_emulator.protocol.message import Request
from oss_emulator.rpc.errors import RPCError
from oss_emulator.sts import STS, OIDCToken
from oss_referer import Signing

from tests.issuer import CLIENT, ISSUER, SUBJECT, Issuer
from tests.rows import rows
from tests.unit.sts.requests import (
    ACCOUNTS,
    ENVIRONMENT,
    FIRST,
    MATERIAL,
    NOW,
    PROVIDER,
    ROLE,
    SECOND,
    ask,
    by_sdk,
    check_refused,
    credentials,
    parameters,
    parse,
)

# --- STS: its requests and answers, AssumeRole, and GetCallerIdentity

UNKNOWN: list[tuple[dict[str, str | None], int, str]] = [
    ({"Action": None}, 400, "MissingAction"),
    ({"Action": "AssumeRoleWithSAML"}, 404, "InvalidAction.NotFound"),
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


@pytest.mark.parametrize("form", ["XML", None])
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


# --- AssumeRoleWithOIDC: its answers, whom it trusts, and every refusal

FEDERATED = ROLE.replace("worker", "federated")


def assume(**changes: str | None) -> rpc.RPCAnswer:
    """Send an unsigned request with its parameters in a form."""
    fields: dict[str, str | None] = {
        "Action": "AssumeRoleWithOIDC",
        "Version": "2015-04-01",
        "Format": "JSON",
        "OIDCProviderArn": PROVIDER,
        "OIDCToken": FIRST.token(NOW, aud=["x", CLIENT]),
        "RoleArn": FEDERATED,
        "RoleSessionName": "build",
        **changes,
    }
    body = "&".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    request = Request.parse("POST", "/", [("Host", "sts.aliyuncs.com")], NOW)
    return rpc.answer(STS, request, body.encode(), ENVIRONMENT, MATERIAL)


def test_token_of_a_trusted_provider_gets_credentials() -> None:
    """A-43"""
    given = assume(DurationSeconds="900")
    assert (given.signing, given.access_key_id, given.caller.anonymous) == (Signing.NONE, "", True)
    answer = parse(given.response)
    assert answer["OIDCTokenInfo"] == {
        "Subject": SUBJECT,
        "Issuer": ISSUER,
        "ClientIds": f"x,{CLIENT}",
        "ExpirationTime": "2023-11-14T23:13:20Z",
        "IssuanceTime": "2023-11-14T22:13:20Z",
        "VerificationInfo": "Success",
    }
    assert answer["AssumedRoleUser"] == {
        "Arn": f"{FEDERATED}/build",
        "AssumedRoleId": "3000000000000002:build",
    }
    credentials = answer["Credentials"]
    assert credentials["Expiration"] == "2023-11-14T22:28:20Z"
    found = ACCOUNTS.find(credentials["AccessKeyId"], credentials["SecurityToken"], NOW)
    assert isinstance(found, AccessKey)
    assert found.identity.arn.endswith("assumed-role/federated/build")


@rows(
    ("changes", "status", "code"),
    ({"OIDCProviderArn": None}, 400, "MissingOIDCProviderArn"),
    ({"OIDCProviderArn": "local"}, 400, "InvalidParameter.OIDCProviderArn"),
    ({"OIDCProviderArn": f"{PROVIDER}-not"}, 401, "AuthenticationFail.NoPermission"),
    ({"OIDCToken": None}, 401, "AuthenticationFail.OIDCToken.Invalid"),
    ({"OIDCToken": "a.b.c"}, 401, "AuthenticationFail.OIDCToken.Invalid"),
    ({"RoleArn": None}, 400, "MissingRoleArn"),
    ({"RoleArn": f"{FEDERATED}-not"}, 404, "EntityNotExist.Role"),
    ({"RoleSessionName": "b"}, 400, "InvalidParameter.RoleSessionName"),
    ({"Policy": "x"}, 400, "InvalidParameter.PolicyGrammar"),
    ({"DurationSeconds": "3601"}, 400, "InvalidParameter.DurationSeconds"),
)
def test_bad_parameter_of_oidc_is_refused(
    changes: dict[str, str | None], status: int, code: str
) -> None:
    response = assume(**changes).response
    assert (response.status, parse(response)["Code"]) == (status, code)


@rows(
    "changes",
    {"RoleArn": ROLE},
    {"OIDCProviderArn": PROVIDER.replace("local", "other"), "OIDCToken": SECOND.token(NOW)},
    {"OIDCToken": FIRST.token(NOW, aud="other-client")},
    {"OIDCToken": FIRST.token(NOW, sub="system:serviceaccount:another:app")},
)
def test_trust_policy_must_allow_the_token(changes: dict[str, str]) -> None:
    """A-43"""
    response = assume(**changes).response
    answer = parse(response)
    assert (response.status, answer["Code"]) == (401, "AuthenticationFail.NoPermission")
    assert answer["Message"] == "There is no permission"


def test_session_policy_is_kept() -> None:
    policy = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    credentials = parse(assume(Policy=policy).response)["Credentials"]
    found = ACCOUNTS.find(credentials["AccessKeyId"], credentials["SecurityToken"], NOW)
    assert isinstance(found, AccessKey)
    assert found.identity.session_policy is not None


# --- OIDC tokens: the checks, their order, and the refusals

found = ACCOUNTS.oidc_provider(PROVIDER), ACCOUNTS.oidc_provider(PROVIDER.replace("local", "other"))
assert found[0] is not None
assert found[1] is not None
LOCAL, OTHER = found[0], found[1]


def code(text: str, provider: Any = LOCAL) -> str:
    """Return the end of the code of a refusal; "" if the token is accepted."""
    try:
        OIDCToken.parse(text, provider).check(provider, NOW)
    except RPCError as refusal:
        return refusal.spec().code.removeprefix("AuthenticationFail.OIDCToken.")
    return ""


def test_claims_are_read() -> None:
    token = OIDCToken.parse(FIRST.token(NOW, aud=[CLIENT, "x"], exp=NOW + 1.5), LOCAL)
    assert token == (ISSUER, SUBJECT, (CLIENT, "x"), int(NOW), int(NOW) + 1, 0)


@rows("issuer", FIRST, SECOND)
@rows("key_id", "own", None)
def test_each_key_of_the_provider_verifies(issuer: Issuer, key_id: str | None) -> None:
    header = {} if key_id else {"kid": None}
    assert code(issuer.token(NOW, header)) == ""


@rows(
    ("text", "expected"),
    ("", "Invalid"),
    ("a.b", "Invalid"),
    ("a.b.c.d", "Invalid"),
    ("!.!.!", "Invalid"),
    ("YQ.YQ.YQ", "Invalid"),
    ("W10.YQ.YQ", "Invalid"),
    ("x" * 20_001, "InvalidParameter.OIDCToken"),
)
def test_malformed_token_is_refused(text: str, expected: str) -> None:
    assert code(text) == expected


@rows("algorithm", "none", "HS256", "RS512", "ES256", None)
def test_only_rs256_is_accepted(algorithm: str | None) -> None:
    with pytest.raises(RPCError, match=f"The algorithm {algorithm} that be specified"):
        OIDCToken.parse(FIRST.token(NOW, {"alg": algorithm}), LOCAL)


@rows(
    "text",
    Issuer("stranger").token(NOW, {"kid": "first"}),
    FIRST.token(NOW, {"kid": "second"}),
    FIRST.token(NOW, {"kid": "unknown"}),
    FIRST.token(NOW).rpartition(".")[0] + ".",
    ".".join([*FIRST.token(NOW).split(".")[:2], FIRST.token(NOW + 1).split(".")[2]]),
)
def test_wrong_signature_is_refused(text: str) -> None:
    assert code(text) == "InvalidSignature"


def test_keys_are_those_of_the_named_provider() -> None:
    assert code(SECOND.token(NOW), OTHER) == ""
    assert code(FIRST.token(NOW), OTHER) == "InvalidSignature"


@rows(
    "claims",
    {"iss": None},
    {"iss": 1},
    {"sub": None},
    {"sub": ""},
    {"aud": None},
    {"aud": [CLIENT, 1]},
    {"iat": None},
    {"iat": "1"},
    {"exp": None},
    {"exp": -1},
    {"exp": float("nan")},
    {"exp": float("inf")},
    {"nbf": "1"},
    {"nbf": -1},
)
def test_missing_or_malformed_claim_is_refused(claims: dict[str, Any]) -> None:
    assert code(FIRST.token(NOW, **claims)) == "Invalid"


@rows(
    ("claims", "expected"),
    ({"iss": f"{ISSUER}/"}, "IssuerNotMatch"),
    ({"aud": "x"}, "AudienceNotMatch"),
    ({"aud": []}, "AudienceNotMatch"),
    ({"aud": ["x", CLIENT]}, ""),
    ({"exp": NOW + 1}, ""),
    ({"exp": NOW}, "Expired"),
    ({"iat": NOW - 12 * 3600}, ""),
    ({"iat": NOW - 12 * 3600 - 1}, "Expired"),
    ({"iat": NOW + 1}, "Invalid"),
    ({"nbf": NOW}, ""),
    ({"nbf": NOW + 1}, "Invalid"),
)
def test_claims_are_checked(claims: dict[str, Any], expected: str) -> None:
    """A-43: whom a token is for, and when it is valid."""
    assert code(FIRST.token(NOW, **claims)) == expected


def test_provider_limits_the_age_of_tokens() -> None:
    assert code(SECOND.token(NOW, iat=NOW - 3600), OTHER) == ""
    assert code(SECOND.token(NOW, iat=NOW - 3601), OTHER) == "Expired"
