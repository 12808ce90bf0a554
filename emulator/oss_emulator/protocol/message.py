"""A request and a response as values: what the rest of the protocol reads and writes.

Every request makes one of each, so they are named tuples: a frozen dataclass takes four times as
long to make.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, Protocol
from urllib.parse import unquote_plus

# Names of headers repeat, and the journal remembers the headers of many requests.
_lower = lru_cache(1024)(str.lower)

_NO_QUERY: Mapping[str, str] = MappingProxyType({})

# A target in absolute form, as a proxy is asked (RFC 9112, 3.2.2).
_ABSOLUTE = re.compile(r"[A-Za-z]+://(?P<host>[^/?]*)/?(?P<rest>.*)", re.DOTALL)


class Request(NamedTuple):
    """One HTTP request without its body.

    Header names are lower case; of a repeated header the first value counts (R-29).
    """

    method: str
    path: str
    """The path as it was sent, percent-encoded (P-03)."""
    query_string: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    received: float
    """When the request arrived, in seconds since the epoch: the only clock a request knows."""
    remote: str = ""
    secure: bool = False
    version: str = "1.1"
    """Of HTTP."""
    proxied: bool = False
    """Whether it names its host in the request line, as a proxy is asked."""

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
        """Build a request from its request line and its header fields in the order of arrival."""
        absolute = None if target.startswith("/") else _ABSOLUTE.fullmatch(target)
        if absolute is not None:
            target = f"/{absolute['rest']}"
        path, _, query_string = target.partition("?")
        first: dict[str, str] = {}
        for name, value in headers:
            first.setdefault(_lower(name), value)
        if absolute is not None:
            first["host"] = absolute["host"]  # whatever the Host header says (RFC 9112, 3.2.2)
        query = parse_query(query_string) if query_string else _NO_QUERY
        proxied = absolute is not None
        return cls(
            method, path, query_string, query, first, received, remote, secure, version, proxied
        )

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def target(self) -> str:
        """The path and query as they stood in the request line."""
        return f"{self.path}?{self.query_string}" if self.query_string else self.path


class ReadableFile(Protocol):
    """A file that is read by position."""

    def fileno(self) -> int:
        """Its descriptor, until that of another file of the same response is asked for."""


@dataclass(frozen=True, slots=True)
class FileRange:
    """Bytes of a file that a response sends: `length` bytes from `offset`."""

    file: ReadableFile
    offset: int
    length: int
    verify: Callable[[], None] | None = None
    """To be called, off the event loop, before any of it is sent; raises if the file is damaged."""

    def read(self, offset: int, length: int) -> bytes:
        """Bytes at an offset of the file; does not move its position."""
        return os.pread(self.file.fileno(), length, offset)


@dataclass(frozen=True, slots=True)
class Callback:
    """A call to an application server; its answer becomes the answer to the upload (Callback)."""

    urls: tuple[str, ...]
    """Tried in order until one answers well."""
    host: str
    """The Host header, "" for that of the URL."""
    content_type: str
    body: bytes


class Response(NamedTuple):
    """One HTTP response. A HEAD answer carries the headers of its GET and no body."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes | tuple[bytes | FileRange, ...] = b""
    """All of it, or its pieces in order."""
    compress: bool = False
    """Whether the body goes out as gzip, its length unknown beforehand (P-37)."""
    callback: Callback | None = None
    """What must be called before the answer goes out."""


@lru_cache(256)  # a signed URL is fetched again and again
def parse_query(query_string: str) -> Mapping[str, str]:
    """Decode a query: `?acl` is `?acl=`, `+` is a space (P-04), the first of a name counts."""
    query: dict[str, str] = {}
    for part in query_string.split("&"):
        if part:
            name, _, value = part.partition("=")
            query.setdefault(_decode(name), _decode(value) if value else "")
    return query


def _decode(text: str) -> str:
    return _unquote(text) if "%" in text or "+" in text else text


_unquote = lru_cache(1024)(unquote_plus)  # the credentials in URLs repeat
