"""Which bucket and key a request names: path style, virtual host, own domain (P-01 … P-03)."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote

from oss_emulator.protocol.errors import Code, OSSError

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")

# An address in brackets or a name, and perhaps a port. Underscores are in names of containers.
_HOST = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>(?:[A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+)\.?)"
    r"(?::(?P<port>[0-9]{0,5}))?"
)

SERVICE_DOMAIN = "aliyuncs.com"

# The endpoints that transfer acceleration opens, the same for all regions.
_ACCELERATE = (f"oss-accelerate.{SERVICE_DOMAIN}", f"oss-accelerate-overseas.{SERVICE_DOMAIN}")

# The endpoint of any region: public, internal, or for IPv4 and IPv6 (Regions and endpoints).
_REGIONAL = re.compile(
    r"(?:(?P<bucket>.+)\.)?"
    r"(?:oss-(?P<region>[a-z0-9-]+?)(?:-internal)?|(?P<dual>[a-z0-9-]+)\.oss)\.aliyuncs\.com"
)

MAX_HOST, MAX_PORT = 253, 65535
"""Characters of the longest name there is (RFC 1035), and the last port."""

MAX_KEY = 1023
"""Bytes of the longest key in UTF-8 (PutObject, InvalidObjectName)."""


class Target(NamedTuple):
    """What a request is about: the service ("", ""), a bucket (name, ""), or an object."""

    bucket: str = ""
    key: str = ""
    region: str = ""
    """The region whose endpoint was asked, "" for this server's own."""


SERVICE = Target()


class _Host(NamedTuple):
    """What a Host header stands for."""

    name: str
    in_path: bool = True
    """Whether the bucket stands in the path."""
    bucket: str = ""
    """"" for a host that is neither the service's nor configured: it may be bound to a bucket."""
    region: str = ""


def _bind_nothing(domain: str) -> str | None:
    return None


class Addresses:
    """The host names that stand for the service, and those that stand for a bucket of it."""

    def __init__(
        self,
        region: str,
        domains: Iterable[str] = (),
        cnames: Mapping[str, str] | None = None,
        bound: Callable[[str], str | None] = _bind_nothing,
    ) -> None:
        """`cnames` are buckets by domain; `bound` finds those of domains that were bound since."""
        names = [
            "localhost",
            f"oss-{region}.localhost",
            f"oss-{region}.{SERVICE_DOMAIN}",
            f"oss-{region}-internal.{SERVICE_DOMAIN}",
            f"{region}.oss.{SERVICE_DOMAIN}",
            *_ACCELERATE,
            *(domain.lower().strip(".") for domain in domains),
        ]
        # The longest first: `oss-cn-hangzhou.localhost` is no bucket of `localhost`.
        self.domains = tuple(sorted(set(names), key=len, reverse=True))
        self._cnames = {host_name(name): bucket for name, bucket in (cnames or {}).items()}
        self._bound = bound
        self._read = lru_cache(1024)(self._find)

    def locate(self, host: str, path: str) -> Target:
        """Find the bucket and the key; `path` is percent-encoded and is decoded once (P-03).

        Raises `BadRequest` for what is no host, `InvalidObjectName` for a key that is not UTF-8 or
        too long, and `NoSuchBucket` for a host that belongs neither to the service nor to a bucket
        of it.
        """
        found = self._read(host)
        if found.in_path or found.bucket:
            return _split(found, path)
        return Target(self._bucket_bound_to(found.name), decode_key(path[1:]), found.region)

    def is_endpoint(self, host: str) -> bool:
        """Whether a Host header names the service itself and no bucket."""
        try:
            return self._read(host).in_path
        except OSSError:
            return False

    def serves(self, host: str) -> bool:
        """Whether a host is this server's to answer for a client that takes it for a proxy.

        Such are all of the service's domain, the base domains, bound domains and this machine;
        not the bare names and addresses that may just as well be another machine's.
        """
        name = host_name(host)
        if _is_below(name, (SERVICE_DOMAIN, *self.domains)) or name in self._cnames:
            return True
        return _is_loopback(name) or self._bound(name) is not None

    def _find(self, host: str) -> _Host:
        name = host_name(host)
        if name in self._cnames:
            return _Host(name, in_path=False, bucket=self._cnames[name])
        if name in self.domains or "." not in name or _is_ip(name):
            return _Host(name)
        for domain in self.domains:
            if name.endswith("." + domain):
                return _Host(name, in_path=False, bucket=name[: -len(domain) - 1])
        regional = _REGIONAL.fullmatch(name)
        if regional is None:
            return _Host(name, in_path=False)
        bucket, region = regional["bucket"] or "", regional["region"] or regional["dual"]
        return _Host(name, in_path=not bucket, bucket=bucket, region=region)

    def _bucket_bound_to(self, name: str) -> str:
        bucket = self._bound(name)
        if bucket is None:
            raise OSSError(
                Code.NO_SUCH_BUCKET,
                f"The host {name} is neither an endpoint nor a bucket of this server. If it should "
                "be an endpoint, start the server with --domain; if a bucket's own domain, with "
                "--cname.",
                BucketName=name,
            )
        return bucket


