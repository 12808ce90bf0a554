"""Temporary credentials. A signed token contains what they grant, so nothing is stored."""

import hashlib
import hmac
import json
import zlib
from base64 import b32encode, b64decode, urlsafe_b64encode
from typing import NamedTuple

from oss_referer.sources import json_text

PREFIX = "STS."
"""The prefix of the ids of temporary keys (AssumeRole)."""
_TOKEN_PREFIX = "CAIS"  # noqa: S105 - the prefix of tokens of the service
_SIGNATURE_SIZE = 16
MATERIAL_SIZE = 15
"""The number of random bytes for one set of credentials."""


class Grant(NamedTuple):
    """What temporary credentials grant."""

    access_key_id: str
    role: str
    session: str
    expires: int
    """Seconds since the epoch."""
    policy: str = ""
    """The session policy as it was sent, or ""."""


class Credentials(NamedTuple):
    """The result of AssumeRole."""

    access_key_id: str
    access_key_secret: str
    security_token: str
    expires: int


class Tokens:
    """Issues temporary credentials and parses their tokens, with one signing key.

    Two servers with the same key accept each other's tokens.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(
        self, role: str, session: str, expires: int, policy: str, material: bytes
    ) -> Credentials:
        """Issue credentials for a role; `material` is `MATERIAL_SIZE` random bytes."""
        key_id = PREFIX + b32encode(material[:MATERIAL_SIZE]).decode()
        grant = json.dumps(Grant(key_id, role, session, expires, policy))
        payload = zlib.compress(grant.encode(), 9)
        token = _TOKEN_PREFIX + _text(self._sign(b"token", payload)[:_SIGNATURE_SIZE] + payload)
        return Credentials(key_id, self.secret(key_id), token, expires)

    def secret(self, access_key_id: str) -> str:
        """Return the secret of a temporary key."""
        return _text(self._sign(b"secret", access_key_id.encode())[:30])

    def parse(self, token: str) -> Grant | None:
        """Return the grant in a token, even if it has expired; None if it was not issued here."""
        text = token.removeprefix(_TOKEN_PREFIX)
        try:
            sealed = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_")
        except ValueError:
            return None
        signature, payload = sealed[:_SIGNATURE_SIZE], sealed[_SIGNATURE_SIZE:]
        expected = self._sign(b"token", payload)[:_SIGNATURE_SIZE]
        # Other Base64 texts may decode to the same bytes, but were not issued.
        if token != _TOKEN_PREFIX + _text(sealed) or not hmac.compare_digest(signature, expected):
            return None
        return Grant(*json_text.parse(zlib.decompress(payload)))

    def _sign(self, purpose: bytes, payload: bytes) -> bytes:
        return hmac.digest(self._key, purpose + b"\0" + payload, hashlib.sha256)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
