"""The permissions of a call: collects the facts for the decision in `access`."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from typing import Final

from oss_referer import Signing

from oss_emulator.access.authorize import (
    AccessDecision,
    AccessPointScope,
    AccessReason,
    ObjectAcl,
    Permission,
    PolicyInputs,
    authorize,
    explain_denial,
    required,
    resource,
)
from oss_emulator.access.condition import Context
from oss_emulator.access.identity import ANONYMOUS, Identity, Kind
from oss_emulator.operations import access_point, policy
from oss_emulator.operations.access_point import AccessPoint
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.call import Call
from oss_emulator.operations.configurations import (
    PUBLIC_ACCESS_BLOCK,
    REQUEST_PAYMENT,
    blocks_all,
    is_paid_by_requester,
)
from oss_emulator.operations.operation import Resource
from oss_emulator.operations.tagging import tags
from oss_emulator.protocol import tagging
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import AccessRecord
from oss_emulator.storage.base import Bucket, Object, Storage

PAYER: Final = "x-oss-request-payer"
_OBJECT_ACL: Final = "x-oss-object-acl"

_LISTINGS: Final = frozenset({"oss:ListObjects", "oss:ListObjectVersions"})
"""The actions whose conditions can use a prefix and a delimiter (A-24)."""

_BY_ENTRY: Final = "DeleteMultipleObjects"
"""The operation that names its objects in the body, and checks each of them itself."""

_CREATES: Final = "PutBucket"
"""The operation that itself checks whether an existing bucket belongs to the caller."""

_THROUGH_ACCESS_POINTS: Final = frozenset(
    """
    ListObjects ListObjectsV2 ListObjectVersions ListMultipartUploads DeleteMultipleObjects
    PostObject GetAccessPoint PutAccessPointPolicy GetAccessPointPolicy DeleteAccessPointPolicy
    """.split()
)
"""The operations on buckets that can be called through an access point (P-84)."""

_SPECIAL: Final = frozenset(
    {
        policy.SUBRESOURCE,
        PUBLIC_ACCESS_BLOCK.subresource,
        REQUEST_PAYMENT.subresource,
    }
)
"""The configurations that, in addition to ownership and ACLs, affect accounts."""


def allow_by_acl(admission: Admission, storage: Storage) -> AccessRecord | None:
    """Allow what ownership or an ACL alone allows; None if another configuration may matter.

    This is a shortcut for most requests; `check_call` would make the same decision.
    """
    bucket, caller, operation = admission.record, admission.caller, admission.operation
    if bucket is None or admission.access_point is not None or caller.kind is not Kind.ACCOUNT:
        return None
    grants = bucket.once(_Grants)
    if grants.has_policy or operation.name == _CREATES:
        return None
    if caller.id == bucket.owner:  # allowed, as there is no policy
        return _allow(AccessReason.OWNER, operation.action)
    key = admission.target.key
    on_version = operation.on_version and "versionId" in admission.request.query
    if on_version or operation.describes or operation.bypasses:
        return None
    item = storage.object(bucket.name, key) if key else None
    acl = ObjectAcl.DEFAULT if item is None else item.acl
    reason = grants.by_acl.get((operation.permission, acl))
    if reason is None or blocks_all(storage, bucket.owner):
        return None
    return _allow(reason, operation.action)


class _Grants:
    """What a bucket grants by its ACL alone: nothing if another configuration may matter."""

    def __init__(self, bucket: Bucket) -> None:
        self.has_policy = policy.SUBRESOURCE in bucket.documents
        self.by_acl: dict[tuple[str, str], AccessReason] = {}
        """Why a permission is granted, by the permission and the ACL of the object."""
        if _SPECIAL.isdisjoint(bucket.documents):
            for permission, acl in product((Permission.READ, Permission.WRITE), ObjectAcl):
                decision = authorize(ANONYMOUS, bucket.owner, permission, bucket.acl, acl)
                if decision.allowed:
                    self.by_acl[permission, acl] = decision.reason


@lru_cache(1024)
def _allow(reason: AccessReason, action: str) -> AccessRecord:
    return AccessRecord(True, reason, action, "")


def check_call(call: Call) -> AccessRecord | None:
    """Raise `AccessDenied` unless the caller may perform the call.

    Returns the decision; None for DeleteMultipleObjects if each entry needs its own decision.
    """
    bucket, caller, operation = call.record, call.caller, call.operation
    if call.admission.access_point is not None:
        of_object = operation.resource is Resource.OBJECT
        if not of_object and operation.name not in _THROUGH_ACCESS_POINTS:
            raise OSSError(ErrorCase.ACCESS_POINT_OPERATION)
        check_origin(call.admission.access_point)
    if bucket is None or operation.name == _CREATES:
        return _check_service(call)
    by_acl = (
        caller.kind is Kind.ACCOUNT
        and policy.SUBRESOURCE not in bucket.documents
        and call.admission.access_point is None
    )
    if by_acl and caller.id == bucket.owner:  # allowed, as there is no policy
        return _describe(call, authorize(caller, bucket.owner, operation.permission, bucket.acl))
    if by_acl and not caller.anonymous and operation.name == "PutBucketAcl":  # creates, too (P-47)
        raise OSSError(ErrorCase.BUCKET_ALREADY_EXISTS, BucketName=bucket.name)
    if not by_acl and operation.name == _BY_ENTRY:
        return None
    key = call.target.key
    item = call.storage.object(bucket.name, key, call.version_id) if key else None
    return check(call, bucket, key, operation.permission, item)


def check_origin(point: AccessPoint | None) -> None:
    """Raise `AccessDenied` for an access point that accepts only requests from a VPC.

    `check_call` checks the access point of the request; the source of a copy may have another.
    """
    if point is not None and point.origin == access_point.VPC:  # no request comes from a VPC
        raise OSSError(ErrorCase.ACCESS_POINT_ORIGIN)


def check(
    call: Call,
    bucket: Bucket,
    key: str,
    permission: Permission,
    item: Object | None = None,
    actions: tuple[str, ...] = (),
) -> AccessRecord:
    """Raise `AccessDenied` unless the caller has a permission on a key; returns the decision.

    `item` is the object stored under the key. `actions` are the RAM actions to check; by default
    those of the call's operation.
    """
    inputs, decision = _decide(call, bucket, key, permission, item=item, actions=actions)
    if not decision.allowed:
        raise _denial(call, permission, decision, inputs)
    return _describe(call, decision)


def allows(
    call: Call, bucket: Bucket, key: str, permission: Permission, item: Object | None = None
) -> bool:
    """Whether the caller has a permission on a key, by the actions of the call's operation."""
    _, decision = _decide(call, bucket, key, permission, item=item, actions=())
    return decision.allowed


