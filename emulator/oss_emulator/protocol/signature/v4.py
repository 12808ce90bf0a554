"""Signature version 4: HMAC-SHA256 with a key for one day, region and product."""

import hmac
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Final

from oss_emulator.protocol.address import elsewhere
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import encode
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.parameters import is_number
from oss_emulator.protocol.signature import canonical
from oss_emulator.protocol.signature.claim import (
    Calculation,
    Claim,
    FieldECs,
    SignedIn,
    Version,
    check_key_id,
    find_gap,
    format_day,
    parse_date,
    parse_fields,
    parse_header_names,
    parse_time,
    refuse_parameter,
)

SCHEME: Final = "OSS4-HMAC-SHA256"

MAX_EXPIRES: Final = 604800
"""Seven days in seconds, the longest `x-oss-expires` (EC 0002-00000232)."""

PARAMETERS: Final = {
    "x-oss-expires": ("0002-00000215", "0002-00000216"),
    "x-oss-credential": ("0002-00000217", "0002-00000218"),
    "x-oss-signature": ("0002-00000219", "0002-00000220"),
}
"""The parameters that a signed URL must have, each with the EC of a missing and of an empty one.

The EC of a missing `x-oss-date` is unknown.
"""
_FIELDS: Final = {
    "Credential": ("0002-00000205", "0002-00000205"),
    "Signature": ("0002-00000207", "0002-00000208"),
}
_ECS: Final = FieldECs(number="0002-00000202", form="0002-00000203", name="0002-00000204")
_PRODUCTS: Final = frozenset({"oss", "oss-cloudbox"})
_TABLES: Final = "osstables"
TERMINATOR: Final = "aliyun_v4_request"
_PAYLOAD_HASH: Final = "x-oss-content-sha256"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"


def parse_header(request: Request, credentials: str) -> Claim:
    """Parse `Credential=…[,AdditionalHeaders=a;b],Signature=…` (P-14, P-15)."""
    fields = parse_fields(credentials, "=", _FIELDS, _ECS, "AdditionalHeaders")
    if request.headers.get(_PAYLOAD_HASH, UNSIGNED) != UNSIGNED:
        raise OSSError(ErrorCase.INVALID_CONTENT_HASH)
    access_key_id, day, region, product = _parse_credential(fields["Credential"], SignedIn.HEADER)
    date, signed_at = parse_date(request.headers)
    if date.endswith("Z") is not ("x-oss-date" in request.headers):
        raise OSSError(ErrorCase.DATE_REQUIRED, ec="0002-00000502")
    if day != format_day(signed_at):
        raise OSSError(ErrorCase.INVALID_AUTHORIZATION, ec="0002-00000212")
    if product not in _PRODUCTS and not (product == _TABLES and elsewhere(request.headers)):
        raise OSSError(ErrorCase.INVALID_SIGNING_PRODUCT)
    return Claim(
        Version.V4,
        SignedIn.HEADER,
        access_key_id=access_key_id,
        signature=fields["Signature"],
        token=request.headers.get("x-oss-security-token") or None,
        date=date,
        signed_at=signed_at,
        additional_headers=parse_header_names(fields.get("AdditionalHeaders")),
        day=day,
        region=region,
        product=product,
    )


def parse_url(query: Mapping[str, str]) -> Claim:
    """Parse `x-oss-credential`, `x-oss-date`, `x-oss-expires`, `x-oss-signature` … (P-15)."""
    if gap := find_gap(query, PARAMETERS):
        name, ec = gap
        raise refuse_parameter(name, "", ec)
    credential, date = query["x-oss-credential"], query.get("x-oss-date", "")
    access_key_id, day, region, product = _parse_credential(credential, SignedIn.URL)
    signed_at = parse_time(date)
    if signed_at is None:
        raise refuse_parameter("x-oss-date", date)
    if not is_number(query["x-oss-expires"], 1, MAX_EXPIRES):
        raise refuse_parameter("x-oss-expires", query["x-oss-expires"], "0002-00000232")
    if day != format_day(signed_at):
        raise refuse_parameter("x-oss-credential", credential, "0002-00000223")
    if product not in _PRODUCTS:
        raise refuse_parameter("x-oss-credential", credential)
    return Claim(
        Version.V4,
        SignedIn.URL,
        access_key_id=access_key_id,
        signature=query["x-oss-signature"],
        token=query.get("x-oss-security-token") or None,
        date=date,
        signed_at=signed_at,
        expires_at=signed_at + int(query["x-oss-expires"]),
        additional_headers=parse_header_names(query.get("x-oss-additional-headers")),
        day=day,
        region=region,
        product=product,
    )


def calculate(claim: Claim, request: Request, bucket: str, key: str, secret: str) -> Calculation:
    """Calculate the signature that a request should have (P-14)."""
    headers = request.headers
    also = claim.additional_headers
    query = canonical.query(request.query_string)
    canonical_request = (
        f"{request.method}\n"
        f"{canonical.resource(bucket, key)}\n"
        f"{query}\n"
        f"{canonical.headers(headers, ('content-type', 'content-md5', *also))}\n"
        f"{';'.join(also)}\n{UNSIGNED}"
    )
    scope = f"{claim.day}/{claim.region}/{claim.product}"
    return _calculate(canonical_request, claim.date, scope, secret)


@lru_cache(256)  # clients fetch one URL many times
def _calculate(canonical_request: str, date: str, scope: str, secret: str) -> Calculation:
    """Calculate the signature of a canonical request; `scope` is `day/region/product`."""
    hashed = encode(canonical_request)
    text = f"{SCHEME}\n{date}\n{scope}/{TERMINATOR}\n{sha256(hashed).hexdigest()}"
    string_to_sign = encode(text)
    key_of_day = signing_key(secret, *scope.split("/"))
    return Calculation(sign(key_of_day, string_to_sign), string_to_sign, hashed)


@lru_cache(256)
def signing_key(secret: str, day: str, region: str, product: str) -> bytes:
    """Derive the key that signs for one day (`YYYYMMDD`), one region and one product."""
    key = encode("aliyun_v4" + secret)
    for scope in (day, region, product, TERMINATOR):
        key = hmac.digest(key, encode(scope), "sha256")
    return key


def sign(key: bytes, data: bytes) -> str:
    """Compute an HMAC-SHA256, in lower-case hex (P-14)."""
    return hmac.digest(key, data, "sha256").hex()


def _parse_credential(text: str, place: SignedIn) -> tuple[str, str, str, str]:
    """Parse `id/day/region/product/aliyun_v4_request`; raises `InvalidArgument`."""
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or not parts[0] or parts[4] != TERMINATOR:
        raise _refuse_credential(place, text, header="0002-00000213", url="0002-00000224")
    access_key_id, day, region, product, _ = parts
    check_key_id(access_key_id, "0002-00000206" if place is SignedIn.HEADER else "0002-00000222")
    if not re.fullmatch("[0-9]{8}", day):
        raise _refuse_credential(place, text, header="0002-00000212", url="0002-00000223")
    return access_key_id, day, region, product


def _refuse_credential(place: SignedIn, text: str, *, header: str, url: str) -> OSSError:
    if place is SignedIn.HEADER:
        return OSSError(ErrorCase.INVALID_AUTHORIZATION, ec=header)
    return refuse_parameter("x-oss-credential", text, url)
