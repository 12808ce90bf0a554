"""An experiment: a bucket that is prepared for the questions of `parity`, and restored afterwards.

A bucket that existed before keeps its ACL, and its own objects are not touched. Only its rules are
replaced, and put back afterwards.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial

from oss_referer import Signing
from oss_referer.terminal.parser import CommandError, InputError

from oss_emulator.cli.client import ServiceClient, Signer
from oss_emulator.parity.inquiries import (
    SETUPS,
    Ask,
    Fetch,
    GetRules,
    PutAcl,
    PutRules,
    Reply,
    RequestTarget,
    ServiceRequest,
    Setup,
)
from oss_emulator.protocol import conditions
from oss_emulator.protocol.signature import presigning

_OBJECTS = {
    RequestTarget.OPEN: "public-read",
    RequestTarget.CLOSED: "private",
    RequestTarget.SPARE: "",
}
"""The objects that are put, each with its ACL; "" for that of the bucket."""

_CONTENT = b"put by oss-emulator parity"

_ATTEMPTS = 2
"""How often each request of restoring is sent at most."""

OVERHEAD = 3 + len(_OBJECTS) * 2 + 2 + (len(_OBJECTS) + 1) * _ATTEMPTS
"""The most requests that preparing and restoring take."""


class Experiment:
    """A bucket for questions."""

    def __init__(
        self, client: ServiceClient, signer: Signer, bucket: str, pause: float = 0.0
    ) -> None:
        """`pause` is how long to wait for rules to take effect, in seconds."""
        self._client = client
        self._signer = signer
        self._bucket = bucket
        self._pause = pause
        self._folder = f"oss-emulator-parity-{secrets.token_hex(4)}"
        self._rules = b""
        self._undo: list[tuple[str, Callable[[], Reply]]] = []
        """What to undo: what is wrong if that fails, and the request."""
        self._reasons: dict[Signing, str] = {}
        """Why requests that are signed in these ways cannot reach an object."""
        self.existed = False
        """Whether the bucket existed before."""

    def look(self) -> None:
        """Find out whether the bucket exists. Raises InputError if it cannot be used."""
        reply = self._call("GET", {"referer": ""})
        self.existed = reply.status == 200
        self._rules = reply.body
        if not self.existed and reply.code != "NoSuchBucket":
            raise InputError(f"oss://{self._bucket}: the service answers {reply}")
        if self.existed and b"<Status>" in self._call("GET", {"versioning": ""}).body:
            raise InputError(
                f"oss://{self._bucket}: the bucket has versioning, which would keep what is "
                "deleted; name another bucket"
            )

    def prepare(self) -> None:
        """Create the bucket, if need be, and its objects. Raises CommandError."""
        if self.existed:
            rules = self._rules.decode(errors="replace")
            problem = f"the rules could not be put back; they were {rules}"
            self._undo.append((problem, lambda: self._put_rules(self._rules)))
        else:
            self._undo.append(("the bucket is left", lambda: self._call("DELETE")))
            reply = self._call("PUT")
            if reply.status >= 300:
                self._undo.clear()
            self._expect(reply, "PutBucket")
        for target, acl in _OBJECTS.items():
            problem = f"the object {self._key(target)} is left"
            self._undo.append((problem, partial(self._call, "DELETE", key=self._key(target))))
            reply = self._put_object(target, acl)
            if acl and reply.status == 403:  # the service may block public access
                self._reasons[Signing.NONE] = f"the ACL {acl} of an object was answered {reply}"
                reply = self._put_object(target, "")
            self._expect(reply, "PutObject")
        for signing in (Signing.NONE, Signing.URL):
            reply = self.send(Fetch(signing=signing))
            if reply.status >= 300 and not reply.is_denial:
                self._reasons.setdefault(signing, f"GetObject ({signing}) was answered {reply}")

    @property
    def is_touched(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._undo)

    def restore(self) -> tuple[str, ...]:
        """Undo everything, the last target first; returns a sentence for each failure."""
        failures = []
        for problem, undo in reversed(self._undo):
            failed = ""
            for _ in range(_ATTEMPTS):
                failed = _try(undo)
                if not failed:
                    break
                self.pause()
            if failed:
                failures.append(f"oss://{self._bucket}: {problem} ({failed})")
        self._undo.clear()
        return tuple(failures)

    def send(self, request: ServiceRequest) -> Reply:
        """Send one request of the questions. Raises CommandError without an answer."""
        match request:
            case Fetch():
                return self._fetch(request)
            case PutRules():
                return self._put_rules(request.document, request.content_md5)
            case GetRules():
                name = f"{self._folder}-missing" if request.missing else self._bucket
                return self._call("GET", {"referer": ""}, bucket=name)
            case PutAcl():
                return self._call("PUT", {"acl": ""}, {"x-oss-acl": request.acl})

    def pause(self) -> None:
        """Give the service time to put rules into effect."""
        time.sleep(self._pause)

    @property
    def left_out(self) -> Mapping[Setup, str]:
        """The setups that cannot be asked under, each with the reason."""
        found = {}
        for setup in SETUPS:
            if setup.needs_own_bucket and self.existed:
                found[setup] = "the bucket existed before, and its ACL is left alone"
            elif setup.canaries and Signing.URL in self._reasons:
                found[setup] = self._reasons[Signing.URL]
        return found

    def withheld(self, ask: Ask) -> str:
        """Return why a request cannot show anything about rules, or ""."""
        request = ask.request
        if not isinstance(request, Fetch) or request.target is not RequestTarget.OPEN:
            return ""
        return "" if request.method == "OPTIONS" else self._reasons.get(request.signing, "")

    def _fetch(self, fetch: Fetch) -> Reply:
        query, key = dict(fetch.query), self._key(fetch.target)
        headers = [("Referer", referer) for referer in fetch.referers]
        if fetch.copies:
            source = f"/{self._bucket}/{self._key(RequestTarget.OPEN)}"
            headers.append((conditions.COPY_SOURCE, source))
        text, body = presigning.format_query(query), b""
        match fetch.signing:
            case Signing.URL:
                text = self._signer.sign_url(fetch.method, self._bucket, key, query, headers)
                text = text[:-8] + "00000000" if fetch.forged else text
            case Signing.HEADER:
                signed = self._signer.sign_headers(fetch.method, self._bucket, key, query, {})
                headers += signed.items()
            case Signing.FORM:
                kind, body = _form(self._signer.sign_form(self._bucket, key))
                headers.append(("Content-Type", kind))
                key = ""
        if fetch.method == "OPTIONS":
            headers.append(("Origin", "https://www.example.com"))
            headers.append(("Access-Control-Request-Method", "GET"))
        if fetch.method == "PUT" and not fetch.copies:
            body = _CONTENT
        return self._client.send(fetch.method, self._bucket, key, text, headers, body=body)

    def _put_rules(self, document: bytes, content_md5: str = "") -> Reply:
        headers = {"content-md5": content_md5} if content_md5 else {}
        return self._call("PUT", {"referer": ""}, headers, document)

    def _put_object(self, target: RequestTarget, acl: str) -> Reply:
        headers = {"x-oss-object-acl": acl} if acl else {}
        return self._call("PUT", {}, headers, _CONTENT, key=self._key(target))

    def _call(
        self,
        method: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        key: str = "",
        bucket: str = "",
    ) -> Reply:
        """Send a request that is signed in its header."""
        bucket = bucket or self._bucket
        signed = self._signer.sign_headers(method, bucket, key, query or {}, headers or {})
        text = presigning.format_query(query or {})
        return self._client.send(method, bucket, key, text, list(signed.items()), body=body)

    def _expect(self, reply: Reply, operation: str) -> None:
        if reply.status >= 300:
            raise CommandError(f"oss://{self._bucket}: {operation} was answered {reply}")

    def _key(self, target: RequestTarget) -> str:
        return "" if target is RequestTarget.BUCKET else f"{self._folder}/{target.name.lower()}"


def _try(undo: Callable[[], Reply]) -> str:
    """Send a request of restoring; returns why it failed, or ""."""
    try:
        reply = undo()
    except (CommandError, KeyboardInterrupt) as error:
        return str(error) or "interrupted"
    return "" if reply.status < 300 or reply.status == 404 else str(reply)


def _form(fields: Mapping[str, str]) -> tuple[str, bytes]:
    """Return the content type and the body of a form that uploads a file."""
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = 'Content-Disposition: form-data; name="file"; filename="file"'
    head = f"{''.join(parts)}--{boundary}\r\n{file}\r\n\r\n".encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", head + _CONTENT + tail
