"""Access control: identities, policies, ACLs and the decision on a request.

policy = Policy.parse(document, PolicyType.IDENTITY, "reader")
reader = Identity("1000000000000001", kind=Kind.USER, name="reader", policies=(policy,))
inputs = PolicyInputs(("oss:GetObject",), resource("cn-hangzhou", "1000000000000001", "b", "key"))
authorize(reader, "1000000000000001", Permission.READ, "private", inputs=inputs)
"""

from oss_emulator.access.accounts import Accounts, AccountsError, KeyProblem
from oss_emulator.access.authorize import (
    AccessDecision,
    AccessPointScope,
    AccessReason,
    BucketAcl,
    ObjectAcl,
    Permission,
    PolicyInputs,
    authorize,
    explain_denial,
    required,
    required_of_source,
    resource,
)
from oss_emulator.access.condition import Context
from oss_emulator.access.identity import (
    ANONYMOUS,
    AccessKey,
    Identity,
    JWKSError,
    Kind,
    OIDCProvider,
    PublicKey,
    Role,
    parse_jwks,
)
from oss_emulator.access.policy import (
    Effect,
    Policy,
    PolicyError,
    PolicyType,
    Problem,
    Question,
    Statement,
    evaluate,
)
from oss_emulator.access.tokens import Credentials, Tokens

__all__ = [
    "ANONYMOUS",
    "AccessDecision",
    "AccessKey",
    "AccessPointScope",
    "AccessReason",
    "Accounts",
    "AccountsError",
    "BucketAcl",
    "Context",
    "Credentials",
    "Effect",
    "Identity",
    "JWKSError",
    "KeyProblem",
    "Kind",
    "OIDCProvider",
    "ObjectAcl",
    "Permission",
    "Policy",
    "PolicyError",
    "PolicyInputs",
    "PolicyType",
    "Problem",
    "PublicKey",
    "Question",
    "Role",
    "Statement",
    "Tokens",
    "authorize",
    "evaluate",
    "explain_denial",
    "parse_jwks",
    "required",
    "required_of_source",
    "resource",
]
