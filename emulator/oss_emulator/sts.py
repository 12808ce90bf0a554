"""STS: temporary credentials for roles (AssumeRole), and GetCallerIdentity.

The errors specific to STS come first, then role sessions, and the actions.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from oss_emulator.access.identity import Identity, Kind, Role
from oss_emulator.access.policy import Effect, Policy, PolicyError, PolicyType, Question, evaluate
from oss_emulator.protocol import dates
from oss_emulator.protocol.xml import Children
from oss_emulator.rpc.errors import ErrorTable, RPCError, RPCErrorCase, RPCErrorSpec
from oss_emulator.rpc.product import Product
from oss_emulator.rpc.request import RPCCall, required


# fmt: off
class STSErrorCase(ErrorTable):
    """The errors specific to STS."""

    DURATION = RPCErrorSpec("InvalidParameter.DurationSeconds", 400, "The Min/Max value of DurationSeconds is 15min/{longest}hr.")
    POLICY_SIZE = RPCErrorSpec("InvalidParameter.PolicySize", 400, "The size of Policy must be smaller than 2048 bytes.")
    POLICY_GRAMMAR = RPCErrorSpec("InvalidParameter.PolicyGrammar", 400, "The parameter Policy has not passed grammar check. {text}")
    NO_ROLE = RPCErrorSpec("EntityNotExist.Role", 404, "The specified Role not exists.")
    ROOT = RPCErrorSpec("NoPermission", 403, "Roles may not be assumed by root accounts. {text}")
    NOT_AUTHORIZED = RPCErrorSpec("NoPermission", 403, "You are not authorized to do this action. You should be authorized by RAM.")


# fmt: on
MAX_POLICY = 2048
"""Characters of the longest session policy (AssumeRole)."""


class WantedSession(NamedTuple):
    """The session that a request asks for."""

    role_arn: str
    name: str
    policy: str
    """The session policy as sent, "" for none."""

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> "WantedSession":
        """Check the parameters of a session; raises `RPCError`."""
        return cls(
            match_parameter(parameters, "RoleArn", r"acs:ram::\d+:role/.+"),
            match_parameter(parameters, "RoleSessionName", r"[a-zA-Z0-9.@_-]{2,64}"),
            _policy(parameters),
        )


def find_role(call: RPCCall, wanted: WantedSession) -> Role:
    """Find the role of a session; raises `RPCError`."""
    role = call.environment.accounts.role(wanted.role_arn)
    if role is None:
        raise RPCError(STSErrorCase.NO_ROLE)
    return role


def start_session(call: RPCCall, role: Role, wanted: WantedSession) -> Children:
    """Issue the credentials of a session and describe it; raises `RPCError`."""
    expires = int(call.now) + _duration(call.parameters, role)
    issued = call.environment.accounts.issue(
        role, wanted.name, expires, wanted.policy, call.material
    )
    return [
        (
            "AssumedRoleUser",
            [("Arn", f"{role.arn}/{wanted.name}"), ("AssumedRoleId", f"{role.id}:{wanted.name}")],
        ),
        (
            "Credentials",
            [
                ("AccessKeyId", issued.access_key_id),
                ("AccessKeySecret", issued.access_key_secret),
                ("SecurityToken", issued.security_token),
                ("Expiration", format_time(issued.expires)),
            ],
        ),
    ]


def match_parameter(parameters: Mapping[str, str], name: str, form: str) -> str:
    """Return a required parameter; raises `RPCError` unless it matches `form`."""
    value = required(parameters, name)
    if not re.fullmatch(form, value, re.ASCII):
        raise RPCError(RPCErrorCase.INVALID, name=name)
    return value


def format_time(second: int) -> str:
    """Format a time as STS does, such as `2015-04-09T11:52:19Z`."""
    return dates.format_iso(second).replace(".000Z", "Z")


def _policy(parameters: Mapping[str, str]) -> str:
    policy = parameters.get("Policy", "")
    if len(policy) > MAX_POLICY:
        raise RPCError(STSErrorCase.POLICY_SIZE)
    if policy:
        try:
            Policy.parse(policy, PolicyType.SESSION)
        except PolicyError as error:
            raise RPCError(STSErrorCase.POLICY_GRAMMAR, text=str(error)) from None
    return policy


def _duration(parameters: Mapping[str, str], role: Role) -> int:
    text = parameters.get("DurationSeconds") or "3600"
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise RPCError(RPCErrorCase.INVALID, name="DurationSeconds")
    if not 900 <= int(text) <= role.max_session:
        raise RPCError(STSErrorCase.DURATION, longest=f"{role.max_session / 3600:g}")
    return int(text)


_NO_ROLES = (
    "This emulator has one key, which is a root account's, and no role: start it with --accounts "
    "FILE, and sign with the key of a RAM user."
)
"""The emulator's addition to the service's message if the configuration has no role."""


def assume_role(call: RPCCall) -> Children:
    """Issue temporary credentials for a role (AssumeRole); raises `RPCError`."""
    accounts = call.environment.accounts
    if call.caller.kind is Kind.ACCOUNT:
        raise RPCError(STSErrorCase.ROOT, text="" if accounts.has_roles else _NO_ROLES)
    wanted = WantedSession.parse(call.parameters)
    role = find_role(call, wanted)
    _check_caller(call.caller, role)
    return start_session(call, role, wanted)


def _check_caller(caller: Identity, role: Role) -> None:
    """Check that the caller's policies and the role's trust policy both allow the call (A-42)."""
    question = Question("sts:AssumeRole", role.arn, principals=caller.names(PolicyType.TRUST))
    groups = {PolicyType.IDENTITY: caller.policies, PolicyType.TRUST: (role.trust,)}
    if caller.session_policy is not None:
        groups = {PolicyType.SESSION: (caller.session_policy,), **groups}
    for policy_type, policies in groups.items():
        settled = evaluate(policies, question)
        if settled is None or settled.effect is Effect.DENY:
            detail: Children = [
                ("PolicyType", str(policy_type)),
                ("AuthPrincipalOwnerId", caller.id),
                ("AuthPrincipalType", str(caller.kind)),
                ("AuthPrincipalDisplayName", caller.principal),
                ("NoPermissionType", "ImplicitDeny" if settled is None else "ExplicitDeny"),
                ("AuthAction", "sts:AssumeRole"),
            ]
            raise RPCError(STSErrorCase.NOT_AUTHORIZED, detail)


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


_IDENTITY_TYPES = {Kind.ACCOUNT: "Account", Kind.USER: "RAMUser", Kind.SESSION: "AssumedRoleUser"}


STS = Product(
    name="Sts",
    version="2015-04-01",
    actions={
        "AssumeRole": assume_role,
        "GetCallerIdentity": get_caller_identity,
    },
)
