"""Access points: create, describe, list and delete them, and their policies (P-83)."""

from typing import Final

from oss_emulator.access.policy import PolicyType
from oss_emulator.documents import access_point, policy, public_access_block
from oss_emulator.documents.access_point import AccessPoint
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import headers, paging, parameters, xml
from oss_emulator.protocol.address import SERVICE_DOMAIN
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

_NAME: Final = "x-oss-access-point-name"
"""The header with the name of an access point; for public access blocks, a query parameter."""
_BLOCK: Final = f"{public_access_block.OF_BUCKET.subresource}&{_NAME}"


@answers(f"PUT /bucket?{access_point.SUBRESOURCE}", "CreateAccessPoint")
def create_access_point(call: Call) -> Response:
    """Create an access point; it can be used immediately.

    Raises `InvalidArgument`, `AccessPointAlreadyExists` for a name that the account uses in the
    region, and `TooManyAccessPoints`.
    """
    bucket = call.bucket
    point = access_point.parse(call.body.read(), bucket, call.request.received)
    mine = [
        each
        for other in call.storage.buckets()
        if other.owner == bucket.owner
        for each in access_point.of(other)
    ]
    if any((each.name, each.region) == (point.name, point.region) for each in mine):
        raise OSSError(ErrorCase.ACCESS_POINT_EXISTS, AccessPointName=point.name)
    of_bucket = sum(each.bucket == bucket.name for each in mine)
    if of_bucket >= access_point.MAX_OF_BUCKET or len(mine) >= access_point.MAX_OF_ACCOUNT:
        raise OSSError(ErrorCase.TOO_MANY_ACCESS_POINTS)
    for name, document in access_point.changes(point).items():
        call.keep(name, document)
    return xml.respond(
        "CreateAccessPointResult", ("AccessPointArn", point.arn), ("Alias", point.alias)
    )


@answers(f"GET /bucket?{access_point.SUBRESOURCE}", "GetAccessPoint", header=_NAME)
def get_access_point(call: Call) -> Response:
    """Describe an access point; raises `NoSuchAccessPoint`."""
    point = _find(call, call.request.headers[_NAME])
    place = f"{point.name}.oss-{point.region}"
    domain = f"oss-accesspoint.{SERVICE_DOMAIN}"
    blocked = access_point.blocks_public(call.documents, point.name)
    endpoints: xml.Children = [
        ("PublicEndpoint", f"{place}.{domain}"),
        ("InternalEndpoint", f"{place}-internal.{domain}"),
    ]
    return xml.respond(
        "GetAccessPointResult",
        ("AccessPointName", point.name),
        ("Bucket", point.bucket),
        ("AccountId", point.account),
        ("NetworkOrigin", point.origin),
        ("VpcConfiguration", [("VpcId", point.vpc)]),
        ("AccessPointArn", point.arn),
        ("CreationDate", point.created),
        ("Alias", point.alias),
        ("Status", "enable"),
        ("Endpoints", endpoints),
        ("PublicAccessBlockConfiguration", [("BlockPublicAccess", blocked)]),
    )


@answers(f"GET /bucket?{access_point.SUBRESOURCE}", "ListAccessPoints")
def list_access_points(call: Call) -> Response:
    """List a page of the access points of a bucket, by name."""
    return _list(call, list(access_point.of(call.bucket)))


@answers(f"GET /?{access_point.SUBRESOURCE}", "ListAccessPoints")
def list_user_access_points(call: Call) -> Response:
    """List a page of the access points of all buckets of the caller, by name and region."""
    mine = (bucket for bucket in call.storage.buckets() if bucket.owner == call.caller.id)
    return _list(call, [point for bucket in mine for point in access_point.of(bucket)])


@answers(f"DELETE /bucket?{access_point.SUBRESOURCE}", "DeleteAccessPoint")
def delete_access_point(call: Call) -> Response:
    """Delete an access point with its policy; raises `NoSuchAccessPoint`."""
    for name in access_point.names(_named(call).name):
        call.keep(name, None)
    return Response(204)


