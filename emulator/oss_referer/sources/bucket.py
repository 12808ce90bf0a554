"""A client for one bucket of a service: reads and sets its Referer rules, and reads its objects.

It uses the proxy of the environment and the certificates of the system. It follows no redirect,
because a redirect would send the signature to another host.
"""

import hmac
import http.client
import ipaddress
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from hashlib import sha256
from threading import Thread
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit

from oss_referer.engine import RefererConfiguration
from oss_referer.sources import referer_xml
from oss_referer.sources.account import GivenKey
from oss_referer.sources.markup import XmlDocument, XmlElement
from oss_referer.sources.referer_xml import RefererFormatError
from oss_referer.sources.toml import MAX_FILE, SourceError

_T = TypeVar("_T")

_TIMEOUT = 10  # seconds, for the connection and for each piece of a response
_LONGEST = 60.0  # seconds, for a whole response
_SLOWEST = 1 << 14  # bytes a second that extend this limit, because an object may be large
_PIECE = 1 << 16  # bytes
_MAX_MESSAGE = 300  # the most characters of an error message that are shown

_ADVICE = {
    "0002-00000226": "write a --region such as cn-hangzhou",
    "InvalidAccessKeyId": "check OSS_ACCESS_KEY_ID",
    "InvalidSecurityToken": "check OSS_SESSION_TOKEN",
    "NoSuchBucket": "check the name of the bucket and --endpoint",
    "RequestTimeTooSkewed": "set the clock of this machine",
    "SecurityTokenExpired": "check OSS_SESSION_TOKEN",
    "SignatureDoesNotMatch": "check OSS_ACCESS_KEY_SECRET",
}
"""What to do about an error of the service, by its EC or its code."""


