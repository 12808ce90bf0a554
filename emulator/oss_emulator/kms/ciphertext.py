"""Ciphertexts that hold all that decryption needs but the key of the server (P-89).

A ciphertext is Base64 of the key's ARN, a zero byte, a nonce, and what AES-256-GCM makes of the
plaintext. The ARN names region, account and key; each ARN has a key of its own, which HKDF derives
from the server's. The ARN and the EncryptionContext are authenticated.
"""

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_SIZE = 12
"""Bytes of a nonce."""


class CiphertextError(ValueError):
    """A ciphertext is malformed, was changed, or was made with another context."""


class Ciphertext(NamedTuple):
    """A parsed ciphertext."""

    arn: str
    """The key that encrypted it, not verified before `decrypt`."""
    nonce: bytes
    sealed: bytes

    @classmethod
    def parse(cls, text: str) -> "Ciphertext":
        """Parse a ciphertext; raises `CiphertextError`."""
        try:
            data = b64decode(text, validate=True)
            arn, zero, rest = data.partition(b"\0")
            found = cls(arn.decode("ascii"), rest[:NONCE_SIZE], rest[NONCE_SIZE:])
        except ValueError:
            raise CiphertextError("It is not a ciphertext of this service.") from None
        # Base64 has several texts for some bytes; only one of them is accepted.
        if not zero or len(found.nonce) < NONCE_SIZE or found.format() != text:
            raise CiphertextError("It is not a ciphertext of this service.")
        return found

    @classmethod
    def encrypt(
        cls, arn: str, plaintext: bytes, *, context: bytes, server_key: bytes, nonce: bytes
    ) -> "Ciphertext":
        """Encrypt a plaintext; `nonce` is `NONCE_SIZE` random bytes."""
        sealed = _cipher(arn, server_key).encrypt(nonce, plaintext, _bound(arn, context))
        return cls(arn, nonce, sealed)

    def decrypt(self, *, context: bytes, server_key: bytes) -> bytes:
        """Return the plaintext; raises `CiphertextError`."""
        from cryptography.exceptions import InvalidTag

        try:
            cipher = _cipher(self.arn, server_key)
            return cipher.decrypt(self.nonce, self.sealed, _bound(self.arn, context))
        except InvalidTag:
            raise CiphertextError("It was changed, or has another context.") from None

    def format(self) -> str:
        """Format the ciphertext as clients keep it."""
        return b64encode(self.arn.encode("ascii") + b"\0" + self.nonce + self.sealed).decode()


def _cipher(arn: str, server_key: bytes) -> "AESGCM":
    # Imported on first use: a server that nobody asks starts without it.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = b"oss-emulator kms " + arn.encode("ascii")
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=info).derive(server_key))


def _bound(arn: str, context: bytes) -> bytes:
    return arn.encode("ascii") + b"\0" + context
