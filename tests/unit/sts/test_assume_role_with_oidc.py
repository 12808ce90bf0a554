"""AssumeRoleWithOIDC: what it answers, whom it trusts, and every refusal."""

from __future__ import annotations

import pytest
from oss_emulator import rpc
from oss_emulator.access import AccessKey
from oss_emulator.protocol.message import Request
from oss_emulator.sts import STS
from oss_referer import Signing

from tests.issuer import CLIENT, ISSUER, SUBJECT
from tests.unit.sts.requests import (
    ACCOUNTS,
    ENVIRONMENT,
    FIRST,
    MATERIAL,
    NOW,
    PROVIDER,
    ROLE,
    SECOND,
    parse,
)

FEDERATED = ROLE.replace("worker", "federated")


def ask(**changes: str | None) -> rpc.RPCAnswer:
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
    given = ask(DurationSeconds="900")
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


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
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
    ],
)
def test_bad_parameter_is_refused(changes: dict[str, str | None], status: int, code: str) -> None:
    response = ask(**changes).response
    assert (response.status, parse(response)["Code"]) == (status, code)


@pytest.mark.parametrize(
    "changes",
    [
        {"RoleArn": ROLE},
        {
            "OIDCProviderArn": PROVIDER.replace("local", "other"),
            "OIDCToken": SECOND.token(NOW),
        },
        {"OIDCToken": FIRST.token(NOW, aud="other-client")},
        {"OIDCToken": FIRST.token(NOW, sub="system:serviceaccount:another:app")},
    ],
    ids=["role trusts no provider", "role trusts another provider", "audience", "subject"],
)
def test_trust_policy_must_allow_the_token(changes: dict[str, str]) -> None:
    """A-43"""
    response = ask(**changes).response
    answer = parse(response)
    assert (response.status, answer["Code"]) == (401, "AuthenticationFail.NoPermission")
    assert answer["Message"] == "There is no permission"


def test_session_policy_is_kept() -> None:
    policy = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    credentials = parse(ask(Policy=policy).response)["Credentials"]
    found = ACCOUNTS.find(credentials["AccessKeyId"], credentials["SecurityToken"], NOW)
    assert isinstance(found, AccessKey)
    assert found.identity.session_policy is not None
