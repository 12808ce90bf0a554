"""oss2: what exchanges and its own suite do not show."""

from __future__ import annotations

import json
from typing import Any

import oss2
import pytest
import requests
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdksts.request.v20150401.GetCallerIdentityRequest import GetCallerIdentityRequest
from oss2.exceptions import AccessDenied
from oss2.models import BucketReferer
from oss_emulator import Emulator

from tests.client import ANONYMOUS, Live
from tests.sdk.accounts import OWNER, ask_sts, assume_role, bucket, detail


def test_many_keys_are_deleted_at_once(bucket: oss2.Bucket) -> None:
    """P-35: also keys that XML 1.0 forbids."""
    keys = ["a", "b<>&'\"", "中文", "\x0c\x01\x1f", "c d+%20", "a//b", " blank ", "\t\n"]
    for key in [*keys, "stays"]:
        bucket.put_object(key, b"x")
    result = bucket.batch_delete_objects([*keys, "never there"])
    assert (result.status, result.deleted_keys) == (200, [*keys, "never there"])
    assert [item.key for item in bucket.list_objects().object_list] == ["stays"]


@pytest.mark.parametrize(
    ("referer", "ec"),
    [
        (None, "0003-00000501"),
        ("http://other.example/", "0003-00000503"),
        ("http://bad.example/", "0003-00000502"),
        ("http://good.example/page", None),
    ],
)
@pytest.mark.parametrize("way", ["get", "head", "url"])
def test_rules_apply_as_soon_as_they_are_put(
    live: Live, bucket: oss2.Bucket, way: str, referer: str | None, ec: str | None
) -> None:
    """R-01, R-11 … R-13: to anonymous requests and signed URLs, not to signed headers."""
    bucket.put_bucket_acl("public-read")
    bucket.put_object("a", b"x")
    headers = {} if referer is None else {"Referer": referer}
    anonymous = live.bucket(bucket.bucket_name, ANONYMOUS)

    def ask() -> Any:
        if way == "url":
            return bucket.get_object_with_url(bucket.sign_url("GET", "a", 60), headers=headers)
        return getattr(anonymous, f"{way}_object")("a", headers=headers)

    assert ask().status == 200
    bucket.put_bucket_referer(
        BucketReferer(False, ["http://good.example/"], black_referers=["http://bad."])
    )
    if ec is None:
        assert ask().status == 200
    else:
        with pytest.raises(AccessDenied) as caught:
            ask()
        error = caught.value
        assert error.message == "You are denied by bucket referer policy."
        assert error.ec == error.headers["x-oss-ec"] == ec
        assert error.details["BucketName"] == bucket.bucket_name
        assert error.details["RecommendDoc"] == f"https://api.aliyun.com/troubleshoot?q={ec}"
    assert bucket.get_object("a", headers=headers).read() == b"x"
    bucket.put_bucket_referer(BucketReferer(True, []))
    assert ask().status == 200


# --- Accounts, temporary credentials, and the journal

# --- oss2 and permissions: RAM users, bucket policies, requester pays, public access


def test_user_with_get_permission_may_not_put_rules(emulator: Emulator) -> None:
    """The case of the documentation: only oss:GetBucketReferer is granted."""
    reader = bucket(emulator, "rules-reader")
    assert reader.get_bucket_referer().referers == []
    with pytest.raises(AccessDenied) as caught:
        reader.put_bucket_referer(BucketReferer(True, ["http://a/"]))
    error = caught.value
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
