"""OIDC providers: the issuers of tokens for AssumeRoleWithOIDC, with the keys that verify them."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oss_referer.sources import json_text
from oss_referer.sources.toml import SourceError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey


class JWKSError(ValueError):
    """A JSON Web Key Set cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One RSA key of a provider."""

    id: str
    """The `kid` of the key, "" for none."""
    rsa: "RSAPublicKey"

    def verifies(self, signature: bytes, content: bytes) -> bool:
        """Return whether this key signed the content (RS256, RFC 7518)."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self.rsa.verify(signature, content, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class OIDCProvider:
    """An identity provider that roles can trust (CreateOIDCProvider)."""

    account: str
    name: str
    issuer: str
    """The URL that its tokens name as `iss`."""
    client_ids: tuple[str, ...]
    """The audiences (`aud`) whose tokens are accepted."""
    keys: tuple[PublicKey, ...]
    issuance_limit: int
    """Hours for which a token is valid after its issue."""

    @property
    def arn(self) -> str:
        """The resource name that trust policies and requests use."""
        return f"acs:ram::{self.account}:oidc-provider/{self.name}"


def parse_jwks(document: str | bytes | Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """Parse the RSA keys of a JSON Web Key Set (RFC 7517); raises `JWKSError`."""
    if not isinstance(document, Mapping):
        try:
            document = json_text.parse(document)
        except SourceError as error:
            raise JWKSError(f"it is not valid JSON: {error.sentence}") from None
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list):
        raise JWKSError('it must be an object such as {"keys": [{"kty": "RSA", …}]}')
    keys = tuple(
        _key(item) for item in listed if isinstance(item, Mapping) and item.get("kty") == "RSA"
    )
    if not keys:
        raise JWKSError("it has no key whose kty is RSA")
    return keys


def _key(item: Mapping[str, Any]) -> PublicKey:
    try:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
    except ImportError:
        raise JWKSError(
            "OIDC providers need the package cryptography, which is not installed; "
            "run pip install cryptography"
        ) from None
    key_id = item.get("kid", "")
    try:
        rsa = RSAPublicNumbers(_number(item["e"]), _number(item["n"])).public_key()
    except (KeyError, TypeError, ValueError) as error:
        raise JWKSError(f"the key {key_id!r} is not an RSA public key: {error}") from None
    return PublicKey(str(key_id), rsa)


def _number(text: str) -> int:
    return int.from_bytes(b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