@answers(f"PUT /bucket?{access_point.POLICY}", "PutAccessPointPolicy")
def put_access_point_policy(call: Call) -> Response:
    """Replace the policy of an access point.

    Raises `NoSuchAccessPoint`, `InvalidPolicyDocument`, and `AccessDenied` for a public policy if
    the access point blocks public access.
    """
    point, document = _named(call), call.body.read()
    found = policy.parse(document, PolicyType.ACCESS_POINT)
    if found.public and access_point.blocks_public(call.documents, point.name):
        raise OSSError(ErrorCase.PUBLIC_POLICY)
    call.keep(access_point.policy_name(point.name), document)
    return Response()


@answers(f"GET /bucket?{access_point.POLICY}", "GetAccessPointPolicy")
def get_access_point_policy(call: Call) -> Response:
    """Return the policy as it was put; raises `NoSuchAccessPoint`, `NoSuchAccessPointPolicy`."""
    point = _named(call)
    missing = OSSError(ErrorCase.NO_SUCH_ACCESS_POINT_POLICY, AccessPointName=point.name)
    document = call.document(access_point.policy_name(point.name), missing)
    return Response(200, {"Content-Type": "application/json"}, document)


@answers(f"DELETE /bucket?{access_point.POLICY}", "DeleteAccessPointPolicy")
def delete_access_point_policy(call: Call) -> Response:
    """Remove the policy; answers 204 even if there was none."""
    call.keep(access_point.policy_name(_named(call).name), None)
    return Response(204)


@answers(f"PUT /bucket?{_BLOCK}", "PutAccessPointPublicAccessBlock")
def put_access_point_public_access_block(call: Call) -> Response:
    """Block public access through an access point, or allow it; raises `NoSuchAccessPoint`."""
    point, block = _find(call, call.request.query[_NAME]), public_access_block.OF_BUCKET
    node = block.schema.parse(call.body.read())
    content: xml.Children = [("BlockPublicAccess", node.text("BlockPublicAccess"))]
    call.keep(access_point.block_name(point.name), block.format(content))
    return Response()


@answers(f"GET /bucket?{_BLOCK}", "GetAccessPointPublicAccessBlock")
def get_access_point_public_access_block(call: Call) -> Response:
    """Return whether an access point blocks public access; raises `NoSuchAccessPoint`."""
    point = _find(call, call.request.query[_NAME])
    blocked = access_point.blocks_public(call.documents, point.name)
    return xml.respond("PublicAccessBlockConfiguration", ("BlockPublicAccess", blocked))


@answers(f"DELETE /bucket?{_BLOCK}", "DeleteAccessPointPublicAccessBlock")
def delete_access_point_public_access_block(call: Call) -> Response:
    """Allow public access through an access point; raises `NoSuchAccessPoint`."""
    call.keep(access_point.block_name(_find(call, call.request.query[_NAME]).name), None)
    return Response(204)


def _named(call: Call) -> AccessPoint:
    name = headers.required(call.request.headers, _NAME, "the name of the access point")
    return _find(call, name)


def _find(call: Call, name: str) -> AccessPoint:
    point = access_point.find(call.bucket, name)
    if point is None:
        raise OSSError(ErrorCase.NO_SUCH_ACCESS_POINT, AccessPointName=name)
    return point


def _list(call: Call, points: list[AccessPoint]) -> Response:
    query = call.request.query
    marker, limit = query.get("continuation-token", ""), parameters.max_keys(query)
    found = sorted((f"{point.name}/{point.region}", point) for point in points)
    page, following = paging.after(found, marker, limit)
    return xml.respond(
        "ListAccessPointsResult",
        ("IsTruncated", bool(following)),
        ("NextContinuationToken", following),
        ("AccountId", call.caller.id),
        ("MaxKeys", limit),
        ("AccessPoints", [("AccessPoint", _summary(point)) for _, point in page]),
    )


def _summary(point: AccessPoint) -> xml.Children:
    return [
        ("Bucket", point.bucket),
        ("AccessPointName", point.name),
        ("Alias", point.alias),
        ("NetworkOrigin", point.origin),
        ("VpcConfiguration", [("VpcId", point.vpc)]),
        ("Status", "enable"),
    ]
