"""Caches: what they keep, and that changes empty them."""

from __future__ import annotations

import functools
import mimetypes
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from lxml import etree
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
from oss_emulator.protocol.form import FormReader
from oss_emulator.protocol.message import Request, Response
from oss_emulator.storage.base import Record
from oss_referer.browser.changes import (
    ALL_AT_ACCELERATION,
    ALL_OF_NEW_ACCOUNTS,
    APPS_AT_ENDPOINTS,
    ARN_IN_LOGS,
    CUSTOM_DOMAIN,
    IMAGES_AT_ENDPOINTS,
    IMAGES_OF_NEWER_REGIONS,
    PAGES_AT_ACCELERATION,
    PAGES_AT_ENDPOINTS,
    PUBLIC_ACCESS_BLOCKED,
    REDIRECTS_AT_ENDPOINTS,
    V1_OF_ACCOUNTS,
    V1_OF_BUCKETS,
    Affected,
    ServiceChange,
)
from oss_referer.browser.changes import CHANGES as CHANGES_TO_RULES
from oss_referer.browser.default_domain import find_rule_of_url

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, sign
from tests.http import forms
from tests.rows import rows
from tests.thorough import cases
from tests.unit.pipeline.service import (
    PAGE,
    REDIRECT,
    SETTINGS,
    THIEF,
    accelerate,
    ask,
    put,
    serve_as_of,
    visited,
)

# --- No cache changes an answer: two services, one of them without caches

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
"""The changes by the owner: methods, targets, bodies and headers."""

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
    """Return a signed request for an object; sometimes another method was signed."""
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
    """Return the cached functions by module and name; the argument is the number of modules."""
    return [
        (module, name, found)
        for package, module in list(sys.modules.items())
        if package.startswith("oss_emulator")
        for name, found in vars(module).items()
        if isinstance(found, functools._lru_cache_wrapper)
    ]


