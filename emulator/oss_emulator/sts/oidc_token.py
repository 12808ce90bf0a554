"""OIDC tokens: JSON Web Tokens with an RS256 signature by a key of their provider."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, NamedTuple

from oss_emulator import json_text
from oss_emulator.access import OIDCProvider
from oss_emulator.rpc.errors import RPCError, RPCErrorCase
from oss_emulator.sts.errors import STSErrorCase

MAX_TOKEN = 20_000
"""Characters of the longest token (AssumeRoleWithOIDC)."""


class OIDCToken(NamedTuple):
    """The claims of a token whose signature was verified."""

    issuer: str
    subject: str
    audiences: tuple[str, ...]
    issued: int
    """Seconds since the epoch."""
    expires: int
    not_before: int = 0

    @classmethod
    def parse(cls, text: str, provider: OIDCProvider) -> "OIDCToken":
        """Verify the signature of a token and read its claims; raises `RPCError`."""
        if not text:
            raise RPCError(STSErrorCase.OIDC_EMPTY)
        if len(text) > MAX_TOKEN:
            raise RPCError(RPCErrorCase.INVALID, name="OIDCToken")
        parts = text.split(".")
        if len(parts) != 3:
            raise RPCError(STSErrorCase.OIDC_PARTS)
        header, claims, signature = (_decode(part) for part in parts)
        _verify(_object(header), f"{parts[0]}.{parts[1]}".encode(), signature, provider)
        return cls._read(_object(claims))

    @classmethod
    def _read(cls, claims: Mapping[str, Any]) -> "OIDCToken":
        named = claims.get("aud")
        return cls(
            _text(claims.get("iss")),
            _text(claims.get("sub")),
            tuple(_text(name) for name in (named if isinstance(named, list) else [named])),
            issued=_time(claims.get("iat")),
            expires=_time(claims.get("exp")),
            not_before=_time(claims.get("nbf", 0)),
        )

    def check(self, provider: OIDCProvider, now: float) -> None:
        """Check that a token is for this provider's clients and still valid; raises `RPCError`."""
        if self.issuer != provider.issuer:
            raise RPCError(STSErrorCase.OIDC_ISSUER)
        if not self.audience(provider):
            raise RPCError(STSErrorCase.OIDC_AUDIENCE)
        oldest = now - provider.issuance_limit * 3600
        if now >= self.expires or self.issued < oldest:
            raise RPCError(STSErrorCase.OIDC_EXPIRED)
        if now < max(self.issued, self.not_before):
            raise RPCError(STSErrorCase.OIDC_EARLY)

    def audience(self, provider: OIDCProvider) -> str:
        """Return the first audience that is a client of the provider; "" if none is."""
        return next((name for name in self.audiences if name in provider.client_ids), "")


def _verify(
    header: Mapping[str, Any], content: bytes, signature: bytes, provider: OIDCProvider
) -> None:
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm != "RS256":
        raise RPCError(STSErrorCase.OIDC_ALGORITHM, algorithm=str(algorithm))
    keys = [key for key in provider.keys if key_id is None or key.id == key_id]
    if not any(key.verifies(signature, content) for key in keys):
        raise RPCError(STSErrorCase.OIDC_SIGNATURE)


def _decode(part: str) -> bytes:
    try:
        return b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise RPCError(STSErrorCase.OIDC_ENCODING) from None


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        found = json_text.parse(data)
    except ValueError:
        raise RPCError(STSErrorCase.OIDC_CONTENT) from None
    if not isinstance(found, Mapping):
        raise RPCError(STSErrorCase.OIDC_CONTENT)
    return found


def _text(claim: Any) -> str:
    if not isinstance(claim, str) or not claim:
        raise RPCError(STSErrorCase.OIDC_CONTENT)
    return claim


def _time(claim: Any) -> int:
    if not isinstance(claim, int | float) or not 0 <= claim < 1e11:
        raise RPCError(STSErrorCase.OIDC_CONTENT)
    return int(claim)
