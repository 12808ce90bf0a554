"""Nothing that is remembered changes an answer: two services, one of which remembers nothing."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from oss_emulator.control.journal import Journal
from oss_emulator.operations import permissions
from oss_emulator.operations.admission import Admission, Refused, refuse
from oss_emulator.operations.call import Body
from oss_emulator.operations.operation import Takes
from oss_emulator.operations.work import HERE
from oss_emulator.pipeline import steps
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.shortcuts import Needed, Shortcuts
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.storage.base import Record

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, sign
from tests.thorough import cases
from tests.unit.pipeline.service import PAGE, SETTINGS, THIEF

BUCKETS = ("first-bucket", "second-bucket")
KEYS = ("a", "docs/", "docs/index.html", "photo.png!small", "b c")

RULES = [
    b"<RefererConfiguration><AllowEmptyReferer>%s</AllowEmptyReferer><RefererList>%s"
    b"</RefererList></RefererConfiguration>" % (empty, listed)
    for empty in (b"true", b"false")
    for listed in (
        b"",
        b"<Referer>http://www.example.com/</Referer>",
        b"<Referer>http://*.test</Referer>",
    )
]
SITE = b"""<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix>
<SupportSubDir>true</SupportSubDir></IndexDocument>
<ErrorDocument><Key>a</Key></ErrorDocument></WebsiteConfiguration>"""
CORS = b"""<CORSConfiguration><CORSRule><AllowedOrigin>http://www.example.com</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"""
PAYER = b"""<RequestPaymentConfiguration><Payer>%s</Payer></RequestPaymentConfiguration>"""
BLOCK = b"""<PublicAccessBlockConfiguration><BlockPublicAccess>%s</BlockPublicAccess>
</PublicAccessBlockConfiguration>"""
STYLES = b"""<BucketProcessConfiguration><SourceFileProtect>%s</SourceFileProtect>
<SourceFileProtectSuffix>*</SourceFileProtectSuffix><StyleDelimiters>!</StyleDelimiters>
<OssDomainSupportAtProcess>Disabled</OssDomainSupportAtProcess></BucketProcessConfiguration>"""
STYLE = b"<Style><Content>image/resize,w_20</Content></Style>"
VERSIONS = b"<VersioningConfiguration><Status>%s</Status></VersioningConfiguration>"
TAGS = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
DENY = (
    b'{"Version":"1","Statement":[{"Effect":"Deny","Action":"oss:GetObject","Principal":["*"],'
    b'"Resource":["acs:oss:*:*:*/a"]}]}'
)

ACLS = ("private", "public-read", "public-read-write")
CHANGES: list[tuple[str, str, list[bytes], Mapping[str, str]]] = [
    *(("PUT", "/{bucket}", [b""], {"x-oss-acl": acl}) for acl in ACLS),
    *(("PUT", "/{bucket}?acl", [b""], {"x-oss-acl": acl}) for acl in ACLS),
    *(("PUT", "/{bucket}/{key}?acl", [b""], {"x-oss-object-acl": acl}) for acl in ACLS),
    ("DELETE", "/{bucket}", [b""], {}),
    ("PUT", "/{bucket}?referer", RULES, {}),
    ("PUT", "/{bucket}?website", [SITE], {}),
    ("DELETE", "/{bucket}?website", [b""], {}),
    ("PUT", "/{bucket}?cors", [CORS], {}),
    ("DELETE", "/{bucket}?cors", [b""], {}),
    ("PUT", "/{bucket}?requestPayment", [PAYER % b"Requester", PAYER % b"BucketOwner"], {}),
    ("PUT", "/{bucket}?publicAccessBlock", [BLOCK % b"true", BLOCK % b"false"], {}),
    ("PUT", "/?publicAccessBlock", [BLOCK % b"true", BLOCK % b"false"], {}),
    ("PUT", "/{bucket}?processConfiguration", [STYLES % b"true", STYLES % b"false"], {}),
    ("PUT", "/{bucket}?style&styleName=small", [STYLE], {}),
    ("PUT", "/{bucket}?versioning", [VERSIONS % b"Enabled", VERSIONS % b"Suspended"], {}),
    ("PUT", "/{bucket}?policy", [DENY], {}),
    ("DELETE", "/{bucket}?policy", [b""], {}),
    ("PUT", "/{bucket}/{key}?tagging", [TAGS], {}),
    ("PUT", "/{bucket}/{key}", [b"one", b"two"], {"Content-Type": "text/plain"}),
    ("PUT", "/{bucket}/{key}?symlink", [b""], {"x-oss-symlink-target": "a"}),
    ("DELETE", "/{bucket}/{key}", [b""], {}),
    ("PUT", "/{bucket}?cname&comp=add", [b"<BucketCnameConfiguration><Cname><Domain>"
     b"files.test</Domain></Cname></BucketCnameConfiguration>"], {}),
]  # fmt: skip
"""What the owner does: methods, targets, bodies and headers."""

