"""Who asks, and may they: identities, policies, ACLs and the decision. Knows no socket, no storage.

policy = Policy.parse(document, PolicyType.IDENTITY, "reader")
reader = Identity("1000000000000001", kind=Kind.USER, name="reader", policies=(policy,))
facts = Facts(("oss:GetObject",), resource("cn-hangzhou", "1000000000000001", "b", "key"))
authorize(reader, "1000000000000001", Permission.READ, "private", facts=facts)
"""

from emulator.access.accounts import Accounts, AccountsError, KeyProblem
from emulator.access.acl import BucketAcl, ObjectAcl
from emulator.access.actions import required, required_of_source, resource
from emulator.access.authorize import Facts, Permission, Reason, Verdict, authorize
from emulator.access.context import Context
from emulator.access.denial import detail
from emulator.access.identity import ANONYMOUS, AccessKey, Identity, Kind, Role
from emulator.access.policy import (
    Effect,
    Policy,
    PolicyError,
    PolicyType,
    Problem,
    Question,
    Statement,
    evaluate,
)
from emulator.access.tokens import Credentials, Tokens

__all__ = [
    "ANONYMOUS",
    "AccessKey",
    "Accounts",
    "AccountsError",
    "BucketAcl",
    "Context",
    "Credentials",
    "Effect",
    "Facts",
    "Identity",
    "KeyProblem",
    "Kind",
    "ObjectAcl",
    "Permission",
    "Policy",
    "PolicyError",
    "PolicyType",
    "Problem",
    "Question",
    "Reason",
    "Role",
    "Statement",
    "Tokens",
    "Verdict",
    "authorize",
    "detail",
    "evaluate",
    "required",
    "required_of_source",
    "resource",
]
