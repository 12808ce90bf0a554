"""The client of a bucket: what it signs and sends, and its errors for bad answers."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
import trustme
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import parse, verify
from oss_referer.sources import bucket
from oss_referer.sources.account import GivenKey
from oss_referer.sources.bucket import (
    BucketError,
    RemoteBucket,
    ServiceAddress,
    format_query,
    quote_path,
    sign,
)

from tests.rows import read_cases, rows

CASES = read_cases("referer.sources")

KEY = GivenKey("id", "secret", None)


class Answering(BaseHTTPRequestHandler):
    """Gives one answer to each request, and keeps the requests."""

    answer: tuple[int, dict[str, str], bytes]
    seen: list[tuple[str, str]]
    """The target and the Host of each request."""

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Host"]))
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def answering(
    status: int = 200, body: bytes = b"", context: ssl.SSLContext | None = None, **headers: str
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Serve one answer; yields the endpoint and the requests."""
    seen: list[tuple[str, str]] = []
    handler = type("Handler", (Answering,), {"answer": (status, headers, body), "seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            scheme = "http" if context is None else "https"
            yield f"{scheme}://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


def failure(endpoint: str, key: GivenKey = KEY) -> str:
    """Return why the rules cannot be read."""
    with pytest.raises(BucketError) as caught:
        RemoteBucket("examplebucket", endpoint, "cn-hangzhou", key).get_document()
    said = str(caught.value)
    assert "\n" not in said
    return said


def error(code: str, message: str = "m", more: str = "") -> bytes:
    return f"<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>".encode()


@rows(("code", "advice"), *CASES["error_of_the_service_says_what_to_do"])
def test_error_of_the_service_says_what_to_do(code: str, advice: str) -> None:
    with answering(403, error(code, "Not\nthis\x9b31m.")) as (endpoint, _):
        said = failure(endpoint)
    expected = f"{endpoint} answers 403 {code}: Not this 31m"
    assert said == expected + (advice or ".")


def test_bucket_of_another_region_names_its_endpoint() -> None:
    more = "<Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>"
    with answering(403, error("AccessDenied", "Elsewhere.", more)) as (endpoint, _):
        assert failure(endpoint).endswith("; add --endpoint https://oss-cn-beijing.aliyuncs.com")


@rows(
    "body",
    b"<!DOCTYPE html><html><br></html>",
    b'<!DOCTYPE a [<!ENTITY b "bbb">]><Error><Code>&b;</Code></Error>',
    b"\xff\xfe",
    b"",
)
def test_error_without_a_document_shows_the_status(body: bytes) -> None:
    with answering(502, body) as (endpoint, _):
        assert failure(endpoint) == f"{endpoint} answers 502 Bad Gateway"


@rows("status", 301, 302, 307, 308)
def test_redirect_is_not_followed(status: int) -> None:
    with answering() as (elsewhere, seen), answering(status, Location=elsewhere) as (endpoint, _):
        said = failure(endpoint)
    assert f"answers {status} with a redirect, which is not followed" in said
    assert seen == []


def test_name_of_a_bucket_stands_in_front_of_a_named_host(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(body=b"<a/>") as (proxy, seen):
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        bucket = RemoteBucket("examplebucket", "oss.test:81", "cn-hangzhou", KEY)
        assert bucket.get_document() == b"<a/>"
    assert seen == [("http://examplebucket.oss.test:81/?referer", "examplebucket.oss.test:81")]


def test_name_of_a_bucket_stands_in_the_path_for_an_address() -> None:
    with answering(body=b"<a/>") as (endpoint, seen):
        assert RemoteBucket("examplebucket", endpoint, "cn-hangzhou", KEY).get_document() == b"<a/>"
    assert seen == [("/examplebucket/?referer", endpoint.removeprefix("http://"))]


def test_untrusted_certificate_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with answering(body=b"<a/>", context=context) as (endpoint, _):
        assert "has a certificate that is not trusted: " in failure(endpoint)
        file = tmp_path_factory.mktemp("ca") / "ca.pem"
        authority.cert_pem.write_to_path(file)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert RemoteBucket("examplebucket", endpoint, "cn-hangzhou", KEY).get_document() == b"<a/>"


@rows("endpoint", *CASES["what_is_not_an_endpoint_is_refused"])
def test_what_is_not_an_endpoint_is_refused(endpoint: str) -> None:
    assert failure(endpoint).startswith(f"{endpoint!r} is not an endpoint; ")


@rows("place", "127.0.0.1:1", "[::1", "oss.test:99999")
def test_password_in_an_endpoint_is_not_shown(place: str) -> None:
    said = failure(f"http://user:password@{place}")
    assert said == "an endpoint has no user name; write http://HOST or https://HOST"


def test_proxy_that_is_not_a_url_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http:/user:password@proxy")
    monkeypatch.delenv("no_proxy", raising=False)
    said = failure("http://oss.test")
    assert said.startswith("the proxy of the environment is not a URL")


@rows("key", GivenKey("id\r", "s", None), GivenKey("id", "s", "токен"))
def test_key_that_no_header_can_have_is_not_shown(key: GivenKey) -> None:
    assert failure("http://127.0.0.1:1", key).startswith("the access key or the region has")


@rows("body", b"<html/>", b"{}", b"<ListBucketResult><Contents/></ListBucketResult>")
def test_listing_in_another_form_is_refused(body: bytes) -> None:
    with answering(body=body) as (endpoint, _):
        bucket = RemoteBucket("examplebucket", endpoint, "cn-hangzhou", KEY)
        with pytest.raises(BucketError, match="does not answer with the XML"):
            list(bucket.list_keys(""))


def test_listing_that_repeats_a_page_ends() -> None:
    body = b"<ListBucketResult><NextContinuationToken>a</NextContinuationToken></ListBucketResult>"
    with answering(body=body) as (endpoint, seen):
        bucket = RemoteBucket("examplebucket", endpoint, "cn-hangzhou", KEY)
        with pytest.raises(BucketError, match="repeats a page of its list of objects"):
            list(bucket.list_keys(""))
    assert len(seen) == 2


@rows(("endpoint", "authority", "is_loopback", "needs_path_style"), *CASES["address_of_a_service"])
def test_address_of_a_service(
    endpoint: str, authority: str, is_loopback: bool, needs_path_style: bool
) -> None:
    address = ServiceAddress.parse(endpoint)
    assert address.authority == authority
    assert address.is_loopback is is_loopback
    assert address.needs_path_style is needs_path_style


# --- the client's signature: the server's verifier accepts it, and refuses it for another request


REGION, BUCKET, NOW = "cn-hangzhou", "examplebucket", time.time()


def signed(
    method: str = "GET",
    object_key: str = "",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    key: GivenKey = KEY,
    **changes: Any,
) -> Request:
    """Return a request as the server gets it; `changes` are made after signing."""
    query = query or {}
    fields = sign(
        *(method, BUCKET, object_key, query, headers or {}), key=key, region=REGION, now=NOW
    )
    target = f"{quote_path(f'/{BUCKET}/{object_key}')}?{format_query(query)}"
    changed = changes.pop("fields", {})
    return Request.parse(
        changes.get("sent_method", method),
        changes.get("target", target),
        list({**fields, **changed}.items()),
        NOW,
    )


def check(request: Request, object_key: str = "", secret: str = KEY.secret) -> None:
    claim = parse(request)
    assert claim is not None
    verify(claim, request, Target(BUCKET, object_key), secret, REGION)


@rows(
    "request_",
    {},
    {"query": {"referer": ""}},
    {"query": {"list-type": "2", "prefix": "a b+ü/~*", "max-keys": "5", "A": "&="}},
    {"object_key": "logs/2026 11+ü~'()*!#?%2F//.log"},
    {"object_key": "\udcff"},
    {"method": "PUT", "headers": {"content-type": "application/xml", "content-md5": "abc=="}},
    {"headers": {"x-oss-acl": "  private ", "referer": "https://www.example.com/"}},
    {"key": GivenKey("id", "secret", "a/token+=")},
    {"key": GivenKey("id", "sécret", None)},
)
def test_server_accepts_the_signature(request_: dict[str, Any]) -> None:
    """P-14"""
    key = request_.get("key", KEY)
    check(signed(**request_), request_.get("object_key", ""), key.secret)


@rows(
    "changes",
    {"sent_method": "PUT"},
    {"target": f"/{BUCKET}/?acl"},
    {"fields": {"content-type": "text/plain"}},
    {"fields": {"x-oss-security-token": "another"}},
    {"fields": {"x-oss-meta-a": "added"}},
)
def test_server_refuses_the_signature_of_another_request(changes: dict[str, Any]) -> None:
    with pytest.raises(OSSError, match="signature"):
        check(signed(query={"referer": ""}, **changes))


def test_server_refuses_the_signature_of_another_key() -> None:
    with pytest.raises(OSSError, match="signature"):
        check(signed(), secret="another")


@contextmanager
def dripping(said: bytes) -> Iterator[str]:
    """Serve bytes one by one until the block ends, each in time; yields the endpoint."""
    ended = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.sendall(said)
                while not ended.wait(0.02):
                    connection.sendall(b"x")

        thread = Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


_LENGTH = b"Content-Length: 1000000\r\n"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nA: ",
        b"HTTP/1.1 200 OK\r\n" + _LENGTH + b"\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 403 Forbidden\r\n" + _LENGTH + b"\r\n<Error>",
    ],
)
@pytest.mark.parametrize("reads", ["rules", "object"])
def test_slow_answer_fails_as_a_whole(
    said: bytes, reads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time, but the answer as a whole does not."""
    monkeypatch.setattr(bucket, "_LONGEST", 0.3)
    with dripping(said) as endpoint:
        remote = RemoteBucket("examplebucket", endpoint, "cn-hangzhou", KEY)
        began = time.monotonic()
        with pytest.raises(BucketError, match="cannot be read: it is too slow"):
            _ = remote.get_document() if reads == "rules" else [*remote.read("a.log")]
        assert time.monotonic() - began < 60  # to the end it takes many minutes


def test_large_object_may_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The allowed time grows with the received bytes, so only a slow answer fails."""
    now, body = [0.0], b"x" * (1 << 21)
    monkeypatch.setattr("oss_referer.sources.bucket.time.monotonic", lambda: now[0])
    with answering(200, body) as (endpoint, _):
        remote = RemoteBucket("examplebucket", endpoint, "cn-hangzhou", KEY)
        size = 0
        for piece in remote.read("a.log"):
            size += len(piece)
            now[0] = 0.9 * size / bucket._SLOWEST
    assert size == len(body)
    assert now[0] > bucket._LONGEST