READS = ("/{bucket}/{key}", "/{bucket}/{key}", "/{bucket}", "/{bucket}?acl", "/{bucket}/{key}?acl")
HEADERS: list[Mapping[str, str]] = [
    {},
    {"Referer": PAGE},
    {"Referer": THIEF},
    {"Referer": PAGE, "Origin": "http://www.example.com"},
    {"Referer": PAGE, "Range": "bytes=1-"},
    {"Referer": PAGE, "x-oss-traffic-limit": "819200"},
    {"Referer": PAGE, "x-oss-request-payer": "requester"},
    {"Referer": PAGE, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"Referer": PAGE, "Authorization": "OSS nobody:c2lnbmF0dXJl"},
    {"Referer": PAGE, "x-oss-s3-compat": "true"},
]


def requests(random: Random) -> Iterator[tuple[Request, bytes, bool]]:
    """Yield requests with their bodies, and whether the owner sends them without a signature."""
    now = time.time()
    for _ in range(cases(150, 1500)):
        names = {"bucket": random.choice(BUCKETS), "key": random.choice(KEYS)}
        now += random.choice((0.0, 0.0, 0.5, 30.0))
        if random.random() < 0.35:
            method, target, bodies, headers = random.choice(CHANGES)
            host, fields, body = "localhost", dict(headers), random.choice(bodies)
            yield _request(method, target.format(**names), host, fields, now), body, True
            continue
        method = random.choice(("GET", "GET", "HEAD", "PUT", "DELETE", "OPTIONS"))
        fields = dict(random.choice(HEADERS))
        if random.random() < 0.4:
            yield _signed(random, method, names, fields, now), b"", False
            continue
        host, target = "localhost", random.choice(READS).format(**names)
        if random.random() < 0.3:
            host = random.choice((f"{names['bucket']}.localhost", "files.test"))
            target = target.removeprefix(f"/{names['bucket']}") or "/"
        yield _request(method, target, host, fields, now), b"", False


def _request(method: str, target: str, host: str, fields: Mapping[str, str], now: float) -> Request:
    target = target.replace(" ", "%20")
    return Request.parse(method, target, {"Host": host, **fields}.items(), now)


def _signed(
    random: Random, method: str, names: Mapping[str, str], fields: dict[str, str], now: float
) -> Request:
    """Sign a request for an object; sometimes it is not the one that is sent."""
    auth = SIGNERS[random.choice(tuple(SIGNERS))](
        ACCESS_KEY_ID, random.choice((ACCESS_KEY_SECRET, ACCESS_KEY_SECRET, "wrong"))
    )
    fields.pop("Authorization", None)
    place = random.choice(("header", "url"))
    target, signed = sign(auth, place, method, names["bucket"], names["key"], headers=fields)
    sent = method if random.random() < 0.9 else "GET"
    return _request(sent, target, "localhost", dict(signed), now)


@functools.cache
def _modules(imported: int) -> list[tuple[Any, str, Any]]:
    """The functions that remember results, by module and name, of that many imported modules."""
    return [
        (module, name, found)
        for package, module in list(sys.modules.items())
        if package.startswith("oss_emulator")
        for name, found in vars(module).items()
        if isinstance(found, functools._lru_cache_wrapper)
    ]


