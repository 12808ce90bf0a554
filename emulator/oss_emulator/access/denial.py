"""AccessDeniedDetail, an element of the answer to a denied request."""

import json
from base64 import b64encode

from oss_emulator.access.authorize import AccessDecision
from oss_emulator.access.identity import Identity, Kind
from oss_emulator.access.policy import PolicyType

Detail = list[tuple[str, str]]


def detail(decision: AccessDecision, caller: Identity, resource: str = "") -> Detail | None:
    """Return the children of AccessDeniedDetail, or None if the answer has no such element.

    The answer has one if a policy of the caller denied the request, or if only such a policy could
    have allowed it. How an answer names the policy of a bucket or an
    access point is unknown (A-70).
    """
    unknown = (None, PolicyType.BUCKET, PolicyType.ACCESS_POINT)
    if decision.allowed or decision.policy_type in unknown:
        return None
    explicit = decision.statement is not None
    is_session = caller.kind is Kind.SESSION
    name = f"{caller.name}:{caller.session}" if is_session else caller.principal
    return [
        ("PolicyType", str(decision.policy_type)),
        ("AuthPrincipalOwnerId", caller.id),
        ("AuthPrincipalType", str(caller.kind)),
        ("AuthPrincipalDisplayName", name),
        ("NoPermissionType", "ExplicitDeny" if explicit else "ImplicitDeny"),
        ("AuthAction", decision.action),
        ("EncodedDiagnosticMessage", _diagnostic(decision, resource)),
    ]


def _diagnostic(decision: AccessDecision, resource: str) -> str:
    """Return JSON in Base64 (A-71). Only RAM can decode the message of the real service."""
    found = {
        "action": decision.action,
        "resource": resource,
        "reason": decision.reason.value,
        "statement": decision.statement.place if decision.statement else "",
    }
    return b64encode(json.dumps(found).encode()).decode()
