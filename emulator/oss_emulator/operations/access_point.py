"""Access points: create, describe, list and delete them, and their policies (P-83).

A bucket keeps each access point, its policy and its public access block as documents.
"""

import re
from collections.abc import Iterator
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

MAX_OF_BUCKET: Final = 100
MAX_OF_ACCOUNT: Final = 1000

_PREFIX: Final = "accessPoint/"
_POLICY: Final = "accessPointPolicy/"
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

VPC: Final = "vpc"
INTERNET: Final = "internet"


class AccessPoint(NamedTuple):
    bucket: str
    account: str
    region: str
    name: str
    alias: str
    """The name that stands for the bucket in requests."""
    origin: str
    """`internet`, or `vpc` for requests from one VPC only."""
    vpc: str
    """The id of the VPC, "" for none."""
    created: str
    """Seconds since the epoch."""

    @property
    def arn(self) -> str:
        return f"acs:oss:{self.region}:{self.account}:accesspoint/{self.name}"

    def resource(self, key: str) -> str:
        """Return the ARN of an object in policies, or of the access point if `key` is empty."""
        return f"{self.arn}/object/{key}" if key else self.arn


_STORED: Final = ("Name", "Alias", "NetworkOrigin", "VpcId", "Created")
"""The elements of a stored access point; its bucket has the first three fields."""


def _read(bucket: Bucket, stored: bytes) -> AccessPoint:
    node = xml.parse(stored, "AccessPoint")
    return AccessPoint(bucket.name, bucket.owner, bucket.region, *map(node.text, _STORED))


def of(bucket: Bucket) -> Iterator[AccessPoint]:
    """Return the access points of a bucket, by name."""
    for name, stored in sorted(bucket.documents.items()):
        if name.startswith(_PREFIX):
            yield _read(bucket, stored)


def is_alias(name: str) -> bool:
    """Whether the name of a bucket has the form of an alias."""
    return name.endswith(_SUFFIX)


def find_alias(storage: Storage, alias: str) -> AccessPoint | None:
    """Find an access point by its alias; None if no access point has this alias."""
    if not is_alias(alias):
        return None
    written = alias.encode(errors="replace")
    points = (
        _read(bucket, stored)
        for bucket in storage.buckets()
        for name, stored in bucket.documents.items()
        if name.startswith(_PREFIX) and written in stored  # parsing 1,000 documents takes 100 ms
    )
    return next((point for point in points if point.alias == alias), None)


def bucket_of(storage: Storage, name: str) -> str:
    """Return the name of the bucket that a name or an alias stands for."""
    point = find_alias(storage, name)
    return name if point is None else point.bucket


def policy_of(documents: Documents, name: str) -> Policy | None:
    """Return the policy of an access point; None if it has none."""
    document = documents.get(_POLICY + name)
    return None if document is None else _parse_policy(document)


@lru_cache(256)
def _parse_policy(document: bytes) -> Policy:
    return Policy.parse(document, PolicyType.ACCESS_POINT, "access point policy")


def blocks_public(documents: Documents, name: str) -> bool:
    """Return whether an access point blocks public access."""
    block = documents.get(_BLOCK + name)
    found = {} if block is None else {PUBLIC_ACCESS_BLOCK.subresource: block}
    return PUBLIC_ACCESS_BLOCK.is_enabled(found)


@answers("PUT /bucket?accessPoint", "CreateAccessPoint")
def create_access_point(call: Call) -> Response:
    """Create an access point; it can be used immediately. Public access is blocked at first.

    Raises `InvalidArgument`, `AccessPointAlreadyExists` for a name that the account uses in the
    region, and `TooManyAccessPoints`.
    """
    bucket = call.bucket
    name, origin, vpc = _parse(call.body.read())
    mine = [
        each
        for other in call.storage.buckets()
        if other.owner == bucket.owner
        for each in of(other)
    ]
    if any((each.name, each.region) == (name, bucket.region) for each in mine):
        raise OSSError(ErrorCase.ACCESS_POINT_EXISTS, AccessPointName=name)
    of_bucket = sum(each.bucket == bucket.name for each in mine)
    if of_bucket >= MAX_OF_BUCKET or len(mine) >= MAX_OF_ACCOUNT:
        raise OSSError(ErrorCase.TOO_MANY_ACCESS_POINTS)
    alias = f"{name}-{getrandbits(136):034x}{_SUFFIX}"
    content = (name, alias, origin, vpc, str(int(call.request.received)))
    stored = xml.format("AccessPoint", [*zip(_STORED, content, strict=True)])
    call.keep(_PREFIX + name, stored)
    call.keep(_BLOCK + name, BLOCKED)
    arn = _read(bucket, stored).arn
    return xml.respond("CreateAccessPointResult", ("AccessPointArn", arn), ("Alias", alias))