@contextmanager
def remembering_nothing() -> Iterator[None]:
    """Compute within the block what is remembered otherwise, in all modules and records."""
    functions, once, allow = _modules(len(sys.modules)), Record.once, permissions.allow_by_acl
    permissions.allow_by_acl = lambda *_: None
    for module, name, found in functions:
        setattr(module, name, found.__wrapped__)
    Record.once = lambda self, work: work(self)  # type: ignore[method-assign]
    try:
        yield
    finally:
        permissions.allow_by_acl = allow
        Record.once = once  # type: ignore[method-assign]
        for module, name, found in functions:
            setattr(module, name, found)


class AllSteps(Shortcuts):
    """No shortcut: every request runs all its steps."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def find(self, admission: Admission) -> bool:
        return False

    def choose(self, admission: Admission) -> Needed:
        return Needed(steps.checks_of(admission, self.service), steps.PERFORM, steps.COMPLETE)


def forget(service: Service) -> None:
    """Have a service remember nothing, and run every step."""
    service.shortcuts = AllSteps(service)
    for owner in (service.dispatcher, service.hotlinks, service.addresses):
        for name, found in list(vars(owner).items()):
            if isinstance(found, functools._lru_cache_wrapper):
                setattr(owner, name, found.__wrapped__)


def play(
    service: Service, journal: Journal, request: Request, body: bytes, by_owner: bool
) -> tuple[Any, ...]:
    """Send a request; return the answer and the entry of the journal."""
    outcome: Admission | Refused = service.admit(
        request, service.accounts.owner if by_owner else None
    )
    if isinstance(outcome, Admission):
        assert outcome.operation.takes is not Takes.FORM
        try:
            content = Body.of(body)
            if outcome.operation.gather is not None:
                content = service.gather(outcome, content).make(HERE)
            response = service.perform(outcome, content)
        except OSSError as error:
            outcome = refuse(outcome, error)
    if isinstance(outcome, Refused):
        response = service.render(outcome)
    entry = journal.record(outcome, response, 0, 0.0).to_dict()
    headers = list(response.headers.items())
    return response.status, headers, response.body, response._replace(headers={}), entry


class Ids:
    """The known generator from which the ids of requests, versions and tokens come."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.generator = Random()  # noqa: S311
        for package, module in list(sys.modules.items()):
            if package.startswith("oss_emulator") and "getrandbits" in vars(module):
                monkeypatch.setattr(module, "getrandbits", self._draw)

    def _draw(self, count: int) -> int:
        return self.generator.getrandbits(count)


def compare(seed: int, monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Send the same requests to both services; return the statuses of their answers."""
    remembering, forgetful = Service(SETTINGS), Service(SETTINGS)
    forget(forgetful)
    journals = Journal(), Journal()
    ids, generators = Ids(monkeypatch), (Random(seed), Random(seed))  # noqa: S311
    statuses = set()
    for request, body, by_owner in requests(Random(seed)):  # noqa: S311
        ids.generator = generators[0]
        mine = play(remembering, journals[0], request, body, by_owner)
        ids.generator = generators[1]
        with remembering_nothing():
            its = play(forgetful, journals[1], request, body, by_owner)
        assert mine == its, (request.method, request.target, request.headers)
        statuses.add(mine[0])
    return statuses


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(cases(4, 20)))
def test_what_is_remembered_changes_no_answer_and_no_entry(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {200, 403, 404} <= compare(seed, monkeypatch)


def test_result_that_outlives_its_record_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[Any, str], Any] = {}

    def once(self: Any, work: Callable[[Any], Any]) -> Any:
        """Keep a result by the name of the record, so that a changed one gets it too."""
        key = (work, self[0])
        if key not in kept:
            kept[key] = work(self)
        return kept[key]

    monkeypatch.setattr(Record, "once", once)
    with pytest.raises(AssertionError, match="bucket"):
        compare(0, monkeypatch)
