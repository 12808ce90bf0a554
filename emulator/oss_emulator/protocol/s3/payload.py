"""The payload of an S3 request: how its body is framed and signed, and its checksums."""

import hmac
import re
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum, auto
from hashlib import sha1, sha256
from typing import Final, NamedTuple, Protocol

from fastcrc.crc32 import iscsi as crc32c

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.parameters import is_number
from oss_emulator.protocol.s3 import signature
from oss_emulator.protocol.s3.headers import (
    CHECKSUM,
    CHUNKED,
    CONTENT_LENGTH,
    PAYLOAD_HASH,
    is_framed,
    names_chunks,
)
from oss_emulator.protocol.signature import v4
from oss_emulator.protocol.signature.claim import Claim, Version

MAX_LINE: Final = 4096
"""Bytes of the longest line between chunks."""

MAX_TRAILERS: Final = 16

_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_NOTHING: Final = sha256(b"").hexdigest()
_TRAILER_SIGNATURE: Final = "x-amz-trailer-signature"


class Seed(NamedTuple):
    """The start of the chain of signatures: the signature of the head and its signing key."""

    key: bytes
    date: str
    scope: str
    signature: str


class _State(Enum):
    SIZE = auto()
    CONTENT = auto()
    END = auto()
    """The line end after the content of a chunk."""
    TRAILERS = auto()
    DONE = auto()


