"""Random requests of OSS, of S3 and below `/_emulator/`: no failure, no traceback, no hang.

Half of them go to a server that accepts every signature, so that the operations are reached, and
half to one in strict mode. `python -m tests.hard.fuzz [REQUESTS [SEED]]` is the long form.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from base64 import b64encode
from collections import Counter
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from oss_emulator.cli.client import Signer
from oss_emulator.control import api
from oss_emulator.control.console import PAGES
from oss_emulator.operations import DOCUMENTS, OPERATIONS
from oss_emulator.protocol.parameters import PARAMETERS, SUBRESOURCES
from oss_emulator.recording.scenario import RecordedSignature
from oss_referer.sources.account import GivenKey

from tests.cli.forking import serving
from tests.client import Answer, Client, Connection, write
from tests.http import forms

MODES = {
    "off": ("--auth", "off"),
    "strict": ("--auth", "strict", "--strict-s3", "--strict-addressing"),
}
KEY = GivenKey("oss-emulator", "oss-emulator-secret", None)
DOCUMENTED = {501}
"""The statuses from 500 on that a request alone can cause: NotImplemented."""

SLOWEST = 20.0
"""Seconds within which every answer is complete."""

BUCKET = "fuzz"
KEYS = ("a", "dir/b", "appendable", "中", "\x00", "a/../b", "x" * 1100, "/lead", "", "a b+c")
METHODS = sorted({item.method for item in OPERATIONS} | {"PATCH", "TRACE", "LINK", "get"})
QUERIES = sorted((SUBRESOURCES | PARAMETERS | {"x-oss-process", "nobody-knows"}) - {"objectMeta"})
ROOTS = sorted(
    {document.schema.name for document in DOCUMENTS}
    | {"BucketCnameConfiguration", "ExtendWormConfiguration", "InitiateWormConfiguration"}
    | {"InventoryConfiguration", "QoSConfiguration", "ReplicationConfiguration", "ReplicationRule"}
    | {"ReplicationRules", "Style", "VersioningConfiguration"}
    | {"Delete", "CompleteMultipartUpload", "RestoreRequest", "SelectRequest"}
)
BODIES = (
    b"{}",
    b'{"Version":"1","Statement":[]}',
    b"<a>" * 5000,
    b'<!DOCTYPE a [<!ENTITY b "c">]><Tagging>&b;</Tagging>',
    forms.form([("key", "posted"), ("success_action_status", "201")]),
    forms.form([("key", "a\udcff"), ("success_action_redirect", "http://\udcff")]),
    forms.form([("key", "posted"), ("success_action_redirect", "http://\udcff")]),
    forms.form([("key", "posted")])[:-9],
)
"""Bodies that are valid, or nearly."""

CORS = b"""<CORSConfiguration><CORSRule><AllowedOrigin>http://*</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod><AllowedHeader>*</AllowedHeader></CORSRule></CORSConfiguration>"""
WEBSITE = b"""<WebsiteConfiguration><IndexDocument><Suffix>b</Suffix><SupportSubDir>true
</SupportSubDir></IndexDocument><RoutingRules><RoutingRule><RuleNumber>1</RuleNumber>
<Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition>
<Redirect><RedirectType>External</RedirectType><PassQueryString>true</PassQueryString>
</Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>""".replace(b"true\n<", b"true<")
CONTENTS: tuple[tuple[str, str, dict[str, str], bytes], ...] = (
    ("", "", {"x-oss-acl": "public-read-write"}, b""),
    ("a", "", {"content-type": "text/plain"}, b"content" * 400),
    ("dir/b", "", {"x-oss-storage-class": "Archive"}, b""),
    ("", "cors", {}, CORS),
    ("", "website", {}, WEBSITE),
)
"""The bucket of each server: a key, a sub-resource, headers and a body."""
HEADERS = """
    acl object-acl storage-class copy-source copy-source-range copy-source-if-match tagging
    metadata-directive tagging-directive meta-a forbid-overwrite server-side-encryption
    hash-crc64ecma symlink-target range-behavior traffic-limit complete-all request-payer date
    server-side-encryption-key-id server-side-data-encryption copy-source-range callback
    callback-var resource-group-id copy-source-if-modified-since security-token
    decoded-content-length content-sha256 object-lock-mode
    object-lock-retain-until-date checksum-crc32 sdk-checksum-algorithm process
    multi-range-behavior
""".split()
PLAIN_HEADERS = """
    range if-match if-none-match if-modified-since if-unmodified-since content-type content-md5
    content-encoding cache-control expires accept-encoding accept origin referer date authorization
    access-control-request-method access-control-request-headers cookie x-oss-emulator
""".split()
VALUES = (
    *"0 1 -1 2 1000 1001 99999999999999999999 819200 true yes url null Enabled private".split(),
    *"public-read Standard IA Archive AES256 COPY REPLACE gzip * bytes=0-9 bytes=-1".split(),
    *"bytes=9-0 /fuzz/a /fuzz/missing /fuzz/a?versionId=x a=b a=b&a=c text/html".split(),
    *"bytes=0-1,1- multi-range".split(),
    *"image/resize,w_10 image/info image/blur,r_3,s_2 2030-01-01T00:00:00Z".split(),
    *("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "aws-chunked", "UNSIGNED-PAYLOAD"),
    *("", " ", "%", "%zz", "é中", "\udcff", "http://a.example", "http://\x80", "[" * 2000),
    *("9" * 5000, "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 99 Oct 99999 07:28:00 GMT", "x" * 9000),
    *("AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0", "AWS a:b"),
    *("multipart/form-data", forms.TYPE, "text/plain", "KMS", "standard", "\udcff", "[" * 2000),
    b64encode(b'{"callbackUrl": "127.0.0.1:1", "callbackBody": "${etag}"}').decode(),
    b64encode(b"[" * 3000).decode(),
    *("OSS a:b", "OSS4-HMAC-SHA256 Credential=a/b/c/d/e, Signature=0", "oss-emulator-session=x"),
)
PIECES = (
    "Key",
    "Status",
    "Rule",
    "ID",
    "Part",
    "ETag",
    "Days",
    "Tag",
    "Value",
    "Referer",
    "Prefix",
)
HOSTS = (f"{BUCKET}.localhost", "localhost:80", "", "\udcff", "nobody.example", "[::1]")
MEMBERS = """
    rules requests referer bucket signed method site allow_empty AllowEmptyReferer RefererList
    Referer text name shift time status code times operation key acl expires mini_programs cdn
    Version Statement Effect Action Resource Principal Condition expiration conditions
""".split()


class Fuzzer:
    """Makes random requests, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311
        self._signer = Signer(KEY, "cn-hangzhou")

    def make(self) -> tuple[str, bytes]:
        """Make a request; returns its method and its bytes."""
        chance = self._chance
        kind = chance.choice((self._of_oss, self._of_oss, self._of_s3, self._of_emulator))
        method, target, fields, body = kind()
        if chance.random() < 0.02:
            body = None
        return method, write(method, target, fields, body)

    def put(self, key: str, query: str, headers: dict[str, str], body: bytes) -> bytes:
        """Make a request that fills the bucket."""
        asked = ("PUT", BUCKET, key, self._of(query), dict(headers))
        _, signed = self._signer.sign(RecordedSignature(), *asked)
        target = f"/{key}?{query}" if query else f"/{key}"
        return write("PUT", target, [("Host", f"{BUCKET}.localhost"), *signed.items()], body)

    def _of_oss(self) -> tuple[str, str, list[tuple[str, str]], bytes | None]:
        chance = self._chance
        bucket = chance.choice((BUCKET, BUCKET, BUCKET, BUCKET, "", "missing-bucket"))
        key = chance.choice(KEYS) if bucket and chance.random() < 0.7 else ""
        method = chance.choice(METHODS)
        query = self._query()
        if chance.random() < 0.5:
            operation = chance.choice(OPERATIONS)
            method = operation.method
            if "objectMeta" not in operation.subresource:
                query = self._of(operation.subresource) | query
        fields = self._headers("x-oss-")
        signed = dict(fields)
        try:
            asked = (method, bucket, key, query, dict(fields))
            signed = dict(self._signer.sign(RecordedSignature(), *asked)[1])
        except (UnicodeError, ValueError):  # a text that a client cannot sign
            signed = dict(fields)
        host = chance.choice(("127.0.0.1",) * 6 + HOSTS)
        return (
            method,
            self._target(bucket, key, query),
            [("Host", host), *signed.items()],
            self._body(),
        )

    def _of_s3(self) -> tuple[str, str, list[tuple[str, str]], bytes | None]:
        method, target, fields, body = self._of_oss()
        renamed = [
            (name.replace("x-oss-", "x-amz-"), value.replace("OSS4-", "AWS4-"))
            for name, value in fields
        ]
        if self._chance.random() < 0.3:
            renamed.append(("x-amz-content-sha256", self._value()))
        return method, target.replace("x-oss-", "x-amz-"), renamed, body

    def _of_emulator(self) -> tuple[str, str, list[tuple[str, str]], bytes | None]:
        chance = self._chance
        method, path = chance.choice(routes())
        rest = chance.choice((BUCKET, BUCKET, "missing", "1", "9" * 30, "%ff", "a/b", ""))
        path = path.partition("{")[0] + (rest if "{" in path else "")
        query = {chance.choice(("key", "status", "verdict", "since", "limit")): self._value()}
        target = f"/_emulator/{path}" + chance.choice(("", "", self._target("", "", query)[1:]))
        fields = [("Host", "127.0.0.1"), *self._headers("x-oss-")]
        fields = [pair for pair in fields if pair[0] not in ("accept", "origin", "x-oss-emulator")]
        fields.append(("x-oss-emulator", "1"))
        fields.append(("Accept", chance.choice(("*/*", "text/html"))))
        body = json.dumps(self._json(0), ensure_ascii=chance.random() < 0.5)
        sent = body.encode("utf-8", "surrogateescape")
        return method, target, fields, self._spoil(sent) if method in ("PUT", "POST") else None

    def _headers(self, prefix: str) -> list[tuple[str, str]]:
        chance = self._chance
        names = [prefix + name for name in chance.sample(HEADERS, chance.choice((0, 0, 1, 2)))]
        names += chance.sample(PLAIN_HEADERS, chance.choice((0, 0, 1, 2)))
        return [(name, self._value().strip()) for name in names]

    def _query(self) -> dict[str, str]:
        chance = self._chance
        return {chance.choice(QUERIES): self._value() for _ in range(chance.choice((0, 0, 1, 2)))}

    @staticmethod
    def _of(subresource: str) -> dict[str, str]:
        pairs = (part.partition("=") for part in subresource.split("&") if part)
        return {name: value for name, _, value in pairs}

    @staticmethod
    def _target(bucket: str, key: str, query: dict[str, str]) -> str:
        path = f"/{bucket}/{quote(key, errors='surrogateescape')}" if bucket else "/"
        pairs = [
            "=".join(quote(text, safe="", errors="surrogateescape") for text in pair if text)
            for pair in query.items()
        ]
        return f"{path}?{'&'.join(pairs)}" if pairs else path

    def _value(self) -> str:
        return self._chance.choice(VALUES)

    def _body(self) -> bytes:
        chance = self._chance
        if chance.random() < 0.3:
            return bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
        if chance.random() < 0.2:
            return self._spoil(json.dumps(self._json(0)).encode())
        if chance.random() < 0.2:
            return chance.choice(BODIES)
        root = chance.choice(ROOTS)
        text = f"<{root}>{self._xml(0)}</{root}>"
        return self._spoil(text.encode("utf-8", "surrogateescape"))

    def _xml(self, depth: int) -> str:
        chance = self._chance
        if depth > 3 or chance.random() < 0.3:
            return chance.choice((self._value(), "&#1;", "&no;", "<![CDATA[x]]>", ""))
        names = [chance.choice(PIECES) for _ in range(chance.randrange(3))]
        return "".join(f"<{name}>{self._xml(depth + 1)}</{name}>" for name in names)

    def _json(self, depth: int) -> Any:
        chance = self._chance
        if depth > 3 or (depth and chance.random() < 0.5):
            more: tuple[Any, ...] = (None, True, 1, -1, 1.5, 10**300, [], {}, [{}], "none", "GET")
            return chance.choice((*more, self._value()))
        if chance.random() < 0.2:
            return [self._json(depth + 1) for _ in range(chance.randrange(3))]
        return {
            chance.choice(MEMBERS): self._json(depth + 1) for _ in range(chance.randrange(1, 5))
        }

    def _spoil(self, data: bytes) -> bytes:
        """Damage a body now and then."""
        chance = self._chance
        if not data or chance.random() < 0.8:
            return data
        place = chance.randrange(len(data))
        return chance.choice(
            (data[:place], data[:place] + b"\xff" + data[place:], data[:place] * 2)
        )


@cache
def routes() -> tuple[tuple[str, str], ...]:
    """Return all routes below `/_emulator/`."""
    found = {(route.method, route.path) for route in api.ROUTES}
    for page in set(PAGES.values()):
        module = import_module(f"oss_emulator.control.console.{page}")
        found |= {(route.method, route.path) for route in module.ROUTES}
    return tuple(sorted(found))


def run(folder: Path, requests: int, seed: int = 0) -> Counter[str]:
    """Send random requests in each mode; raises `AssertionError` for a wrong answer or a hang."""
    happened: Counter[str] = Counter()
    for number, (mode, flags) in enumerate(MODES.items()):
        place = folder / mode
        place.mkdir()
        with serving(place, "--log-level", "error", *flags) as running:
            sender = Sender(Client("127.0.0.1", running.port))
            fuzzer = Fuzzer(seed + number)
            for content in CONTENTS:
                assert sender.ask("PUT", fuzzer.put(*content)).status == 200, content
            for _ in range(requests // len(MODES)):
                method, sent = fuzzer.make()
                happened[f"{mode} {sender.ask(method, sent).status // 100}xx"] += 1
            assert running.end() == 0
            assert running.stderr.read_text() == ""
    return happened


def check(answer: Answer, sent: bytes) -> None:
    """Check that an error of the service has its form (P-30)."""
    if b"/_emulator/" in sent.partition(b"\r\n")[0] or answer.status < 400:
        return
    if answer.status == 400 and answer.headers["Connection"] == "close" and not answer.document:
        return  # malformed HTTP is answered before the method is known to be HEAD
    if sent.startswith(b"HEAD") and not answer.document:
        return  # S3 has no document for HEAD
    error = answer.error
    assert error["Code"], (sent, answer)
    assert error["RequestId"] == answer.headers["x-oss-request-id"], (sent, answer)
    assert answer.headers.get("x-oss-ec", "") == error.get("EC", ""), (sent, answer)
    assert answer.status != 501 or error["Code"] == "NotImplemented", (sent, answer)


class Sender:
    """Sends requests on one connection for as long as the server keeps it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._connection: Connection | None = None

    def ask(self, method: str, sent: bytes) -> Answer:
        """Send a request, check its answer, and undo changes that would make later ones fail."""
        answer = self._exchange(method, sent)
        line = sent.partition(b"\r\n")[0]
        if b"/_emulator/" in line and answer.status < 300:
            self._undo(line)
        return answer

    def _exchange(self, method: str, sent: bytes) -> Answer:
        began = time.monotonic()
        if self._connection is None:
            self._connection = self._client.connect().__enter__()
        try:
            self._connection.send(sent)
            answer = self._connection.receive(method)
        except Exception as error:
            error.add_note(repr(sent[:4000]))
            raise
        assert answer.status < 500 or answer.status in DOCUMENTED, (sent, answer)
        assert time.monotonic() - began < SLOWEST, sent
        check(answer, sent)
        if answer.headers["Connection"] == "close":
            self._connection.__exit__(None, None, None)
            self._connection = None
        return answer

    def _undo(self, line: bytes) -> None:
        head = [("Host", "127.0.0.1"), ("x-oss-emulator", "1")]
        if b"/_emulator/faults" in line and line.startswith(b"POST"):
            self._exchange("DELETE", write("DELETE", "/_emulator/faults", head))
        if b"/_emulator/clock" in line and line.startswith(b"PUT"):
            self._exchange("PUT", write("PUT", "/_emulator/clock", head, b'{"shift": 0}'))


if __name__ == "__main__":
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    chosen = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)  # noqa: S311
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="oss-emulator-") as scratch:
        found = dict(run(Path(scratch), most, chosen))
    print(f"{most} requests: {found}, seed {chosen}, {time.monotonic() - start:.0f} s")
