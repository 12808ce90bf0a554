"""STS: AssumeRole, AssumeRoleWithOIDC and GetCallerIdentity; AssumeRoleWithOIDC is not signed."""

from oss_emulator.rpc.product import Action, Product
from oss_emulator.sts.assume_role import assume_role
from oss_emulator.sts.assume_role_with_oidc import assume_role_with_oidc
from oss_emulator.sts.caller_identity import get_caller_identity

STS = Product(
    name="Sts",
    version="2015-04-01",
    actions={
        "AssumeRole": Action(assume_role),
        "AssumeRoleWithOIDC": Action(assume_role_with_oidc, signed=False),
        "GetCallerIdentity": Action(get_caller_identity),
    },
)
