"""No cache is stale: long-lived services answer like a new one.

Two services share a folder, each in a thread of its own, and cache the results of requests. After
each random change by one of them, both are asked the same as a new service in a new thread.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from oss_emulator.control import controls
from oss_emulator.operations.configurations import TRANSFER_ACCELERATION as ACCELERATION
from oss_emulator.pipeline.accounts import open_accounts
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import FileRange, Request, Response, Stream
from oss_emulator.protocol.signature import SignedIn, Version
from oss_emulator.settings import Settings
from oss_emulator.storage.disk import DiskStorage
from oss_referer import Assumptions
from oss_referer.engine.assumptions import SourceOfCopy

from tests.thorough import cases
from tests.unit.pipeline.service import PAGE, RULES, SETTINGS, THIEF
from tests.unit.pipeline.signing import NOW, Dialect, Scheme, Sent

DAY = 24 * 3600.0


def versioning(status: str) -> bytes:
    text = f"<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>"
    return text.encode()


def policy(effect: str, condition: str = "") -> bytes:
    return (
        f'{{"Version": "1", "Statement": [{{"Effect": "{effect}", "Principal": ["*"], "Action": '
        f'["oss:*"], "Resource": ["acs:oss:*:*:*"]{condition}}}]}}'
    ).encode()


UNTIL_TOMORROW = ', "Condition": {"DateLessThan": {"acs:CurrentTime": "2023-11-15T10:00:00Z"}}'
CORS = b"""<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET
</AllowedMethod></CORSRule></CORSConfiguration>""".replace(b"\n", b"")
WEBSITE = b"""<WebsiteConfiguration><IndexDocument><Suffix>a</Suffix></IndexDocument><ErrorDocument>
<Key>a</Key></ErrorDocument></WebsiteConfiguration>""".replace(b"\n", b"")
CNAME = (
    b"<BucketCnameConfiguration><Cname><Domain>a.test</Domain></Cname></BucketCnameConfiguration>"
)
ENCRYPTION = b"""<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256
</SSEAlgorithm></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>""".replace(
    b"\n", b""
)
PAYER = b"<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>"
BLOCKED = b"""<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess>
</PublicAccessBlockConfiguration>""".replace(b"\n", b"")
ACCELERATED = b"""<TransferAccelerationConfiguration><Enabled>true</Enabled>
</TransferAccelerationConfiguration>""".replace(b"\n", b"")
OPEN_RULES = RULES.replace(b"false", b"true").replace(b"http://www.example.com/", b"http://x/")

CHANGES: tuple[tuple[str, str, bytes, dict[str, str]], ...] = (
    ("PUT", "/bucket", b"", {}),
    ("DELETE", "/bucket", b"", {}),
    *(("PUT", "/bucket?acl", b"", {"x-oss-acl": acl}) for acl in ("private", "public-read")),
    *(("PUT", "/bucket?acl", b"", {"x-oss-acl": acl}) for acl in ("public-read-write",)),
    *(("PUT", "/bucket?policy", policy(effect), {}) for effect in ("Allow", "Deny")),
    ("PUT", "/bucket?policy", policy("Allow", UNTIL_TOMORROW), {}),
    ("DELETE", "/bucket?policy", b"", {}),
    ("PUT", "/bucket?referer", RULES, {}),
    ("PUT", "/bucket?referer", OPEN_RULES, {}),
    ("PUT", "/bucket?cors", CORS, {}),
    ("DELETE", "/bucket?cors", b"", {}),
    ("PUT", "/bucket?website", WEBSITE, {}),
    ("DELETE", "/bucket?website", b"", {}),
    *(("PUT", "/bucket?versioning", versioning(x), {}) for x in ("Enabled", "Suspended")),
    ("PUT", "/bucket?encryption", ENCRYPTION, {}),
    ("DELETE", "/bucket?encryption", b"", {}),
    ("PUT", "/bucket?requestPayment", PAYER, {}),
    ("PUT", "/bucket?publicAccessBlock", BLOCKED, {}),
    ("DELETE", "/bucket?publicAccessBlock", b"", {}),
    ("PUT", "/?publicAccessBlock", BLOCKED, {}),
    ("DELETE", "/?publicAccessBlock", b"", {}),
    ("PUT", f"/bucket?{ACCELERATION.subresource}", ACCELERATED, {}),
    ("POST", "/bucket?cname&comp=add", CNAME, {}),
    ("POST", "/bucket?cname&comp=delete", CNAME, {}),
    ("PUT", "/bucket/a", b"one", {"Content-Type": "text/html"}),
    ("PUT", "/bucket/a", b"another", {"x-oss-storage-class": "Archive"}),
    ("PUT", "/bucket/a", b"", {"x-oss-copy-source": "/other/a"}),
    ("PUT", "/bucket/a?symlink", b"", {"x-oss-symlink-target": "b"}),
    ("PUT", "/bucket/b", b"the target", {"x-oss-tagging": "a=b"}),
    ("DELETE", "/bucket/a", b"", {}),
    ("DELETE", "/bucket/b", b"", {}),
    ("POST", "/bucket/a?restore", b"", {}),
    *(("PUT", "/bucket/a?acl", b"", {"x-oss-object-acl": x}) for x in ("private", "public-read")),
    ("PUT", "/bucket/a?acl", b"", {"x-oss-object-acl": "default"}),
    ("PUT", "/bucket/a?tagging", b"<Tagging><TagSet/></Tagging>", {}),
    ("PUT", "/other", b"", {"x-oss-acl": "public-read"}),
    ("PUT", "/other/a", b"of the other", {}),
    ("PUT", "/other?referer", RULES, {}),
    ("DELETE", "/other/a", b"", {}),
    ("DELETE", "/other", b"", {}),
)
"""The changes by the owner."""

SCHEMES = (
    Scheme(Dialect.OSS, Version.V1, SignedIn.URL),
    Scheme(Dialect.OSS, Version.V4, SignedIn.HEADER),
    Scheme(Dialect.S3, Version.V4, SignedIn.URL),
)


def questions() -> Iterator[Sent]:
    """Yield requests whose answers depend on the changes."""
    at = {"Host": "localhost"}
    of = "bucket.oss-cn-hangzhou.aliyuncs.com"
    for method, target, headers in (
        ("GET", "/bucket/a", at),
        ("GET", "/bucket/a", {**at, "Referer": PAGE}),
        ("GET", "/bucket/a", {**at, "Referer": THIEF}),
        ("HEAD", "/bucket/a", at),
        ("GET", "/bucket/", at),
        ("GET", "/bucket/a?acl", at),
        ("GET", "/a", {"Host": of}),
        ("GET", "/a", {"Host": "bucket.oss-accelerate.aliyuncs.com"}),
        ("GET", "/", {"Host": "bucket.localhost"}),
        ("GET", "/missing/", {"Host": "bucket.localhost"}),
        ("GET", "/a", {"Host": "a.test"}),
        (
            "OPTIONS",
            "/bucket/a",
            {**at, "Origin": "http://o", "Access-Control-Request-Method": "GET"},
        ),
        ("GET", "/bucket/a", {**at, "Origin": "http://o"}),
        ("GET", "/bucket/b", {**at, "x-oss-request-payer": "requester"}),
        ("GET", "/other/a", {**at, "Referer": THIEF}),
    ):
        yield Sent(method, target, tuple(headers.items()))
    for scheme in SCHEMES:
        for target in ("/bucket/a", "/bucket?referer", "/bucket?versions", "/"):
            yield scheme.sign(Sent("GET", target, (("Host", "localhost"),)))


QUESTIONS = tuple(questions())


def answer(service: Service, sent: Sent, now: float) -> tuple[int, dict[str, str], bytes]:
    request = sent.request()._replace(received=now)
    response = service.handle(request, sent.body)
    random_each_time = ("x-oss-err", "x-amz-request-id")
    headers = {
        name: text for name, text in response.headers.items() if name not in random_each_time
    }
    return response.status, headers, whole(response)


def whole(response: Response) -> bytes:
    """Return the body of an answer without the parts that differ each time."""
    body = response.body
    if not isinstance(body, bytes):
        parts = []
        for part in body:
            assert not isinstance(part, Stream)
            parts += [part.read(part.offset, part.length) if isinstance(part, FileRange) else part]
        body = b"".join(parts)
    return re.sub(rb"<RequestId>[^<]*", b"", body)


class Pair:
    """Two services of one folder, each in its own thread, and random changes by them."""

    def __init__(self, settings: Settings, folder: Path, chance: random.Random) -> None:
        self.settings, self._chance = settings, chance
        self.storage = DiskStorage(folder, fsync=False)
        self.services = [Service(settings, self.storage) for _ in range(2)]
        self._threads = [ThreadPoolExecutor(1) for _ in self.services]
        self.now = NOW
        self._taken = controls.take_snapshot(self.storage)
        self.secret = settings.access_key_secret

    def close(self) -> None:
        """End the threads and the storage."""
        for thread in self._threads:
            thread.shutdown()
        self.storage.close()

    def answer(self, asked: Sequence[Sent]) -> list[list[Any]]:
        """Return the answers of both services."""

        def ask(service: Service) -> list[Any]:
            return [answer(service, sent, self.now) for sent in asked]

        pairs = zip(self._threads, self.services, strict=True)
        return [thread.submit(ask, service).result() for thread, service in pairs]

    def answer_anew(self, asked: Sequence[Sent]) -> list[Any]:
        """Return the answers of a new service in a new thread, with its own connection."""

        def ask() -> list[Any]:
            new = Service(self.settings, self.storage)
            self.dress(new)
            return [answer(new, sent, self.now) for sent in asked]

        with ThreadPoolExecutor(1) as thread:
            found = thread.submit(ask).result()
        self.storage._connections.pop().close()
        return found

    def change(self) -> str:
        """Let one of the services make a random change; returns its description."""
        number = self._chance.randrange(2)
        return self._threads[number].submit(self._change, self.services[number]).result()

    def _change(self, service: Service) -> str:
        chance = self._chance
        kind = chance.random()
        if kind < 0.08:
            self.now = NOW + chance.choice((0.0, 20.0, 0.5 * DAY, 2 * DAY, -DAY))
            return f"the clock is {self.now - NOW:+} s"
        if kind < 0.14:
            self.secret = chance.choice((self.settings.access_key_secret, "another"))
            self._adopt()
            return f"the secret is {self.secret}"
        if kind < 0.18:
            self._taken = controls.take_snapshot(self.storage)
            return "a snapshot was taken"
        if kind < 0.22:
            with self.storage.transaction():
                controls.restore_snapshot(self.storage, self._taken)
            return "the snapshot was restored"
        if kind > 0.28:
            return self._send(service)
        with suppress(RuntimeError), self.storage.transaction():
            said = self._send(service)
            answer(service, chance.choice(QUESTIONS), self.now)
            raise RuntimeError
        return f"{said}, and this was undone"

    def _send(self, service: Service) -> str:
        method, target, body, headers = self._chance.choice(CHANGES)
        request = Request.parse(method, target, {"Host": "localhost", **headers}.items(), self.now)
        response = service.handle(request, body, caller=service.accounts.owner)
        return f"{method} {target} {headers} {body!r} was answered {response.status}"

    def _adopt(self) -> None:
        for service in self.services:
            self.dress(service)

    def dress(self, service: Service) -> None:
        """Give a service the current accounts, as `--watch` does."""
        settings = replace(self.settings, access_key_secret=self.secret)
        service.accounts = open_accounts(settings, service.token_key)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "change",
    [
        lambda settings: settings,
        lambda settings: replace(
            settings, assumptions=Assumptions(copy_source=SourceOfCopy.CHECKED), new_account=True
        ),
    ],
    ids=["default", "new account"],
)
def test_long_lived_services_answer_like_a_new_one(
    tmp_path: Path, change: Callable[[Settings], Settings]
) -> None:
    chance = random.Random(0)  # noqa: S311
    settings = change(replace(SETTINGS, data=tmp_path))
    pair = Pair(settings, tmp_path, chance)
    said: list[str] = []
    statuses: set[int] = set()
    for _ in range(cases(25, 1_500)):
        said.append(pair.change())
        asked = chance.sample(QUESTIONS, 8)
        found, wanted = pair.answer(asked), pair.answer_anew(asked)
        assert found == [wanted, wanted], (said[-20:], asked)
        statuses |= {status for status, _, _ in wanted}
    assert {200, 403, 404} <= statuses
    pair.close()
