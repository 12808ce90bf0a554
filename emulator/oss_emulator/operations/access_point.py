"""Access points of a bucket: their configurations, aliases and policies (CreateAccessPoint, P-83).

A bucket keeps each access point, its policy and its public access block as documents.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from random import getrandbits
from typing import Final, NamedTuple

from oss_emulator.access.policy import Policy, PolicyType
from oss_emulator.operations import policy
from oss_emulator.operations.call import Call
from oss_emulator.operations.configurations import BLOCKED, PUBLIC_ACCESS_BLOCK
from oss_emulator.operations.document import Documents
from oss_emulator.operations.operation import answers
from oss_emulator.operations.schema import parse_schema
from oss_emulator.protocol import headers, paging, parameters, xml
from oss_emulator.protocol.address import SERVICE_DOMAIN
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Response
from oss_emulator.storage.base import Bucket, Storage

SUBRESOURCE: Final = "accessPoint"
POLICY: Final = "accessPointPolicy"

MAX_OF_BUCKET: Final = 100
MAX_OF_ACCOUNT: Final = 1000

_PREFIX: Final = f"{SUBRESOURCE}/"
_POLICY: Final = f"{POLICY}/"
_BLOCK: Final = "accessPointPublicAccessBlock/"

_SUFFIX: Final = "-ossalias"
"""The suffix of every alias."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,17}[a-z0-9]")

_SCHEMA: Final = parse_schema("""
CreateAccessPointConfiguration
  AccessPointName text
  NetworkOrigin text
  VpcConfiguration?
    VpcId? text
""")

_HEADER: Final = "x-oss-access-point-name"
"""The header with the name of an access point; for public access blocks, a query parameter."""
_PUBLIC_BLOCK: Final = f"{PUBLIC_ACCESS_BLOCK.subresource}&{_HEADER}"

_KEPT: Final = "AccessPoint"

VPC: Final = "vpc"
INTERNET: Final = "internet"


class AccessPoint(NamedTuple):
    name: str
    bucket: str
    account: str
    region: str
    alias: str
    """The name that stands for the bucket in requests."""
    origin: str
    """`internet`, or `vpc` for requests from one VPC only."""
    vpc: str
    """The id of the VPC, "" for none."""
    created: int
    """Seconds since the epoch."""

    @property
    def arn(self) -> str:
        return f"acs:oss:{self.region}:{self.account}:accesspoint/{self.name}"

    def resource(self, key: str) -> str:
        """Return the ARN of an object in policies, or of the access point if `key` is empty."""
        return f"{self.arn}/object/{key}" if key else self.arn


def parse(document: bytes, bucket: Bucket, now: float) -> AccessPoint:
    """Parse the document of a request that creates an access point.

    Raises `DocumentError`, and `InvalidArgument` for a bad name, network origin or missing VPC.
    """
    node = _SCHEMA.parse(document)
    name, origin = node.text("AccessPointName"), node.text("NetworkOrigin")
    if not _NAME.fullmatch(name) or name.endswith(_SUFFIX):
        message = (
            f"The name {name!r} is invalid; use 3 to 19 lower-case letters, digits and inner "
            f"hyphens, and do not end it with {_SUFFIX}."
        )
        raise invalid_argument("AccessPointName", name, message)
    if origin.lower() not in (VPC, INTERNET):  # the suite of Java sends Internet
        message = f"The network origin {origin!r} is unknown; use vpc or internet."
        raise invalid_argument("NetworkOrigin", origin, message)
    vpc = node.text("VpcConfiguration/VpcId")
    if origin.lower() == VPC and not vpc:
        raise invalid_argument("VpcId", vpc, "The network origin vpc needs a VpcId.")
    alias = f"{name}-{getrandbits(136):034x}{_SUFFIX}"
    return AccessPoint(
        name=name,
        bucket=bucket.name,
        account=bucket.owner,
        region=bucket.region,
        alias=alias,
        origin=origin.lower(),
        vpc=vpc,
        created=int(now),
    )


def changes(point: AccessPoint) -> Mapping[str, bytes]:
    """Return the documents of a new access point. Public access is blocked at first."""
    stored: xml.Children = [
        ("Name", point.name),
        ("Alias", point.alias),
        ("NetworkOrigin", point.origin),
        ("VpcId", point.vpc),
        ("Created", point.created),
    ]
    return {
        _PREFIX + point.name: xml.format(_KEPT, stored),
        block_name(point.name): BLOCKED,
    }


