"""The decision whether an identity may access a bucket or an object, and the reason.

The order is that of "Authorization process" in the OSS documents: the session policy, then RAM
policies and the bucket policy together, then the ACLs. A statement that denies always wins.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from oss_emulator.access.condition import NOTHING_KNOWN, Context
from oss_emulator.access.identity import Identity, Kind
from oss_emulator.access.policy import Effect, Policy, PolicyType, Question, Statement, evaluate


class BucketAcl(StrEnum):
    """Who may read or write the objects of a bucket in addition to the owner."""

    PRIVATE = "private"
    PUBLIC_READ = "public-read"
    PUBLIC_READ_WRITE = "public-read-write"

    @property
    def public(self) -> bool:
        """Whether the ACL grants something to everybody."""
        return self is not BucketAcl.PRIVATE


class ObjectAcl(StrEnum):
    """Who may read or write an object in addition to the owner; `default`: as the bucket's ACL."""

    DEFAULT = "default"
    PRIVATE = "private"
    PUBLIC_READ = "public-read"
    PUBLIC_READ_WRITE = "public-read-write"

    @property
    def public(self) -> bool:
        """Whether the ACL grants something to everybody."""
        return self in (ObjectAcl.PUBLIC_READ, ObjectAcl.PUBLIC_READ_WRITE)


OF_A_VERSION: Mapping[str, str] = {
    "oss:GetObject": "oss:GetObjectVersion",
    "oss:DeleteObject": "oss:DeleteObjectVersion",
    "oss:GetObjectAcl": "oss:GetObjectVersionAcl",
    "oss:PutObjectAcl": "oss:PutObjectVersionAcl",
    "oss:RestoreObject": "oss:RestoreObjectVersion",
    "oss:GetObjectTagging": "oss:GetObjectVersionTagging",
    "oss:PutObjectTagging": "oss:PutObjectVersionTagging",
    "oss:DeleteObjectTagging": "oss:DeleteObjectVersionTagging",
}
"""The actions that a request with a versionId requires instead (A-11)."""

TAGGING = "x-oss-tagging"
TAGGING_DIRECTIVE = "x-oss-tagging-directive"

_BYPASS_HEADER = "x-oss-bypass-governance-retention"
_BYPASS: Mapping[str, str] = {_BYPASS_HEADER: "oss:BypassGovernanceRetention"}
_BY_HEADER: Mapping[str, Mapping[str, str]] = {
    "oss:PutObject": {
        TAGGING: "oss:PutObjectTagging",
        TAGGING_DIRECTIVE: "oss:PutObjectTagging",
        "x-oss-object-worm-mode": "oss:PutObjectRetention",
        "x-oss-object-worm-retain-until-date": "oss:PutObjectRetention",
        "x-oss-object-worm-legal-hold": "oss:PutObjectLegalHold",
    },
    "oss:DeleteObject": _BYPASS,
    "oss:PutObjectRetention": _BYPASS,
}
"""The additional actions that a header requires, by the action of the operation (P-64)."""


def required(
    action: str, headers: Mapping[str, str], version_id: str | None = None
) -> tuple[str, ...]:
    """Return the actions that a request requires, that of its operation first.

    `headers` are those that have an effect on the operation; `version_id` is the version that the
    request names, None if it names none.
    """
    own = action if version_id is None else OF_A_VERSION.get(action, action)
    known = _BY_HEADER.get(action)
    if known is None:
        return (own,)
    return (own, *dict.fromkeys(known[name] for name in known if _counts(name, headers)))


def _counts(name: str, headers: Mapping[str, str]) -> bool:
    """Whether a header requires an action; the bypass header does so only if it is `true`."""
    return headers.get(name, "").lower() == "true" if name == _BYPASS_HEADER else name in headers


def required_of_source(headers: Mapping[str, str], version_id: str | None) -> tuple[str, ...]:
    """Return the actions that CopyObject and UploadPartCopy require on their source (A-13)."""
    actions = ["oss:GetObject"]
    if headers.get(TAGGING_DIRECTIVE, "").lower() == "copy":
        actions.append("oss:GetObjectTagging")
    if version_id is None:
        return tuple(actions)
    return tuple(OF_A_VERSION[action] for action in actions)


def resource(region: str, account: str, bucket: str, key: str = "") -> str:
    """Return the resource name of a bucket or an object; without a bucket, of the service."""
    name = f"{bucket or '*'}/{key}" if key else bucket or "*"
    return f"acs:oss:{region}:{account}:{name}"


