"""Who may do what, and why a caller may not."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from itertools import product

import pytest
from oss_emulator.access.authorize import (
    AccessPointScope,
    AccessReason,
    BucketAcl,
    ObjectAcl,
    Permission,
    PolicyInputs,
    authorize,
    explain_denial,
)
from oss_emulator.access.identity import ANONYMOUS, Identity, Kind
from oss_emulator.access.policy import Policy, PolicyType

from tests.rows import check_differences, read_cases, rows
from tests.unit.access.table import CASES, CAST, FOLDER, PERMISSIONS, TABLES, Case, Table
from tests.unit.access.table import OWNER as OWNER_OF_TABLES

DENIALS = read_cases("unit.access")

# --- Every combination of ownership and ACLs

OWNER, OTHER = Identity("1"), Identity("2")
ACLS = list(product(BucketAcl, ObjectAcl))
CALLERS = pytest.mark.parametrize("caller", [ANONYMOUS, OTHER], ids=["anonymous", "other"])

# What everybody may do under an ACL, from the table of ACLs in the API reference.
EVERYBODY = {
    "private": set(),
    "public-read": {Permission.READ},
    "public-read-write": {Permission.READ, Permission.WRITE},
}


def test_owner_may_do_everything() -> None:
    for (bucket, item), permission in product(ACLS, Permission):
        decision = authorize(OWNER, OWNER.id, permission, bucket, item)
        told = (decision.allowed, decision.reason)
        assert told == (True, AccessReason.OWNER), (bucket, item, permission)


@rows("permission", Permission.READ, Permission.WRITE, Permission.OWN)
def test_ram_user_lacks_the_rights_of_its_account(permission: Permission) -> None:
    user = Identity(OWNER.id, kind=Kind.USER, principal_id="3", name="user")
    decision = authorize(user, OWNER.id, permission, BucketAcl.PRIVATE)
    reason = AccessReason.NO_POLICY if permission is Permission.OWN else AccessReason.BUCKET_ACL
    assert (decision.allowed, decision.reason) == (False, reason)


@CALLERS
def test_acl_of_an_object_replaces_that_of_its_bucket(caller: Identity) -> None:
    for (bucket, item), permission in product(ACLS, (Permission.READ, Permission.WRITE)):
        decision = authorize(caller, OWNER.id, permission, bucket, item)
        if item is ObjectAcl.DEFAULT:
            expected = (permission in EVERYBODY[bucket], AccessReason.BUCKET_ACL)
        else:
            expected = (permission in EVERYBODY[item], AccessReason.OBJECT_ACL)
        assert (decision.allowed, decision.reason) == expected, (bucket, item, permission)


@rows(("bucket", "item"), *ACLS)
@rows(("caller", "reason"), (ANONYMOUS, AccessReason.ANONYMOUS), (OTHER, AccessReason.FOREIGN))
def test_no_acl_grants_the_rights_of_the_owner(
    caller: Identity, bucket: BucketAcl, item: ObjectAcl, reason: AccessReason
) -> None:
    decision = authorize(caller, OWNER.id, Permission.OWN, bucket, item)
    assert (decision.allowed, decision.reason) == (False, reason)


# --- What else counts

READ, OBJECT = "oss:GetObject", "acs:oss:cn-hangzhou:1:b/key"


@CALLERS
@pytest.mark.parametrize("acl", BucketAcl)
def test_empty_inputs_change_nothing(caller: Identity, acl: BucketAcl) -> None:
    plain = authorize(caller, OWNER.id, Permission.READ, acl)
    decision = authorize(
        caller, OWNER.id, Permission.READ, acl, inputs=PolicyInputs((READ,), OBJECT)
    )
    assert (decision.allowed, decision.reason) == (plain.allowed, plain.reason)


@CALLERS
@pytest.mark.parametrize("says_requester", [None, True])
def test_requester_must_say_that_it_pays(caller: Identity, says_requester: bool | None) -> None:
    """A-60: the denial names the operation's own action."""
    inputs = PolicyInputs((READ, "oss:GetObjectTagging"), OBJECT, requester_pays=True)
    if says_requester is not None:
        inputs = inputs._replace(actions=(READ,), says_requester=says_requester)
    decision = authorize(caller, OWNER.id, Permission.READ, BucketAcl.PUBLIC_READ, inputs=inputs)
    assert (decision.allowed, decision.action) == (says_requester is True, READ)


# --- Access points

USER = Identity(OWNER.id, kind=Kind.USER, principal_id="3", name="user")
OTHER_USER = Identity(OTHER.id, kind=Kind.USER, principal_id="4", name="user")
POINT = "acs:oss:cn-hangzhou:1:accesspoint/ap/object/key"


def policy(effect: str, resource: str, policy_type: PolicyType, principal: str = "*") -> Policy:
    statement = {
        "Effect": effect,
        "Principal": [principal],
        "Action": [READ],
        "Resource": [resource],
    }
    return Policy.parse({"Version": "1", "Statement": [statement]}, policy_type)


