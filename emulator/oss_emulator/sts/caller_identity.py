"""GetCallerIdentity: the identity of the signer."""

from oss_emulator.access import Kind
from oss_emulator.protocol.xml import Children
from oss_emulator.rpc.call import RPCCall


def get_caller_identity(call: RPCCall) -> Children:
    """Describe the signer of the request (GetCallerIdentity)."""
    caller = call.caller
    is_session = caller.kind is Kind.SESSION
    return [
        ("IdentityType", _IDENTITY_TYPES[caller.kind]),
        ("AccountId", caller.id),
        ("PrincipalId", caller.principal),
        ("UserId", None if is_session else caller.principal),
        ("RoleId", caller.principal_id if is_session else None),
        ("Arn", caller.arn),
    ]


_IDENTITY_TYPES = {
    Kind.ACCOUNT: "Account",
    Kind.USER: "RAMUser",
    Kind.SESSION: "AssumedRoleUser",
}
