"""A client of a service: sends and signs requests at a limited rate."""

import http.client
import json
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from threading import Event
from urllib.parse import quote, urlsplit

from oss_referer.engine.decision import Signing
from oss_referer.sources.account import GivenKey
from oss_referer.sources.bucket import (
    ServiceAddress,
    TooSlowError,
    sign,
    why_unanswered,
    within,
)
from oss_referer.sources.toml import MAX_FILE
from oss_referer.terminal.parser import InputError

from oss_emulator.protocol import dates
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import presigning, v1, v2, v4
from oss_emulator.recording.playing import PlayedAnswer, strip
from oss_emulator.recording.scenario import RecordedSignature

_EXPIRES = 3600  # seconds


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs requests for one region with one key."""

    key: GivenKey
    region: str

    def sign(
        self,
        signature: RecordedSignature,
        method: str,
        bucket: str,
        object_key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> tuple[str, Mapping[str, str]]:
        """Return the query string and the headers of the signed request."""
        now, (key_id, secret, token) = time.time(), self.key
        is_url = signature.place is Signing.URL
        if signature.version == 4:
            address = (method, bucket, object_key, query)
            if not is_url:
                signed = sign(*address, headers, key=self.key, region=self.region, now=now)
                return presigning.format_query(query), signed
            text = presigning.sign_url(
                *address,
                access_key_id=key_id,
                secret=secret,
                region=self.region,
                now=now,
                expires=_EXPIRES,
                token=token,
                headers=headers.items(),
            )
            return text, headers
        version = v1 if signature.version == 1 else v2
        form = "{}:{}" if version is v1 else "AccessKeyId:{},Signature:{}"
        expires, identity, name = version.PARAMETERS
        if is_url:
            query = {**query, expires: str(int(now) + _EXPIRES), identity: key_id}
            query |= {"x-oss-signature-version": v2.SCHEME} if version is v2 else {}
            query |= {"security-token": token} if token else {}
            claim = version.parse_url({**query, name: "-"})
        else:
            headers = {**headers, "date": formatdate(now, usegmt=True)}
            headers |= {"x-oss-security-token": token} if token else {}
        text = presigning.format_query(query)
        request = Request.parse(method, f"/?{text}", headers.items(), now)
        if not is_url:
            claim = version.parse_header(request, form.format(key_id, "-"))
        value = version.calculate(claim, request, bucket, object_key, secret).signature
        if is_url:
            return f"{text}&{name}={quote(value, safe='')}", headers
        credentials = f"{version.SCHEME} {form.format(key_id, value)}"
        return text, {**headers, "authorization": credentials}

    def sign_form(self, bucket: str, object_key: str, version: int) -> dict[str, str]:
        """Return the fields of a form that uploads an object (PostObject)."""
        now = time.time()
        date = dates.format_compact(now)
        fields = {"x-oss-security-token": self.key.token} if self.key.token else {}
        if version == 4:
            credential = presigning.format_credential(self.key.id, date, self.region)
            fields |= {"x-oss-signature-version": v4.SCHEME, "x-oss-date": date}
            fields |= {"x-oss-credential": credential}
        ends = dates.format_iso(now + _EXPIRES)
        conditions = [{"bucket": bucket}, *({name: value} for name, value in fields.items())]
        document = json.dumps({"expiration": ends, "conditions": conditions})
        policy = b64encode(document.encode())
        fields |= {"key": object_key, "policy": policy.decode()}
        if version == 4:
            key = v4.signing_key(self.key.secret, date[:8], self.region, "oss")
            return {**fields, "x-oss-signature": v4.sign(key, policy)}
        signature = v1.sign(self.key.secret, policy)
        return {**fields, "OSSAccessKeyId": self.key.id, "Signature": signature}


TIMEOUT = 20  # seconds, for the connection and for each piece of an answer
LONGEST = 60.0  # seconds in sum, of one request or several, until a whole answer arrives

Fields = Sequence[tuple[str, str]]


class ServiceClient:
    """A client of the service at an endpoint. `sent` counts its requests.

    It can send what `RemoteBucket` cannot: repeated headers, forms and wrong signatures.
    """

    def __init__(
        self,
        endpoint: str,
        rate: float | None = None,
        *,
        host: str = "",
        context: ssl.SSLContext | None = None,
    ) -> None:
        """`rate` is the maximum number of requests a second; None sends without pauses.

        `host` is the name of the service in requests, by default that of the endpoint. Raises
        InputError for an endpoint that is not the URL of a server.
        """
        self.endpoint = endpoint
        self.sent = 0
        try:
            self._address = ServiceAddress.parse(endpoint)
        except ValueError as error:
            raise InputError(str(error)) from None
        self._host = host or self._address.authority
        self._context = context
        self._is_by_path = not host and self._address.needs_path_style
        self._pause = 1 / rate if rate else 0.0
        self._next = 0.0
        self._waited = 0.0
        """Seconds since the last answer that requests have waited."""

    def send(
        self, method: str, bucket: str, key: str, query: str, headers: Fields, body: bytes = b""
    ) -> PlayedAnswer:
        """Send one request on a new connection. Raises InputError if no answer arrives.

        `bucket` may be "" for a request to the service itself. Control characters are stripped from
        the headers of the answer.
        """
        host = self._host if self._is_by_path or not bucket else f"{bucket}.{self._host}"
        path = f"/{bucket}/{key}" if self._is_by_path and bucket else f"/{key}"
        target = f"{path}?{query}" if query else path
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + self._pause
        self.sent += 1
        connection, is_over, began = self._connect(host), Event(), time.monotonic()

        def exchange() -> PlayedAnswer:
            connection.connect()
            if is_over.is_set():  # a request that begins now could create what nobody deletes
                raise TooSlowError
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in (("Host", host), *headers):
                connection.putheader(name, value)
            if body or method in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            fields = {strip(name).lower(): strip(value) for name, value in answer.getheaders()}
            return PlayedAnswer(answer.status, fields, answer.read(MAX_FILE))

        try:
            reply = within(max(0.0, LONGEST - self._waited), exchange)
            began, self._waited = time.monotonic(), 0.0
            return reply
        except TooSlowError:
            why = f"no answer arrived within {LONGEST:g} seconds"
            raise InputError(f"{self.endpoint} does not answer: {why}") from None
        except (OSError, http.client.HTTPException) as error:
            why = why_unanswered(error)
            raise InputError(f"{self.endpoint} does not answer: {why}") from None
        except ValueError as error:  # a header with an id that the service has made up
            why = why_unanswered(error)
            raise InputError(f"{method} {target}: the request cannot be sent: {why}") from None
        finally:
            self._waited += time.monotonic() - began
            is_over.set()
            if (sent := connection.sock) is not None:
                with suppress(OSError):
                    sent.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _connect(self, host: str) -> http.client.HTTPConnection:
        address = self._address
        # Connect to an emulator by its address, regardless of the name in the request.
        name = address.host if address.ip else urlsplit(f"//{host}").hostname or ""
        if address.scheme == "https":
            return http.client.HTTPSConnection(
                name, address.port, timeout=TIMEOUT, context=self._context
            )
        return http.client.HTTPConnection(name, address.port, timeout=TIMEOUT)