class BucketError(Exception):
    """A request failed; the text says what happened, and what to do next."""


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """The address of a service: its scheme, its host (a name or an IP address), and its port."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def parse(cls, endpoint: str) -> "ServiceAddress":
        """Parse `http://HOST:PORT`; the scheme and the port may be missing. Raises ValueError."""
        if "@" in endpoint:
            # Do not show the endpoint, since it may contain a password.
            raise ValueError("an endpoint has no user name; write http://HOST or https://HOST")
        refused = f"{endpoint!r} is not an endpoint; write http://HOST or https://HOST"
        try:
            url = urlsplit(endpoint if "://" in endpoint else f"http://{endpoint}")
            port = url.port
            host = (url.hostname or "").encode("idna").decode()
        except ValueError:
            raise ValueError(refused) from None
        is_address = url.scheme in ("http", "https") and host and port != 0
        rest = url.path.removesuffix("/") or url.query or url.fragment
        if not is_address or rest or not endpoint.isprintable() or " " in endpoint:
            raise ValueError(refused)
        return cls(url.scheme, host, port)

    @property
    def ip(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The IP address of the host; None for a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def is_loopback(self) -> bool:
        return self.host == "localhost" or (self.ip is not None and self.ip.is_loopback)

    @property
    def needs_path_style(self) -> bool:
        """Whether the path names the bucket, because an IP address has no subdomains (P-02)."""
        return self.host == "localhost" or self.ip is not None

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


class TooSlowError(Exception):
    """A whole response takes too long, although each piece arrives in time."""


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """Call a function and wait at most `seconds`; nothing else limits the head of a response."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    if not wait([future], seconds).done:
        raise TooSlowError
    return future.result()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Return None, so that a redirect raises an error."""


class RemoteBucket:
    """A bucket of a service, and the key that signs requests. Every method raises BucketError."""

    def __init__(self, name: str, endpoint: str, region: str, key: GivenKey) -> None:
        """Raise BucketError if the endpoint is not the address of a service."""
        try:
            self._address = ServiceAddress.parse(endpoint)
        except ValueError as error:
            raise BucketError(str(error)) from None
        self._name, self._endpoint = name, endpoint
        self._region, self._key = region, key
        # A proxy cannot reach the loopback of this machine.
        proxies: dict[str, str] | None = {} if self._address.is_loopback else None
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler(proxies), _NoRedirect
        )

    def get_document(self) -> bytes:
        """Return the document of GetBucketReferer."""
        return self._ask("GET", {"referer": ""})

    def get_rules(self) -> RefererConfiguration:
        """Return the rules in the document of GetBucketReferer."""
        try:
            return referer_xml.parse(self.get_document(), referer_xml.STORED)
        except RefererFormatError:
            raise self._not_the_service() from None

    def put_rules(self, rules: RefererConfiguration) -> None:
        """Replace the rules (PutBucketReferer)."""
        self._ask("PUT", {"referer": ""}, body=referer_xml.format(rules))

    def list_keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys of all objects with a prefix (ListObjectsV2)."""
        query = {"list-type": "2", "encoding-type": "url", "max-keys": "1000", "prefix": prefix}
        tokens = set[str]()
        while True:
            try:
                page = XmlDocument.parse(self._ask("GET", query)).root
                keys = [_texts(item)["Key"] for item in page.find_all("Contents")]
                is_page = page.name == "ListBucketResult"
            except (SourceError, KeyError):
                is_page = False
            if not is_page:
                raise self._not_the_service()
            yield from map(unquote, keys)
            token = _texts(page).get("NextContinuationToken")
            if not token:
                return
            if token in tokens:
                raise BucketError(f"{self._endpoint} repeats a page of its list of objects")
            tokens.add(token)
            query["continuation-token"] = token

    def read(self, object_key: str) -> Iterator[bytes]:
        """Yield the bytes of an object, which may have any size."""
        return self._send("GET", object_key, {}, None, slowest=_SLOWEST)

    def _ask(self, method: str, query: Mapping[str, str], body: bytes | None = None) -> bytes:
        document = bytearray()
        for piece in self._send(method, "", query, body, slowest=0):
            document += piece
            if len(document) > MAX_FILE:
                raise BucketError(f"{self._endpoint} answers with more than {MAX_FILE:,} bytes")
        return bytes(document)

    def _send(
        self,
        method: str,
        object_key: str,
        query: Mapping[str, str],
        body: bytes | None,
        *,
        slowest: int,
    ) -> Iterator[bytes]:
        """Yield a body; the time limit grows by a second for each `slowest` bytes, if not 0."""
        began, size = time.monotonic(), 0
        try:
            with within(_LONGEST, lambda: self._open(method, object_key, query, body)) as answer:
                while piece := answer.read1(_PIECE):
                    size += len(piece)
                    yield piece
                    began += len(piece) / slowest if slowest else 0
                    if time.monotonic() - began > _LONGEST:
                        raise TooSlowError
                promised = answer.headers.get("Content-Length")
        except TooSlowError:
            raise BucketError(
                f"{self._endpoint} cannot be read: it is too slow; try again, or name another "
                "service with --endpoint"
            ) from None
        except URLError as error:
            raise BucketError(self._explain(error.reason)) from None
        except (OSError, http.client.HTTPException) as error:
            raise BucketError(f"{self._endpoint} cannot be read: {why_unanswered(error)}") from None
        if promised not in (None, str(size)):
            raise BucketError(f"{self._endpoint} cannot be read: it broke off")

    def _open(
        self, method: str, object_key: str, query: Mapping[str, str], body: bytes | None
    ) -> http.client.HTTPResponse:
        host, path = self._address.authority, f"/{object_key}"
        if self._address.needs_path_style:
            path = f"/{self._name}{path}"
        else:
            host = f"{self._name}.{host}"
        headers = {"user-agent": "oss-emulator"}
        if body is not None:
            headers["content-type"] = "application/xml"
        signed = sign(
            *(method, self._name, object_key, query, headers),
            key=self._key,
            region=self._region,
            now=time.time(),
        )
        if not all(value.isascii() and value.isprintable() for value in signed.values()):
            raise BucketError(  # the value itself may be secret
                "the access key or the region has a character that no header may have; check "
                "OSS_ACCESS_KEY_ID, OSS_SESSION_TOKEN and --region"
            )
        url = f"{self._address.scheme}://{host}{quote_path(path)}?{format_query(query)}"
        request = urllib.request.Request(  # noqa: S310 - http or https, as the address was parsed
            url.rstrip("?"), body, signed, method=method
        )
        try:
            answer: http.client.HTTPResponse = self._opener.open(request, timeout=_TIMEOUT)
        except HTTPError as error:
            raise BucketError(f"{self._endpoint} answers {_describe(error)}") from None
        except ValueError:  # its text would show a password
            raise BucketError(
                "the proxy of the environment is not a URL; check http_proxy and https_proxy"
            ) from None
        return answer

    def _not_the_service(self) -> BucketError:
        said = "does not answer with the XML of the service"
        return BucketError(f"{self._endpoint} {said}")

    def _explain(self, reason: object) -> str:
        """Describe why there was no response, and what to do about it."""
        if isinstance(reason, ssl.SSLCertVerificationError):
            return (
                f"{self._endpoint} has a certificate that is not trusted: {reason.verify_message}; "
                "name the file of its CA in SSL_CERT_FILE"
            )
        advice = "start it, or name another service with --endpoint"
        return f"{self._endpoint} does not answer: {why_unanswered(reason)}; {advice}"


