"""The key of an HMAC, begun once, for it signs many requests."""

import hashlib
from functools import lru_cache
from typing import Final, NamedTuple

from oss_emulator.protocol.signature import canonical

_BLOCK: Final = 64
"""Bytes that SHA-1 and SHA-256 take at a time."""

_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


class SigningKey(NamedTuple):
    """The two hashes of an HMAC, which begin with its key (RFC 2104, 2).

    To go on from copies of them takes half of what `hmac.digest` takes.
    """

    inner: "hashlib._Hash"
    outer: "hashlib._Hash"

    @classmethod
    def begin(cls, key: bytes, algorithm: str) -> "SigningKey":
        """`algorithm` is "sha1" or "sha256"."""
        if len(key) > _BLOCK:
            key = hashlib.new(algorithm, key).digest()
        block = key.ljust(_BLOCK, b"\0")
        return cls(
            hashlib.new(algorithm, block.translate(_INNER)),
            hashlib.new(algorithm, block.translate(_OUTER)),
        )

    def sign(self, data: bytes) -> bytes:
        """The HMAC of the data."""
        inner, outer = self.inner.copy(), self.outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()


@lru_cache(256)
def of_secret(secret: str, algorithm: str) -> SigningKey:
    """The key that a secret itself is."""
    return SigningKey.begin(canonical.encode(secret), algorithm)