class Permission(StrEnum):
    """What an operation requires. ACLs grant READ and WRITE of objects; no ACL grants OWN."""

    NONE = "none"
    """No permission: everybody may do this, whatever the ACLs."""
    READ = "read"
    WRITE = "write"
    OWN = "own"


class AccessReason(StrEnum):
    """What settled the decision."""

    OWNER = "the caller owns the bucket"
    BUCKET_ACL = "the bucket's ACL"
    OBJECT_ACL = "the object's ACL"
    ANONYMOUS = "anonymous requests may not do this"
    FOREIGN = "the bucket belongs to another account"
    IDENTITY_POLICY = "a RAM policy of the caller"
    BUCKET_POLICY = "the bucket policy"
    BOTH_POLICIES = "both a RAM policy of the caller and the bucket policy"
    SESSION_POLICY = "the session policy"
    ACCESS_POINT_POLICY = "the policy of the access point"
    NO_POLICY = "no policy allows this"
    REQUESTER_PAYS = "the requester pays, but the request does not accept the charge"
    REQUESTER_PAYS_ANONYMOUS = "the requester pays, but is anonymous"


class AccessPointScope(NamedTuple):
    """An access point through which a request reaches a bucket or an object (P-84)."""

    resource: str
    """The name of the bucket or the object in policies of the access point."""
    policy: Policy | None
    blocks_public: bool
    """Whether PublicAccessBlock is on for the access point."""


class PolicyInputs(NamedTuple):
    """What a decision depends on in addition to ownership and ACLs."""

    actions: tuple[str, ...]
    """The required actions; the operation's own comes first (`required`)."""
    resource: str
    context: Context = NOTHING_KNOWN
    bucket_policy: Policy | None = None
    blocks_public: bool = False
    """Whether PublicAccessBlock is on, for the bucket or its account."""
    requester_pays: bool = False
    says_requester: bool = False
    """Whether the request has `x-oss-request-payer: requester`."""
    access_point: AccessPointScope | None = None
    """None for a request that names the bucket."""


class AccessDecision(NamedTuple):
    """Whether a request is allowed, and why."""

    allowed: bool
    reason: AccessReason
    action: str = ""
    """The action that was denied, or the last one that was allowed."""
    statement: Statement | None = None
    policy_type: PolicyType | None = None
    """The type of the policy that settled the decision or that lacks a statement."""


_OPEN: dict[str, frozenset[Permission]] = {
    "private": frozenset(),
    "public-read": frozenset({Permission.READ}),
    "public-read-write": frozenset({Permission.READ, Permission.WRITE}),
}

_DECISIONS = {
    (allowed, reason): AccessDecision(allowed, reason)
    for allowed in (True, False)
    for reason in AccessReason
}


def authorize(
    caller: Identity,
    owner: str,
    permission: Permission,
    bucket_acl: str,
    object_acl: str = ObjectAcl.DEFAULT,
    inputs: PolicyInputs | None = None,
) -> AccessDecision:
    """Decide on a request. The ACL of an object replaces that of its bucket.

    The ACLs are values of `BucketAcl` and `ObjectAcl`; `owner` is the account id of the bucket's
    owner. For a missing object the ACL of the bucket counts. Without `inputs` only ownership and
    ACLs count. That suffices for accounts and anonymous requests if the bucket has no policy, no
    PublicAccessBlock and no pay-by-requester mode.
    """
    if inputs is None:
        if caller.id == owner and caller.kind is Kind.ACCOUNT:
            return _DECISIONS[True, AccessReason.OWNER]
        return _by_acl(caller, owner, permission, bucket_acl, object_acl)
    if inputs.requester_pays and caller.id != owner and not inputs.says_requester:
        anonymous = caller.anonymous
        reason = AccessReason.REQUESTER_PAYS_ANONYMOUS if anonymous else AccessReason.REQUESTER_PAYS
        return AccessDecision(False, reason, inputs.actions[0])
    if inputs.blocks_public:
        bucket_acl, object_acl = _closed(bucket_acl), _closed(object_acl)
    for action in inputs.actions:
        decision = _by_policies(caller, owner, action, inputs) or _by_ownership(
            caller, owner, permission, bucket_acl, object_acl, action=action
        )
        point = inputs.access_point
        if decision.allowed and point is not None:
            decision = _by_access_point(caller, owner, action, inputs, point) or decision
        if not decision.allowed:
            break
        permission = Permission.OWN  # ACLs do not grant the additional actions.
    return decision


