"""The address of a request: the bucket and key it names, and whether it may be reached there."""

from oss_emulator.access import Permission
from oss_emulator.documents import transfer_acceleration
from oss_emulator.operations.operation import Operation, Resource
from oss_emulator.protocol.address import (
    SERVICE_DOMAIN,
    Addresses,
    Target,
    is_accelerate,
    is_public_endpoint,
)
from oss_emulator.protocol.changes import CUSTOM_DOMAIN, Changes
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.regions import is_mainland, location
from oss_emulator.storage import Bucket


def locate(addresses: Addresses, request: Request, *, strict: bool) -> Target:
    """Find the bucket and key that a request names.

    Raises `ProxyForbidden` for a host that this server does not answer for, what
    `Addresses.locate` raises, and where addressing is `strict` `SecondLevelDomainForbidden` for a
    bucket in the path, as the service does (P-06).
    """
    host = request.host
    if request.proxied and not addresses.serves(host):
        raise OSSError(Code.NOT_FORWARDED, Host=host)
    target = addresses.locate(host, request.path)
    if strict and target.bucket and addresses.is_endpoint(host):
        raise OSSError(Code.PATH_STYLE, BucketName=target.bucket)
    return target


def check_endpoint(
    request: Request, target: Target, bucket: Bucket | None, region: str, *, strict: bool
) -> None:
    """Raise `OSSError` where a bucket is not reached by the endpoint that was asked."""
    if strict:
        _check_acceleration(request.host, bucket)
    if target.region:
        _check_region(target, bucket, region)


def check_domain(request: Request, operation: Operation, region: str, changes: Changes) -> None:
    """Raise `PublicEndpointForbidden` where a data call needs a domain of one's own (P-60).

    The data calls are those on objects, and those whose permission ACLs can grant.
    """
    if not changes.follow(CUSTOM_DOMAIN) or not is_mainland(region):
        return
    permission = operation.permission
    if permission is Permission.NONE or not is_public_endpoint(request.host, region):
        return
    if operation.resource is Resource.OBJECT or permission is not Permission.OWN:
        raise OSSError(Code.PUBLIC_ENDPOINT, Host=request.host)


def _check_acceleration(host: str, bucket: Bucket | None) -> None:
    """Accelerate endpoints serve only buckets with transfer acceleration.

    The answer for other buckets is documented; the same answer for a request that names no bucket
    is assumed.
    """
    if is_accelerate(host):
        documents = bucket.documents if bucket is not None else {}
        if not transfer_acceleration.is_enabled(documents):
            raise OSSError(Code.ACCELERATION_DISABLED)


def _check_region(target: Target, bucket: Bucket | None, region: str) -> None:
    """The endpoint of another region knows no bucket of this server's region."""
    if bucket is not None:
        endpoint = f"{location(region)}.{SERVICE_DOMAIN}"
        raise OSSError(Code.OTHER_ENDPOINT, Bucket=target.bucket, Endpoint=endpoint)
    if target.bucket:
        message = f"This server is of the region {region}; --region chooses another."
        raise OSSError(Code.INVALID_LOCATION, message, LocationConstraint=location(target.region))
