"""Bodies in chunks (`aws-chunked`): decodes them as they arrive, and checks signatures (P-74).

SIZE[;chunk-signature=SIGNATURE]\\r\\n CONTENT \\r\\n ... 0[;...]\\r\\n [TRAILERS] \\r\\n
"""

import hmac
import re
from enum import Enum, auto
from hashlib import sha256
from typing import Final, NamedTuple

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.s3 import signature

MAX_LINE: Final = 4096
"""Bytes of the longest line around the chunks."""

MAX_TRAILERS: Final = 16

_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_NOTHING: Final = sha256(b"").hexdigest()
_TRAILER_SIGNATURE: Final = "x-amz-trailer-signature"


class Seed(NamedTuple):
    """The start of the chain of signatures: the signature of the head, and its key."""

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
    """Decodes a body in chunks; `seed` is None where signatures are not verified."""

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
        """Take bytes as they came and return the content in them; raises `OSSError`."""
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
            return  # the last line end is missing, as some clients send it
        if self._state is not _State.DONE:
            raise OSSError(
                ErrorCase.INCOMPLETE_BODY, "The body in chunks ends before its last chunk."
            )

    def _take(self, piece: bytes) -> None:
        """Take content of a chunk."""
        self._left -= len(piece)
        if self._seed is not None:
            self._hash.update(piece)
        if not self._left:
            self._check_chunk()
            self._state = _State.END

    def _take_line(self) -> None:
        """Take a complete line."""
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
        """Begin a chunk with the line of its size and signature."""
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
        """Check a signature, which covers the one before it."""
        assert self._seed is not None  # noqa: S101 - the callers ask
        key, date, scope, _ = self._seed
        head = f"{signature.SCHEME}-{kind}\n{date}\n{scope}\n{self._previous}"
        expected = signature.sign(key, f"{head}\n{text}".encode())
        if not hmac.compare_digest(expected, claimed):
            raise OSSError(
                ErrorCase.SIGNATURE_DOES_NOT_MATCH,
                f"The signature of a {'chunk' if kind == 'PAYLOAD' else 'trailer'} does not match.",
                ec="",
                SignatureProvided=claimed,
            )
        self._previous = expected


def _malformed(detail: str) -> OSSError:
    return OSSError(ErrorCase.MALFORMED_CHUNKS, ErrorDetail=detail)
