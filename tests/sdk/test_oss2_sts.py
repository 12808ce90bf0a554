"""Temporary credentials: from STS by its own SDK, used by oss2."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import oss2
import pytest
import requests
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdksts.request.v20150401.AssumeRoleRequest import AssumeRoleRequest
from aliyunsdksts.request.v20150401.GetCallerIdentityRequest import GetCallerIdentityRequest
from lxml import etree
from oss2.credentials import Credentials, CredentialsProvider
from oss2.exceptions import ServerError
from oss_emulator import Emulator

from tests.sdk.accounts import (
    OWNER,
    ROLE,
    Given,
    ask_sts,
    assume_role,
    bucket_as,
    detail,
    get_object_as,
    sts_auth,
)

# --- STS


def test_sts_sdk_assumes_a_role_and_gets_the_caller_identity(emulator: Emulator) -> None:
    given = assume_role(emulator)
    assert given["AccessKeyId"].startswith("STS.")
    who = ask_sts(emulator, GetCallerIdentityRequest(), "app")
    assert (who["IdentityType"], who["Arn"]) == ("RAMUser", f"acs:ram::{OWNER}:user/app")
    session = GetCallerIdentityRequest()
    session.add_query_param("SecurityToken", given["SecurityToken"])
    who = ask_sts(emulator, session, given["AccessKeyId"], given["AccessKeySecret"])
    assert who["Arn"] == f"acs:ram::{OWNER}:assumed-role/uploader/night"


@pytest.mark.parametrize(
    ("key", "secret", "role", "code", "status"),
    [
        ("nobody", "whatever", ROLE, "InvalidAccessKeyId.NotFound", 404),
        ("app", "wrong", ROLE, "InvalidAccessKeySecret", 400),
        ("app", "", f"{ROLE}-not", "EntityNotExist.Role", 404),
        ("owner", "", ROLE, "NoPermission", 403),
        ("rules-reader", "", ROLE, "NoPermission", 403),
    ],
)
def test_sts_sdk_gets_the_documented_errors(
    emulator: Emulator, key: str, secret: str, role: str, code: str, status: int
) -> None:
    request = AssumeRoleRequest()
    request.set_RoleArn(role)
    request.set_RoleSessionName("night")
    with pytest.raises(ServerException) as caught:
        ask_sts(emulator, request, key, secret)
    error = caught.value
    assert (error.get_error_code(), error.get_http_status()) == (code, status)


def test_sts_takes_a_post(emulator: Emulator) -> None:
    request = GetCallerIdentityRequest()
    request.set_method("POST")
    assert ask_sts(emulator, request, "owner")["IdentityType"] == "Account"


@pytest.mark.parametrize(
    "host",
    ["sts.aliyuncs.com", "sts.cn-hangzhou.aliyuncs.com", "STS.cn-beijing.aliyuncs.com.:80"],
)
def test_sts_answers_on_its_own_hosts(emulator: Emulator, host: str) -> None:
    answer = requests.get(
        f"{emulator.endpoint}/?Action=GetCallerIdentity&Format=JSON&Version=2015-04-01",
        headers={"Host": host},
        timeout=20,
    )
    assert (answer.status_code, answer.json()["Code"]) == (400, "MissingAccessKeyId")


@pytest.mark.parametrize("host", ["sts.oss-cn-hangzhou.aliyuncs.com", "sts.localhost"])
def test_bucket_may_be_called_sts(emulator: Emulator, host: str) -> None:
    answer = requests.get(f"{emulator.endpoint}/", headers={"Host": host}, timeout=20)
    error = etree.fromstring(answer.content)
    assert (error.findtext("Code"), error.findtext("BucketName")) == ("NoSuchBucket", "sts")


def test_sts_client_works_through_the_proxy(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", emulator.endpoint)
    monkeypatch.setenv("http_proxy", emulator.endpoint)
    request = GetCallerIdentityRequest()
    request.set_accept_format("json")
    request.set_protocol_type("http")
    request.set_endpoint("sts.cn-hangzhou.aliyuncs.com")
    found = AcsClient("owner", "secret of owner", "cn-hangzhou").do_action_with_exception(request)
    assert json.loads(found)["AccountId"] == OWNER


@pytest.mark.parametrize("body", [b"", b"\xff\xfe=%zz&&=", b"A=" + b"x" * 100_000])
def test_malformed_form_gets_400_and_the_server_goes_on(emulator: Emulator, body: bytes) -> None:
    url = f"{emulator.endpoint}/_emulator/sts"
    answer = requests.post(url, data=body, timeout=20)
    assert (answer.status_code, b"MissingAction" in answer.content) == (400, True)
    assert assume_role(emulator)["AccessKeyId"]


# --- Tokens


def test_session_policy_narrows_the_permissions(emulator: Emulator) -> None:
    allow = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}
    policy = json.dumps({"Version": "1", "Statement": [allow]})
    bucket = bucket_as(emulator, sts_auth(assume_role(emulator, policy)))
    assert bucket.get_object("a").read() == b"content"
    with pytest.raises(ServerError) as caught:
        bucket.put_object("a", b"")
    assert caught.value.message == "Access denied by authorizer's policy."
    told = detail(caught.value)
    assert (told["PolicyType"], told["AuthPrincipalType"]) == ("SessionPolicy", "AssumedRoleUser")
    assert told["AuthPrincipalDisplayName"] == "uploader:night"


def _without_token(given: Given) -> Any:
    return oss2.AuthV4(given["AccessKeyId"], given["AccessKeySecret"])


def _with_token_of_another(given: Given) -> Any:
    key = given["AccessKeyId"]
    return sts_auth({**given, "AccessKeyId": key[:-1] + ("A" if key[-1] != "A" else "B")})


def _with_changed_token(given: Given) -> Any:
    return sts_auth({**given, "SecurityToken": given["SecurityToken"][:-4] + "AAAA"})


def _with_wrong_secret(given: Given) -> Any:
    return sts_auth({**given, "AccessKeySecret": "wrong"})


def _long_term_key(given: Given) -> Any:
    return oss2.StsAuth("owner", "secret of owner", given["SecurityToken"], auth_version="v4")


@pytest.mark.parametrize("place", ["header", "url"])
@pytest.mark.parametrize(
    ("spoil", "code", "ec"),
    [
        (_without_token, "InvalidAccessKeyId", "0002-00000902"),
        (_with_token_of_another, "InvalidSecurityToken", "0002-00000006"),
        (_with_changed_token, "InvalidSecurityToken", "0002-00000006"),
        (_with_wrong_secret, "SignatureDoesNotMatch", "0002-00000201"),
        (_long_term_key, "InvalidAccessKeyId", "0002-00000002"),
    ],
)
def test_each_kind_of_bad_credentials_has_its_error(
    emulator: Emulator, place: str, spoil: Callable[[Given], Any], code: str, ec: str
) -> None:
    """A-50"""
    status, error = get_object_as(emulator, spoil(assume_role(emulator)), place)
    assert (status, error["Code"], error["EC"]) == (403, code, ec)


# --- The journal


def test_journal_holds_calls_to_sts(emulator: Emulator) -> None:
    before = len(emulator.journal)
    given = assume_role(emulator)
    with pytest.raises(ServerException):
        ask_sts(emulator, GetCallerIdentityRequest(), "nobody")
    asked = {"Action": "AssumeRole", "Version": "2015-04-01", "AccessKeyId": "app"}
    for form in (asked, {"Action": "Rubbish"}):
        requests.post(f"{emulator.endpoint}/_emulator/sts", form, timeout=20)
    assumed, unknown, form, rubbish = (entry.to_dict() for entry in emulator.journal[before:])
    assert (assumed["operation"], assumed["access_key_id"]) == ("AssumeRole", "app")
    assert (assumed["signed"], assumed["status"], assumed["code"]) == ("url", 200, "")
    assert given["AccessKeySecret"] not in json.dumps(assumed)
    assert (unknown["operation"], unknown["status"]) == ("GetCallerIdentity", 404)
    assert (unknown["code"], unknown["message"]) == (
        "InvalidAccessKeyId.NotFound",
        "Specified access key is not found.",
    )
    assert (form["operation"], form["signed"], form["code"]) == (
        "AssumeRole",
        "form",
        "MissingSignature",
    )
    assert (rubbish["operation"], rubbish["signed"]) == ("", "none")
    line = emulator.journal[before].to_line(emulator.service.storage)
    assert (line.operation, line.requester_id, line.bucket) == ("AssumeRole", OWNER, "")


# --- Their end


class Refreshing(CredentialsProvider):  # type: ignore[misc]  # oss2 has no types
    """Fetches new credentials once the emulator's clock has passed the end of the old ones."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._given: Given = {}
        self.count = 0

    def get_credentials(self) -> Credentials:
        if not self._given or self._now() >= _end(self._given):
            self._given = assume_role(self._emulator, seconds=900)
            self.count += 1
        return Credentials(
            self._given["AccessKeyId"], self._given["AccessKeySecret"], self._given["SecurityToken"]
        )

    def _now(self) -> float:
        return float(self._emulator.run(self._emulator.controls.clock.now))


