"""The marks of an S3 request: its signature, its headers, or its host (P-70)."""

from collections.abc import Mapping
from typing import Final

from oss_emulator.protocol.message import Request

CHUNKED: Final = "aws-chunked"
"""The content encoding of bodies in signed or checked chunks."""

PAYLOAD_HASH: Final = "x-amz-content-sha256"

COMPATIBLE: Final = "x-oss-s3-compat"
"""The header of OSS that asks for S3."""

_PARAMETERS: Final = frozenset(
    {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "AWSAccessKeyId"}
)
_HEADERS: Final = frozenset(
    {PAYLOAD_HASH, "x-amz-date", "x-amz-decoded-content-length", COMPATIBLE}
)

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
