"""The framing of requests on a connection (RFC 9112), as pure functions of bytes.

Ambiguous bytes are refused here.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from oss_emulator.protocol.address import split_host
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import encode
from oss_emulator.protocol.parameters import is_number

_SIGNS = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"

_REQUEST_LINE: Final = re.compile(r"([A-Z][A-Z-]*+) ([!-~]++) HTTP/(1\.[01])")
_NAME: Final = re.compile(_SIGNS)

_IN_LINES: Final = bytes({*range(256)} - {*range(9), *range(10, 32), 127})
"""The bytes that lines may contain: all but control characters."""

TLS: Final = b"\x16"
"""The first byte of a handshake of TLS. No request of HTTP begins with it."""

TLS_ALERT: Final = b"\x15\x03\x03\x00\x02\x02\x28"
"""The alert that ends a handshake: fatal, handshake_failure (RFC 8446, 6)."""

_ABSOLUTE: Final = re.compile(r"[A-Za-z]+://([^/?#]*)(?:[/?].*)?")
"""A target in absolute form, as sent to a proxy (RFC 9112, 3.2.2)."""

_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "upgrade"})
"""The headers that determine where a body ends or which protocol follows."""

_PASSED: Final = frozenset({"connection"})
"""The headers that aiohttp needs: they say when the connection ends. It gets no body."""

_QUOTED = r'"(?:[\t !#-\[\]-~]|\\[\t -~])*+"'  # RFC 9110, 5.6.4
_CHUNK: Final = re.compile(
    rf"([0-9A-Fa-f]{{1,15}})(?:;{_SIGNS}(?:=(?:{_SIGNS}|{_QUOTED}))?)*+\r\n".encode()
)
_TRAILER: Final = re.compile(_SIGNS.encode() + rb":[^\x00-\x08\x0a-\x1f\x7f]*+\r\n")

_MOST_BYTES: Final = 10**18 - 1
"""The greatest Content-Length; aiohttp reads it into 64 bits."""

LINE: Final = 8 * 1024
"""Bytes of the longest line between chunks."""


CHUNKS: Final = 512
"""The number of lines between chunks that are parsed in one turn of the event loop."""


class Extent(Protocol):
    """The body of a request, which knows where it ends."""

    done: bool
    """Whether the whole body was taken."""

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """Split bytes into content of the body and the rest, which was not taken.

        Raises `BadRequest` for malformed chunks.
        """


class Counted:
    """A body whose length is known."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = not length

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        size = self._left
        self._left = max(0, size - len(data))
        self.done = not self._left
        return data[:size], data[size:]


class Chunked:
    """A body in chunks, the last of which is empty and followed by trailers (RFC 9112, 7.1).

    Nothing uses the extensions of chunks and the trailers. `take` parses at most `CHUNKS` lines, so
    that chunks of one byte do not delay other connections.
    """

    def __init__(self) -> None:
        self.done = False
        self._left = 0
        """Bytes of the current chunk that have not arrived."""
        self._line = b""
        """The part of a line between chunks that has arrived."""
        self._finish = self._begin_chunk
        """Parses the complete line."""
        self._trailers = 0
        """Bytes of trailers that have arrived."""

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        parts, place, lines = [], 0, 0
        while place < len(data) and not self.done and lines < CHUNKS:
            if self._left:
                part = data[place : place + self._left]
                self._left -= len(part)
                parts.append(part)
            else:
                part = data[place : data.find(b"\n", place) + 1 or len(data)]
                self._take_line(part)
                lines += 1
            place += len(part)
        return b"".join(parts), data[place:]

    def _take_line(self, part: bytes) -> None:
        self._line += part
        if len(self._line) + self._trailers > LINE:
            raise bad_request("A line between chunks is too long, or there are too many trailers.")
        if part.endswith(b"\n"):
            line, self._line = self._line, b""
            self._finish(line)

    def _begin_chunk(self, line: bytes) -> None:
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise bad_request("The size of a chunk is not a hexadecimal number.")
        self._left = int(found[1], 16)
        self._finish = self._end_chunk if self._left else self._end_body

    def _end_chunk(self, line: bytes) -> None:
        if line != b"\r\n":
            raise bad_request("A chunk is longer than its size says.")
        self._finish = self._begin_chunk

    def _end_body(self, line: bytes) -> None:
        self.done = line == b"\r\n"
        if not self.done and _TRAILER.fullmatch(line) is None:
            raise bad_request("A line after the last chunk is not a header.")
        self._trailers += len(line)


