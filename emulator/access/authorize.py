"""May this identity do that to this bucket or object: the decision with what settled it."""

from dataclasses import dataclass
from enum import Enum

from emulator.access.acl import ObjectAcl
from emulator.access.identity import Identity


class Permission(Enum):
    """What an operation needs. ACLs give READ and WRITE of objects; the rest is the owner's."""

    READ = "read"
    WRITE = "write"
    OWN = "own"


class Reason(Enum):
    """What settled a decision."""

    OWNER = "the caller owns the bucket"
    BUCKET_ACL = "the bucket's ACL"
    OBJECT_ACL = "the object's ACL"
    ANONYMOUS = "anonymous requests may not do this"
    FOREIGN = "the bucket belongs to another account"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it is allowed, and why."""

    allowed: bool
    reason: Reason


_OPEN: dict[str, frozenset[Permission]] = {
    "private": frozenset(),
    "public-read": frozenset({Permission.READ}),
    "public-read-write": frozenset({Permission.READ, Permission.WRITE}),
}

_VERDICTS = {
    (allowed, reason): Verdict(allowed, reason) for allowed in (True, False) for reason in Reason
}


def authorize(
    caller: Identity,
    owner: str,
    permission: Permission,
    bucket_acl: str,
    object_acl: str = ObjectAcl.DEFAULT,
) -> Verdict:
    """Decide from ownership and ACLs; an object's own ACL takes the place of its bucket's.

    The ACLs are values of `BucketAcl` and `ObjectAcl`; `owner` is the account id of the bucket's
    owner. An object that is not there has no ACL of its
    own: the bucket's decides.
    """
    if caller.id == owner:
        return _VERDICTS[True, Reason.OWNER]
    if permission is Permission.OWN:
        reason = Reason.ANONYMOUS if caller.anonymous else Reason.FOREIGN
        return _VERDICTS[False, reason]
    if object_acl == ObjectAcl.DEFAULT:
        return _VERDICTS[permission in _OPEN[bucket_acl], Reason.BUCKET_ACL]
    return _VERDICTS[permission in _OPEN[object_acl], Reason.OBJECT_ACL]
