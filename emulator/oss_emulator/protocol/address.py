"""The bucket and key of a request: path style, virtual host or custom domain (P-01 … P-03)."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

from oss_referer.sources.endpoint import ENDPOINT

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import encode, is_utf8

REGIONS: Final = tuple(Path(__file__).with_name("regions.txt").read_text("ascii").split())

CLOSED: Final = ("ap-south-1", "ap-southeast-2")
"""Regions that the service has closed, Mumbai and Sydney; programs and tests still name them."""


def is_region(name: str) -> bool:
    """Return whether the service has or had a region of this name."""
    return name in REGIONS or name in CLOSED


def is_mainland(region: str) -> bool:
    return region.startswith("cn-") and region != "cn-hongkong"


def location(region: str) -> str:
    """Format a region as the location of a bucket: `oss-cn-hangzhou`."""
    return f"oss-{region}"


# An address in brackets or a name, then an optional port. Names of containers have underscores. In
# a call without a bucket, ali-oss puts a dot before the endpoint (P-02).
_HOST = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|"
    r"(?:\.(?=oss-))?(?P<name>(?:[A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+)\.?)"
    r"(?::(?P<port>[0-9]{0,5}))?"
)

SERVICE_DOMAIN = "aliyuncs.com"

# The endpoints of transfer acceleration, which are the same for all regions.
_ACCELERATE = (f"oss-accelerate.{SERVICE_DOMAIN}", f"oss-accelerate-overseas.{SERVICE_DOMAIN}")

# The endpoints of OSS for vectors, tables, the accelerator and the responses of functions, which do
# not serve buckets of objects.
_ELSEWHERE = re.compile(
    r"\.oss-(vectors|tables|data-acc|object-process)\.aliyuncs\.com\.?(?::[0-9]*)?$", re.IGNORECASE
)
# The end of the user agent of the SDKs for vectors and tables; users may append to it.
_CLIENT = re.compile(r"/(vector|table)s?-client(?:/|$)")

_FIRST_REGION = "cn-hangzhou"

# Bytes in the form of UTF-8, in which characters may have more bytes than necessary (P-92).
_OVERLONG = re.compile(
    rb"(?:[\x00-\x7f]|[\xc0-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf7][\x80-\xbf]{3})*"
)

MAX_HOST, MAX_PORT = 253, 65535
"""Characters of the longest host name (RFC 1035), and the greatest port."""

MAX_KEY = 1023
"""Bytes of the longest key, in UTF-8 (PutObject, InvalidObjectName)."""


class Target(NamedTuple):
    """What a request addresses: the service ("", ""), a bucket (name, ""), or an object."""

    bucket: str = ""
    key: str = ""
    region: str = ""
    """The region of the endpoint, "" for an endpoint that serves the buckets of every region."""
    signed_key: str | None = None
    """The key as signed, with its bytes as surrogates, if its UTF-8 is overlong (P-92)."""


SERVICE = Target()


class _Host(NamedTuple):
    """What a Host header addresses."""

    name: str
    in_path: bool = True
    """Whether the path begins with the bucket."""
    bucket: str = ""
    """"" for a host that is neither the service's nor configured; PutCname may have bound it."""
    region: str = ""
    s3: bool = False
    """Whether every request to it speaks the S3 protocol."""


