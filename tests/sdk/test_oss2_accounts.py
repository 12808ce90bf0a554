"""oss2: accounts, temporary credentials, and changes while a server runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import oss2
import pytest
import requests
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdksts.request.v20150401.GetCallerIdentityRequest import GetCallerIdentityRequest
from oss2.exceptions import AccessDenied, ServerError
from oss2.models import BucketReferer
from oss_emulator import Emulator

from tests.sdk.accounts import (
    OWNER,
    PAYER,
    Given,
    ask_sts,
    assume_role,
    bucket,
    bucket_as,
    detail,
    get_object_as,
    service,
    statement,
    sts_auth,
)

# --- oss2 and permissions: RAM users, bucket policies, requester pays, public access

Act = Callable[[Any], Any]


def denied(act: Act, client: Any) -> AccessDenied:
    with pytest.raises(AccessDenied) as caught:
        act(client)
    return caught.value


# --- RAM users


def test_user_with_get_permission_may_not_put_rules(emulator: Emulator) -> None:
    """The case of the documentation: only oss:GetBucketReferer is granted."""
    reader = bucket(emulator, "rules-reader")
    assert reader.get_bucket_referer().referers == []
    error = denied(lambda b: b.put_bucket_referer(BucketReferer(True, ["http://a/"])), reader)
    assert (error.status, error.code, error.ec) == (403, "AccessDenied", "0003-00000905")
    told = detail(error)
    assert told.pop("EncodedDiagnosticMessage")
    assert told == {
        "PolicyType": "AccountLevelIdentityBasedPolicy",
        "AuthPrincipalOwnerId": OWNER,
        "AuthPrincipalType": "SubUser",
        "AuthPrincipalDisplayName": "2000000000000000001",
        "NoPermissionType": "ImplicitDeny",
        "AuthAction": "oss:PutBucketReferer",
    }
    assert bucket(emulator, "owner").get_bucket_referer().referers == []


def test_user_without_permission_may_not_list_or_create_buckets(emulator: Emulator) -> None:
    error = denied(lambda s: s.list_buckets(), service(emulator, "rules-reader"))
    assert error.message == "You are forbidden to list buckets."
    assert detail(error)["AuthAction"] == "oss:ListBuckets"
    error = denied(lambda b: b.create_bucket(), bucket(emulator, "rules-reader", name="another"))
    assert detail(error)["AuthAction"] == "oss:PutBucket"
    other = bucket(emulator, "rules-reader", name="another")
    error = denied(lambda b: b.put_bucket_acl("private"), other)  # P-47
    assert detail(error)["AuthAction"] == "oss:PutBucketAcl"
    assert [found.name for found in service(emulator, "owner").list_buckets().buckets] == [
        "examplebucket"
    ]


# --- The buckets of others


def test_each_account_lists_its_own_buckets(emulator: Emulator) -> None:
    bucket(emulator, "payer", name="payers-bucket").create_bucket()
    names = [found.name for found in service(emulator, "payer").list_buckets().buckets]
    assert names == ["payers-bucket"]
    assert bucket(emulator, "owner").get_bucket_info().owner.display_name == "Example"
    theirs = bucket(emulator, "payer", name="payers-bucket").get_bucket_info()
    assert (theirs.owner.id, theirs.owner.display_name) == (PAYER, PAYER)


def test_object_of_another_account_belongs_to_the_bucket_owner(emulator: Emulator) -> None:
    """A-06"""
    bucket(emulator, "owner").put_bucket_policy(statement("Allow", "oss:PutObject", [PAYER]))
    payer = bucket(emulator, "payer")
    payer.put_object("b", b"new", headers={"x-oss-object-acl": "private"})
    assert denied(lambda b: b.get_object("b"), payer).ec == "0003-00000005"
    owner = bucket(emulator, "owner")
    assert owner.get_object("b").read() == b"new"
    listed = {found.key: found.owner.id for found in owner.list_objects().object_list}
    assert listed == {"a": OWNER, "b": OWNER}


# --- What is public

PUBLIC: list[tuple[str, str, Act]] = [
    (
        "bucket acl",
        "",
        lambda b: b.put_bucket_acl("public-read"),
    ),
    (
        "object acl",
        "0016-00000901",
        lambda b: b.put_object_acl("a", "public-read"),
    ),
    (
        "object acl",
        "0016-00000901",
        lambda b: b.put_object("b", b"", headers={"x-oss-object-acl": "public-read-write"}),
    ),
    (
        "bucket policy",
        "",
        lambda b: b.put_bucket_policy(statement("Allow", "oss:GetObject", ["*"])),
    ),
]


@pytest.mark.parametrize("whole_account", [False, True], ids=["bucket", "account"])
def test_public_access_block_refuses_public_acls(emulator: Emulator, whole_account: bool) -> None:
    """A-32, A-34"""
    owner, nobody = bucket(emulator, "owner"), bucket(emulator, "")
    owner.put_bucket_acl("public-read")
    assert nobody.get_object("a").read() == b"content"
    blocking: Any = service(emulator, "owner") if whole_account else owner
    put = "put_public_access_block" if whole_account else "put_bucket_public_access_block"
    getattr(blocking, put)(block_public_access=True)
    assert denied(lambda b: b.get_object("a"), nobody).ec == "0003-00000001"
    for what, ec, act in PUBLIC:
        error = denied(act, owner)
        assert (error.message, error.ec or "") == (f"Put public {what} is not allowed", ec)
    owner.put_bucket_policy(statement("Allow", "oss:GetObject", [PAYER]))
    assert bucket(emulator, "payer").get_object("a").read() == b"content"
    new = bucket(emulator, "owner", name="another")
    if whole_account:
        error = denied(lambda b: b.create_bucket("public-read"), new)
        assert error.message == "Put public bucket acl is not allowed"
    else:
        new.create_bucket("public-read")
    getattr(blocking, put.replace("put", "delete"))()
    assert nobody.get_object("a").read() == b"content"
    for _, _, act in PUBLIC:
        act(owner)


def test_journal_holds_the_reason_of_a_decision(emulator: Emulator) -> None:
    denied(lambda b: b.put_bucket_acl("private"), bucket(emulator, "rules-reader"))
    bucket(emulator, "rules-reader").get_bucket_referer()
    bucket(emulator, "owner").get_object("a")
    told = [entry.to_dict()["access"] for entry in emulator.journal[-3:]]
    assert told == [
        {
            "allowed": False,
            "reason": "no policy allows this",
            "action": "oss:PutBucketAcl",
            "statement": "",
        },
        {
            "allowed": True,
            "reason": "a RAM policy of the caller",
            "action": "oss:GetBucketReferer",
            "statement": "rules-reader [0] Statement[0]",
        },
        {
            "allowed": True,
            "reason": "the caller owns the bucket",
            "action": "oss:GetObject",
            "statement": "",
        },
    ]


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


# --- The expiry of tokens


def _shift(emulator: Emulator, seconds: float) -> None:
    """Shift the emulator's clock from that of the clients, by less than the allowed 900 s."""
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
