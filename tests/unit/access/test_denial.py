"""AccessDeniedDetail: the elements about a denial in an answer."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
from oss_emulator.access import explain_denial

from tests.unit.access.table import CASES, CAST, OWNER, Case


def case(name: str) -> Case:
    (found,) = [case for case in CASES if case.name == name]
    return found


def told(name: str) -> dict[str, str] | None:
    found = case(name)
    fields = explain_denial(found.run(), found.caller, "the resource")
    return None if fields is None else dict(fields)


@pytest.mark.parametrize(
    ("name", "policy_type", "no_permission", "action"),
    [
        (
            "a policy that allows oss:GetBucketReferer does not allow to put",
            "AccountLevelIdentityBasedPolicy",
            "ImplicitDeny",
            "oss:PutBucketReferer",
        ),
        (
            "a deny overrides an earlier allow",
            "AccountLevelIdentityBasedPolicy",
            "ExplicitDeny",
            "oss:PutBucketReferer",
        ),
        (
            "both policies may deny at once",
            "AccountLevelIdentityBasedPolicy",
            "ExplicitDeny",
            "oss:DeleteObject",
        ),
        (
            "a session policy removes what it does not allow",
            "SessionPolicy",
            "ImplicitDeny",
            "oss:GetObject",
        ),
        (
            "a denial names the statement of the session policy",
            "SessionPolicy",
            "ExplicitDeny",
            "oss:PutObject",
        ),
        (
            "a tagging header needs the tagging action too",
            "AccountLevelIdentityBasedPolicy",
            "ImplicitDeny",
            "oss:PutObjectTagging",
        ),
    ],
)
def test_denial_by_the_callers_policies_has_a_detail(
    name: str, policy_type: str, no_permission: str, action: str
) -> None:
    found = told(name)
    assert found is not None
    assert list(found) == [
        "PolicyType",
        "AuthPrincipalOwnerId",
        "AuthPrincipalType",
        "AuthPrincipalDisplayName",
        "NoPermissionType",
        "AuthAction",
        "EncodedDiagnosticMessage",
    ]
    assert found["PolicyType"] == policy_type
    assert found["NoPermissionType"] == no_permission
    assert found["AuthAction"] == action
    assert found["AuthPrincipalOwnerId"] == OWNER


@pytest.mark.parametrize(
    ("name", "kind", "display_name"),
    [
        (
            "a policy that allows oss:GetBucketReferer does not allow to put",
            "SubUser",
            CAST["user"].principal_id,
        ),
        ("a session policy removes what it does not allow", "AssumedRoleUser", "worker:night"),
    ],
)
def test_detail_names_the_caller(name: str, kind: str, display_name: str) -> None:
    found = told(name)
    assert found is not None
    assert (found["AuthPrincipalType"], found["AuthPrincipalDisplayName"]) == (kind, display_name)


def test_diagnostic_message_names_the_statement() -> None:
    found = told("a deny overrides an earlier allow")
    assert found is not None
    assert json.loads(b64decode(found["EncodedDiagnosticMessage"])) == {
        "action": "oss:PutBucketReferer",
        "resource": "the resource",
        "reason": "a RAM policy of the caller",
        "statement": "no-put-referer Statement[0]",
    }


@pytest.mark.parametrize(
    "name",
    [
        "the owner may do everything",
        "a policy that allows oss:GetBucketReferer allows to get",
        "anonymous requests may not write to a public-read bucket",
        "no ACL lets another account use the bucket itself",
        "a deny in a bucket policy overrides a public ACL",
        "requester pays refuses an account that does not agree to pay",
    ],
)
def test_other_decisions_have_no_detail(name: str) -> None:
    assert told(name) is None