class ChunkDecoder:
    """Decodes a body in chunks; without a `seed`, signatures are not verified."""

    def __init__(self, *, signed: bool, trailers: bool, seed: Seed | None = None) -> None:
        """`signed`: each chunk has a signature. `trailers`: headers follow the last chunk."""
        self.trailers: dict[str, str] = {}
        """The headers after the last chunk, by lower-case name."""
        self._signed = signed
        self._has_trailers = trailers
        self._seed = seed
        self._previous = "" if seed is None else seed.signature
        self._state = _State.SIZE
        self._line = bytearray()
        self._left = 0
        """Bytes of the current chunk that have not arrived."""
        self._signature = ""
        self._hash = sha256()

    def feed(self, data: bytes) -> bytes:
        """Decode received bytes and return the content in them; raises `OSSError`."""
        content, start = [], 0
        while start < len(data):
            if self._state is _State.CONTENT:
                piece = data[start : start + self._left]
                start += len(piece)
                self._take(piece)
                content.append(piece)
                continue
            if self._state is _State.DONE:
                raise _malformed("Bytes follow the last chunk.")
            end = data.find(b"\n", start) + 1 or len(data)
            self._line += data[start:end]
            start = end
            if len(self._line) > MAX_LINE:
                raise _malformed(f"A line is longer than {MAX_LINE} bytes.")
            if self._line.endswith(b"\n"):
                self._take_line()
        return b"".join(content)

    def finish(self) -> None:
        """Raise `IncompleteBody` unless the last chunk and its trailers have arrived."""
        if self._state is _State.TRAILERS and not self._line and not self._has_trailers:
            return  # some clients omit the last line end
        if self._state is not _State.DONE:
            raise OSSError(
                ErrorCase.INCOMPLETE_BODY, "The body in chunks ends before its last chunk."
            )

    def _take(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._seed is not None:
            self._hash.update(piece)
        if not self._left:
            self._check_chunk()
            self._state = _State.END

    def _take_line(self) -> None:
        if not self._line.endswith(b"\r\n"):
            raise _malformed("A line does not end with CR LF.")
        line = bytes(self._line[:-2])
        self._line.clear()
        if self._state is _State.SIZE:
            self._begin(line)
        elif self._state is _State.END:
            if line:
                raise _malformed("A chunk is longer than its size says.")
            self._state = _State.SIZE
        elif line:
            self._take_trailer(line)
        else:
            self._state = _State.DONE
            self._check_trailers()

    def _begin(self, line: bytes) -> None:
        match = _SIZE.fullmatch(line)
        if match is None:
            raise _malformed(f"{line[:64]!r} is not the size of a chunk.")
        if self._signed != (match[2] is not None):
            raise _malformed(f"The chunks must {'' if self._signed else 'not '}be signed.")
        self._left = int(match[1], 16)
        self._signature = (match[2] or b"").decode()
        self._hash = sha256()
        self._state = _State.CONTENT
        if not self._left:
            self._check_chunk()
            self._state = _State.TRAILERS

    def _take_trailer(self, line: bytes) -> None:
        name, colon, value = line.partition(b":")
        if not (colon and self._has_trailers) or len(self.trailers) >= MAX_TRAILERS:
            raise _malformed(f"{line[:64]!r} follows the last chunk.")
        self.trailers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")

    def _check_chunk(self) -> None:
        if self._seed is None:
            return
        self._check("PAYLOAD", f"{_NOTHING}\n{self._hash.hexdigest()}", self._signature)

    def _check_trailers(self) -> None:
        claimed = self.trailers.pop(_TRAILER_SIGNATURE, "")
        if self._seed is None or not self._has_trailers:
            return
        text = "".join(f"{name}:{value}\n" for name, value in sorted(self.trailers.items()))
        self._check("TRAILER", sha256(text.encode("latin-1")).hexdigest(), claimed)

    def _check(self, kind: str, text: str, claimed: str) -> None:
        """Check a signature of the chain; each signature covers the previous one."""
        assert self._seed is not None  # noqa: S101 - the callers check it
        key, date, scope, _ = self._seed
        head = f"{signature.SCHEME}-{kind}\n{date}\n{scope}\n{self._previous}"
        expected = v4.sign(key, f"{head}\n{text}".encode())
        if not hmac.compare_digest(expected, claimed):
            raise OSSError(
                ErrorCase.SIGNATURE_DOES_NOT_MATCH,
                f"The signature of a {'chunk' if kind == 'PAYLOAD' else 'trailer'} does not match.",
                ec="0002-00000430",
                SignatureProvided=claimed,
            )
        self._previous = expected


def _malformed(detail: str) -> OSSError:
    return OSSError(ErrorCase.MALFORMED_CHUNKS, ErrorDetail=detail)


class Framing(StrEnum):
    """The values of `x-amz-content-sha256` that announce a body in chunks."""

    SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    SIGNED_WITH_TRAILERS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    UNSIGNED_WITH_TRAILERS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

    @property
    def signed(self) -> bool:
        return self is not Framing.UNSIGNED_WITH_TRAILERS

    @property
    def has_trailers(self) -> bool:
        return self is not Framing.SIGNED


class _Sum(Protocol):
    """A checksum of content that arrives in pieces."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class _Crc32C(_Crc32):
    def update(self, data: bytes, /) -> None:
        self._value = crc32c(data, self._value)


_SUMS: Final[Mapping[str, Callable[[], _Sum]]] = {
    "crc32": _Crc32,
    "crc32c": _Crc32C,
    "sha1": sha1,
    "sha256": sha256,
}


class Payload(NamedTuple):
    """What the head of an S3 request says about its body."""

    framing: Framing | None
    """None for a body that is not in chunks."""
    size: int | None
    """The size in bytes of the content of a body in chunks."""
    sha256: str
    """The hash that the content must have, in lower-case hex; "" for none."""
    checksums: Mapping[str, str]
    """The checksums that the content must have, by algorithm, in base64."""
    announced: tuple[str, ...] = ()
    """The algorithms of the checksums that follow in trailers."""
    seed: Seed | None = None

    @classmethod
    def parse(cls, request: Request, *, strict: bool) -> "Payload":
        """Parse the head of a request, as the client sent it.

        `strict` refuses chunks with trailers, as the service does (P-74). Raises
        `InvalidArgument`, and `NotImplemented` for a framing that is not understood.
        """
        headers = request.headers
        declared = headers.get(PAYLOAD_HASH, "")
        framing = Framing(declared) if declared in set(Framing) else None
        if framing is None and names_chunks(headers.get("content-encoding", "")):
            raise _not_chunked()
        if strict and framing is not None and framing.has_trailers:
            raise _not_chunked()
        if framing is None and is_framed(headers):
            message = f"The payload {declared} is not understood; use {', '.join(Framing)}."
            raise OSSError(ErrorCase.NOT_IMPLEMENTED, message, Header=PAYLOAD_HASH)
        is_hash = framing is None and declared not in ("", signature.UNSIGNED)
        if is_hash and not re.fullmatch("[0-9a-f]{64}", declared):
            message = (
                f"The value of {PAYLOAD_HASH} must be a SHA-256 in lower-case hex, "
                f"{signature.UNSIGNED}, or one of {', '.join(Framing)}."
            )
            raise invalid_argument(PAYLOAD_HASH, declared, message, ec="0002-00000427")
        names = headers.get("x-amz-trailer", "").lower().split(",")
        return cls(
            framing,
            None if framing is None else _size(headers),
            declared if is_hash else "",
            _checksums(headers),
            tuple(_checksums(dict.fromkeys(map(str.strip, names), ""))),
        )

    def sign(self, claim: Claim, secret: str | None) -> "Payload":
        """Return a payload whose reader verifies the chunk signatures, if that is possible."""
        signed = self.framing is not None and self.framing.signed
        if not signed or secret is None or claim.version is not Version.V4:
            return self
        key = signature.signing_key(secret, claim.day, claim.region)
        seed = Seed(key, claim.date, signature.scope(claim), claim.signature)
        return self._replace(seed=seed)

    def reader(self) -> "PayloadReader":
        return PayloadReader(self)


class PayloadReader:
    """Decodes a body as it arrives, and checks its size and checksums."""

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self._size = 0
        self._sums = {name: _SUMS[name]() for name in (*payload.checksums, *payload.announced)}
        self._hash = sha256() if payload.sha256 else None
        self._decoder: ChunkDecoder | None = None
        if payload.framing is not None:
            self._decoder = ChunkDecoder(
                signed=payload.framing.signed,
                trailers=payload.framing.has_trailers,
                seed=payload.seed,
            )

    def feed(self, data: bytes) -> bytes:
        """Decode received bytes and return the content in them; raises `OSSError`."""
        content = data if self._decoder is None else self._decoder.feed(data)
        self._size += len(content)
        if self._payload.size is not None and self._size > self._payload.size:
            raise self._wrong_size()
        for checksum in self._sums.values():
            checksum.update(content)
        if self._hash is not None:
            self._hash.update(content)
        return content

    def finish(self) -> None:
        """Check the whole body; raises `OSSError`."""
        payload, trailers = self._payload, {}
        if self._decoder is not None:
            self._decoder.finish()
            trailers = self._decoder.trailers
        if payload.size is not None and self._size != payload.size:
            raise self._wrong_size()
        if self._hash is not None and self._hash.hexdigest() != payload.sha256:
            raise OSSError(
                ErrorCase.CONTENT_HASH_MISMATCH,
                ClientComputedContentSHA256=payload.sha256,
                S3ComputedContentSHA256=self._hash.hexdigest(),
            )
        expected = {**payload.checksums, **_checksums(trailers)}
        for name in payload.announced:
            if name not in expected:
                message = f"The trailer {CHECKSUM}{name} was announced but did not arrive."
                raise OSSError(ErrorCase.MALFORMED_CHUNKS, message)
        for name, value in expected.items():
            if name in self._sums and b64encode(self._sums[name].digest()).decode() != value:
                message = f"The {name.upper()} you specified did not match the calculated checksum."
                raise OSSError(ErrorCase.BAD_DIGEST, message)

    def _wrong_size(self) -> OSSError:
        message = f"The chunks have {self._size} bytes; {CONTENT_LENGTH} says {self._payload.size}."
        return OSSError(ErrorCase.INCOMPLETE_BODY, message, ec="")


def _checksums(headers: Mapping[str, str]) -> dict[str, str]:
    """Select the checksums that can be verified; CRC64NVME cannot (P-74)."""
    return {name: headers[CHECKSUM + name] for name in _SUMS if CHECKSUM + name in headers}


def _size(headers: Mapping[str, str]) -> int:
    text = headers.get(CONTENT_LENGTH, "")
    if not is_number(text):
        message = f"A body in chunks needs {CONTENT_LENGTH}, the size of its content in bytes."
        raise OSSError(ErrorCase.MISSING_CONTENT_LENGTH, message)
    return int(text)


def _not_chunked() -> OSSError:
    return invalid_argument("Content-Encoding", CHUNKED, code=ErrorCase.CHUNKS_NOT_SUPPORTED)