@rows(
    ("caller", "effect", "allowed"),
    (OWNER, "", True),
    (OWNER, "Allow", True),
    (OWNER, "Deny", True),  # a denial of everybody does not affect the owner
    (USER, "", False),
    (USER, "Allow", True),
    (USER, "Deny", False),
    (OTHER, "", False),
    (OTHER, "Allow", True),
    (OTHER, "Deny", False),
    (OTHER_USER, "", False),
    (OTHER_USER, "Allow", True),
)
def test_access_point_must_allow_all_but_the_owner(
    caller: Identity, effect: str, allowed: bool
) -> None:
    """P-84: everybody here may read the bucket."""
    point = policy(effect, POINT, PolicyType.ACCESS_POINT) if effect else None
    inputs = PolicyInputs((READ,), OBJECT, access_point=AccessPointScope(POINT, point, False))
    decision = authorize(caller, OWNER.id, Permission.READ, BucketAcl.PUBLIC_READ, inputs=inputs)
    assert decision.allowed is allowed
    if not allowed:
        assert decision.reason is AccessReason.ACCESS_POINT_POLICY
        assert decision.policy_type is PolicyType.ACCESS_POINT
        assert (decision.statement is not None) is (effect == "Deny")


def test_access_point_grants_nothing_that_the_bucket_does_not() -> None:
    """P-84"""
    scope = AccessPointScope(POINT, policy("Allow", POINT, PolicyType.ACCESS_POINT), False)
    inputs = PolicyInputs((READ,), OBJECT, access_point=scope)
    decision = authorize(OTHER, OWNER.id, Permission.READ, BucketAcl.PRIVATE, inputs=inputs)
    assert (decision.allowed, decision.reason) == (False, AccessReason.BUCKET_ACL)


def test_access_point_that_blocks_public_access_ignores_a_public_policy() -> None:
    """A-32, P-84"""
    scope = AccessPointScope(POINT, policy("Allow", POINT, PolicyType.ACCESS_POINT), True)
    inputs = PolicyInputs((READ,), OBJECT, access_point=scope)
    decision = authorize(OTHER, OWNER.id, Permission.READ, BucketAcl.PUBLIC_READ, inputs=inputs)
    assert (decision.allowed, decision.reason) == (False, AccessReason.ACCESS_POINT_POLICY)


def test_access_point_may_deny_the_owner_by_name() -> None:
    """A-31, P-84"""
    point = policy("Deny", POINT, PolicyType.ACCESS_POINT, OWNER.id)
    inputs = PolicyInputs((READ,), OBJECT, access_point=AccessPointScope(POINT, point, False))
    decision = authorize(OWNER, OWNER.id, Permission.READ, BucketAcl.PRIVATE, inputs=inputs)
    assert (decision.allowed, decision.reason) == (False, AccessReason.ACCESS_POINT_POLICY)


# --- AccessDeniedDetail: the elements about a denial in an answer


def case(name: str) -> Case:
    (found,) = [case for case in CASES if case.name == name]
    return found


def told(name: str) -> dict[str, str] | None:
    found = case(name)
    fields = explain_denial(found.run(), found.caller, "the resource")
    return None if fields is None else dict(fields)


@rows(
    "name, policy_type, no_permission, action",
    *DENIALS["denial_by_the_callers_policies_has_a_detail"],
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
    assert found["AuthPrincipalOwnerId"] == OWNER_OF_TABLES


@rows(
    ("name", "kind", "display_name"),
    (
        "a policy that allows oss:GetBucketReferer does not allow to put",
        "SubUser",
        CAST["user"].principal_id,
    ),
    ("a session policy removes what it does not allow", "AssumedRoleUser", "worker:night"),
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


@rows("name", *DENIALS["other_decisions_have_no_detail"])
def test_other_decisions_have_no_detail(name: str) -> None:
    assert told(name) is None


# --- The tables of fixtures/access: permissions by policies and ACLs


# The cases that ownership and ACLs decide, without a fact.
PLAIN = [
    case
    for case in CASES
    if case.caller.kind is Kind.ACCOUNT
    and not (case.bucket or case.block_public or case.requester_pays)
    and len(case.actions) == 1
]


def test_each_file_of_tables_is_run() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(TABLES)


def test_cases_of_the_tables() -> None:
    check_differences({f"{case.table}: {case.name}": _differences(case) for case in CASES})


def _differences(case: Case) -> Iterator[str]:
    decision = case.run()
    told = "allow" if decision.allowed else "deny", decision.reason.name.lower()
    if told != (case.verdict, case.reason):
        yield f"expected {case.verdict}, {case.reason}, was {', '.join(told)}"
    if case.statement is not None:
        place = "" if decision.statement is None else decision.statement.place
        if not place.endswith(f"Statement[{case.statement}]"):
            yield f"expected Statement[{case.statement}], was {place or 'no statement'}"


def test_each_reason_has_a_case() -> None:
    elsewhere = {"access_point_policy"}  # tests/unit/operations/test_access_point.py
    reasons = {reason.name.lower() for reason in AccessReason}
    assert {case.reason for case in CASES} == reasons - elsewhere


@rows("table", *TABLES.values())
def test_each_policy_of_a_table_is_used(table: Table) -> None:
    used = {name for case in table.cases for name in (*case.ram, case.session, case.bucket)}
    assert set(table.policies) == used - {""}


@rows("case", *PLAIN)
def test_decision_without_facts_is_the_same(case: Case) -> None:
    permission = PERMISSIONS.get(case.actions[0], Permission.OWN)
    short = authorize(case.caller, OWNER_OF_TABLES, permission, case.acl, case.object_acl)
    whole = case.run()
    assert (short.allowed, short.reason) == (whole.allowed, whole.reason)
