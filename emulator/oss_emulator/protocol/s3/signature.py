"""The signatures of AWS, version 2 and version 4, in the header and in the URL (P-73)."""

import hmac
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import EXPLAIN, encode
from oss_emulator.protocol.message import Request, repeated_names
from oss_emulator.protocol.parameters import KNOWN, is_number, is_parameter
from oss_emulator.protocol.s3.headers import COMPATIBLE, PAYLOAD_HASH
from oss_emulator.protocol.signature import canonical, v1, v4
from oss_emulator.protocol.signature.claim import (
    Calculation,
    Claim,
    FieldECs,
    SignedIn,
    Version,
    check_period,
    find_gap,
    format_day,
    parse_expires,
    parse_fields,
    parse_header_names,
    parse_time,
    refuse_parameter,
)

SCHEME: Final = "AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"
SERVICE: Final = "s3"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
MAX_EXPIRES: Final = 604800
"""Seven days in seconds, the longest `X-Amz-Expires` (EC 0002-00000417)."""

_SKEWED: Final = "0002-00000501"
_EXPIRED: Final = {Version.V4: "0002-00000418", Version.V2: _SKEWED}
"""The EC of an expired URL."""

_SCHEME_V2: Final = "AWS"
_DATE: Final = "x-amz-date"
_TOKEN: Final = "x-amz-security-token"  # noqa: S105 - the name of a header
_FIELDS: Final = {
    "Credential": ("0002-00000403", ""),
    "SignedHeaders": ("0002-00000405", "0002-00000426"),
    "Signature": ("0002-00000407", "0002-00000408"),
}
_ECS: Final = FieldECs(number="0002-00000406", form="0002-00000406", name="")
_PARAMETERS_V4: Final = {
    "X-Amz-Algorithm": ("0002-00000410", "0002-00000411"),
    "X-Amz-Credential": ("0002-00000412", "0002-00000425"),
    "X-Amz-Date": ("0002-00000414", "0002-00000415"),
    "X-Amz-Expires": ("0002-00000416", "0002-00000417"),
    "X-Amz-SignedHeaders": ("0002-00000419", "0002-00000426"),
    "X-Amz-Signature": ("0002-00000422", "0002-00000423"),
}
_PARAMETERS_V2: Final = {
    "Expires": ("0002-00000301", "0002-00000302"),
    "AWSAccessKeyId": ("0002-00000303", "0002-00000304"),
    "Signature": ("0002-00000305", "0002-00000306"),
}
PARAMETERS: Final = frozenset(
    {*_PARAMETERS_V4, *_PARAMETERS_V2, "X-Amz-Security-Token", _TOKEN, "X-Amz-Content-Sha256"}
)
"""The query parameters that belong to a signature in the URL."""

_MISMATCH: Final = {
    (Version.V2, SignedIn.URL): "0002-00000307",
    (Version.V4, SignedIn.URL): "0002-00000429",
}
"""The EC of a signature that does not match; those of the header are unknown."""

_UNSIGNED: Final = frozenset({_DATE, PAYLOAD_HASH, COMPATIBLE, EXPLAIN})
"""The headers of AWS and OSS that need not be signed."""

_SIGNED_BY_V2: Final = frozenset(
    """
    accelerate acl analytics cors delete inventory lifecycle location logging metrics notification
    object-lock partNumber policy replication requestPayment restore select select-type storageClass
    tagging torrent uploadId uploads versionId versioning versions website
    response-cache-control response-content-disposition response-content-encoding
    response-content-language response-content-type response-expires
    """.split()
)
"""The query parameters that version 2 signs (Signing and authenticating REST requests)."""

UNSIGNED_BY_V2: Final = frozenset(
    """
    continuation-token delimiter encoding-type fetch-owner list-type marker max-keys max-parts
    part-number-marker prefix start-after
    """.split()
)
"""The parameters that are not sub-resources, so version 2 does not sign them (P-73)."""

_COVERED_BY_V2: Final = _SIGNED_BY_V2 | UNSIGNED_BY_V2

MARKS_OF_OSS: Final = frozenset(
    """
    OSSAccessKeyId x-oss-access-key-id x-oss-credential x-oss-signature x-oss-signature-version
    """.split()
)
"""The parameters that only a signature of OSS has."""


