"""Signs requests in their headers with version 4 (P-14). It shares no code with the verifier."""

import hmac
import time
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import quote

from .account import GivenKey

_SCHEME = "OSS4-HMAC-SHA256"
_END = "aliyun_v4_request"
_CONTENT = "UNSIGNED-PAYLOAD"
_ALSO_SIGNED = ("content-md5", "content-type")


def sign(
    method: str,
    bucket: str,
    object_key: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    *,
    key: GivenKey,
    region: str,
    now: float,
) -> dict[str, str]:
    """Return the headers of a request with those that sign it; all names are in lower case.

    `now` is in seconds since 1970. `bucket` and `object_key` may be "".
    """
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    signed = {**headers, "x-oss-date": date, "x-oss-content-sha256": _CONTENT}
    if key.token:
        signed["x-oss-security-token"] = key.token
    lines = "".join(
        f"{name}:{value.strip()}\n"
        for name, value in sorted(signed.items())
        if name.startswith("x-oss-") or name in _ALSO_SIGNED
    )
    path = quote_path(f"/{bucket}/{object_key}" if bucket else "/")
    canonical = f"{method}\n{path}\n{format_query(query)}\n{lines}\n\n{_CONTENT}"
    scope = [date[:8], region, "oss", _END]
    digest = sha256(_encode(canonical)).hexdigest()
    secret = _encode(f"aliyun_v4{key.secret}")
    for part in (*scope, f"{_SCHEME}\n{date}\n{'/'.join(scope)}\n{digest}"):
        secret = hmac.digest(secret, _encode(part), "sha256")
    credential = "/".join([key.id, *scope])
    signed["authorization"] = f"{_SCHEME} Credential={credential},Signature={secret.hex()}"
    return signed


def format_query(query: Mapping[str, str]) -> str:
    """Format a query as it is signed and sent: sorted; a name without a value stands alone."""
    pairs = sorted((_quote(name), _quote(value)) for name, value in query.items())
    return "&".join(f"{name}={value}" if value else name for name, value in pairs)


def quote_path(path: str) -> str:
    """Percent-encode a path except for its slashes."""
    return quote(path, errors="surrogateescape")


def _quote(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
