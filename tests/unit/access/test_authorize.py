"""Every combination of ownership and ACLs."""

from dataclasses import replace
from itertools import product

import pytest
from oss_emulator.access import (
    ANONYMOUS,
    AccessPointScope,
    AccessReason,
    BucketAcl,
    Identity,
    Kind,
    ObjectAcl,
    Permission,
    Policy,
    PolicyInputs,
    PolicyType,
    authorize,
)

OWNER, OTHER = Identity("1"), Identity("2")
ACLS = list(product(BucketAcl, ObjectAcl))
CALLERS = pytest.mark.parametrize("caller", [ANONYMOUS, OTHER], ids=["anonymous", "other"])

# What everybody may do under an ACL, from the table of ACLs in the API reference.
EVERYBODY = {
    "private": set(),
    "public-read": {Permission.READ},
    "public-read-write": {Permission.READ, Permission.WRITE},
}


@pytest.mark.parametrize(("bucket", "item"), ACLS)
@pytest.mark.parametrize("permission", Permission)
def test_owner_may_do_everything(
    bucket: BucketAcl, item: ObjectAcl, permission: Permission
) -> None:
    decision = authorize(OWNER, OWNER.id, permission, bucket, item)
    assert (decision.allowed, decision.reason) == (True, AccessReason.OWNER)


@pytest.mark.parametrize("permission", [Permission.READ, Permission.WRITE, Permission.OWN])
def test_ram_user_lacks_the_rights_of_its_account(permission: Permission) -> None:
    user = Identity(OWNER.id, kind=Kind.USER, principal_id="3", name="user")
    decision = authorize(user, OWNER.id, permission, BucketAcl.PRIVATE)
    reason = AccessReason.NO_POLICY if permission is Permission.OWN else AccessReason.BUCKET_ACL
    assert (decision.allowed, decision.reason) == (False, reason)


@CALLERS
@pytest.mark.parametrize(("bucket", "item"), ACLS)
@pytest.mark.parametrize("permission", [Permission.READ, Permission.WRITE])
def test_acl_of_an_object_replaces_that_of_its_bucket(
    caller: Identity, bucket: BucketAcl, item: ObjectAcl, permission: Permission
) -> None:
    decision = authorize(caller, OWNER.id, permission, bucket, item)
    if item is ObjectAcl.DEFAULT:
        expected = (permission in EVERYBODY[bucket], AccessReason.BUCKET_ACL)
    else:
        expected = (permission in EVERYBODY[item], AccessReason.OBJECT_ACL)
    assert (decision.allowed, decision.reason) == expected


@pytest.mark.parametrize(("bucket", "item"), ACLS)
@pytest.mark.parametrize(
    ("caller", "reason"), [(ANONYMOUS, AccessReason.ANONYMOUS), (OTHER, AccessReason.FOREIGN)]
)
def test_no_acl_grants_the_rights_of_the_owner(
    caller: Identity, bucket: BucketAcl, item: ObjectAcl, reason: AccessReason
) -> None:
    decision = authorize(caller, OWNER.id, Permission.OWN, bucket, item)
    assert (decision.allowed, decision.reason) == (False, reason)


# --- What counts besides ownership and ACLs

READ, OBJECT = "oss:GetObject", "acs:oss:cn-hangzhou:1:b/key"


@CALLERS
@pytest.mark.parametrize("acl", BucketAcl)
def test_inputs_that_say_nothing_change_nothing(caller: Identity, acl: BucketAcl) -> None:
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
        inputs = replace(inputs, actions=(READ,), says_requester=says_requester)
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


@pytest.mark.parametrize(
    ("caller", "effect", "allowed"),
    [
        (OWNER, "", True),
        (OWNER, "Allow", True),
        (OWNER, "Deny", True),  # for everybody, so not for the owner
        (USER, "", False),
        (USER, "Allow", True),
        (USER, "Deny", False),
        (OTHER, "", False),
        (OTHER, "Allow", True),
        (OTHER, "Deny", False),
        (OTHER_USER, "", False),
        (OTHER_USER, "Allow", True),
    ],
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
