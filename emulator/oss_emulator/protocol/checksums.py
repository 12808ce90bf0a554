"""MD5 and CRC-64/XZ of a body: computed as it arrives, compared with the client's values."""

import binascii
import hashlib
from base64 import b64decode
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from fastcrc.crc64 import xz as crc64

from oss_emulator.protocol.errors import ErrorCase, OSSError


class Checksums:
    """The MD5, CRC-64 and size of the bytes so far."""

    __slots__ = ("_md5", "crc64", "size")

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.crc64 = 0
        self.size = 0

    def update(self, chunk: bytes) -> None:
        self._md5.update(chunk)
        self.crc64 = crc64(chunk, self.crc64)
        self.size += len(chunk)

    @property
    def md5(self) -> bytes:
        return self._md5.digest()


def md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def format_etag(md5: bytes) -> str:
    """Format the ETag of an object uploaded in one piece: its MD5 in upper case, quoted (P-32)."""
    return f'"{md5.hex().upper()}"'


def format_multipart_etag(etags: Iterable[str]) -> str:
    """Format the ETag of an object uploaded in n parts: `"…-n"` (P-32).

    It is the MD5 of the parts' ETags as upper-case text, not of the bytes they stand for (P-41).
    """
    parts = [etag.strip('"') for etag in etags]
    digest = md5("".join(parts).encode()).hex().upper()
    return f'"{digest}-{len(parts)}"'


_ZEROS: Final = "00000000"


def format_appended_etag(size: int, crc64: int) -> str:
    """Format the ETag of an appended object, which depends on its content but is not its MD5.

    It ends with zeros, as in the examples of AppendObject.
    """
    digest = md5(f"{size} {crc64}".encode()).hex().upper()
    return f'"{digest[: -len(_ZEROS)]}{_ZEROS}"'


@lru_cache(4096)
def md5_of(etag: str) -> str | None:
    """Derive the `Content-MD5` of an object from its ETag; None if it was uploaded in pieces."""
    text = etag.strip('"')
    if "-" in text or text.endswith(_ZEROS):
        return None
    return format_md5(bytes.fromhex(text))


def format_md5(md5: bytes) -> str:
    """Format an MD5 for `Content-MD5`: base64."""
    return binascii.b2a_base64(md5, newline=False).decode()


def check_md5(content_md5: str | None, md5: bytes) -> None:
    """Compare an MD5 with a `Content-MD5` header; raises `InvalidDigest` (R-33, PutObject).

    Only the first 16 bytes are compared, because the C SDK sends 20 (P-46).
    """
    if content_md5 is None:
        return
    try:
        claimed = b64decode(content_md5, validate=True)
    except ValueError:
        claimed = b""
    if len(claimed) < len(md5):
        raise OSSError(ErrorCase.MALFORMED_DIGEST, Content_MD5=content_md5)
    if claimed[: len(md5)] != md5:
        raise OSSError(ErrorCase.INVALID_DIGEST, Content_MD5=content_md5)


def check_crc64(header: str | None, value: int) -> None:
    """Compare a CRC-64 with an `x-oss-hash-crc64ecma` request header; raises `InvalidCRC64`."""
    if header is not None and header != str(value):
        raise OSSError(ErrorCase.INVALID_CRC64)


def combine_crc64(first: int, second: int, length: int) -> int:
    """Compute the CRC-64 of two joined byte strings; `length` is the size of the second in bytes.

    The initial value and the final inversion of CRC-64/XZ are equal and cancel each other out, so
    the result is the first CRC-64, extended by `length` zero bytes, XOR the second.
    """
    power = 0
    while length:
        if length & 1:
            first = _followed(first, _zeros(power))
        length >>= 1
        power += 1
    return first ^ second


_POLYNOMIAL: Final = 0xC96C5795D7870F42
"""The polynomial of CRC-64/XZ. It is reflected: bit 63 is the coefficient of x⁰."""

_Table: TypeAlias = tuple[tuple[int, ...], ...]
"""For each byte of a checksum, lowest first: the result for each value of this byte."""


def _followed(crc64: int, table: _Table) -> int:
    a, b, c, d, e, f, g, h = table
    return (
        a[crc64 & 255]
        ^ b[crc64 >> 8 & 255]
        ^ c[crc64 >> 16 & 255]
        ^ d[crc64 >> 24 & 255]
        ^ e[crc64 >> 32 & 255]
        ^ f[crc64 >> 40 & 255]
        ^ g[crc64 >> 48 & 255]
        ^ h[crc64 >> 56]
    )


@lru_cache
def _zeros(power: int) -> _Table:
    """Return the table that extends a checksum by 2 to the power of `power` zero bytes.

    The extension is linear, so the results for single bits determine the table. With a table, a
    step takes less than 1 µs; 10,000 parts of different lengths take some 100,000 steps.
    """
    bits = [1 << bit for bit in range(64)]
    if power:
        half = _zeros(power - 1)
        bits = [_followed(_followed(bit, half), half) for bit in bits]
    else:
        for _ in range(8):
            bits = [bit >> 1 ^ (_POLYNOMIAL if bit & 1 else 0) for bit in bits]
    return tuple(_sums(bits[place : place + 8]) for place in range(0, 64, 8))


def _sums(bits: Sequence[int]) -> tuple[int, ...]:
    """Return, for each value of a byte, the XOR of those of the eight `bits` that it selects."""
    sums = [0]
    for bit in bits:
        sums += [bit ^ other for other in sums]
    return tuple(sums)
