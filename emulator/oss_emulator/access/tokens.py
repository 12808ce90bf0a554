"""Temporary credentials: all that they stand for is in the token, signed, so none are kept."""

import hashlib
import hmac
import json
import zlib
from base64 import b32encode, b64decode, urlsafe_b64encode
from dataclasses import astuple, dataclass

PREFIX = "STS."
"""What the id of a temporary key begins with (AssumeRole)."""
_TOKEN_PREFIX = "CAIS"  # noqa: S105 - what tokens of the service begin with
_SIGNATURE_SIZE = 16
MATERIAL_SIZE = 15
"""Random bytes that one issue takes."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What temporary credentials stand for."""

    access_key_id: str
    role: str
    """The role's resource name."""
    session: str
    expires: int
    """Seconds since the epoch."""
    policy: str = ""
    """The session policy as it was sent, "" for none."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What AssumeRole gives."""

    access_key_id: str
    access_key_secret: str
    security_token: str
    expires: int


class Tokens:
    """Issues temporary credentials and reads their tokens again, with one signing key.

    Whoever has that key could make tokens; two servers with the same key take each other's.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(
        self, role: str, session: str, expires: int, policy: str, material: bytes
    ) -> Credentials:
        """Credentials for a role; `material` are `MATERIAL_SIZE` random bytes."""
        key_id = PREFIX + b32encode(material[:MATERIAL_SIZE]).decode()
        grant = json.dumps(astuple(Grant(key_id, role, session, expires, policy)))
        payload = zlib.compress(grant.encode(), 9)
        token = _TOKEN_PREFIX + _text(self._sign(b"token", payload)[:_SIGNATURE_SIZE] + payload)
        return Credentials(key_id, self.secret(key_id), token, expires)

    def secret(self, access_key_id: str) -> str:
        """The secret of a temporary key."""
        return _text(self._sign(b"secret", access_key_id.encode())[:30])

    def read(self, token: str) -> Grant | None:
        """What a token stands for, expired or not; None for one that was not issued here."""
        try:
            sealed = _bytes(token.removeprefix(_TOKEN_PREFIX))
        except ValueError:
            return None
        signature, payload = sealed[:_SIGNATURE_SIZE], sealed[_SIGNATURE_SIZE:]
        expected = self._sign(b"token", payload)[:_SIGNATURE_SIZE]
        if not token.startswith(_TOKEN_PREFIX) or not hmac.compare_digest(signature, expected):
            return None
        return Grant(*json.loads(zlib.decompress(payload)))

    def _sign(self, purpose: bytes, payload: bytes) -> bytes:
        return hmac.digest(self._key, purpose + b"\0" + payload, hashlib.sha256)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
