"""Translates headers of S3 to OSS and back (P-72), and recognises requests of S3 (P-70)."""

from collections.abc import Mapping
from typing import Final

from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.headers import META_PREFIX, invalid_argument
from oss_emulator.protocol.message import Request

CHUNKED: Final = "aws-chunked"
"""The content encoding of bodies in signed or checked chunks."""

PAYLOAD_HASH: Final = "x-amz-content-sha256"

CONTENT_LENGTH: Final = "x-amz-decoded-content-length"
"""The header with the bytes of the content of a body in chunks."""

COMPATIBLE: Final = "x-oss-s3-compat"
"""The header of OSS that asks for S3."""

_PARAMETERS: Final = frozenset(
    {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "AWSAccessKeyId"}
)
_HEADERS: Final = frozenset({PAYLOAD_HASH, CONTENT_LENGTH, "x-amz-date", COMPATIBLE})

TELLING: Final = _HEADERS | {"authorization", "content-encoding"}
"""The headers that may mark a request; most requests have none of them."""


def is_marked(request: Request) -> bool:
    """Whether a request speaks S3, whatever its host.

    Without a signature, the headers of a body in chunks are enough: its framing must never be
    stored as content.
    """
    headers, query = request.headers, request.query
    if query and is_marked_url(query):
        return True
    if TELLING.isdisjoint(headers):
        return False
    return (
        headers.get("authorization", "").startswith("AWS")
        or names_chunks(headers.get("content-encoding", ""))
        or not _HEADERS.isdisjoint(headers)
    )


def is_marked_url(query: Mapping[str, str]) -> bool:
    """Whether a query has a parameter of a signature of S3."""
    return not _PARAMETERS.isdisjoint(query)


def names_chunks(encoding: str) -> bool:
    """Whether a `Content-Encoding` has `aws-chunked`, in any case, among its codings."""
    return CHUNKED in map(str.strip, encoding.lower().split(","))


def is_framed(headers: Mapping[str, str]) -> bool:
    """Whether the headers announce a body in chunks, even of an unknown kind."""
    return headers.get(PAYLOAD_HASH, "").startswith("STREAMING-")


PREFIX: Final = "x-amz-"
_META: Final = f"{PREFIX}meta-"
_ACL: Final = f"{PREFIX}acl"
_STORAGE_CLASS: Final = f"{PREFIX}storage-class"
_ENCRYPTION: Final = f"{PREFIX}server-side-encryption"
_COPY_SOURCE: Final = f"{PREFIX}copy-source"
CHECKSUM: Final = f"{PREFIX}checksum-"

STORAGE_CLASSES: Final = {"STANDARD": "Standard", "STANDARD_IA": "IA", "GLACIER": "Archive"}
"""The storage classes of S3, each with that of OSS (Compatibility with Amazon S3)."""

_S3_CLASSES: Final = {oss: s3 for s3, oss in STORAGE_CLASSES.items()}

_ENCRYPTIONS: Final = {"AES256": "AES256", "aws:kms": "KMS"}
_S3_ENCRYPTIONS: Final = {oss: s3 for s3, oss in _ENCRYPTIONS.items()}

_TO_OSS: Final = {
    f"{PREFIX}{name}": f"x-oss-{name}"
    for name in """
    copy-source copy-source-if-match copy-source-if-none-match copy-source-if-modified-since
    copy-source-if-unmodified-since copy-source-range metadata-directive request-payer
    security-token server-side-encryption storage-class
    """.split()
} | {f"{_ENCRYPTION}-aws-kms-key-id": "x-oss-server-side-encryption-key-id"}
"""The request headers of S3 that have a counterpart in OSS."""

_UNDERSTOOD: Final = frozenset(
    f"{PREFIX}{name}"
    for name in """
    algorithm api-version checksum-mode content-sha256 date decoded-content-length
    sdk-checksum-algorithm te trailer user-agent
    """.split()
)
"""The request headers that concern only the signature and the transfer."""

_FROM_OSS: Final = {
    f"x-oss-{name}": f"{PREFIX}{name}"
    for name in """
    bucket-region copy-source-version-id delete-marker request-charged restore
    server-side-encryption storage-class tagging-count version-id
    """.split()
} | {"x-oss-server-side-encryption-key-id": f"{_ENCRYPTION}-aws-kms-key-id"}
"""The headers of answers that have a counterpart in S3; others stay as they are."""


def to_oss(headers: Mapping[str, str], *, of_object: bool) -> dict[str, str]:
    """Translate the headers of an S3 request to OSS; `x-oss-` headers stay.

    Raises `InvalidArgument`, and `NotImplemented` for an unknown header.
    """
    found = {name: value for name, value in headers.items() if not name.startswith(PREFIX)}
    for name, value in headers.items():
        if not name.startswith(PREFIX) or name in _UNDERSTOOD or name.startswith(CHECKSUM):
            continue
        if name.startswith(_META):
            found[META_PREFIX + name.removeprefix(_META)] = value
        elif name == _ACL:
            found["x-oss-object-acl" if of_object else "x-oss-acl"] = value
        elif name in _TO_OSS:
            found[_TO_OSS[name]] = _value(name, value)
        else:
            raise unsupported(name)
    _unframe(headers, found)
    return found


def from_oss(headers: Mapping[str, str]) -> dict[str, str]:
    """Translate the headers of an answer of OSS to S3."""
    found = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower.startswith(META_PREFIX):
            found[_META + lower.removeprefix(META_PREFIX)] = value
        elif lower == "x-oss-storage-class":
            found[_STORAGE_CLASS] = storage_class(value)
        elif lower == "x-oss-server-side-encryption":
            found[_ENCRYPTION] = _S3_ENCRYPTIONS.get(value, value)
        else:
            found[_FROM_OSS.get(lower, name)] = value
    return found


def storage_class(oss: str) -> str:
    """Return the S3 name of a storage class of OSS; without one, the name of OSS."""
    return _S3_CLASSES.get(oss, oss)


def oss_storage_class(s3: str, ec: str | None = None) -> str:
    """Return the OSS storage class for one of S3; raises `InvalidArgument` if there is none."""
    if s3 not in STORAGE_CLASSES:
        message = f"Storage class {s3!r} is unknown to OSS; use {listed(STORAGE_CLASSES)}."
        raise invalid_argument(_STORAGE_CLASS, s3, message, ec=ec)
    return STORAGE_CLASSES[s3]


def _value(name: str, value: str) -> str:
    if name == _STORAGE_CLASS:
        return oss_storage_class(value)
    if name == _ENCRYPTION:
        return _ENCRYPTIONS.get(value, value)
    if name == _COPY_SOURCE and not value.startswith("/"):
        return f"/{value}"
    return value


def _unframe(headers: Mapping[str, str], found: dict[str, str]) -> None:
    """Remove the framing from the headers: `aws-chunked`, and the length that includes it."""
    if names_chunks(headers.get("content-encoding", "")):
        codings = map(str.strip, found.pop("content-encoding").split(","))
        if rest := ",".join(part for part in codings if part.lower() != CHUNKED):
            found["content-encoding"] = rest
    if is_framed(headers) and CONTENT_LENGTH in headers and "content-length" in found:
        found["content-length"] = headers[CONTENT_LENGTH]


def unsupported(name: str, kind: str = "header") -> OSSError:
    """Make the error for a header or a form field that OSS does not have."""
    message = f"The {kind} {name} of S3 has no counterpart that OSS documents; leave it out."
    return OSSError(ErrorCase.NOT_IMPLEMENTED, message, Header=name)
