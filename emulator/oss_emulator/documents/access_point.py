"""Access points of a bucket: their configurations, aliases and policies (CreateAccessPoint, P-83).

A bucket keeps each access point, its policy and its public access block as documents.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from random import getrandbits
from typing import Final, NamedTuple

from oss_emulator.access.policy import Policy, PolicyType
from oss_emulator.documents import public_access_block
from oss_emulator.documents.document import Documents, parse_schema
from oss_emulator.protocol import xml
from oss_emulator.protocol.headers import invalid_argument
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
        block_name(point.name): public_access_block.ENABLED,
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
    return block is not None and public_access_block.is_enabled(
        {public_access_block.OF_BUCKET.subresource: block}
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
