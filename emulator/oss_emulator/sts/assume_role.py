"""AssumeRole: temporary credentials for a role."""

import re
from collections.abc import Mapping

from oss_emulator.access import (
    Effect,
    Identity,
    Kind,
    Policy,
    PolicyError,
    PolicyType,
    Question,
    Role,
    evaluate,
)
from oss_emulator.protocol import dates
from oss_emulator.protocol.xml import Children
from oss_emulator.sts.call import STSCall
from oss_emulator.sts.errors import STSCode, STSError
from oss_emulator.sts.signature import present

MAX_POLICY = 2048
"""Characters of the longest session policy (AssumeRole)."""


def assume_role(call: STSCall) -> Children:
    """Issue temporary credentials for a role (AssumeRole); raises `STSError`."""
    parameters = call.parameters
    if call.caller.kind is Kind.ACCOUNT:
        raise STSError(STSCode.ROOT)
    arn = _match(parameters, "RoleArn", r"acs:ram::\d+:role/.+")
    session = _match(parameters, "RoleSessionName", r"[a-zA-Z0-9.@_-]{2,64}")
    policy = _policy(parameters)
    role = call.accounts.role(arn)
    if role is None:
        raise STSError(STSCode.NO_ROLE)
    _authorize(call.caller, role)
    expires = int(call.now) + _duration(parameters, role)
    issued = call.accounts.issue(role, session, expires, policy, call.material)
    return [
        (
            "AssumedRoleUser",
            [("Arn", f"{role.arn}/{session}"), ("AssumedRoleId", f"{role.id}:{session}")],
        ),
        (
            "Credentials",
            [
                ("AccessKeyId", issued.access_key_id),
                ("AccessKeySecret", issued.access_key_secret),
                ("SecurityToken", issued.security_token),
                ("Expiration", _time(issued.expires)),
            ],
        ),
    ]


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
            raise STSError(STSCode.NOT_AUTHORIZED, _detail(caller, policy_type, kind))


def _detail(caller: Identity, policy_type: PolicyType, no_permission: str) -> Children:
    return [
        ("PolicyType", str(policy_type)),
        ("AuthPrincipalOwnerId", caller.id),
        ("AuthPrincipalType", str(caller.kind)),
        ("AuthPrincipalDisplayName", caller.principal),
        ("NoPermissionType", no_permission),
        ("AuthAction", "sts:AssumeRole"),
    ]


def _policy(parameters: Mapping[str, str]) -> str:
    """Check the session policy and return it as sent, "" for none."""
    policy = parameters.get("Policy", "")
    if len(policy) > MAX_POLICY:
        raise STSError(STSCode.POLICY_SIZE)
    if policy:
        try:
            Policy.parse(policy, PolicyType.SESSION)
        except PolicyError as error:
            raise STSError(STSCode.POLICY_GRAMMAR, text=str(error)) from None
    return policy


def _duration(parameters: Mapping[str, str], role: Role) -> int:
    text = parameters.get("DurationSeconds") or "3600"
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise STSError(STSCode.INVALID, name="DurationSeconds")
    if not 900 <= int(text) <= role.max_session:
        raise STSError(STSCode.DURATION, longest=f"{role.max_session / 3600:g}")
    return int(text)


def _match(parameters: Mapping[str, str], name: str, form: str) -> str:
    value = present(parameters, name)
    if not re.fullmatch(form, value, re.ASCII):
        raise STSError(STSCode.INVALID, name=name)
    return value


def _time(second: int) -> str:
    return dates.format_iso(second).replace(".000Z", "Z")
