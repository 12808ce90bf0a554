"""A request and a response as values.

Every request creates one of each, so they are named tuples: creating a frozen dataclass takes four
times as long.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeAlias
from urllib.parse import unquote_plus

from oss_emulator.system import read_at

# The names of headers repeat, and the journal stores the headers of many requests.
_lower = lru_cache(1024)(str.lower)

_NO_QUERY: Mapping[str, str] = MappingProxyType({})

# A target in absolute form, as clients send it to a proxy (RFC 9112, 3.2.2).
_ABSOLUTE = re.compile(r"[A-Za-z]+://(?P<host>[^/?]*)/?(?P<rest>.*)", re.DOTALL)


class Request(NamedTuple):
    """An HTTP request without its body.

    Header names are in lower case. Of several headers with one name, the first counts; the Referer
    may be an exception (R-29).
    """

    method: str
    path: str
    """The path as sent, percent-encoded (P-03)."""
    query_string: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    received: float
    """The time of arrival in seconds since the epoch; this package never reads a clock."""
    remote: str = ""
    secure: bool = False
    version: str = "1.1"
    proxied: bool = False
    """Whether the request line names the host, as requests to a proxy do."""
    further_referers: tuple[str, ...] = ()
    """The values of the Referer headers after the first (R-29)."""
    repeated: tuple[str, ...] = ()
    """The names of headers that were sent more than once, in lower case."""
    original: "Request | None" = None
    """The request as received, if this one was translated from S3 (P-70)."""

    @classmethod
    def parse(
        cls,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        received: float,
        remote: str = "",
        secure: bool = False,
        version: str = "1.1",
    ) -> "Request":
        """Make a request from its request line and its header fields in the order of arrival."""
        absolute = None if target.startswith("/") else _ABSOLUTE.fullmatch(target)
        if absolute is not None:
            target = f"/{absolute['rest']}"
        path, _, query_string = target.partition("?")
        first: dict[str, str] = {}
        further: tuple[str, ...] = ()
        repeated: tuple[str, ...] = ()
        for name, value in headers:
            lower = _lower(name)
            if lower not in first:
                first[lower] = value
                continue
            repeated = (*repeated, lower)
            if lower == "referer":
                further = (*further, value)
        if absolute is not None:
            first["host"] = absolute["host"]  # in place of the Host header (RFC 9112, 3.2.2)
        query = parse_query(query_string) if query_string else _NO_QUERY
        proxied = absolute is not None
        return cls(
            method=method,
            path=path,
            query_string=query_string,
            query=query,
            headers=first,
            received=received,
            remote=remote,
            secure=secure,
            version=version,
            proxied=proxied,
            further_referers=further,
            repeated=repeated,
        )

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def target(self) -> str:
        """The path and query, as in the request line."""
        return f"{self.path}?{self.query_string}" if self.query_string else self.path


class ReadableFile(Protocol):
    """A file that can be read at any position."""

    def fileno(self) -> int:
        """Return the descriptor, valid until `fileno` of another file of the response is called."""


class FileRange(NamedTuple):
    """Bytes of a file that a response sends: `length` bytes from `offset`."""

    file: ReadableFile
    offset: int
    length: int
    check: Callable[[], Iterator[bool]] | None = None
    """Reads the whole file piece by piece, before any of it is sent; raises if it is damaged."""

    def read(self, offset: int, length: int) -> bytes:
        """Read up to `length` bytes at an offset of the file, without moving its position."""
        return read_at(self.file, length, offset)


class Stream(NamedTuple):
    """Bytes that are made while they are sent; their number is known only at the end."""

    chunks: Iterator[bytes]
    """The next chunk may take time, so call `next` in a thread. Empty chunks are not sent."""
    close: Callable[[], None]
    """Ends the work; called when all bytes were sent or the client has left."""


Piece: TypeAlias = bytes | memoryview | FileRange | Stream
"""A part of a body."""


class Callback(NamedTuple):
    """A call to an application server, whose answer becomes the answer to the upload (Callback)."""

    urls: tuple[str, ...]
    """Tried in order until one succeeds."""
    host: str
    """The Host header; "" for the host of the URL."""
    content_type: str
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})
    """Headers that the upload adds to those of every call."""


class AccessRecord(NamedTuple):
    """What the journal records of a decision on permissions."""

    allowed: bool
    reason: str
    action: str
    statement: str
    """The place of the policy statement that settled it, "" if none did."""


class Response(NamedTuple):
    """An HTTP response. An answer to HEAD has the headers of the GET, and its body is not sent."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes | tuple[Piece, ...] = b""
    """The whole body, or its pieces in order."""
    compress: bool = False
    """Whether the body is sent as gzip, without a length (P-37)."""
    callback: Callback | None = None
    """The application server to call before the answer is sent."""
    access: AccessRecord | None = None
    """The last decision on permissions, if the operation itself decides on each entry."""
    fetch: str = ""
    """The id of the fetch task to begin once the answer is made; "" for none."""
    ends_connection: bool = False
    """Whether the connection must close: the body is shorter than `Content-Length` says (P-56)."""
    timed: bool = True
    """Whether it has the header `x-oss-server-time`; few answers lack it (S-08)."""


@lru_cache(256)  # clients request one signed URL many times
def parse_query(query_string: str) -> Mapping[str, str]:
    """Parse a query: `?acl` means `?acl=`, `+` is a space (P-04), the first value counts."""
    query: dict[str, str] = {}
    for part in query_string.split("&"):
        if part:
            name, _, value = part.partition("=")
            query.setdefault(_decode(name), _decode(value) if value else "")
    return query


@lru_cache(256)
def repeated_names(query_string: str) -> tuple[str, ...]:
    """Return the names that occur more than once in a query, decoded."""
    names = Counter(_decode(part.partition("=")[0]) for part in query_string.split("&") if part)
    return tuple(name for name, times in names.items() if times > 1)


def _decode(text: str) -> str:
    return _unquote(text) if "%" in text or "+" in text else text


_unquote = lru_cache(1024)(unquote_plus)  # the credentials in URLs repeat
