"""Signature version 1: HMAC-SHA1 over the `x-oss-*` headers and the sub-resources."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import encode
from oss_emulator.protocol.message import Request, parse_query, repeated_names
from oss_emulator.protocol.parameters import is_signed
from oss_emulator.protocol.signature import canonical
from oss_emulator.protocol.signature.claim import (
    Calculation,
    Claim,
    SignedIn,
    Version,
    check_key_id,
    find_gap,
    parse_date,
    parse_expires,
)

SCHEME: Final = "OSS"

PARAMETERS: Final = {
    "Expires": ("0002-00000067", "0002-00000068"),
    "OSSAccessKeyId": ("0002-00000071", "0002-00000072"),
    "Signature": ("0002-00000074", "0002-00000075"),
}
"""The parameters of a signed URL, each with the EC of a missing and of an empty one."""


def parse_header(request: Request, credentials: str) -> Claim:
    """Parse `id:signature` (P-10)."""
    access_key_id, colon, signature = credentials.partition(":")
    if not (access_key_id and signature):
        raise OSSError(ErrorCase.INVALID_AUTHORIZATION, ec=None if colon else "0002-00000062")
    check_key_id(access_key_id, "0002-00000064")
    headers = request.headers
    date, signed_at = parse_date(headers)
    # P-16: SDK V2 sends the token without its prefix.
    token = headers.get("x-oss-security-token") or headers.get("security-token") or None
    return Claim(
        Version.V1,
        SignedIn.HEADER,
        access_key_id=access_key_id,
        signature=signature,
        token=token,
        date=date,
        signed_at=signed_at,
    )


def parse_url(query: Mapping[str, str]) -> Claim:
    """Parse `OSSAccessKeyId`, `Expires`, `Signature` and `security-token` (P-11)."""
    if gap := find_gap(query, PARAMETERS):
        raise OSSError(ErrorCase.INCOMPLETE_URL_SIGNATURE, ec=gap[1])
    check_key_id(query["OSSAccessKeyId"], "0002-00000073")
    return Claim(
        Version.V1,
        SignedIn.URL,
        access_key_id=query["OSSAccessKeyId"],
        signature=query["Signature"],
        token=query.get("security-token") or None,
        date=query["Expires"],
        expires_at=parse_expires(query["Expires"]),
    )


def calculate(claim: Claim, request: Request, bucket: str, key: str, secret: str) -> Calculation:
    """Calculate the signature that a request should have (P-10, P-11).

    Raises `InvalidArgument` if a different request would have the same text to sign.
    """
    headers = request.headers
    subresources = _subresources(request.query_string)
    if "?" in key:
        _check_key(key, subresources)
    string_to_sign = encode(
        f"{request.method}\n"
        f"{headers.get('content-md5', '').strip(canonical.BLANKS)}\n"
        f"{headers.get('content-type', '').strip(canonical.BLANKS)}\n"
        f"{claim.date}\n"
        f"{canonical.headers(headers)}"
        f"{canonical.path(bucket, key)}{'?' if subresources else ''}{subresources}"
    )
    return Calculation(sign(secret, string_to_sign), string_to_sign)


@lru_cache(256)
def _subresources(query_string: str) -> str:
    """Format the parameters that are signed (P-12).

    They are not encoded, so a value that reads like more parameters raises `InvalidArgument`.
    """
    for name in repeated_names(query_string):
        if is_signed(name) or name in PARAMETERS:
            raise canonical.given_twice(name)
    signed = {name: value for name, value in parse_query(query_string).items() if is_signed(name)}
    text = canonical.join(signed.items())
    canonical.check_readable(text, signed, is_signed)
    return text


def _check_key(key: str, subresources: str) -> None:
    """Raise `InvalidArgument` for a key that reads like a shorter key with sub-resources."""
    for at in (at for at, sign in enumerate(key) if sign == "?"):
        rest = key[at + 1 :] + (f"?{subresources}" if subresources else "")
        if _reads_as_subresources(rest):
            message = (
                f"Version 1 signs the key {key!r} like {key[:at]!r} with the parameters {rest!r}; "
                "sign it with version 4."
            )
            raise OSSError(ErrorCase.INVALID_ARGUMENT, message, ArgumentName="key")


def _reads_as_subresources(text: str) -> bool:
    """Whether a text can be read as signed parameters; a value may contain `&` and `=`."""
    continues = False
    for part in text.split("&"):
        name, equals, _ = part.partition("=")
        if not (is_signed(name) or continues):
            return False
        continues = equals != "" if is_signed(name) else continues
    return True


def sign(secret: str, data: bytes) -> str:
    """Compute an HMAC-SHA1, in base64 (P-10)."""
    return b64encode(hmac.digest(encode(secret), data, "sha1")).decode()
