"""Role sessions: the parameters and the answer that all actions which start a session share."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from oss_emulator.access import Policy, PolicyError, PolicyType, Role
from oss_emulator.protocol import dates
from oss_emulator.protocol.xml import Children
from oss_emulator.rpc.call import RPCCall
from oss_emulator.rpc.errors import RPCError, RPCErrorCase
from oss_emulator.rpc.message import required
from oss_emulator.sts.errors import STSErrorCase

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
            match(parameters, "RoleArn", r"acs:ram::\d+:role/.+"),
            match(parameters, "RoleSessionName", r"[a-zA-Z0-9.@_-]{2,64}"),
            _policy(parameters),
        )


def find_role(call: RPCCall, wanted: WantedSession) -> Role:
    """Find the role of a session; raises `RPCError`."""
    role = call.installation.accounts.role(wanted.role_arn)
    if role is None:
        raise RPCError(STSErrorCase.NO_ROLE)
    return role


def start(call: RPCCall, role: Role, wanted: WantedSession) -> Children:
    """Issue the credentials of a session and describe it; raises `RPCError`."""
    expires = int(call.now) + _duration(call.parameters, role)
    issued = call.installation.accounts.issue(
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


def match(parameters: Mapping[str, str], name: str, form: str) -> str:
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