def parse(request: Request) -> Claim | None:
    """Parse the claim of an S3 request; None if it has no signature.

    Only the syntax is checked. Raises `InvalidArgument`, also for a signature of OSS, and
    `AccessDenied`.
    """
    query = request.query
    if "authorization" in request.headers:
        if not PARAMETERS.isdisjoint(query) or not MARKS_OF_OSS.isdisjoint(query):
            raise OSSError(ErrorCase.SIGNED_TWICE)
        return _checked(_parse_header(request), request)
    if not query:
        return None
    for name in query:
        if name in MARKS_OF_OSS:
            message = f"The parameter {name} signs requests of OSS, and this request speaks S3."
            raise OSSError(ErrorCase.INVALID_URL_SIGNATURE, message, ArgumentName=name)
    if any(name.startswith("X-Amz-") for name in query if name in PARAMETERS):
        return _checked(_parse_url_v4(request), request)
    return None if _PARAMETERS_V2.keys().isdisjoint(query) else _parse_url_v2(request)


def _checked(claim: Claim, request: Request) -> Claim:
    """Check that the signed headers exist, and the length of a signature of version 4."""
    for name in claim.additional_headers:
        if name not in request.headers:
            message = f"The signature covers the header {name}, which the request does not have."
            ec = "0002-00000428"
            raise OSSError(ErrorCase.SIGNED_HEADER_MISSING, message, ec=ec, ArgumentName=name)
    if claim.version is Version.V4 and len(claim.signature) != 64:
        if claim.place is SignedIn.HEADER:
            raise OSSError(ErrorCase.INVALID_AUTHORIZATION, ec="0002-00000408")
        raise refuse_parameter("X-Amz-Signature", claim.signature, "0002-00000423")
    return claim


def verify(claim: Claim, request: Request, bucket: str, key: str, secret: str) -> None:
    """Check that the signature was made with `secret` and is valid when the request arrived.

    `request` is the one that the client sent. Its region is not checked, since SDKs sign for
    `us-east-1` or `aws-global` (P-73). Raises `RequestTimeTooSkewed`, `AccessDenied`,
    `SignatureDoesNotMatch`.
    """
    check_period(claim, request.received, _EXPIRED, early="", skewed=_SKEWED)
    _check_headers(claim, request)
    _check_once(claim, request)
    if claim.version is Version.V2:
        _check_parameters_v2(claim, request)
        text = string_to_sign_v2(claim, request, bucket, key)
        compare(claim, Calculation(v1.sign(secret, text), text))
        return
    asked = canonical_request(claim, request)
    text = string_to_sign(claim, asked)
    made = v4.sign(signing_key(secret, claim.day, claim.region), text)
    compare(claim, Calculation(made, text, asked))


def canonical_request(claim: Claim, request: Request) -> bytes:
    """Format what version 4 signs of a request."""
    headers = "".join(
        f"{name}:{_squeeze(request.headers[name])}\n" for name in claim.additional_headers
    )
    in_url = claim.place is SignedIn.URL
    payload = request.headers.get(PAYLOAD_HASH, UNSIGNED if in_url else "")
    return encode(
        f"{request.method}\n{_path(request.path)}\n{_query(request.query_string)}\n{headers}\n"
        f"{';'.join(claim.additional_headers)}\n{payload}"
    )


def string_to_sign(claim: Claim, asked: bytes) -> bytes:
    """Format the text that version 4 signs, from the canonical request `asked`."""
    return encode(f"{SCHEME}\n{claim.date}\n{scope(claim)}\n{sha256(asked).hexdigest()}")


def scope(claim: Claim) -> str:
    """Format the scope of a signature: day, region, service."""
    return f"{claim.day}/{claim.region}/{SERVICE}/{TERMINATOR}"


@lru_cache(256)
def signing_key(secret: str, day: str, region: str) -> bytes:
    """Derive the key that signs for one day (`YYYYMMDD`) and one region."""
    key = encode(f"AWS4{secret}")
    for part in (day, region, SERVICE, TERMINATOR):
        key = hmac.digest(key, encode(part), "sha256")
    return key


def string_to_sign_v2(claim: Claim, request: Request, bucket: str, key: str) -> bytes:
    """Format the text that version 2 signs."""
    headers = request.headers
    date = "" if claim.place is SignedIn.HEADER and _DATE in headers else claim.date
    # A signed URL has headers of S3 as parameters, which are signed as headers.
    fields = {**request.query, **headers} if claim.place is SignedIn.URL else headers
    amz = "".join(
        f"{name}:{fields[name].strip(canonical.BLANKS)}\n"
        for name in sorted(fields)
        if name.startswith("x-amz-")
    )
    query = _subresources(request.query_string)
    # The resource begins with `/bucket/`, wherever the request names the bucket.
    in_path = not bucket or unquote_plus(request.path[1:]) != key
    resource = request.path if in_path else f"/{bucket}{request.path}"
    if bucket and resource == f"/{bucket}":
        resource += "/"
    return encode(
        f"{request.method}\n{headers.get('content-md5', '')}\n{headers.get('content-type', '')}\n"
        f"{date}\n{amz}{resource}{'?' if query else ''}{query}"
    )