class Addresses:
    """The host names of the service and of its buckets."""

    def __init__(
        self,
        region: str,
        domains: Iterable[str] = (),
        cnames: Mapping[str, str] | None = None,
        bound: Callable[[str], str | None] = lambda _: None,
        s3_hosts: Iterable[str] = (),
        *,
        lenient: bool = False,
    ) -> None:
        """`cnames` maps domains to buckets; `bound` returns the bucket that PutCname bound to one.

        `s3_hosts` are additional base domains that speak the S3 protocol. `lenient` accepts keys in
        overlong UTF-8 (P-92).
        """
        names = [
            "localhost",
            f"oss-{region}.localhost",
            f"oss-{region}.{SERVICE_DOMAIN}",
            f"oss-{region}-internal.{SERVICE_DOMAIN}",
            f"{region}.oss.{SERVICE_DOMAIN}",
            *_ACCELERATE,
            *(domain.lower().rstrip(".") for domain in domains),
        ]
        self._s3_domains = frozenset(
            [
                "s3.localhost",
                *(f"s3.{name}" for name in names if name.endswith(SERVICE_DOMAIN)),
                *(name.lower().rstrip(".") for name in s3_hosts),
            ]
        )
        names += self._s3_domains
        self._region = region
        # Longest first: otherwise `oss-cn-hangzhou.localhost` would be a bucket of `localhost`.
        self.domains = tuple(sorted(set(names), key=len, reverse=True))
        self._cnames = {host_name(name): bucket for name, bucket in (cnames or {}).items()}
        self._bound = bound
        self._lenient = lenient
        self._read = lru_cache(1024)(self._find)

    def locate(self, host: str, path: str) -> Target:
        """Find the bucket and the key; `path` is percent-encoded and is decoded once (P-03, P-43).

        Raises `BadRequest` for an invalid host, `InvalidArgument` for a key that is not UTF-8,
        `InvalidObjectName` for one that is too long, and `NoSuchBucket` for a host that belongs
        neither to the service nor to one of its buckets.
        """
        target = self.locate_unbound(host, path)
        if target is not None:
            return target
        found = self._read(host)
        bucket = self._bound(found.name)
        if bucket is None:
            raise OSSError(
                ErrorCase.NO_SUCH_BUCKET,
                f"The host {found.name} is neither an endpoint nor a bucket of this server. To "
                "make it an endpoint, start the server with --domain; to bind it to a bucket, with "
                "--cname.",
                BucketName=found.name,
            )
        return _target(bucket, path[1:], found.region, self._lenient)

    def locate_unbound(self, host: str, path: str) -> Target | None:
        """Locate as `locate` does, but return None for a host that only PutCname can have bound."""
        found = self._read(host)
        return _split(found, path, self._lenient) if found.in_path or found.bucket else None

    def is_endpoint(self, host: str) -> bool:
        """Return whether a Host header names the service, without a bucket."""
        try:
            return self._read(host).in_path
        except OSSError:
            return False

    def speaks_s3(self, host: str) -> bool:
        """Return whether a Host header names an endpoint of the S3 protocol, or a bucket there."""
        try:
            return self._read(host).s3
        except OSSError:
            return False

    def serves(self, host: str) -> bool:
        """Return whether this server serves a host for clients that use it as a proxy.

        It serves the service's domain, the base domains, bound domains and loopback addresses. It
        refuses all others, which may belong to another machine.
        """
        name = host_name(host)
        if _is_below(name, (SERVICE_DOMAIN, *self.domains)) or name in self._cnames:
            return True
        return (is_ip(name) and ip_address(name).is_loopback) or self._bound(name) is not None

    def _find(self, host: str) -> _Host:
        name = host_name(host)
        if name in self._cnames:
            return _Host(name, in_path=False, bucket=self._cnames[name])
        if name in self.domains or "." not in name or is_ip(name):
            return _Host(name, region=self._region_of(name), s3=name in self._s3_domains)
        for domain in self.domains:
            if name.endswith("." + domain):
                bucket, s3 = name[: -len(domain) - 1], domain in self._s3_domains
                return _Host(name, False, bucket, self._region_of(domain), s3)
        regional = ENDPOINT.fullmatch(name)
        if regional is None:
            return _Host(name, in_path=False)
        bucket = regional["bucket"] or ""
        region = regional["region"] or regional["dual"] or _FIRST_REGION
        return _Host(name, not bucket, bucket, region, regional["s3"] is not None)

    def _region_of(self, domain: str) -> str:
        """Return the region of a base domain, "" if it serves the buckets of every region."""
        regional = _is_below(domain, (SERVICE_DOMAIN,)) and not _is_below(domain, _ACCELERATE)
        return self._region if regional else ""


