"""A denial as an answer tells it: the element AccessDeniedDetail."""

import json
from base64 import b64encode

from oss_emulator.access.authorize import AccessVerdict
from oss_emulator.access.identity import Identity, Kind
from oss_emulator.access.policy import PolicyType

Detail = list[tuple[str, str]]


def detail(verdict: AccessVerdict, caller: Identity, resource: str = "") -> Detail | None:
    """The children of AccessDeniedDetail, None where the answer has none.

    It has one where a policy of the caller denied, or where one would have had to allow; what an
    answer calls a bucket policy is not known (A-70).
    """
    if verdict.allowed or verdict.policy_type in (None, PolicyType.BUCKET):
        return None
    explicit = verdict.statement is not None
    return [
        ("PolicyType", str(verdict.policy_type)),
        ("AuthPrincipalOwnerId", caller.id),
        ("AuthPrincipalType", str(caller.kind)),
        ("AuthPrincipalDisplayName", _display_name(caller)),
        ("NoPermissionType", "ExplicitDeny" if explicit else "ImplicitDeny"),
        ("AuthAction", verdict.action),
        ("EncodedDiagnosticMessage", _diagnostic(verdict, resource)),
    ]


def _display_name(caller: Identity) -> str:
    return f"{caller.name}:{caller.session}" if caller.kind is Kind.SESSION else caller.principal


def _diagnostic(verdict: AccessVerdict, resource: str) -> str:
    """Base64 of JSON (A-71); that of the service can only be decoded by RAM."""
    found = {
        "action": verdict.action,
        "resource": resource,
        "reason": verdict.reason.value,
        "statement": verdict.statement.place if verdict.statement else "",
    }
    return b64encode(json.dumps(found).encode()).decode()
