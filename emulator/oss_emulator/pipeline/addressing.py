"""The address of a request: its bucket and key, and whether its endpoint serves that bucket."""

from typing import Final

from oss_emulator.access import Permission
from oss_emulator.documents import transfer_acceleration
from oss_emulator.operations.operation import Operation, Resource
from oss_emulator.protocol.address import (
    SERVICE_DOMAIN,
    Addresses,
    Target,
    is_accelerate,
    is_ip,
    is_public_endpoint,
    split_host,
)
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.regions import is_mainland, is_region, location
from oss_emulator.protocol.signature import is_signed_url
from oss_emulator.storage import Bucket


def locate(addresses: Addresses, request: Request, *, strict: bool) -> Target:
    """Find the bucket and key that a request names.

    Raises `ProxyForbidden` for a host that this server does not serve, and the errors of
    `Addresses.locate`. If addressing is `strict`, raises `SecondLevelDomainForbidden` for a bucket
    in the path, as the service does (P-06).
    """
    host = request.host
    if request.proxied and not addresses.serves(host):
        raise OSSError(ErrorCase.NOT_FORWARDED, Host=host)
    target = addresses.locate(host, request.path)
    if strict and target.bucket and addresses.is_endpoint(host):
        raise OSSError(ErrorCase.PATH_STYLE, BucketName=target.bucket)
    return target


def explain_missing(error: OSSError, request: Request) -> OSSError:
    """Say what is wrong if the bucket is missing because a client left it out (P-02)."""
    host, port = split_host(request.host)
    if is_ip(host) and _is_java(request):
        error.details["ErrorDetail"] = _JAVA.format(port or 80)
    elif is_ip(host) and is_signed_url(request.query):
        error.details["ErrorDetail"] = (
            "At an address, the first part of the path is the bucket. If ali-oss signed this URL, "
            f"it lacks the bucket: use the endpoint http://localhost:{port or 80} with sldEnable."
        )
    elif error.code == "InvalidBucketName" and (is_ip(host) or "." not in host):
        error.details["ErrorDetail"] = (
            "The name of a bucket, with which a path begins, has 3 to 63 lower-case letters, "
            "digits and inner hyphens."
        )
    return error


def explain_mismatch(error: OSSError, request: Request, target: Target) -> OSSError:
    """Say what is wrong if a signature does not match since a client names the bucket otherwise.

    The SDK for Java and ali-oss do so at an IP (P-02).
    """
    if error.code != "SignatureDoesNotMatch":
        return error
    host, port = split_host(request.host)
    if is_ip(host) and _is_java(request):
        error.details["ErrorDetail"] = _JAVA.format(port or 80)
    elif host.startswith(f"{target.bucket}.") and target.key.startswith(f"{target.bucket}/"):
        error.details["ErrorDetail"] = (
            "The Host header and the path both name the bucket. If ali-oss sent this with "
            "sldEnable, its endpoint must be a name, such as http://localhost:9000."
        )
    return error


_JAVA: Final = (
    "At an address, the SDK for Java leaves out the bucket: use the endpoint http://localhost:{}, "
    "or call setSLDEnabled(true)."
)


def _is_java(request: Request) -> bool:
    return request.headers.get("user-agent", "").startswith("aliyun-sdk-java")


def check_endpoint(
    request: Request, target: Target, bucket: Bucket | None, region: str, *, strict: bool
) -> None:
    """Raise `OSSError` if the endpoint of the request does not serve the bucket.

    `region` is the server's.
    """
    if strict:
        _check_acceleration(request.host, bucket)
    if target.region:
        _check_region(target, bucket, region)


def region_of(target: Target, bucket: Bucket | None, default: str) -> str:
    """Return the region that a request is for: its endpoint's, or its bucket's.

    `default` is the server's region, for requests at an endpoint of every region without a bucket.
    """
    return target.region or (default if bucket is None else bucket.region)


def check_domain(request: Request, operation: Operation, region: str) -> None:
    """Raise `PublicEndpointForbidden` if a data call requires a custom domain (P-60).

    Data calls are calls on objects, and calls whose permission ACLs can grant.
    """
    permission = operation.permission
    if permission is Permission.NONE or not is_mainland(region):
        return
    is_data = operation.resource is Resource.OBJECT or permission is not Permission.OWN
    if is_data and is_public_endpoint(request.host, region):
        raise OSSError(ErrorCase.PUBLIC_ENDPOINT, Host=request.host)


def _check_acceleration(host: str, bucket: Bucket | None) -> None:
    """Raise `OSSError` at an accelerate endpoint for a bucket without transfer acceleration.

    The error is documented for such buckets, and assumed for requests without a bucket.
    """
    if is_accelerate(host):
        documents = bucket.documents if bucket is not None else {}
        if not transfer_acceleration.is_enabled(documents):
            raise OSSError(ErrorCase.ACCELERATION_DISABLED)


def _check_region(target: Target, bucket: Bucket | None, region: str) -> None:
    """Raise `OSSError` for a bucket of another region than the endpoint's, or of none."""
    if bucket is not None and bucket.region != target.region:
        endpoint = f"{location(bucket.region)}.{SERVICE_DOMAIN}"
        raise OSSError(ErrorCase.OTHER_ENDPOINT, Bucket=target.bucket, Endpoint=endpoint)
    known = target.region == region or is_region(target.region)
    if bucket is None and target.bucket and not known:
        message = f"The service has no region {target.region}."
        raise OSSError(
            ErrorCase.INVALID_LOCATION, message, LocationConstraint=location(target.region)
        )