@lru_cache(4096)
def _split(host: _Host, path: str, lenient: bool) -> Target:
    """Split a path into bucket and key, or take the bucket from the host."""
    if not host.in_path:
        return _target(host.bucket, path[1:], host.region, lenient)
    bucket, _, rest = path[1:].partition("/")
    return _target(decode_key(_space(bucket)), rest, host.region, lenient)


def _target(bucket: str, part: str, region: str, lenient: bool) -> Target:
    """Decode the key in a part of a path once; `lenient` accepts overlong UTF-8."""
    raw = _space(part)
    signed = unquote(raw, errors="surrogateescape") if lenient else ""
    if is_utf8(signed) or _OVERLONG.fullmatch(encode(signed)) is None:
        return Target(bucket, decode_key(raw), region)
    key = unquote(raw, errors="replace")
    check_key(key)
    return Target(bucket, key, region, signed)


def _space(part: str) -> str:
    """Replace the plus signs of a part of a path by spaces, as in a query (P-43)."""
    return part.replace("+", " ") if "+" in part else part


def host_name(host: str) -> str:
    """Return the name in a Host header in lower case, without port and final dot; "" for "".

    Raises `BadRequest` for an invalid host (RFC 9110, 7.2).
    """
    return split_host(host)[0] if host else ""


def elsewhere(headers: Mapping[str, str]) -> str:
    """Return `vectors`, `tables`, `data-acc` or `object-process` for a request to such an endpoint.

    At other endpoints, the user agent decides. Returns "" for a request to buckets of objects.
    """
    if found := _ELSEWHERE.search(headers.get("host", "")):
        return found[1].lower()
    agent = headers.get("user-agent", "")
    found = _CLIENT.search(agent) if "-client" in agent else None
    return f"{found[1]}s" if found else ""


def in_service_domain(host: str) -> bool:
    """Return whether a Host header names a host of Alibaba Cloud."""
    return _is_below(host_name(host), (SERVICE_DOMAIN,))


def is_accelerate(host: str) -> bool:
    """Return whether a Host header names an accelerate endpoint, with or without a bucket."""
    return _is_below(host_name(host), _ACCELERATE)


def is_public_endpoint(host: str, region: str) -> bool:
    """Return whether a Host header names the public endpoint of a region or a bucket at it."""
    return _is_below(host_name(host), (f"oss-{region}.{SERVICE_DOMAIN}",))


def split_host(host: str) -> tuple[str, int | None]:
    """Split a Host header into name and port (None for no port); raises `BadRequest`."""
    match = _HOST.fullmatch(host)
    if match is not None:
        name = (match["address"] or match["name"]).lower()
        port = int(match["port"]) if match["port"] else None
        if len(name) <= MAX_HOST and (port or 0) <= MAX_PORT and is_ip(match["address"] or "::"):
            return name, port
    detail = f"The host {host[:256]!r} is invalid; send a name or address, with or without a port."
    raise OSSError(ErrorCase.BAD_REQUEST, ErrorDetail=detail)


def decode_key(raw: str) -> str:
    """Decode a percent-encoded key once; raises the errors of `check_key`."""
    if "%" not in raw and raw.isascii() and len(raw) <= MAX_KEY:
        return raw
    try:
        key = unquote(raw, errors="strict") if "%" in raw else raw
    except UnicodeError:
        raise OSSError(ErrorCase.OBJECT_NAME_NOT_UTF8) from None
    check_key(key)
    return key


def check_key(key: str) -> None:
    """Raise `InvalidObjectName` for a key that is too long, `InvalidArgument` if not UTF-8."""
    try:
        length = len(key) if key.isascii() else len(key.encode())
    except UnicodeError:
        raise OSSError(ErrorCase.OBJECT_NAME_NOT_UTF8) from None  # P-58
    if length > MAX_KEY:
        raise OSSError(ErrorCase.OBJECT_NAME_TOO_LONG)


def is_ip(name: str) -> bool:
    """Return whether a host name is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_below(name: str, domains: Iterable[str]) -> bool:
    """Return whether a name is one of the domains or a subdomain of one."""
    return any(name == domain or name.endswith("." + domain) for domain in domains)
