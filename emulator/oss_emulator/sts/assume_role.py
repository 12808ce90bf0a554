"""AssumeRole: temporary credentials for a role, for a RAM user or another role."""

from oss_emulator.access import Effect, Identity, Kind, PolicyType, Question, Role, evaluate
from oss_emulator.protocol.xml import Children
from oss_emulator.rpc.call import RPCCall
from oss_emulator.rpc.errors import RPCError
from oss_emulator.sts import session
from oss_emulator.sts.errors import STSErrorCase


def assume_role(call: RPCCall) -> Children:
    """Issue temporary credentials for a role (AssumeRole); raises `RPCError`."""
    if call.caller.kind is Kind.ACCOUNT:
        raise RPCError(STSErrorCase.ROOT)
    wanted = session.WantedSession.parse(call.parameters)
    role = session.find_role(call, wanted)
    _authorize(call.caller, role)
    return session.start(call, role, wanted)


def _authorize(caller: Identity, role: Role) -> None:
    """Check that the caller's policies and the role's trust policy both allow it (A-42)."""
    question = Question("sts:AssumeRole", role.arn, principals=caller.names(PolicyType.TRUST))
    policies = [caller.policies, [role.trust]]
    if caller.session_policy is not None:
        policies.insert(0, [caller.session_policy])
    types = [PolicyType.SESSION, PolicyType.IDENTITY, PolicyType.TRUST][-len(policies) :]
    for policy_type, group in zip(types, policies, strict=True):
        settled = evaluate(group, question)
        if settled is None or settled.effect is Effect.DENY:
            kind = "ImplicitDeny" if settled is None else "ExplicitDeny"
            detail = {
                "PolicyType": str(policy_type),
                "AuthPrincipalOwnerId": caller.id,
                "AuthPrincipalType": str(caller.kind),
                "AuthPrincipalDisplayName": caller.principal,
                "NoPermissionType": kind,
                "AuthAction": "sts:AssumeRole",
            }
            raise RPCError(STSErrorCase.NOT_AUTHORIZED, list(detail.items()))
