"""The policy of a bucket: put, read, delete, and whether it is public."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Caller

DENY = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"oss:*","Resource":"*"}]}'
PUBLIC = (
    '{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject",'
    '"Principal":"*","Resource":"acs:oss:*:*:bucket/*"}]}'
)
BLOCK = """<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess>
</PublicAccessBlockConfiguration>"""


def test_policy_is_answered_as_it_was_put(ask: Caller) -> None:
    assert ask("PUT", "/bucket?policy", DENY).status == 200
    got = ask("GET", "/bucket?policy")
    assert (got.body.decode(), got.headers["Content-Type"]) == (DENY, "application/json")


def test_deleted_policy_is_missing(ask: Caller) -> None:
    ask("PUT", "/bucket?policy", DENY)
    for _ in range(2):
        assert ask("DELETE", "/bucket?policy").status == 204
    answer = ask("GET", "/bucket?policy")
    assert (answer.status, answer.code) == (404, "NoSuchBucketPolicy")


@pytest.mark.parametrize(("policy", "public"), [(None, "false"), (DENY, "false"), (PUBLIC, "true")])
def test_status_says_whether_a_policy_is_public(
    ask: Caller, policy: str | None, public: str
) -> None:
    if policy is not None:
        ask("PUT", "/bucket?policy", policy)
    assert ask("GET", "/bucket?policyStatus").text("IsPublic") == public


def test_public_policy_is_refused_where_public_access_is_blocked(ask: Caller) -> None:
    ask("PUT", "/bucket?publicAccessBlock", BLOCK)
    answer = ask("PUT", "/bucket?policy", PUBLIC)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert ask("PUT", "/bucket?policy", DENY).status == 200


@pytest.mark.parametrize(
    ("policy", "ec"),
    [
        ("", "0030-00000005"),
        ("{", "0030-00000005"),
        ("[]", "0030-00000005"),
        ("{}", "0030-00000005"),
        ('{"Version":"2","Statement":[]}', "0030-00000002"),
        ('{"Version":"1","Statement":[]}', "0030-00000005"),
        ('{"Version":"1","Statement":[1]}', "0030-00000005"),
        ('{"Version":"1","Statement":[{"Effect":"Maybe"}]}', "0030-00000005"),
        ('{"Version":"1","Statement":[{"Effect":"Deny","Action":[]}]}', "0030-00000005"),
        ('{"Version":"1","Statement":[{"Effect":"Deny","Action":"a"}]}', "0030-00000005"),
        (f'{{"Version":"1","Statement":[{"[" * 15_000}', "0030-00000005"),
    ],
)
def test_malformed_policy_is_refused(ask: Caller, policy: str, ec: str) -> None:
    answer = ask("PUT", "/bucket?policy", policy)
    assert (answer.status, answer.code) == (400, "InvalidPolicyDocument")
    assert answer.text("EC") == ec
    assert ask("GET", "/bucket?policy").code == "NoSuchBucketPolicy"
