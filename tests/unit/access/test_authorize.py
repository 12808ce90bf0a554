"""Every combination of ownership and ACLs."""

from itertools import product

import pytest
from oss_emulator.access import (
    ANONYMOUS,
    AccessReason,
    BucketAcl,
    Identity,
    Kind,
    ObjectAcl,
    Permission,
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
    verdict = authorize(OWNER, OWNER.id, permission, bucket, item)
    assert (verdict.allowed, verdict.reason) == (True, AccessReason.OWNER)


@pytest.mark.parametrize("permission", [Permission.READ, Permission.WRITE, Permission.OWN])
def test_ram_user_lacks_the_rights_of_its_account(permission: Permission) -> None:
    user = Identity(OWNER.id, kind=Kind.USER, principal_id="3", name="user")
    verdict = authorize(user, OWNER.id, permission, BucketAcl.PRIVATE)
    reason = AccessReason.NO_POLICY if permission is Permission.OWN else AccessReason.BUCKET_ACL
    assert (verdict.allowed, verdict.reason) == (False, reason)


@CALLERS
@pytest.mark.parametrize(("bucket", "item"), ACLS)
@pytest.mark.parametrize("permission", [Permission.READ, Permission.WRITE])
def test_acl_of_an_object_replaces_that_of_its_bucket(
    caller: Identity, bucket: BucketAcl, item: ObjectAcl, permission: Permission
) -> None:
    verdict = authorize(caller, OWNER.id, permission, bucket, item)
    if item is ObjectAcl.DEFAULT:
        expected = (permission in EVERYBODY[bucket], AccessReason.BUCKET_ACL)
    else:
        expected = (permission in EVERYBODY[item], AccessReason.OBJECT_ACL)
    assert (verdict.allowed, verdict.reason) == expected


@pytest.mark.parametrize(("bucket", "item"), ACLS)
@pytest.mark.parametrize(
    ("caller", "reason"), [(ANONYMOUS, AccessReason.ANONYMOUS), (OTHER, AccessReason.FOREIGN)]
)
def test_no_acl_grants_the_rights_of_the_owner(
    caller: Identity, bucket: BucketAcl, item: ObjectAcl, reason: AccessReason
) -> None:
    verdict = authorize(caller, OWNER.id, Permission.OWN, bucket, item)
    assert (verdict.allowed, verdict.reason) == (False, reason)