def names(name: str) -> tuple[str, ...]:
    """Return the names of all documents of an access point."""
    return (_PREFIX + name, policy_name(name), block_name(name))


def policy_name(name: str) -> str:
    return _POLICY + name


def block_name(name: str) -> str:
    """Return the name of the document with the public access block of an access point."""
    return _BLOCK + name


def of(bucket: Bucket) -> Iterator[AccessPoint]:
    """Return the access points of a bucket, by name."""
    for name in sorted(bucket.documents):
        if name.startswith(_PREFIX):
            yield _parse_stored(bucket, bucket.documents[name])


def find(bucket: Bucket, name: str) -> AccessPoint | None:
    """Find an access point of a bucket by its name; None if it is missing."""
    document = bucket.documents.get(_PREFIX + name)
    return None if document is None else _parse_stored(bucket, document)


def is_alias(name: str) -> bool:
    """Whether the name of a bucket has the form of an alias."""
    return name.endswith(_SUFFIX)


def find_alias(storage: Storage, alias: str) -> AccessPoint | None:
    """Find an access point by its alias; None if no access point has this alias."""
    if not is_alias(alias):
        return None
    written = alias.encode(errors="replace")
    points = (
        _parse_stored(bucket, document)
        for bucket in storage.buckets()
        for name, document in bucket.documents.items()
        if name.startswith(_PREFIX) and written in document  # parsing 1,000 documents takes 100 ms
    )
    return next((point for point in points if point.alias == alias), None)


def bucket_of(storage: Storage, name: str) -> str:
    """Return the name of the bucket that a name or an alias stands for."""
    point = find_alias(storage, name)
    return name if point is None else point.bucket


def policy_of(documents: Documents, name: str) -> Policy | None:
    document = documents.get(policy_name(name))
    return None if document is None else _parse_policy(document)


@lru_cache(256)
def _parse_policy(document: bytes) -> Policy:
    return Policy.parse(document, PolicyType.ACCESS_POINT, "access point policy")


def blocks_public(documents: Documents, name: str) -> bool:
    block = documents.get(block_name(name))
    return block is not None and PUBLIC_ACCESS_BLOCK.is_enabled(
        {PUBLIC_ACCESS_BLOCK.subresource: block}
    )


def _parse_stored(bucket: Bucket, document: bytes) -> AccessPoint:
    node = xml.parse(document, _KEPT)
    return AccessPoint(
        name=node.text("Name"),
        bucket=bucket.name,
        account=bucket.owner,
        region=bucket.region,
        alias=node.text("Alias"),
        origin=node.text("NetworkOrigin"),
        vpc=node.text("VpcId"),
        created=int(node.text("Created")),
    )


@answers(f"PUT /bucket?{SUBRESOURCE}", "CreateAccessPoint")
def create_access_point(call: Call) -> Response:
    """Create an access point; it can be used immediately.

    Raises `InvalidArgument`, `AccessPointAlreadyExists` for a name that the account uses in the
    region, and `TooManyAccessPoints`.
    """
    bucket = call.bucket
    point = parse(call.body.read(), bucket, call.request.received)
    mine = [
        each
        for other in call.storage.buckets()
        if other.owner == bucket.owner
        for each in of(other)
    ]
    if any((each.name, each.region) == (point.name, point.region) for each in mine):
        raise OSSError(ErrorCase.ACCESS_POINT_EXISTS, AccessPointName=point.name)
    of_bucket = sum(each.bucket == bucket.name for each in mine)
    if of_bucket >= MAX_OF_BUCKET or len(mine) >= MAX_OF_ACCOUNT:
        raise OSSError(ErrorCase.TOO_MANY_ACCESS_POINTS)
    for name, document in changes(point).items():
        call.keep(name, document)
    return xml.respond(
        "CreateAccessPointResult", ("AccessPointArn", point.arn), ("Alias", point.alias)
    )