def _by_policies(
    caller: Identity, owner: str, action: str, inputs: PolicyInputs
) -> AccessDecision | None:
    """Decide by the policies; None if no statement applies, so ownership and ACLs count (A-01)."""
    resource, context = inputs.resource, inputs.context
    question = Question(action, resource, context)
    if caller.session_policy is not None:
        settled = evaluate([caller.session_policy], question)
        if settled is None or settled.effect is Effect.DENY:
            return AccessDecision(
                False, AccessReason.SESSION_POLICY, action, settled, PolicyType.SESSION
            )
    # RAM policies apply only to resources of the caller's own account.
    by_identity = evaluate(caller.policies, question) if caller.id == owner else None
    by_bucket = _by_bucket_policy(caller, owner, action, inputs)
    denials = [found for found in (by_identity, by_bucket) if found and found.effect is Effect.DENY]
    if len(denials) == 2:
        return AccessDecision(
            False, AccessReason.BOTH_POLICIES, action, by_identity, PolicyType.IDENTITY
        )
    for settled in denials or filter(None, (by_identity, by_bucket)):
        reason = _REASONS[settled.type]
        return AccessDecision(settled.effect is Effect.ALLOW, reason, action, settled, settled.type)
    return None


_REASONS = {
    PolicyType.IDENTITY: AccessReason.IDENTITY_POLICY,
    PolicyType.BUCKET: AccessReason.BUCKET_POLICY,
}


def _by_bucket_policy(
    caller: Identity, owner: str, action: str, inputs: PolicyInputs
) -> Statement | None:
    if inputs.bucket_policy is None:
        return None
    question = Question(
        action,
        inputs.resource,
        inputs.context,
        caller.names(PolicyType.BUCKET),
        by_owner=caller.id == owner and caller.kind is Kind.ACCOUNT,
    )
    return evaluate([inputs.bucket_policy], question, without_public=inputs.blocks_public)


def _by_access_point(
    caller: Identity, owner: str, action: str, inputs: PolicyInputs, point: AccessPointScope
) -> AccessDecision | None:
    """Decide by the policy of the access point; None if it allows the request (P-84).

    If no statement applies, only the account that owns the bucket is allowed.
    """
    owns = caller.id == owner and caller.kind is Kind.ACCOUNT
    names = caller.names(PolicyType.ACCESS_POINT)
    question = Question(action, point.resource, inputs.context, names, by_owner=owns)
    policies = () if point.policy is None else (point.policy,)
    settled = evaluate(policies, question, without_public=point.blocks_public)
    allowed = owns if settled is None else settled.effect is Effect.ALLOW
    if allowed:
        return None
    reason = AccessReason.ACCESS_POINT_POLICY
    return AccessDecision(False, reason, action, settled, PolicyType.ACCESS_POINT)


def _by_ownership(
    caller: Identity,
    owner: str,
    permission: Permission,
    bucket_acl: str,
    object_acl: str,
    action: str,
) -> AccessDecision:
    """Decide by ownership and ACLs, for requests to which no statement of a policy applies."""
    if caller.id == owner and caller.kind is Kind.ACCOUNT:
        return AccessDecision(True, AccessReason.OWNER, action)
    found = _by_acl(caller, owner, permission, bucket_acl, object_acl)
    if not found.allowed and caller.id == owner:
        return AccessDecision(False, AccessReason.NO_POLICY, action, None, PolicyType.IDENTITY)
    return AccessDecision(found.allowed, found.reason, action)


def _by_acl(
    caller: Identity, owner: str, permission: Permission, bucket_acl: str, object_acl: str
) -> AccessDecision:
    if permission is Permission.OWN:
        if caller.id == owner:
            return _DECISIONS[False, AccessReason.NO_POLICY]
        return _DECISIONS[
            False, AccessReason.ANONYMOUS if caller.anonymous else AccessReason.FOREIGN
        ]
    if object_acl == ObjectAcl.DEFAULT:
        return _DECISIONS[permission in _OPEN[bucket_acl], AccessReason.BUCKET_ACL]
    return _DECISIONS[permission in _OPEN[object_acl], AccessReason.OBJECT_ACL]


def _closed(acl: str) -> str:
    return "private" if acl.startswith("public-") else acl


def explain_denial(
    decision: AccessDecision, caller: Identity, resource: str = ""
) -> list[tuple[str, str]] | None:
    """Return the children of AccessDeniedDetail, or None if the answer has no such element.

    The answer has one if a policy of the caller denied the request, or if only such a policy could
    have allowed it. How an answer names the policy of a bucket or an access point is unknown
    (A-70).
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