def _end(given: Given) -> float:
    return datetime.fromisoformat(given["Expiration"]).timestamp()


def _shift(emulator: Emulator, seconds: float) -> None:
    """Set the emulator's clock off that of the clients, by less than the 900 s that are allowed."""
    emulator.run(lambda: setattr(emulator.controls.clock, "shift", seconds))


@pytest.mark.parametrize("place", ["header", "url"])
def test_expired_credentials_are_refused(emulator: Emulator, place: str) -> None:
    _shift(emulator, -600)
    auth = sts_auth(assume_role(emulator, seconds=900))
    _shift(emulator, 200)
    assert get_object_as(emulator, auth, place) == (200, {})
    _shift(emulator, 400)
    status, error = get_object_as(emulator, auth, place)
    assert (status, error["Code"], error["EC"]) == (403, "SecurityTokenExpired", "0002-00000007")


def test_provider_fetches_new_credentials_in_time(emulator: Emulator) -> None:
    provider = Refreshing(emulator)
    bucket = bucket_as(emulator, oss2.ProviderAuthV4(provider))
    _shift(emulator, -600)
    bucket.put_object("b", b"first")
    assert bucket.get_object("b").read() == b"first"
    assert provider.count == 1
    _shift(emulator, 400)
    assert bucket.get_object("b").read() == b"first"
    assert provider.count == 2