def _parse(document: bytes) -> tuple[str, str, str]:
    """Parse the name, the network origin and the VPC of a new access point.

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
    return name, origin.lower(), vpc


@answers("GET /bucket?accessPoint", "GetAccessPoint", header=_HEADER)
def get_access_point(call: Call) -> Response:
    """Describe an access point; raises `NoSuchAccessPoint`."""
    point = _find(call, call.request.headers[_HEADER])
    place, domain = f"{point.name}.oss-{point.region}", f"oss-accesspoint.{SERVICE_DOMAIN}"
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
        (PUBLIC_ACCESS_BLOCK.schema.name, _block(call, point)),
    )


@answers("GET /bucket?accessPoint", "ListAccessPoints")
def list_access_points(call: Call) -> Response:
    """List a page of the access points of a bucket, by name."""
    return _list(call, list(of(call.bucket)))


@answers("GET /?accessPoint", "ListAccessPoints")
def list_user_access_points(call: Call) -> Response:
    """List a page of the access points of all buckets of the caller, by name and region."""
    mine = (bucket for bucket in call.storage.buckets() if bucket.owner == call.caller.id)
    return _list(call, [point for bucket in mine for point in of(bucket)])


@answers("DELETE /bucket?accessPoint", "DeleteAccessPoint")
def delete_access_point(call: Call) -> Response:
    """Delete an access point with its policy; raises `NoSuchAccessPoint`."""
    point = _named(call)
    for prefix in (_PREFIX, _POLICY, _BLOCK):
        call.keep(prefix + point.name, None)
    return Response(204)


@answers("PUT /bucket?accessPointPolicy", "PutAccessPointPolicy")
def put_access_point_policy(call: Call) -> Response:
    """Replace the policy of an access point.

    Raises `NoSuchAccessPoint`, `InvalidPolicyDocument`, and `AccessDenied` for a public policy if
    the access point blocks public access.
    """
    point, document = _named(call), call.body.read()
    found = policy.parse(document, PolicyType.ACCESS_POINT)
    if found.public and blocks_public(call.documents, point.name):
        raise OSSError(ErrorCase.PUBLIC_POLICY)
    call.keep(_POLICY + point.name, document)
    return Response()


@answers("GET /bucket?accessPointPolicy", "GetAccessPointPolicy")
def get_access_point_policy(call: Call) -> Response:
    """Return the policy as it was put; raises `NoSuchAccessPoint`, `NoSuchAccessPointPolicy`."""
    name = _named(call).name
    missing = OSSError(ErrorCase.NO_SUCH_ACCESS_POINT_POLICY, AccessPointName=name)
    return policy.reply(call.document(_POLICY + name, missing))


@answers("DELETE /bucket?accessPointPolicy", "DeleteAccessPointPolicy")
def delete_access_point_policy(call: Call) -> Response:
    """Remove the policy; answers 204 even if there was none."""
    call.keep(_POLICY + _named(call).name, None)
    return Response(204)


@answers(f"PUT /bucket?publicAccessBlock&{_HEADER}", "PutAccessPointPublicAccessBlock")
def put_access_point_public_access_block(call: Call) -> Response:
    """Block public access through an access point, or allow it; raises `NoSuchAccessPoint`."""
    point, block = _asked(call), PUBLIC_ACCESS_BLOCK
    call.keep(_BLOCK + point.name, block.format(block.schema.parse(call.body.read()).content))
    return Response()


@answers(f"GET /bucket?publicAccessBlock&{_HEADER}", "GetAccessPointPublicAccessBlock")
def get_access_point_public_access_block(call: Call) -> Response:
    """Return whether an access point blocks public access; raises `NoSuchAccessPoint`."""
    return xml.reply(PUBLIC_ACCESS_BLOCK.format(_block(call, _asked(call))))


@answers(f"DELETE /bucket?publicAccessBlock&{_HEADER}", "DeleteAccessPointPublicAccessBlock")
def delete_access_point_public_access_block(call: Call) -> Response:
    """Allow public access through an access point; raises `NoSuchAccessPoint`."""
    call.keep(_BLOCK + _asked(call).name, None)
    return Response(204)


def _block(call: Call, point: AccessPoint) -> xml.Children:
    return [("BlockPublicAccess", blocks_public(call.documents, point.name))]


def _named(call: Call) -> AccessPoint:
    name = headers.required(call.request.headers, _HEADER, "the name of the access point")
    return _find(call, name)


def _asked(call: Call) -> AccessPoint:
    return _find(call, call.request.query[_HEADER])


def _find(call: Call, name: str) -> AccessPoint:
    stored = call.bucket.documents.get(_PREFIX + name)
    if stored is None:
        raise OSSError(ErrorCase.NO_SUCH_ACCESS_POINT, AccessPointName=name)
    return _read(call.bucket, stored)


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