@contextmanager
def remembering_nothing() -> Iterator[None]:
    """Switch off the caches of all modules and records within the block."""
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
    """No shortcuts: every request runs all its steps."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def find(self, admission: Admission) -> bool:
        return False

    def choose(self, admission: Admission) -> Needed:
        return Needed(steps.checks_of(admission, self.service), steps.PERFORM, steps.COMPLETE)


def forget(service: Service) -> None:
    """Make a service run every step without caches."""
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
                work = service.gather(outcome, content)
                content = content if work is None else work.make(HERE)
            response = service.execute(outcome, content)
        except OSSError as error:
            outcome = refuse(outcome, error)
    if isinstance(outcome, Refused):
        response = service.render(outcome)
    entry = journal.record(outcome, response, 0, 0.0).to_dict()
    headers = list(response.headers.items())
    return response.status, headers, response.body, response._replace(headers={}), entry


class Ids:
    """A seeded source of the ids of requests, versions and tokens."""

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
@pytest.mark.parametrize("seed", range(cases(2, 20)))
def test_caches_change_no_answer_and_no_entry(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {200, 403, 404} <= compare(seed, monkeypatch)


# --- Changes of the service: each one is tested before and after its date (P-60)

NOW = date(2026, 1, 1)
OSS = "oss-cn-hangzhou.aliyuncs.com"


def signed(
    method: str,
    bucket: str,
    key: str = "",
    signer: str = "v4",
    headers: dict[str, str] | None = None,
    parameters: dict[str, str] | None = None,
    place: str = "header",
) -> Request:
    """Return a request signed by oss2."""
    auth = SIGNERS[signer](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign(auth, place, method, bucket, key, parameters, headers)
    return ask(method, target, {"Referer": PAGE, **dict(fields)})


def refusal(service: Service, request: Request) -> tuple[int, str, str]:
    """Return status, code and EC of a refusal, or (200, "", "") if the request is admitted."""
    return error_of(service.admit(request))


def error_of(outcome: Admission | Refused) -> tuple[int, str, str]:
    if isinstance(outcome, Admission):
        return 200, "", ""
    error: OSSError = outcome.error
    return error.status, error.code, error.ec


FINE = (200, "", "")
V1_CLOSED = (403, "AccessDenied", "0002-00000080")
FORBIDDEN = (400, "PublicEndpointForbidden", "0048-00000401")


# --- The rows of the table


def v1_of_accounts(service: Service) -> bool:
    return refusal(service, signed("GET", "", signer="v1")) == V1_CLOSED


def v1_of_buckets(service: Service) -> bool:
    return refusal(service, signed("GET", "private-bucket", "a", "v1")) == V1_CLOSED


def custom_domain(service: Service) -> bool:
    request = ask("GET", "/a", {"Referer": PAGE}, f"public-bucket.{OSS}")
    return refusal(service, request) == FORBIDDEN


def public_access_blocked(service: Service) -> bool:
    assert service.handle(signed("PUT", "new-bucket")).status == 200
    return is_blocked(service, "new-bucket")


def is_blocked(service: Service, name: str) -> bool:
    request = ask("GET", f"/{name}?bucketInfo")
    info = service.handle(request, caller=service.accounts.owner)
    assert isinstance(info.body, bytes)
    return etree.fromstring(info.body).findtext("Bucket/BlockPublicAccess") == "true"


def arn_in_logs(service: Service) -> bool:
    return service.changes.follow(ARN_IN_LOGS)


ABROAD = "ap-southeast-1"
"""A region outside mainland China, where new accounts need no domain of their own."""
REGIONS = {IMAGES_OF_NEWER_REGIONS: "cn-fuzhou"}
ACCELERATED = "public-bucket.oss-accelerate.aliyuncs.com"
APP = (400, "0048-00000200")


def pages_at_endpoints(service: Service) -> bool:
    """D-01"""
    found = {visited(service, "a.HTML"), visited(service, "page", "text/html; charset=utf-8")}
    return found == {(200, "0048-00000001")}


def images_at_endpoints(service: Service) -> bool:
    return visited(service, "a.png", "image/png") == (200, "0048-00000100")


def images_of_newer_regions(service: Service) -> bool:
    return visited(service, "a.webp", "image/webp") == (200, "0048-00000114")


def all_at_acceleration(number: int) -> Callable[[Service], bool]:
    def probe(service: Service) -> bool:
        accelerate(service)
        ec = f"0048-00000{106 + number}"
        status, found = visited(service, "a.txt", "text/plain", ACCELERATED)
        return status == 200 and ec <= found <= "0048-00000112"

    return probe


def pages_at_acceleration(service: Service) -> bool:
    """D-02"""
    accelerate(service)
    return visited(service, "a.htm", host=ACCELERATED) == (200, "0048-00000002")


def all_of_new_accounts(service: Service) -> bool:
    return visited(service, "a.txt", "text/plain") == (200, "0048-00000113")


def apps_at_endpoints(service: Service) -> bool:
    return visited(service, "a.apk") == APP and visited(service, "a.IPA") == APP


def redirects_at_endpoints(service: Service) -> bool:
    """D-08"""
    put(service, "/public-bucket?website", REDIRECT)
    host = f"public-bucket.oss-{service.settings.region}.aliyuncs.com"
    answer = service.handle(ask("GET", "/old/a", {"Referer": PAGE}, host))
    return (answer.status, answer.headers.get("x-oss-ec")) == (400, "0048-00000300")


PROBES: dict[ServiceChange, Callable[[Service], bool]] = {
    V1_OF_ACCOUNTS: v1_of_accounts,
    CUSTOM_DOMAIN: custom_domain,
    V1_OF_BUCKETS: v1_of_buckets,
    ARN_IN_LOGS: arn_in_logs,
    PUBLIC_ACCESS_BLOCKED: public_access_blocked,
    PAGES_AT_ENDPOINTS: pages_at_endpoints,
    IMAGES_AT_ENDPOINTS: images_at_endpoints,
    IMAGES_OF_NEWER_REGIONS: images_of_newer_regions,
    **{change: all_at_acceleration(number) for number, change in enumerate(ALL_AT_ACCELERATION)},
    PAGES_AT_ACCELERATION: pages_at_acceleration,
    ALL_OF_NEW_ACCOUNTS: all_of_new_accounts,
    APPS_AT_ENDPOINTS: apps_at_endpoints,
    REDIRECTS_AT_ENDPOINTS: redirects_at_endpoints,
}


def region_of(change: ServiceChange) -> str:
    return REGIONS.get(change, ABROAD if change.name == "default domain" else "")


@rows("change", *CHANGES_TO_RULES)
def test_change_takes_effect_on_its_date(change: ServiceChange) -> None:
    """P-45, P-60"""
    new, day = change.affected is Affected.NEW_ACCOUNTS, change.since.date()
    before = serve_as_of(day - timedelta(days=1), new_account=new, region=region_of(change))
    after = serve_as_of(day, new_account=new, region=region_of(change))
    seen = PROBES[change]
    assert (seen(before), seen(after)) == (False, True)


@rows("change", V1_OF_ACCOUNTS, CUSTOM_DOMAIN)
def test_changes_for_new_accounts_do_not_affect_old_ones(change: ServiceChange) -> None:
    assert not PROBES[change](serve_as_of(NOW))


@rows("change", *[change for change in CHANGES_TO_RULES if change is not IMAGES_OF_NEWER_REGIONS])
def test_new_account_without_a_date_gets_all_changes(change: ServiceChange) -> None:
    """Images in newer regions are left out: new accounts need their own domain there."""
    assert PROBES[change](serve_as_of(None, new_account=True, region=region_of(change)))


def test_only_arn_in_logs_changes_without_flags() -> None:
    seen = [
        change
        for change in CHANGES_TO_RULES
        if PROBES[change](serve_as_of(None, region=region_of(change)))
    ]
    assert seen == [ARN_IN_LOGS]


# --- Signatures of version 1


@rows("place", "header", "url")
@rows(("signer", "expected"), ("v1", V1_CLOSED), ("v2", FINE), ("v4", FINE))
def test_only_signatures_of_version_1_are_refused(
    place: str, signer: str, expected: tuple[int, str, str]
) -> None:
    request = signed("GET", "private-bucket", "a", signer, place=place)
    assert refusal(serve_as_of(NOW), request) == expected


def test_version_1_is_accepted_for_old_buckets_and_the_service() -> None:
    service = serve_as_of(NOW)
    assert refusal(service, signed("GET", "", signer="v1")) == FINE
    bucket = service.storage.bucket("private-bucket")
    assert bucket is not None
    made = datetime(2025, 8, 1, tzinfo=UTC).timestamp()
    service.storage.put_bucket(bucket._replace(created=made))
    assert refusal(service, signed("GET", "private-bucket", "a", "v1")) == FINE
    assert refusal(service, ask("GET", "/public-bucket/a", {"Referer": PAGE})) == FINE


def test_form_signed_with_version_1_is_refused() -> None:
    service = serve_as_of(NOW)
    headers = {"Content-Type": forms.TYPE, "Referer": PAGE}
    for fields, expected in (
        (forms.sign_v1(forms.policy([["starts-with", "$key", ""]])), V1_CLOSED),
        (forms.sign_v4(forms.policy([["starts-with", "$key", ""]])), FINE),
    ):
        admitted = service.admit(ask("POST", "/private-bucket", headers))
        assert isinstance(admitted, Admission)
        reader = FormReader(forms.TYPE)
        reader.feed(forms.form([("key", "b"), *fields]))
        assert error_of(service.admit_form(admitted, reader.finish())) == expected


# --- Block Public Access


def handled(service: Service, request: Request, body: bytes = b"") -> tuple[int, str]:
    response: Response = service.handle(request, body)
    assert isinstance(response.body, bytes)
    code = etree.fromstring(response.body).findtext("Code") if response.body else ""
    return response.status, code or ""


DENIED = (403, "AccessDenied")
PUBLIC = {"x-oss-acl": "public-read"}
UNBLOCKED = (
    b"<PublicAccessBlockConfiguration><BlockPublicAccess>false</BlockPublicAccess>"
    b"</PublicAccessBlockConfiguration>"
)


@rows("parameters", {}, {"acl": ""})
def test_new_bucket_refuses_public_acls_until_the_block_is_off(parameters: dict[str, str]) -> None:
    """P-45, P-47"""
    service = serve_as_of(NOW)
    make_public = signed("PUT", "new-bucket", headers=PUBLIC, parameters=parameters)
    assert handled(service, make_public) == DENIED
    assert service.storage.bucket("new-bucket") is None
    assert handled(service, signed("PUT", "new-bucket", parameters=parameters)) == (200, "")
    assert is_blocked(service, "new-bucket")
    set_acl = signed("PUT", "new-bucket", headers=PUBLIC, parameters={"acl": ""})
    assert handled(service, set_acl) == DENIED
    unblock = signed("PUT", "new-bucket", parameters={"publicAccessBlock": ""})
    assert handled(service, unblock, UNBLOCKED) == (200, "")
    assert handled(service, set_acl) == (200, "")
    assert not is_blocked(service, "new-bucket")


def test_buckets_of_seeds_and_tests_are_not_blocked() -> None:
    """P-45: only buckets that are created through the API are blocked."""
    service = serve_as_of(NOW)
    assert not is_blocked(service, "public-bucket")
    assert refusal(service, ask("GET", "/public-bucket/a", {"Referer": PAGE})) == FINE


@rows(
    ("host", "path", "fact"),
    ("b.oss-cn-hangzhou.aliyuncs.com", "/a.html", "D-01"),
    ("b.oss-cn-hangzhou.aliyuncs.com", "/a.webp", "D-03"),
    ("b.oss-cn-wulanchabu.aliyuncs.com", "/a.png", "D-06"),
    ("b.oss-cn-hangzhou.aliyuncs.com", "/a.apk", "D-07"),
    ("b.oss-cn-hangzhou.aliyuncs.com", "/a.txt", None),
    ("b.oss-cn-hangzhou-internal.aliyuncs.com", "/a.txt", None),
    ("www.example.com", "/a.html", None),
)
def test_rule_of_a_url_is_the_same_on_every_machine(
    host: str, path: str, fact: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_: ("text/html", None))
    rule = find_rule_of_url(host, path)
    assert (None if rule is None else rule.fact) == fact


@rows(("host", "target"), ("localhost", "/examplebucket?x{}={}"), ("h{}.{}", "/"), ("h{} {}", "/"))
def test_long_requests_do_not_fill_the_caches(host: str, target: str) -> None:
    service, long = Service(SETTINGS), "a.b" * 10_000
    tracemalloc.start()
    try:
        for number in range(1100):
            fields = [("Host", host.format(number, long))]
            service.admit(Request.parse("GET", target.format(number, long), fields, 0))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 20 * 1024**2