@answers(f"GET /bucket?{SUBRESOURCE}", "GetAccessPoint", header=_HEADER)
def get_access_point(call: Call) -> Response:
    """Describe an access point; raises `NoSuchAccessPoint`."""
    point = _find(call, call.request.headers[_HEADER])
    place = f"{point.name}.oss-{point.region}"
    domain = f"oss-accesspoint.{SERVICE_DOMAIN}"
    blocked = blocks_public(call.documents, point.name)
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


@answers(f"GET /bucket?{SUBRESOURCE}", "ListAccessPoints")
def list_access_points(call: Call) -> Response:
    """List a page of the access points of a bucket, by name."""
    return _list(call, list(of(call.bucket)))


@answers(f"GET /?{SUBRESOURCE}", "ListAccessPoints")
def list_user_access_points(call: Call) -> Response:
    """List a page of the access points of all buckets of the caller, by name and region."""
    mine = (bucket for bucket in call.storage.buckets() if bucket.owner == call.caller.id)
    return _list(call, [point for bucket in mine for point in of(bucket)])


@answers(f"DELETE /bucket?{SUBRESOURCE}", "DeleteAccessPoint")
def delete_access_point(call: Call) -> Response:
    """Delete an access point with its policy; raises `NoSuchAccessPoint`."""
    for name in names(_named(call).name):
        call.keep(name, None)
    return Response(204)


@answers(f"PUT /bucket?{POLICY}", "PutAccessPointPolicy")
def put_access_point_policy(call: Call) -> Response:
    """Replace the policy of an access point.

    Raises `NoSuchAccessPoint`, `InvalidPolicyDocument`, and `AccessDenied` for a public policy if
    the access point blocks public access.
    """
    point, document = _named(call), call.body.read()
    found = policy.parse(document, PolicyType.ACCESS_POINT)
    if found.public and blocks_public(call.documents, point.name):
        raise OSSError(ErrorCase.PUBLIC_POLICY)
    call.keep(policy_name(point.name), document)
    return Response()


@answers(f"GET /bucket?{POLICY}", "GetAccessPointPolicy")
def get_access_point_policy(call: Call) -> Response:
    """Return the policy as it was put; raises `NoSuchAccessPoint`, `NoSuchAccessPointPolicy`."""
    point = _named(call)
    missing = OSSError(ErrorCase.NO_SUCH_ACCESS_POINT_POLICY, AccessPointName=point.name)
    return policy.reply(call.document(policy_name(point.name), missing))


@answers(f"DELETE /bucket?{POLICY}", "DeleteAccessPointPolicy")
def delete_access_point_policy(call: Call) -> Response:
    """Remove the policy; answers 204 even if there was none."""
    call.keep(policy_name(_named(call).name), None)
    return Response(204)


@answers(f"PUT /bucket?{_PUBLIC_BLOCK}", "PutAccessPointPublicAccessBlock")
def put_access_point_public_access_block(call: Call) -> Response:
    """Block public access through an access point, or allow it; raises `NoSuchAccessPoint`."""
    point, block = _find(call, call.request.query[_HEADER]), PUBLIC_ACCESS_BLOCK
    node = block.schema.parse(call.body.read())
    content: xml.Children = [("BlockPublicAccess", node.text("BlockPublicAccess"))]
    call.keep(block_name(point.name), block.format(content))
    return Response()


@answers(f"GET /bucket?{_PUBLIC_BLOCK}", "GetAccessPointPublicAccessBlock")
def get_access_point_public_access_block(call: Call) -> Response:
    """Return whether an access point blocks public access; raises `NoSuchAccessPoint`."""
    point = _find(call, call.request.query[_HEADER])
    blocked = blocks_public(call.documents, point.name)
    return xml.respond("PublicAccessBlockConfiguration", ("BlockPublicAccess", blocked))


@answers(f"DELETE /bucket?{_PUBLIC_BLOCK}", "DeleteAccessPointPublicAccessBlock")
def delete_access_point_public_access_block(call: Call) -> Response:
    """Allow public access through an access point; raises `NoSuchAccessPoint`."""
    call.keep(block_name(_find(call, call.request.query[_HEADER]).name), None)
    return Response(204)


def _named(call: Call) -> AccessPoint:
    name = headers.required(call.request.headers, _HEADER, "the name of the access point")
    return _find(call, name)


def _find(call: Call, name: str) -> AccessPoint:
    point = find(call.bucket, name)
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
