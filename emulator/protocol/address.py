"""Which bucket and key a request names: path style or virtual host (P-01 … P-03)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import unquote

from emulator.protocol.errors import Code, OSSError

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")

MAX_KEY = 1023
"""Bytes of the longest key in UTF-8 (PutObject, InvalidObjectName)."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about: the service ("", ""), a bucket (name, ""), or an object."""

    bucket: str = ""
    key: str = ""


SERVICE = Target()


class Addresses:
    """The host names that stand for the service, and those that stand for a bucket of it."""

    def __init__(self, region: str, domains: Iterable[str] = ()) -> None:
        names = [
            "localhost",
            f"oss-{region}.localhost",
            f"oss-{region}.aliyuncs.com",
            f"oss-{region}-internal.aliyuncs.com",
            *(domain.lower().strip(".") for domain in domains),
        ]
        # The longest first: `oss-cn-hangzhou.localhost` is no bucket of `localhost`.
        self._domains = sorted(set(names), key=len, reverse=True)
        self._bucket_of = lru_cache(1024)(self._find_bucket_of)

    def locate(self, host: str, path: str) -> Target:
        """Find the bucket and the key; `path` is percent-encoded and is decoded once (P-03).

        Raises `InvalidObjectName` for a key that is not UTF-8 or too long, and `NoSuchBucket` for
        a host that belongs neither to the service nor to a bucket of it.
        """
        bucket = self._bucket_of(host)
        if bucket is None:
            bucket, _, rest = path[1:].partition("/")
            return Target(decode_key(bucket), decode_key(rest) if rest else "")
        return Target(bucket, decode_key(path[1:]))

    def is_endpoint(self, host: str) -> bool:
        """Whether a Host header names the service itself and no bucket."""
        try:
            return self._bucket_of(host) is None
        except OSSError:
            return False

    def _find_bucket_of(self, host: str) -> str | None:
        """The bucket a Host header stands for, None where the bucket is in the path."""
        name = host_name(host)
        if name in self._domains or "." not in name or _is_ip(name):
            return None
        for domain in self._domains:
            if name.endswith("." + domain):
                return name[: -len(domain) - 1]
        raise OSSError(
            Code.NO_SUCH_BUCKET,
            f"The host {name} is neither an endpoint nor a bucket of this server. "
            "If it should be an endpoint, start the server with --domain.",
            BucketName=name,
        )


def is_bucket_name(name: str) -> bool:
    """3 to 63 lower-case letters, digits and hyphens, no hyphen at either end (PutBucket)."""
    return _BUCKET_NAME.fullmatch(name) is not None


def host_name(host: str) -> str:
    """The name in a Host header: no port, lower case, no dot at its end."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def decode_key(raw: str) -> str:
    """Decode a percent-encoded key once; raises `InvalidObjectName`."""
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
