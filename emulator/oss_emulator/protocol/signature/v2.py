"""Signature version 2: HMAC-SHA256 over chosen headers and the whole query."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import Final

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import encode
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import canonical
from oss_emulator.protocol.signature.claim import (
    Calculation,
    Claim,
    FieldECs,
    SignedIn,
    Version,
    check_key_id,
    find_gap,
    parse_date,
    parse_expires,
    parse_fields,
    parse_header_names,
)

SCHEME: Final = "OSS2"

PARAMETERS: Final = {
    "x-oss-expires": ("0002-00000113", "0002-00000114"),
    "x-oss-access-key-id": ("0002-00000115", "0002-00000116"),
    "x-oss-signature": ("0002-00000117", "0002-00000118"),
}
"""The parameters that a signed URL must have, each with the EC of a missing and of an empty one."""
_FIELDS: Final = {
    "AccessKeyId": ("0002-00000105", "0002-00000106"),
    "Signature": ("0002-00000108", "0002-00000109"),
}
_ECS: Final = FieldECs(number="0002-00000102", form="0002-00000103", name="0002-00000104")


def parse_header(request: Request, credentials: str) -> Claim:
    """Parse `AccessKeyId:…[,AdditionalHeaders:a;b],Signature:…` (P-13)."""
    fields = parse_fields(credentials, ":", _FIELDS, _ECS, "AdditionalHeaders")
    check_key_id(fields["AccessKeyId"], "0002-00000107")
    date, signed_at = parse_date(request.headers)
    # oss2, Go and Java sign the Date header even if they also send x-oss-date.
    date = request.headers.get("date", date).strip()
    return Claim(
        Version.V2,
        SignedIn.HEADER,
        access_key_id=fields["AccessKeyId"],
        signature=fields["Signature"],
        token=request.headers.get("x-oss-security-token") or None,
        date=date,
        signed_at=signed_at,
        additional_headers=parse_header_names(fields.get("AdditionalHeaders")),
    )


def parse_url(query: Mapping[str, str]) -> Claim:
    """Parse `x-oss-access-key-id`, `x-oss-expires`, `x-oss-signature`, `security-token` (P-13)."""
    if gap := find_gap(query, PARAMETERS):
        name, ec = gap
        message = f"The URL is signed, but its parameter {name} is missing or empty."
        raise OSSError(ErrorCase.INCOMPLETE_URL_SIGNATURE, message, ec=ec)
    return Claim(
        Version.V2,
        SignedIn.URL,
        access_key_id=query["x-oss-access-key-id"],
        signature=query["x-oss-signature"],
        token=query.get("security-token") or None,
        date=query["x-oss-expires"],
        expires_at=parse_expires(query["x-oss-expires"]),
        additional_headers=parse_header_names(query.get("x-oss-additional-headers")),
    )


def calculate(claim: Claim, request: Request, bucket: str, key: str, secret: str) -> Calculation:
    """Calculate the signature that a request should have (P-13)."""
    headers = request.headers
    resource = canonical.percent(canonical.path(bucket, key))
    if request.query_string:
        resource = f"{resource}?{canonical.query(request.query_string)}"
    string_to_sign = encode(
        f"{request.method}\n"
        f"{headers.get('content-md5', '').strip(canonical.BLANKS)}\n"
        f"{headers.get('content-type', '').strip(canonical.BLANKS)}\n"
        f"{claim.date}\n"
        f"{canonical.headers(headers, claim.additional_headers)}"
        f"{';'.join(claim.additional_headers)}\n"
        f"{resource}"
    )
    signature = hmac.digest(encode(secret), string_to_sign, "sha256")
    return Calculation(b64encode(signature).decode(), string_to_sign)
