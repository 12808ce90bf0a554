"""oss2 and permissions: RAM users, bucket policies, requester pays, public access."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from oss2.exceptions import AccessDenied, ServerError
from oss2.models import PAYER_REQUESTER, BucketReferer
from oss_emulator import Emulator

from tests.sdk.accounts import (
    OWNER,
    PAYER,
    bucket,
    detail,
    service,
    statement,
)

PAYING = {"x-oss-request-payer": "requester"}
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


def test_copy_needs_permission_to_read_the_source(emulator: Emulator) -> None:
    """A-13"""
    owner = bucket(emulator, "owner")
    owner.put_bucket_policy(statement("Allow", "oss:PutObject", ["2000000000000000001"]))
    reader = bucket(emulator, "rules-reader")
    reader.put_object("b", b"new")
    error = denied(lambda b: b.copy_object("examplebucket", "a", "c"), reader)
    assert detail(error)["AuthAction"] == "oss:GetObject"
    granted = ["oss:PutObject*", "oss:GetObject"]
    owner.put_bucket_policy(statement("Allow", granted, ["2000000000000000001"]))
    reader.copy_object("examplebucket", "a", "c")
    tagged = {"x-oss-tagging-directive": "Copy"}
    error = denied(lambda b: b.copy_object("examplebucket", "a", "d", headers=tagged), reader)
    assert detail(error)["AuthAction"] == "oss:GetObjectTagging"


def test_list_is_deleted_only_if_each_object_may_be(emulator: Emulator) -> None:
    owner = bucket(emulator, "owner")
    owner.put_object("kept/a", b"content")
    resource = "acs:oss:*:*:examplebucket/kept/*"
    deny = statement("Deny", "oss:DeleteObject", [PAYER], Resource=resource)
    allow = statement("Allow", "oss:DeleteObject", [PAYER])
    owner.put_bucket_policy(_joined(allow, deny))
    payer = bucket(emulator, "payer")
    error = denied(lambda b: b.batch_delete_objects(["a", "kept/a"]), payer)
    assert error.ec == "0003-00000101"
    assert owner.object_exists("a")
    payer.batch_delete_objects(["a"])
    assert not owner.object_exists("a")
    assert owner.object_exists("kept/a")


def _joined(*policies: str) -> str:
    head, _, _ = policies[0].partition("[{")
    bodies = [policy.removeprefix(f"{head}[").removesuffix("]}") for policy in policies]
    return f"{head}[{', '.join(bodies)}]}}"


# --- The buckets of others


@pytest.mark.parametrize(
    ("act", "ec"),
    [
        (lambda b: b.get_object("a"), "0003-00000001"),
        (lambda b: b.put_object("b", b""), "0003-00000001"),
        (lambda b: b.list_objects(), "0003-00000905"),
        (lambda b: b.get_bucket_referer(), "0003-00000905"),
        (lambda b: b.get_object_acl("a"), "0003-00000905"),
        (lambda b: b.delete_bucket(), "0003-00000905"),
        (lambda b: b.put_bucket_acl("public-read"), "0003-00000905"),
    ],
)
def test_private_bucket_is_closed_to_other_accounts(emulator: Emulator, act: Act, ec: str) -> None:
    error = denied(act, bucket(emulator, "payer"))
    assert error.ec == ec
    assert detail(error) == {}


def test_each_account_lists_its_own_buckets(emulator: Emulator) -> None:
    with pytest.raises(ServerError) as caught:
        bucket(emulator, "payer").create_bucket()
    assert caught.value.code == "BucketAlreadyExists"
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


# --- Bucket policies


def test_bucket_policy_allows_and_denies_other_accounts(emulator: Emulator) -> None:
    owner, payer, nobody = (bucket(emulator, who) for who in ("owner", "payer", ""))
    owner.put_bucket_policy(statement("Allow", "oss:GetObject", [PAYER]))
    assert payer.get_object("a").read() == b"content"
    assert denied(lambda b: b.get_object("a"), nobody).ec == "0003-00000001"
    owner.put_bucket_policy(statement("Allow", "oss:GetObject", ["*"]))
    assert nobody.get_object("a").read() == b"content"
    owner.put_bucket_acl("public-read")
    owner.put_bucket_policy(statement("Deny", "oss:GetObject", ["*"]))
    for client in (payer, nobody):
        error = denied(lambda b: b.get_object("a"), client)
        assert (error.ec, detail(error)) == ("0003-00000101", {})
    assert owner.get_object("a").read() == b"content"
    owner.delete_bucket_policy()
    assert nobody.get_object("a").read() == b"content"


def test_policy_that_requires_https_binds_the_owner_too(emulator: Emulator) -> None:
    owner = bucket(emulator, "owner")
    http = {"Bool": {"acs:SecureTransport": ["false"]}}
    owner.put_bucket_policy(statement("Deny", "oss:*", ["*"], Condition=http))
    assert denied(lambda b: b.get_object("a"), owner).ec == "0003-00000101"


@pytest.mark.parametrize(
    ("policy", "ec", "complaint"),
    [
        ("{", "0030-00000005", "The policy is not valid JSON"),
        ('{"Version": "2", "Statement": []}', "0030-00000002", "Version"),
        (
            statement("Allow", "oss:GetObject", ["somebody"]),
            "0030-00000005",
            "Statement[0].Principal",
        ),
        (statement("Allow", "oss:Get**", ["*"]), "0030-00000007", "consecutive *"),
        (
            statement("Allow", "oss:*", ["*"], Condition={"StringIs": {"oss:Prefix": "a"}}),
            "0030-00000005",
            "the operator is unknown",
        ),
        (statement("Allow", "oss:*", ["1" * 17000]), "", "larger than 16384 bytes"),
    ],
)
def test_bad_policy_is_refused_with_the_place_of_the_fault(
    emulator: Emulator, policy: str, ec: str, complaint: str
) -> None:
    owner = bucket(emulator, "owner")
    with pytest.raises(ServerError) as caught:
        owner.put_bucket_policy(policy)
    error = caught.value
    assert (error.status, error.code, error.ec or "") == (400, "InvalidPolicyDocument", ec)
    assert complaint in error.message
    with pytest.raises(ServerError, match="NoSuchBucketPolicy"):
        owner.get_bucket_policy()


# --- Who pays


def test_requester_must_agree_to_pay(emulator: Emulator) -> None:
    """A-60, A-61"""
    owner, payer, nobody = (bucket(emulator, who) for who in ("owner", "payer", ""))
    owner.put_bucket_acl("public-read")
    owner.put_bucket_request_payment(PAYER_REQUESTER)
    assert denied(lambda b: b.get_object("a"), payer).ec == "0003-00000703"
    assert denied(lambda b: b.get_object("a"), nobody).ec == "0003-00000701"
    paid = payer.get_object("a", headers=PAYING)
    assert paid.read() == b"content"
    assert paid.headers["x-oss-request-charged"] == "requester"
    assert "x-oss-request-charged" not in owner.get_object("a").headers
    url = payer.sign_url("GET", "a", 60, params=PAYING)
    assert requests.get(url, timeout=20).content == b"content"
    assert requests.get(payer.sign_url("GET", "a", 60), timeout=20).status_code == 403
    assert denied(lambda b: b.put_object("b", b"", headers=PAYING), payer).ec == "0003-00000001"


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