def why_unanswered(error: object) -> str:
    """Describe in one short line why a connection failed."""
    if isinstance(error, http.client.IncompleteRead):
        return "it broke off"
    return _one_line(getattr(error, "strerror", None) or str(error) or "it broke off")


def _describe(error: HTTPError) -> str:
    with error:
        if 300 <= error.code < 400:
            return f"{error.code} with a redirect, which is not followed; name another --endpoint"
        try:
            texts = _texts(XmlDocument.parse(error.read(_PIECE)).root)
        except (OSError, http.client.HTTPException, SourceError):  # perhaps from a proxy
            texts = {}
    code = _one_line(texts.get("Code", ""))
    if not code:
        return f"{error.code} {_one_line(error.reason)}".rstrip()
    said = f"{error.code} {code}: {_one_line(texts.get('Message', ''))}".rstrip(": ")
    advice = _ADVICE.get(texts.get("EC", "")) or _ADVICE.get(code)
    if place := _one_line(texts.get("Endpoint", "")):
        advice = f"add --endpoint https://{place}"
    return f"{said.rstrip('.')}; {advice}" if advice else said


def _one_line(text: str) -> str:
    """Return a text from outside as one line of bounded length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _MAX_MESSAGE else f"{line[:_MAX_MESSAGE]}…"


def _texts(element: XmlElement) -> dict[str, str]:
    return {child.name: child.text for child in element.children}


# Signatures of version 4 (P-14), without the code of the server that verifies them

_SCHEME = "OSS4-HMAC-SHA256"
_END = "aliyun_v4_request"
_CONTENT = "UNSIGNED-PAYLOAD"
_ALSO_SIGNED = ("content-md5", "content-type")


def sign(
    method: str,
    bucket: str,
    object_key: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    *,
    key: GivenKey,
    region: str,
    now: float,
) -> dict[str, str]:
    """Return the headers of a request and those that sign it; all names are in lower case.

    `now` is in seconds since 1970. `bucket` and `object_key` may be "".
    """
    # Not strftime, which writes the year 1 with one digit.
    date = "{:04}{:02}{:02}T{:02}{:02}{:02}Z".format(*time.gmtime(now)[:6])
    signed = {**headers, "x-oss-date": date, "x-oss-content-sha256": _CONTENT}
    if key.token:
        signed["x-oss-security-token"] = key.token
    lines = "".join(
        f"{name}:{value.strip()}\n"
        for name, value in sorted(signed.items())
        if name.startswith("x-oss-") or name in _ALSO_SIGNED
    )
    path = quote_path(f"/{bucket}/{object_key}" if bucket else "/")
    canonical = f"{method}\n{path}\n{format_query(query)}\n{lines}\n\n{_CONTENT}"
    scope = [date[:8], region, "oss", _END]
    digest = sha256(_encode(canonical)).hexdigest()
    secret = _encode(f"aliyun_v4{key.secret}")
    for part in (*scope, f"{_SCHEME}\n{date}\n{'/'.join(scope)}\n{digest}"):
        secret = hmac.digest(secret, _encode(part), "sha256")
    credential = "/".join([key.id, *scope])
    signed["authorization"] = f"{_SCHEME} Credential={credential},Signature={secret.hex()}"
    return signed


def format_query(query: Mapping[str, str]) -> str:
    """Format a query for the signature and the URL: sorted, and no `=` after an empty value."""
    pairs = sorted((_quote(name), _quote(value)) for name, value in query.items())
    return "&".join(f"{name}={value}" if value else name for name, value in pairs)


def quote_path(path: str) -> str:
    """Percent-encode a path except for its slashes."""
    return quote(path, errors="surrogateescape")


def _quote(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
