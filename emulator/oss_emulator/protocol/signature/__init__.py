"""The signatures of OSS: parse the claim of a request and verify it.

`parse` finds the claim in the header or in the URL; `verify` checks it with the secret of its key.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Request, parse_query
from oss_emulator.protocol.signature import v1, v2, v4
from oss_emulator.protocol.signature.canonical import check_once
from oss_emulator.protocol.signature.claim import (
    Calculation,
    Claim,
    SignedIn,
    Version,
    check_period,
)

__all__ = ["Claim", "SignedIn", "Version", "is_signed", "parse", "verify"]

_EXPIRED: Final = {Version.V4: "0002-00000236"}
"""The EC of an expired URL, if it differs from that of `REQUEST_EXPIRED` (P-17)."""

_MISMATCH: Final = {
    Version.V1: "0002-00000040",
    Version.V2: "0002-00000101",
    Version.V4: "0002-00000201",
}
"""The EC of a signature that does not match."""

_PARSE_HEADER: Final[dict[str, Callable[[Request, str], Claim]]] = {
    v1.SCHEME: v1.parse_header,
    v2.SCHEME: v2.parse_header,
    v4.SCHEME: v4.parse_header,
}
_PARSE_URL: Final[dict[str, Callable[[Mapping[str, str]], Claim]]] = {
    v2.SCHEME: v2.parse_url,
    v4.SCHEME: v4.parse_url,
}
_CALCULATE: Final[dict[Version, Callable[[Claim, Request, str, str, str], Calculation]]] = {
    Version.V1: v1.calculate,
    Version.V2: v2.calculate,
    Version.V4: v4.calculate,
}
# A URL with one of these parameters is signed, correctly or not.
_MARKS_OF_V1: Final = frozenset(v1.PARAMETERS)
_MARKS: Final = _MARKS_OF_V1 | {
    "x-oss-signature-version",
    "x-oss-signature",
    "x-oss-credential",
    "x-oss-access-key-id",
}


def is_signed_url(query: Mapping[str, str]) -> bool:
    """Whether a URL has a parameter of a signature, a correct one or not."""
    return not _MARKS.isdisjoint(query)


_ADDITIONAL_HEADERS: Final = {
    (Version.V2, SignedIn.HEADER): ("0002-00000110", "0002-00000111", "0002-00000112"),
    (Version.V2, SignedIn.URL): ("0002-00000076", "0002-00000077", "0002-00000078"),
    (Version.V4, SignedIn.HEADER): ("0002-00000209", "0002-00000210", "0002-00000211"),
    (Version.V4, SignedIn.URL): ("", "", ""),
}
"""The ECs for an empty list of additional headers, for an empty name in it, and for a header that
the request lacks; those of V4 in the URL are unknown."""

_SIGNED_HEADERS: Final = ("content-md5", "content-type", "date")
"""The headers that are signed if they are sent, in addition to those of OSS."""

_TOKENS: Final = frozenset({"x-oss-security-token", "security-token"})
"""The names of a security token, in the header and in the URL (P-16)."""

PARAMETERS: Final = _TOKENS | {
    *v1.PARAMETERS,
    *v2.PARAMETERS,
    *v4.PARAMETERS,
    "x-oss-additional-headers",
    "x-oss-date",
    "x-oss-signature-version",
}


def is_signed(request: Request) -> bool:
    """Whether a request has a signature, valid or not (P-19)."""
    return "authorization" in request.headers or is_signed_url(request.query)


def parse(request: Request) -> Claim | None:
    """Parse the claim of a request; None if it has no signature (P-19).

    Only the syntax is checked. Raises `InvalidArgument` for a malformed header or V4 URL, for
    signatures in both places and for an additional header that is missing, `AccessDenied` for an
    incomplete V1 or V2 URL or a bad date, and `InvalidAccessKeyId` for a malformed key id.
    """
    in_url = "authorization" not in request.headers
    if in_url and _MARKS.isdisjoint(request.query):
        return None
    if not _TOKENS.isdisjoint(request.headers):
        if not _TOKENS.isdisjoint(request.query):
            raise OSSError(ErrorCase.TOKEN_TWICE)
        if in_url:
            raise OSSError(ErrorCase.TOKEN_NOT_IN_URL)
    claim = _parse_url(request.query_string) if in_url else _parse_header(request)
    if claim.additional_headers:
        _check_headers(claim, request)
    return claim


def verify(claim: Claim, request: Request, target: Target, secret: str, region: str) -> None:
    """Check that the signature was made with `secret` and is valid when the request arrived.

    `claim` is what `parse` found in `request`. `target` has the bucket and key that were signed.
    `region` is the server's, such as `cn-hangzhou`. Raises (P-17) `InvalidArgument` for another
    region and for a signed name that is given twice, `RequestTimeTooSkewed`,
    `AccessDenied` for a URL that is expired or not yet valid, and `SignatureDoesNotMatch`.
    """
    if claim.version is Version.V4 and claim.region != region:
        raise _wrong_region(claim, request)
    check_period(claim, request.received, _EXPIRED)
    if request.repeated:
        check_once(request, (*_SIGNED_HEADERS, *claim.additional_headers), ("x-oss-",))
    right = _CALCULATE[claim.version](claim, request, target.bucket, target.key, secret)
    right.compare(claim, _MISMATCH[claim.version])


def _parse_header(request: Request) -> Claim:
    if not _MARKS.isdisjoint(request.query):
        raise OSSError(ErrorCase.SIGNED_TWICE)
    scheme, _, credentials = request.headers["authorization"].strip().partition(" ")
    parse_header = _PARSE_HEADER.get(scheme)
    if parse_header is None:
        raise OSSError(ErrorCase.INVALID_AUTHORIZATION, ec="0002-00000061")
    return parse_header(request, credentials)


@lru_cache(256)  # clients fetch one URL many times
def _parse_url(query_string: str) -> Claim:
    query = parse_query(query_string)
    version = query.get("x-oss-signature-version")
    if version is None and not _MARKS_OF_V1.isdisjoint(query):
        return v1.parse_url(query)
    parse_url = _PARSE_URL.get(version or "")
    if parse_url is None:
        name, code = "x-oss-signature-version", ErrorCase.INVALID_URL_SIGNATURE
        raise invalid_argument(name, version or "", code=code, ec="0002-00000066")
    return parse_url(query)


def _check_headers(claim: Claim, request: Request) -> None:
    """Raise `InvalidArgument` if the request lacks an additional header of its signature (P-58)."""
    names = claim.additional_headers
    name = next((name for name in names if name not in request.headers), None)
    if name is not None:
        empty, blank, missing = _ADDITIONAL_HEADERS[claim.version, claim.place]
        message = f"The signature covers the header {name!r}, which the request does not have."
        if not name:
            message = "The list of additional headers has an empty name; leave it out."
        ec = missing if name else blank if len(names) > 1 else empty
        raise invalid_argument(name, "", message, ErrorCase.SIGNED_HEADER_MISSING, ec=ec)


def _wrong_region(claim: Claim, request: Request) -> OSSError:
    if claim.place is SignedIn.HEADER:
        sent, of_region = request.headers["authorization"], claim.product == "oss"
        case = ErrorCase.INVALID_SIGNING_REGION if of_region else ErrorCase.INVALID_SIGNING_PRODUCT
        return OSSError(case, Authorization=sent)  # P-97, S-42
    name, code = "x-oss-credential", ErrorCase.INVALID_CREDENTIAL_REGION
    return invalid_argument(name, request.query[name], code=code)