@lru_cache(256)
def _subresources(query_string: str) -> str:
    """Format the parameters that version 2 signs, with an equals sign only where it was sent.

    Raises `InvalidArgument` if a value reads like another parameter.
    """
    pairs = [part.partition("=") for part in query_string.split("&")]
    decoded = [(unquote_plus(name), equals, unquote_plus(value)) for name, equals, value in pairs]
    signed = sorted(part for part in decoded if part[0] in _SIGNED_BY_V2)
    text = "&".join("".join(part) for part in signed)
    canonical.check_readable(text, [name for name, _, _ in signed], _SIGNED_BY_V2.__contains__)
    return text


def _parse_header(request: Request) -> Claim:
    scheme, _, credentials = request.headers["authorization"].strip().partition(" ")
    if scheme == _SCHEME_V2:
        return _parse_header_v2(request, credentials)
    if scheme != SCHEME:
        message = f"The scheme {scheme[:32]!r} does not sign S3 requests; use {SCHEME} or AWS."
        raise OSSError(ErrorCase.INVALID_AUTHORIZATION, message, ec="0002-00000402")
    fields = parse_fields(credentials, "=", _FIELDS, _ECS)
    date, signed_at = _date(request)
    access_key_id, day, region = parse_credential(fields["Credential"], "0002-00000404")
    if day != format_day(signed_at):
        raise OSSError(ErrorCase.INVALID_AUTHORIZATION, ec="0002-00000409")
    return Claim(
        version=Version.V4,
        place=SignedIn.HEADER,
        access_key_id=access_key_id,
        signature=fields["Signature"],
        token=request.headers.get(_TOKEN) or None,
        date=date,
        signed_at=signed_at,
        additional_headers=parse_header_names(fields["SignedHeaders"]),
        day=day,
        region=region,
        product=SERVICE,
    )


def _parse_header_v2(request: Request, credentials: str) -> Claim:
    access_key_id, _, signature = credentials.partition(":")
    if not (access_key_id and signature):
        raise OSSError(ErrorCase.INVALID_AUTHORIZATION, ec="")
    date, signed_at = _date(request)
    token = request.headers.get(_TOKEN) or None
    return Claim(
        version=Version.V2,
        place=SignedIn.HEADER,
        access_key_id=access_key_id,
        signature=signature,
        token=token,
        date=date,
        signed_at=signed_at,
    )


def _parse_url_v4(request: Request) -> Claim:
    query = request.query
    if gap := find_gap(query, _PARAMETERS_V4):
        raise refuse_parameter(gap[0], "", gap[1])
    if query["X-Amz-Algorithm"] != SCHEME:
        raise refuse_parameter("X-Amz-Algorithm", query["X-Amz-Algorithm"], "0002-00000411")
    date = query["X-Amz-Date"]
    signed_at = parse_time(date)
    if signed_at is None:
        raise refuse_parameter("X-Amz-Date", date, "0002-00000415")
    if not is_number(query["X-Amz-Expires"], 1, MAX_EXPIRES):
        raise refuse_parameter("X-Amz-Expires", query["X-Amz-Expires"], "0002-00000417")
    access_key_id, day, region = parse_credential(
        query["X-Amz-Credential"], "0002-00000413", "0002-00000425"
    )
    if day != format_day(signed_at):
        raise refuse_parameter("X-Amz-Credential", query["X-Amz-Credential"], "0002-00000421")
    return Claim(
        version=Version.V4,
        place=SignedIn.URL,
        access_key_id=access_key_id,
        signature=query["X-Amz-Signature"],
        token=query.get("X-Amz-Security-Token") or None,
        date=date,
        signed_at=signed_at,
        expires_at=signed_at + int(query["X-Amz-Expires"]),
        additional_headers=parse_header_names(query["X-Amz-SignedHeaders"]),
        day=day,
        region=region,
        product=SERVICE,
    )


