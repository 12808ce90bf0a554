"""Who asks, and may they: identities, ACLs and the decision. Knows no socket and no storage."""

from emulator.access.acl import BucketAcl, ObjectAcl
from emulator.access.authorize import Permission, Reason, Verdict, authorize
from emulator.access.identity import ANONYMOUS, AccessKey, Accounts, Identity

__all__ = [
    "ANONYMOUS",
    "AccessKey",
    "Accounts",
    "BucketAcl",
    "Identity",
    "ObjectAcl",
    "Permission",
    "Reason",
    "Verdict",
    "authorize",
]
