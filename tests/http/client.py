"""A small HTTP client that sends requests exactly as given, even if no SDK would send them."""

from __future__ import annotations

import select
import socket
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import md5
from http.client import HTTPMessage, parse_headers
from types import TracebackType

from lxml import etree

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """One HTTP response."""

    version: str
    status: int
    reason: str
    headers: HTTPMessage
    body: bytes

    @property
    def document(self) -> bytes:
        """The XML of an error, which an answer to HEAD has in a header (P-30)."""
        return self.body or b64decode(self.headers.get("x-oss-err", ""))

    @property
    def elements(self) -> list[tuple[str, str]]:
        """The children of the root element in order, as pairs of tag and text."""
        root = etree.fromstring(self.document)
        return [(str(child.tag), child.text or "") for child in root]

    @property
    def error(self) -> dict[str, str]:
        """The elements of an error answer."""
        assert etree.fromstring(self.document).tag == "Error"
        return dict(self.elements)

    @property
    def code(self) -> str:
        """The code of an error, or ""."""
        return self.error["Code"] if self.document else ""


class Connection:
    """One TCP connection."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=60)
        self._input = self._socket.makefile("rb")

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._input.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def request(
        self, method: str, target: str, headers: Headers = (), body: bytes | None = None
    ) -> Answer:
        """Send one request and wait for its answer."""
        self.send_request(method, target, headers, body)
        return self.receive(method)

    def send_request(
        self, method: str, target: str, headers: Headers = (), body: bytes | None = None
    ) -> None:
        self.send(write(method, target, headers, body))

    def receive(self, method: str = "GET") -> Answer:
        """Read one answer to a request with this method."""
        line = self._input.readline().decode("ascii")
        assert line.endswith("\r\n"), f"no status line but {line!r}"
        version, status, reason = line.rstrip("\r\n").split(" ", 2)
        headers = parse_headers(self._input)
        body = b""
        if method != "HEAD" and int(status) not in (100, 204, 304):
            ends = version == "HTTP/1.0" or headers["Connection"] == "close"
            body = self._read_body(headers, ends)
        return Answer(version, int(status), reason, headers, body)

    def _read_body(self, headers: HTTPMessage, ends: bool) -> bytes:
        """Read a body; `ends` says whether the end of the connection may end it."""
        if "Transfer-Encoding" in headers:
            assert "Content-Length" not in headers
            return b"".join(self._read_chunks())
        if "Content-Length" not in headers:
            assert ends
            return self._input.read()
        length = int(headers["Content-Length"])
        body = self._input.read(length)
        assert len(body) == length
        return body

    def _read_chunks(self) -> Iterator[bytes]:
        while size := int(self._input.readline(), 16):
            yield self._input.read(size)
            assert self._input.readline() == b"\r\n"
        assert self._input.readline() == b"\r\n"

    def has_answer(self, within: float) -> bool:
        """Wait some seconds; return whether the server has sent something or closed."""
        return bool(select.select([self._socket], [], [], within)[0])

    def finish(self) -> None:
        """Close the sending side of the connection."""
        self._socket.shutdown(socket.SHUT_WR)

    def rest(self) -> bytes:
        """Return everything that the server sends until it closes."""
        try:
            return self._input.read()
        except ConnectionResetError:
            return b""

    def ends(self) -> bool:
        """Wait until the server sends something or closes; returns whether it closed."""
        try:
            return self._input.read(1) == b""
        except ConnectionResetError:
            return True


@dataclass(frozen=True)
class Client:
    """Sends each request on a connection of its own."""

    host: str
    port: int

    def connect(self) -> Connection:
        return Connection(self.host, self.port)

    def request(
        self, method: str, target: str, headers: Headers = (), body: bytes | None = None
    ) -> Answer:
        """Send one request; a `Host` header is added if none is given."""
        fields = list(headers)
        if "host" not in [name.lower() for name, _ in fields]:
            fields.insert(0, ("Host", f"{self.host}:{self.port}"))
        with self.connect() as connection:
            return connection.request(method, target, fields, body)

    def get(self, target: str, *headers: tuple[str, str]) -> Answer:
        return self.request("GET", target, headers)

    def head(self, target: str, *headers: tuple[str, str]) -> Answer:
        return self.request("HEAD", target, headers)

    def put(self, target: str, body: bytes, *headers: tuple[str, str]) -> Answer:
        return self.request("PUT", target, headers, body)


def content_md5(body: bytes) -> str:
    """Return the `Content-MD5` of a body."""
    return b64encode(md5(body, usedforsecurity=False).digest()).decode()


def write(method: str, target: str, headers: Headers, body: bytes | None = None) -> bytes:
    """Return a request as bytes, with a `Content-Length` if the headers give no length."""
    fields = list(headers)
    names = {name.lower() for name, _ in fields}
    if body is not None and names.isdisjoint({"content-length", "transfer-encoding"}):
        fields.append(("Content-Length", str(len(body))))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    head = "".join(f"{line}\r\n" for line in lines) + "\r\n"
    return head.encode("utf-8", "surrogateescape") + (body or b"")


def check_error(
    answer: Answer, status: int, code: str, message: str, ec: str, **details: str
) -> None:
    """Compare an error with the expected one, element by element (P-30).

    `ec` is "" if the number in the service is unknown; then the element must be missing.
    An `_` in the name of a detail stands for `-`.
    """
    extra = [(name.replace("_", "-"), value) for name, value in details.items()]
    told = [("EC", ec), ("RecommendDoc", f"https://api.aliyun.com/troubleshoot?q={ec}")]
    got = answer.error
    assert (answer.status, got["Code"], got["Message"]) == (status, code, message)
    assert answer.elements == [
        ("Code", code),
        ("Message", message),
        ("RequestId", answer.headers["x-oss-request-id"]),
        ("HostId", got["HostId"]),
        *extra,
        *(told if ec else []),
    ]
    assert answer.headers.get("x-oss-ec", "") == ec
    assert answer.headers["Content-Type"] == "application/xml"