def is_charged(bucket: Bucket, caller: Identity) -> bool:
    """Whether the caller, not the bucket's owner, pays for a request (A-61)."""
    return caller.id != bucket.owner and is_paid_by_requester(bucket.documents)


def _decide(
    call: Call,
    bucket: Bucket,
    key: str,
    permission: Permission,
    item: Object | None,
    actions: tuple[str, ...],
) -> tuple[PolicyInputs | None, AccessDecision]:
    caller, acl = call.caller, ObjectAcl.DEFAULT if item is None else item.acl
    if not actions:
        operation = call.operation
        # Read only the headers that the operation uses.
        counts = call.request.headers if operation.describes or operation.bypasses else {}
        actions = required(operation.action, counts, call.version_id)
    scope = _scope_of(call, bucket, key)
    plain = scope is None and _SPECIAL.isdisjoint(bucket.documents)
    if plain and caller.kind is Kind.ACCOUNT and len(actions) == 1:
        # For accounts and anonymous callers only ownership, ACLs and the account's block matter.
        decision = authorize(caller, bucket.owner, permission, bucket.acl, acl)
        if (
            not decision.allowed
            or decision.reason is AccessReason.OWNER
            or not blocks_all(call.storage, bucket.owner)
        ):
            return None, decision
    fields, query = _fields(call), call.request.query
    inputs = PolicyInputs(
        actions,
        resource(call.region, bucket.owner, bucket.name, key),
        context=_context(call, bucket, item, fields),
        bucket_policy=policy.of(bucket.documents),
        blocks_public=PUBLIC_ACCESS_BLOCK.is_enabled(bucket.documents)
        or blocks_all(call.storage, bucket.owner),
        requester_pays=is_paid_by_requester(bucket.documents),
        says_requester=(fields.get(PAYER) or query.get(PAYER, "")).lower() == "requester",
        access_point=scope,
    )
    return inputs, authorize(caller, bucket.owner, permission, bucket.acl, acl, inputs=inputs)


def _scope_of(call: Call, bucket: Bucket, key: str) -> AccessPointScope | None:
    """Return the access point through which a call uses a bucket; None if it uses none."""
    point = call.admission.access_point
    if point is None or point.bucket != bucket.name:
        return None
    documents = bucket.documents
    return AccessPointScope(
        point.resource(key),
        access_point.policy_of(documents, point.name),
        access_point.blocks_public(documents, point.name),
    )


def _fields(call: Call) -> Mapping[str, str]:
    """Return the headers of a request or the equivalent fields of a form.

    A form can also set the ACL by a header (PostObject), but it cannot set the object's tags.
    """
    request = call.request.headers
    form = call.admission.form
    if form is None:
        return request
    acl = {name: request[name] for name in (_OBJECT_ACL,) if name in request}
    fields = {**acl, **form.fields}
    fields.pop(tagging.HEADER, None)
    return fields


def _check_service(call: Call) -> AccessRecord | None:
    """Check a request without an existing bucket: a service call or bucket creation."""
    caller = call.caller
    if caller.anonymous:
        raise OSSError(ErrorCase.ANONYMOUS)
    if caller.kind is Kind.ACCOUNT:
        return None
    inputs = PolicyInputs(
        (call.operation.action,),
        resource(call.region, caller.id, call.target.bucket),
        _context(call, None, None, call.request.headers),
    )
    decision = authorize(caller, caller.id, Permission.OWN, "private", inputs=inputs)
    if not decision.allowed:
        raise _denial(call, Permission.OWN, decision, inputs)
    return _describe(call, decision)


