"""One client for servers: requests sent exactly as given, signers, and a server in a thread."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import ssl
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.client import HTTPMessage, parse_headers
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import quote

import oss2
from lxml import etree
from oss2.credentials import StaticCredentialsProvider
from oss_emulator import Emulator
from oss_emulator.control.api.access import HEADER
from oss_emulator.control.api.route import PREFIX
from oss_emulator.control.controls import Controls
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request
from oss_emulator.server import Server
from oss_emulator.settings import Settings

PATIENCE = 600.0
"""Seconds to wait for a condition; long, because the machine may be busy."""

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """One HTTP response."""

    status: int
    headers: HTTPMessage = field(default_factory=HTTPMessage)
    body: bytes = b""
    version: str = "HTTP/1.1"
    reason: str = ""

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

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
        return self.document.partition(b"<Code>")[2].partition(b"<")[0].decode()


class Connection:
    """One TCP connection."""

    def __init__(self, host: str, port: int, cafile: str | None = None) -> None:
        self._socket = socket.create_connection((host, port), timeout=PATIENCE)
        if cafile is not None:
            context = ssl.create_default_context(cafile=cafile)
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
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
        if not line:
            raise ConnectionResetError("the server closed the connection without an answer")
        assert line.endswith("\r\n"), f"expected a status line, got {line!r}"
        version, status, reason = line.rstrip("\r\n").split(" ", 2)
        headers = parse_headers(self._input)
        body = b""
        if method != "HEAD" and int(status) not in (100, 204, 304):
            ends = version == "HTTP/1.0" or headers["Connection"] == "close"
            body = self._read_body(headers, ends)
        return Answer(int(status), headers, body, version, reason)

    def _read_body(self, headers: HTTPMessage, ends: bool) -> bytes:
        """Read a body; `ends` tells whether the end of the connection may end the body."""
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
        """Wait until the server sends something or closes; return whether it closed."""
        try:
            return self._input.read(1) == b""
        except ConnectionResetError:
            return True


@dataclass(frozen=True)
class Client:
    """Sends each request on a connection of its own."""

    host: str
    port: int
    cafile: str | None = None
    """The authority of a server with TLS."""

    def connect(self) -> Connection:
        return Connection(self.host, self.port, self.cafile)

    def ask(self, method: str, target: str, body: object = None, **headers: str) -> Answer:
        """Send a request; a body that is not bytes is sent as JSON; `user_agent` means User-Agent.

        A request to the API of the emulator gets the header that changes need.
        """
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is None and method in ("PUT", "POST", "PATCH"):
            data = b""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if target.startswith(PREFIX):
            fields = {HEADER: "1", **fields}
        return self.request(method, target, fields.items(), data)

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

    `ec` is "" if the EC of the service is unknown; then the element must be missing.
    A `_` in the name of a detail stands for `-`.
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


# --- a server in a thread, and signers

REGION = "cn-hangzhou"
ACCESS_KEY_ID = "LTAI-of-the-tests"
ACCESS_KEY_SECRET = "the secret of the tests"
SETTINGS = Settings(region=REGION, access_key_id=ACCESS_KEY_ID, access_key_secret=ACCESS_KEY_SECRET)

Signer = Callable[..., Any]

SIGNERS: dict[str, Signer] = {
    "v1": oss2.Auth,
    "v2": oss2.AuthV2,
    "v4": oss2.AuthV4,
    "provider-v4": lambda key, secret: oss2.ProviderAuthV4(StaticCredentialsProvider(key, secret)),
}
"""The signers of oss2, each made from a key id and its secret."""

ANONYMOUS = oss2.AnonymousAuth()


@dataclass(frozen=True)
class Live:
    """A running server."""

    controls: Controls
    port: int
    run: Callable[[Callable[[], Any]], Any]
    """Run a function on the server's thread, between requests."""
    host: str = "127.0.0.1"

    @property
    def service(self) -> Service:
        return self.controls.service

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def client(self) -> Client:
        return Client(self.host, self.port)

    def bucket(self, name: str, auth: Any, **options: Any) -> oss2.Bucket:
        """Return an oss2 client for a bucket without creating the bucket."""
        return oss2.Bucket(auth, self.endpoint, name, region=REGION, **options)

    def put(self, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Put as the owner of the key, without a socket or a signature."""
        fields = [("Host", "localhost"), *(headers or {}).items()]
        owner = self.service.accounts.owner
        answer = self.run(
            lambda: self.service.handle(
                Request.parse("PUT", target, fields, time.time()), body, caller=owner
            )
        )
        assert answer.status == 200, answer.body

    def put_bucket(self, name: str, acl: str = "private") -> None:
        """Create a bucket that belongs to the owner of the key."""
        self.put(f"/{name}", headers={"x-oss-acl": acl})

    def drop_bucket(self, name: str) -> None:
        """Remove a bucket and its objects."""
        self.run(lambda: self.service.storage.delete_bucket(name))


async def _rest() -> None:
    """Cancel all running tasks, such as one that waits for the rest of a body."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


@contextmanager
def serve(settings: Settings = SETTINGS) -> Iterator[Live]:
    """Run a server on a free port in a thread of its own."""
    controls = Controls(settings)
    server = Server(controls)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="server")
    thread.start()

    def run(function: Callable[[], Any]) -> Any:
        async def call() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), loop).result(20)

    try:
        port = asyncio.run_coroutine_threadsafe(server.start("127.0.0.1", 0), loop).result(20)
        yield Live(controls, port, run)
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
        asyncio.run_coroutine_threadsafe(_rest(), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


def sign(
    auth: Any,
    place: str,
    method: str,
    bucket: str,
    key: str = "",
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    region: str = REGION,
    expires: int = 60,
) -> tuple[str, list[tuple[str, str]]]:
    """Let oss2 sign a path-style request; `place` is "header", "url" or "none".

    Returns the target and the header fields to send, without `Host`.
    """
    path = "/" + "/".join(quote(part, safe="") for part in (bucket, key) if part)
    given = {name: str(value) for name, value in (parameters or {}).items()}
    request = oss2.http.Request(
        method, path, params=dict(given), headers=dict(headers or {}), region=region, product="oss"
    )
    if place == "url":
        return auth._sign_url(request, bucket, key, expires), list((headers or {}).items())
    if place == "header":
        auth._sign_request(request, bucket, key)
    query = "&".join(
        quote(name, safe="") + (f"={quote(value, safe='')}" if value else "")
        for name, value in given.items()
    )
    fields = [(name, str(value)) for name, value in request.headers.items() if value is not None]
    return f"{path}?{query}" if query else path, fields


@dataclass(frozen=True)
class Signed:
    """A client whose requests oss2 signs."""

    client: Client
    auth: Any
    place: str = "header"

    def request(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        target, fields = sign(self.auth, self.place, method, bucket, key, parameters, headers)
        return self.client.request(method, target, fields, body)


class Admin(NamedTuple):
    """An emulator, and requests to it."""

    emulator: Emulator

    def ask(self, method: str, target: str, body: object = None, **headers: str) -> Answer:
        """Send a request as `Client.ask` does."""
        return Client("127.0.0.1", self.emulator.port).ask(method, target, body, **headers)

    def get(self, target: str, referer: str | None = None, **headers: str) -> Answer:
        return self.ask("GET", target, **headers, **({"Referer": referer} if referer else {}))
