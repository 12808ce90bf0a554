"""Signature V3 (`ACS3-HMAC-SHA256`): HMAC-SHA256 over a canonical request, in `Authorization`.

Source: "Request syntax and signature method V3" of the Alibaba Cloud SDK documentation.
"""

import hashlib
import hmac
import re
from typing import NamedTuple

from oss_emulator.rpc.errors import RPCError, RPCErrorCase
from oss_emulator.rpc.request import RPCRequest, canonical_query

ALGORITHM = "ACS3-HMAC-SHA256"

_AUTHORIZATION = re.compile(
    r"(?P<algorithm>ACS3-\S+) +Credential=(?P<key>[^,\s]+), *"
    r"SignedHeaders=(?P<headers>[^,\s]+), *Signature=(?P<signature>[0-9A-Za-z+/=]+)"
)

_COMMON = {
    "x-acs-date": "Timestamp",
    "x-acs-signature-nonce": "SignatureNonce",
    "x-acs-content-sha256": "ContentSha256",
}
"""The headers that a signed request must have, and the parameter that an error names for each."""


class Authorization(NamedTuple):
    """The header `Authorization` of signature V3."""

    access_key_id: str
    signed_headers: tuple[str, ...]
    """In lower case, in the order of the header."""
    signature: str

    @classmethod
    def parse(cls, text: str) -> "Authorization":
        """Parse the header; raises `RPCError`."""
        match = _AUTHORIZATION.fullmatch(text)
        if match is None:
            raise RPCError(
                RPCErrorCase.INCOMPLETE,
                text=f"Authorization must be {ALGORITHM} Credential=…,SignedHeaders=…,Signature=….",
            )
        if match["algorithm"] != ALGORITHM:
            raise RPCError(RPCErrorCase.SIGNATURE_METHOD)
        signed = tuple(match["headers"].lower().split(";"))
        return cls(match["key"], signed, match["signature"])


def is_claimed(asked: RPCRequest) -> bool:
    return asked.http.headers.get("authorization", "").startswith("ACS3-")


def authorization(asked: RPCRequest) -> Authorization:
    """Parse the `Authorization` of a request and check that it covers the required headers.

    Host and every `x-acs-` header must be signed. Raises `RPCError`.
    """
    headers = asked.http.headers
    found = Authorization.parse(headers.get("authorization", ""))
    for name, parameter in _COMMON.items():
        if not headers.get(name):
            raise RPCError(RPCErrorCase.MISSING, name=parameter)
    for name in headers:
        if (name == "host" or name.startswith("x-acs-")) and name not in found.signed_headers:
            raise RPCError(RPCErrorCase.INCOMPLETE, text=f"SignedHeaders must name {name}.")
    return found


def check(asked: RPCRequest, found: Authorization, secret: str) -> None:
    """Check the signature of a request; raises `RPCError`."""
    canonical = canonical_request(asked, found.signed_headers)
    text = string_to_sign(canonical)
    if not hmac.compare_digest(sign(text, secret).encode(), found.signature.lower().encode()):
        raise RPCError(RPCErrorCase.SIGNATURE_V3, text=text, canonical=canonical)


def canonical_request(asked: RPCRequest, signed_headers: tuple[str, ...]) -> str:
    """Format the canonical request.

    The hash is that of the received body, not `x-acs-content-sha256`, so the signature of a body
    that was changed in transit does not match.
    """
    http = asked.http
    # An SDK whose endpoint has a path does not sign that path: it is part of its Host.
    _, slash, endpoint = http.host.partition("/")
    path = http.path.removeprefix(slash + endpoint) or "/"
    headers = "".join(f"{name}:{http.headers.get(name, '').strip()}\n" for name in signed_headers)
    return "\n".join(
        (
            http.method,
            path,
            canonical_query(http.query),
            headers,
            ";".join(signed_headers),
            hashlib.sha256(asked.body).hexdigest(),
        )
    )


def string_to_sign(canonical: str) -> str:
    """Format the text that is signed; bytes that are not UTF-8 are signed unchanged."""
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape"))
    return f"{ALGORITHM}\n{digest.hexdigest()}"


def sign(text: str, secret: str) -> str:
    """Sign the string to sign: HMAC-SHA256, in lower-case hexadecimal digits."""
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256).hex()