def _context(
    call: Call, bucket: Bucket | None, item: Object | None, fields: Mapping[str, str]
) -> Context:
    request, point = call.request, call.admission.access_point
    lists = call.operation.action in _LISTINGS
    return Context(
        time=request.received,
        secure=request.secure,
        source_ip=request.remote or None,
        user_agent=request.headers.get("user-agent"),
        access_key_id=call.admission.claimed.access_key_id or None,
        prefix=request.query.get("prefix", "") if lists else None,
        delimiter=request.query.get("delimiter", "") if lists else None,
        acl=fields.get("x-oss-acl", "private"),
        object_acl=fields.get(_OBJECT_ACL) or ObjectAcl.DEFAULT,
        bucket_tags=tags(bucket.documents) if bucket is not None else {},
        object_tags=item.tags if item is not None else {},
        request_tags=_tags(fields),
        access_point_arn=None if point is None else point.arn,
        access_point_account=None if point is None else point.account,
        access_point_origin=None if point is None else point.origin,
    )


def _tags(fields: Mapping[str, str]) -> Mapping[str, str]:
    try:
        return tagging.parse_header(fields.get(tagging.HEADER, ""))
    except OSSError:  # the operation raises the error again if the caller is allowed
        return {}


def _denial(
    call: Call, permission: Permission, decision: AccessDecision, inputs: PolicyInputs | None
) -> OSSError:
    denial = explain_denial(decision, call.caller, inputs.resource if inputs is not None else "")
    code, access = _code(call, permission, decision.reason), _describe(call, decision)
    by_acl = permission is not Permission.OWN and inputs is not None and len(inputs.actions) == 1
    if code is ErrorCase.FOREIGN_BUCKET and decision.reason is AccessReason.NO_POLICY and by_acl:
        code = ErrorCase.BUCKET_ACL  # the ACL could also have allowed it
    if decision.reason is not AccessReason.IDENTITY_POLICY:
        return OSSError(code, access=access, AccessDeniedDetail=denial)
    bucket, user = call.target.bucket or None, call.caller.id  # S-35
    return OSSError(code, access=access, AccessDeniedDetail=denial, Bucket=bucket, User=user)


def _describe(call: Call, decision: AccessDecision) -> AccessRecord:
    statement = "" if decision.statement is None else decision.statement.place
    action = decision.action or call.operation.action
    return AccessRecord(decision.allowed, decision.reason, action, statement)


def _code(call: Call, permission: Permission, reason: AccessReason) -> ErrorCase:
    if reason is AccessReason.OBJECT_ACL:
        reads = permission is Permission.READ
        return ErrorCase.OBJECT_ACL_READ if reads else ErrorCase.OBJECT_ACL_WRITE
    if reason is AccessReason.NO_POLICY and call.operation.action == "oss:ListBuckets":
        return ErrorCase.LIST_BUCKETS
    if reason is AccessReason.NO_POLICY and call.operation.name == _CREATES:
        return ErrorCase.CREATE_BUCKET
    if reason in _EXPLICIT and call.operation.name == _BY_ENTRY:
        return ErrorCase.BATCH_DENIED
    if reason is AccessReason.REQUESTER_PAYS and call.admission.claimed.signing is Signing.URL:
        return ErrorCase.REQUESTER_PAYS_URL
    return _CODES[reason]


_EXPLICIT: Final = {
    AccessReason.IDENTITY_POLICY,
    AccessReason.BUCKET_POLICY,
    AccessReason.BOTH_POLICIES,
}
"""The reasons for a denial by a statement of a policy."""


_CODES: Final = {
    AccessReason.ANONYMOUS: ErrorCase.FOREIGN_BUCKET,
    AccessReason.FOREIGN: ErrorCase.FOREIGN_BUCKET,
    AccessReason.NO_POLICY: ErrorCase.FOREIGN_BUCKET,
    AccessReason.BUCKET_ACL: ErrorCase.BUCKET_ACL,
    AccessReason.IDENTITY_POLICY: ErrorCase.RAM_POLICY,
    AccessReason.BUCKET_POLICY: ErrorCase.BUCKET_POLICY,
    AccessReason.BOTH_POLICIES: ErrorCase.BOTH_POLICIES,
    AccessReason.SESSION_POLICY: ErrorCase.SESSION_POLICY,
    AccessReason.ACCESS_POINT_POLICY: ErrorCase.ACCESS_POINT_POLICY,
    AccessReason.REQUESTER_PAYS: ErrorCase.REQUESTER_PAYS,
    AccessReason.REQUESTER_PAYS_ANONYMOUS: ErrorCase.REQUESTER_PAYS_ANONYMOUS,
}
"""The error for each reason for a denial."""
