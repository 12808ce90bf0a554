"""A local OIDC issuer: an RSA key, its JSON Web Key Set, and tokens that it signs."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

ISSUER = "https://issuer.example.com"
CLIENT = "sts.aliyuncs.com"
SUBJECT = "system:serviceaccount:default:app"


@cache
def _make_key(key_id: str) -> rsa.RSAPrivateKey:
    """Return the key with a name; cached, because making one takes a tenth of a second."""
    return rsa.generate_private_key(65537, 2048)


class Issuer:
    """Issues tokens with one key."""

    def __init__(self, key_id: str = "first") -> None:
        self._key = _make_key(key_id)
        self._key_id = key_id

    @property
    def keys(self) -> list[dict[str, str]]:
        """The keys that verify its tokens, as members of a key set."""
        numbers = self._key.public_key().public_numbers()
        return [
            {
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": self._key_id,
                "n": _encode(numbers.n.to_bytes(256)),
                "e": _encode(numbers.e.to_bytes(3)),
            }
        ]

    @property
    def jwks(self) -> str:
        """The key set that verifies its tokens."""
        return json.dumps({"keys": self.keys})

    def token(self, now: float, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return a token that is valid for an hour; members that are None are left out."""
        found = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": SUBJECT,
            "iat": int(now),
            "exp": int(now) + 3600,
            **claims,
        }
        return self.sign({"alg": "RS256", "kid": self._key_id, **(header or {})}, found)

    def sign(self, *parts: dict[str, Any]) -> str:
        """Sign a header and claims, without their members that are None."""
        text = ".".join(
            _encode(json.dumps({k: v for k, v in part.items() if v is not None}).encode())
            for part in parts
        )
        return f"{text}.{_encode(self._key.sign(text.encode(), padding.PKCS1v15(), SHA256()))}"


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