NO_BODY: Final = Counted(0)

NO_CHUNKS: Final = b"0\r\n\r\n"
"""An empty body in chunks."""


class Head(NamedTuple):
    data: bytes
    """The head for aiohttp. It has only the headers in `_PASSED`: aiohttp would parse the others a
    second time, and its releases check them differently."""
    method: str
    target: str
    version: str
    fields: list[tuple[str, str]]
    """The names in lower case and the values of the headers, in order of arrival."""
    extent: Extent
    last: bool
    """Whether the connection must end after it."""


def parse(data: bytes) -> Head:
    """Parse a whole head, including its empty line; raises `BadRequest`."""
    lines = data.decode("utf-8", "surrogateescape").split("\r\n")
    first = _REQUEST_LINE.fullmatch(lines[0])
    if first is None or data.translate(None, _IN_LINES) != b"\r\n" * (len(lines) - 1):
        raise bad_request("The request line or a header is malformed.")
    method, target, version = first.groups()
    if not target.startswith("/"):
        _check_target(method, target)
    fields, names, passed = [], [], []
    for line in lines[1:-2]:
        name, colon, value = line.partition(":")
        name = _lower_name(name if colon else "")
        field = (name, value.strip(" \t"))
        names.append(name)
        fields.append(field)
        if name in _PASSED:
            passed.append(field)
    if version == "1.1" and names.count("host") != 1:
        raise bad_request("The request needs exactly one Host header.")  # RFC 9112, 3.2
    if names.count("authorization") > 1:
        raise bad_request("The request has more than one Authorization header.")  # P-100
    extent: Extent = NO_BODY
    last = False
    if not _FRAMING.isdisjoint(names):
        lengths = [value for name, value in fields if name == "content-length"]
        encodings = [value.lower() for name, value in fields if name == "transfer-encoding"]
        extent = _parse_extent(lengths, encodings)
        last = bool(lengths and encodings)  # RFC 9112, 6.1
        # Chunks take precedence over a Content-Length (P-42). An upgrade is never accepted.
        ignored = ("upgrade", "content-length") if encodings else ("upgrade",)
        fields = [field for field in fields if field[0] not in ignored]
    data = _format(version, tuple(passed))
    return Head(data, method, target, version, fields, extent, last)


@lru_cache(256)  # most requests share a few heads
def _format(version: str, fields: tuple[tuple[str, str], ...]) -> bytes:
    """Format a head for aiohttp, which requires a known method and a Host but uses neither."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return encode(f"POST / HTTP/{version}\r\nhost: localhost\r\n{lines}\r\n")


@lru_cache(1024)  # names repeat
def _lower_name(name: str) -> str:
    """Return the name of a header in lower case; raises `BadRequest` for a malformed one."""
    if _NAME.fullmatch(name) is None:
        raise bad_request("The request line or a header is malformed.")
    return name.lower()


def _check_target(method: str, target: str) -> None:
    """Raise `BadRequest` for a target in a form that the method does not allow."""
    if method == "CONNECT" or (method, target) == ("OPTIONS", "*"):
        return
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise bad_request("The target is neither a path nor a URL.")
    split_host(absolute[1])


def _parse_extent(lengths: list[str], encodings: list[str]) -> Extent:
    """Determine where a body ends; raises `BadRequest` for ambiguous headers (but see P-42)."""
    if len(lengths) > 1 or not all(is_number(value, most=_MOST_BYTES) for value in lengths):
        raise bad_request("Content-Length must be given once, as a decimal number.")
    if encodings not in ([], ["chunked"]):
        raise bad_request("The only Transfer-Encoding is chunked.")
    if encodings:
        return Chunked()
    return Counted(int(lengths[0])) if lengths else NO_BODY


def bad_request(detail: str) -> OSSError:
    """Make the error for malformed HTTP."""
    return OSSError(ErrorCase.BAD_REQUEST, ErrorDetail=detail)