@lru_cache(4096)
def _split(host: _Host, path: str) -> Target:
    """What a path is about at a host that tells where the bucket stands."""
    if not host.in_path:
        return Target(host.bucket, decode_key(path[1:]), host.region)
    bucket, _, rest = path[1:].partition("/")
    return Target(decode_key(bucket), decode_key(rest) if rest else "", host.region)


def is_bucket_name(name: str) -> bool:
    """3 to 63 lower-case letters, digits and hyphens, no hyphen at either end (PutBucket)."""
    return _BUCKET_NAME.fullmatch(name) is not None


def host_name(host: str) -> str:
    """The name in a Host header: no port, lower case, no dot at its end; "" where none is sent.

    Raises `BadRequest` for what is no host (RFC 9110, 7.2).
    """
    return split_host(host)[0] if host else ""


def in_service_domain(host: str) -> bool:
    """Whether a Host header names a host of Alibaba Cloud."""
    return _is_below(host_name(host), (SERVICE_DOMAIN,))


def is_accelerate(host: str) -> bool:
    """Whether a Host header names an accelerate endpoint, with a bucket before it or not."""
    return _is_below(host_name(host), _ACCELERATE)


def split_host(host: str) -> tuple[str, int | None]:
    """The name in a Host header and its port, None where it names none; raises `BadRequest`."""
    match = _HOST.fullmatch(host)
    if match is not None:
        name = (match["address"] or match["name"]).lower()
        port = int(match["port"]) if match["port"] else None
        if len(name) <= MAX_HOST and (port or 0) <= MAX_PORT and _is_ip(match["address"] or "::"):
            return name, port
    raise OSSError(Code.BAD_REQUEST, ErrorDetail=f"{host[:256]!r} is no host.")


def decode_key(raw: str) -> str:
    """Decode a percent-encoded key once; raises `InvalidObjectName`."""
    if "%" not in raw and raw.isascii() and len(raw) <= MAX_KEY:
        return raw
    try:
        key = unquote(raw, errors="strict") if "%" in raw else raw
    except UnicodeError:
        raise OSSError(Code.OBJECT_NAME_NOT_UTF8) from None
    check_key(key)
    return key


def check_key(key: str) -> None:
    """Raise `InvalidObjectName` for a key that is too long or has no form in UTF-8."""
    try:
        length = len(key) if key.isascii() else len(key.encode())
    except UnicodeError:
        raise OSSError(Code.OBJECT_NAME_NOT_UTF8) from None
    if length > MAX_KEY:
        raise OSSError(Code.OBJECT_NAME_TOO_LONG)


def _is_ip(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return _is_ip(name) and ip_address(name).is_loopback


def _is_below(name: str, domains: Iterable[str]) -> bool:
    """Whether a name is one of some domains or below one."""
    return any(name == domain or name.endswith("." + domain) for domain in domains)
