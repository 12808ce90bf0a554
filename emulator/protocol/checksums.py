"""MD5 and CRC-64/XZ of a body, computed while it arrives, and held against what was claimed."""

import binascii
import hashlib
from base64 import b64decode, b64encode

from fastcrc.crc64 import xz as crc64

from emulator.protocol.errors import Code, OSSError


class Checksums:
    """What a body's bytes add up to so far."""

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


def format_etag(md5: bytes) -> str:
    """The ETag of an object put in one piece: its MD5 in upper-case hex, quoted (P-32)."""
    return f'"{md5.hex().upper()}"'


def format_md5(md5: bytes) -> str:
    """The MD5 as `Content-MD5` has it."""
    return b64encode(md5).decode()


def check_md5(content_md5: str | None, md5: bytes) -> None:
    """Compare with a `Content-MD5` header; raises `InvalidDigest` (R-33, PutObject)."""
    if content_md5 is None:
        return
    try:
        claimed = b64decode(content_md5, validate=True)
    except (binascii.Error, ValueError):
        claimed = b""
    if len(claimed) != 16:
        raise OSSError(Code.MALFORMED_DIGEST, Content_MD5=content_md5)
    if claimed != md5:
        raise OSSError(Code.INVALID_DIGEST, Content_MD5=content_md5)


def check_crc64(header: str | None, value: int) -> None:
    """Compare with an `x-oss-hash-crc64ecma` request header; raises `InvalidCRC64`."""
    if header is not None and header != str(value):
        raise OSSError(Code.INVALID_CRC64)
