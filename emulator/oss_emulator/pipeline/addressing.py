"""The address of a request: its bucket and key, and whether its endpoint serves that bucket."""

from ipaddress import ip_address
from typing import Final

from oss_referer.browser.changes import CUSTOM_DOMAIN
from oss_referer.sources.account import BUCKET_NAME_RULE

from oss_emulator.access.authorize import Permission
from oss_emulator.operations.access_point import find_alias, is_alias
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.configurations import TRANSFER_ACCELERATION
from oss_emulator.operations.operation import Resource
from oss_emulator.pipeline.deployment import Deployment
from oss_emulator.protocol.address import (
    SERVICE_DOMAIN,
    Target,
    elsewhere,
    host_name,
    is_accelerate,
    is_ip,
    is_mainland,
    is_public_endpoint,
    is_region,
    location,
    split_host,
)
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import is_signed_url
from oss_emulator.storage.base import Bucket


def find_address(admission: Admission, service: Deployment) -> None:
    """Find the bucket and the key: path style, virtual host, custom domain or proxy.

    A request for vectors or tables has neither. Raises `ProxyForbidden` for a host that this server
    does not serve, and the errors of `Addresses.locate`, such as `BadRequest` for an invalid host.
    With strict addressing, raises `SecondLevelDomainForbidden` for a bucket in the path, as the
    service does (P-06).
    """
    request, addresses = admission.request, service.addresses
    host = request.host
    if elsewhere(request.headers):  # routing finds its operation
        host_name(host)  # raises if it is invalid
        return
    if request.proxied and not addresses.serves(host):
        raise OSSError(ErrorCase.NOT_FORWARDED, Host=host)
    target = addresses.locate(host, request.path)
    if _is_strict(admission, service) and target.bucket and addresses.is_endpoint(host):
        raise OSSError(ErrorCase.PATH_STYLE, BucketName=target.bucket)
    admission.target = target


def resolve_alias(admission: Admission, service: Deployment) -> None:
    """Replace the alias of an access point by its bucket (P-84)."""
    if not is_alias(admission.target.bucket):
        return
    admission.access_point = point = find_alias(service.storage, admission.target.bucket)
    if point is not None:
        admission.target = admission.target._replace(bucket=point.bucket)


def explain(error: OSSError, request: Request, target: Target, *, strict: bool) -> OSSError:
    """Add a hint to the error of a client that names the bucket in the wrong place (P-02)."""
    if error.code in _EXPLAINED and (hint := _hint(error.code, request, target)):
        error.details["ErrorDetail"] = _STRICT if strict else hint  # other hints advise path style
    return error


_STRICT: Final = (
    "With --strict-addressing, the bucket must be in the host, not in the path: use an endpoint "
    "of aliyuncs.com with this server as the proxy, or a host such as BUCKET.localhost."
)

_MISSING: Final = frozenset({"InvalidBucketName", "NoSuchBucket"})
_EXPLAINED: Final = _MISSING | {"NotImplemented", "SignatureDoesNotMatch"}
"""The errors of clients that leave out the bucket, or name it twice."""


def _hint(code: str, request: Request, target: Target) -> str:
    host, port = split_host(request.host) if request.host else ("", None)
    bucket, at_address = target.bucket, is_ip(host)
    local = ""
    if at_address and ip_address(host).is_loopback:
        scheme = "https" if request.secure else "http"
        local = f"{scheme}://localhost:{port}" if port else f"{scheme}://localhost"
    if at_address and request.headers.get("user-agent", "").startswith("aliyun-sdk-java"):
        other = f", or use the endpoint {local}" if local else ""
        said = (
            "Unless setSLDEnabled(true) was called, the SDK for Java leaves out the bucket at an "
            f"address: call it{other}."
        )
        return "" if code == "NotImplemented" and bucket else said
    if at_address and code in _MISSING and is_signed_url(request.query):
        return (
            "At an address, the first part of the path is the bucket. If ali-oss signed this URL, "
            f"it lacks the bucket: use {local or 'a host name'} as the endpoint, with sldEnable."
        )
    if code == "InvalidBucketName" and (at_address or "." not in host):
        said = f"The path begins with the name of the bucket, which has {BUCKET_NAME_RULE}."
        return "" if bucket == "favicon.ico" else said
    twice = host.startswith(f"{bucket}.") and target.key.startswith(f"{bucket}/")
    if code == "SignatureDoesNotMatch" and twice:
        return (
            "The path also seems to name the bucket. If ali-oss sent this with sldEnable, its "
            "endpoint must be a name, such as http://localhost:9000."
        )
    return ""


def check_endpoint(admission: Admission, service: Deployment) -> None:
    """Refuse a bucket of another region, or without acceleration at an accelerate endpoint."""
    bucket = admission.record
    if _is_strict(admission, service) and is_accelerate(admission.request.host):
        documents = {} if bucket is None else bucket.documents
        if not TRANSFER_ACCELERATION.is_enabled(documents):  # assumed if there is no bucket
            raise OSSError(ErrorCase.ACCELERATION_DISABLED)
    if admission.target.region:
        _check_region(admission.target, bucket, service.settings.region)


def _is_strict(admission: Admission, service: Deployment) -> bool:
    return service.settings.strict_addressing and not admission.trusted


def region_of(target: Target, bucket: Bucket | None, default: str) -> str:
    """Return the region that a request is for: its endpoint's, else its bucket's, else `default`.

    `default` is the server's region.
    """
    return target.region or (default if bucket is None else bucket.region)


def check_domain(admission: Admission, service: Deployment) -> None:
    """Refuse data calls at the public endpoint where the service requires a domain (P-60).

    Data calls are calls on objects, and calls whose permission ACLs can grant.
    """
    if admission.trusted or not service.changes.follow(CUSTOM_DOMAIN):
        return
    request, operation, region = admission.request, admission.operation, admission.region
    permission = operation.permission
    if permission is Permission.NONE or not is_mainland(region):
        return
    is_data = operation.resource is Resource.OBJECT or permission is not Permission.OWN
    if is_data and is_public_endpoint(request.host, region):
        raise OSSError(ErrorCase.PUBLIC_ENDPOINT, Host=request.host)


def _check_region(target: Target, bucket: Bucket | None, region: str) -> None:
    """Raise `OSSError` for a bucket of another region, or for an endpoint of an unknown region."""
    if bucket is not None and bucket.region != target.region:
        endpoint = f"{location(bucket.region)}.{SERVICE_DOMAIN}"
        raise OSSError(ErrorCase.OTHER_ENDPOINT, Bucket=target.bucket, Endpoint=endpoint)
    known = target.region == region or is_region(target.region)
    if bucket is None and target.bucket and not known:
        message = f"The service has no region {target.region}."
        raise OSSError(
            ErrorCase.INVALID_LOCATION, message, LocationConstraint=location(target.region)
        )