def _parse_url_v2(request: Request) -> Claim:
    query = request.query
    if gap := find_gap(query, _PARAMETERS_V2):
        name, ec = gap
        message = f"The URL is signed, but its parameter {name} is missing or empty."
        raise OSSError(ErrorCase.INCOMPLETE_URL_SIGNATURE, message, ec=ec)
    return Claim(
        version=Version.V2,
        place=SignedIn.URL,
        access_key_id=query["AWSAccessKeyId"],
        signature=query["Signature"],
        token=query.get(_TOKEN) or None,
        date=query["Expires"],
        expires_at=parse_expires(query["Expires"]),
    )


def _date(request: Request) -> tuple[str, float]:
    text = (request.headers.get(_DATE) or request.headers.get("date", "")).strip()
    seconds = parse_time(text) if text else None
    if seconds is None:
        raise OSSError(ErrorCase.DATE_REQUIRED)
    return text, seconds


def parse_credential(text: str, ec: str, ec_of_end: str | None = None) -> tuple[str, str, str]:
    """Parse `id/day/region/s3/aws4_request` into id, day and region; raises `InvalidArgument`.

    `ec_of_end` is the EC for another service or another end, by default `ec`.
    """
    parts = text.rsplit("/", 4)
    complete = len(parts) == 5 and all(parts[:3])
    if not complete or parts[3:] != [SERVICE, TERMINATOR]:
        ec = ec_of_end if complete and ec_of_end is not None else ec
        message = f"The credential {text[:128]!r} is invalid; it is ID/DAY/REGION/s3/{TERMINATOR}."
        raise OSSError(ErrorCase.INVALID_AUTHORIZATION, message, ec=ec)
    return parts[0], parts[1], parts[2]


def _check_headers(claim: Claim, request: Request) -> None:
    """Check that all headers that have an effect are signed."""
    signed = claim.additional_headers
    # Version 2 always covers all `x-amz-` headers; both versions cover the date and the hash.
    of_v2 = claim.version is Version.V2
    prefixes = ("x-oss-",) if of_v2 else ("x-oss-", "x-amz-")
    names = () if of_v2 else ("host",)
    for name in request.headers:
        demanded = name in names or name.startswith(prefixes)
        if demanded and name not in signed and name not in _UNSIGNED:
            raise OSSError(ErrorCase.HEADERS_NOT_SIGNED, HeadersNotSigned=name)


def _check_once(claim: Claim, request: Request) -> None:
    """Check that no signed name was given twice, as a header, a parameter or both."""
    of_v2 = claim.version is Version.V2
    if request.repeated:
        always = ("content-md5", "content-type", "date") if of_v2 else claim.additional_headers
        canonical.check_once(request, always, ("x-amz-", "x-oss-"))
    for name in repeated_names(request.query_string):
        if not of_v2 or name not in UNSIGNED_BY_V2:
            raise canonical.given_twice(name)
    for name in request.query:
        if name.lower() in request.headers and name.lower().startswith("x-amz-"):
            raise canonical.given_twice(name)


def _check_parameters_v2(claim: Claim, request: Request) -> None:
    """Check that each parameter that has an effect is signed, or that S3 leaves it unsigned."""
    for name, value in request.query.items():
        if name.lower().startswith("x-amz-"):  # signed as a header, in URLs and in lower case only
            in_url = claim.place is SignedIn.URL and "\n" not in value  # it would end the header
            unsigned_ = not (in_url and name.startswith("x-amz-"))
        else:
            unsigned_ = (name in KNOWN or is_parameter(name)) and name not in _COVERED_BY_V2
        if unsigned_ and name not in PARAMETERS:
            raise OSSError(ErrorCase.HEADERS_NOT_SIGNED, HeadersNotSigned=name)


def compare(claim: Claim, right: Calculation) -> None:
    """Raise `SignatureDoesNotMatch` unless the claim has the right signature."""
    right.compare(claim, _MISMATCH.get((claim.version, claim.place), ""), "AWSAccessKeyId")


def _squeeze(value: str) -> str:
    """Replace each run of blanks by one space, and strip the ends ("Trimall")."""
    return " ".join(filter(None, value.replace("\t", " ").split(" ")))


@lru_cache(1024)
def _path(path: str) -> str:
    """Decode the path and encode it canonically, so the client's spelling has no effect (P-43)."""
    return quote(unquote_to_bytes(encode(path.replace("+", " "))), safe="/-._~")


@lru_cache(256)
def _query(query_string: str) -> str:
    """Format the query without its signature, percent-encoded, then sorted."""
    pairs = []
    for part in query_string.split("&"):
        name, _, value = part.partition("=")
        if name and name != "X-Amz-Signature":
            value = canonical.percent(unquote_plus(value, errors="surrogateescape"))
            pairs.append((canonical.percent(unquote_plus(name)), value))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
