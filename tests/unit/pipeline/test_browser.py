"""What browsers get: CORS, websites, and the rules of default domains."""

from __future__ import annotations

import re
from datetime import date

import pytest
from oss_emulator.control import controls
from oss_emulator.control.journal import Journal
from oss_emulator.documents import transfer_acceleration
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.operations.operation import Operation, Resource, Takes
from oss_emulator.pipeline.browser import SANDBOX
from oss_emulator.pipeline.default_domain import find_rule_at_endpoint
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.steps import READS
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import Auth, Settings

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, sign
from tests.rows import read_cases, rows
from tests.unit.pipeline.service import (
    PAGE,
    RULES,
    SETTINGS,
    accelerate,
    ask,
    put,
    serve,
    serve_as_of,
    visited,
)

CASES = read_cases("unit.pipeline")


# --- Web pages in a browser: forbidden changes, and the sandbox for documents

EVIL = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
SANDBOXED = {"Origin": "null", "Sec-Fetch-Site": "cross-site"}
POLICY = "Content-Security-Policy"

POSTS = [item for item in OPERATIONS if item.method == "POST"]

CORS = b"""<CORSConfiguration><CORSRule><AllowedOrigin>http://evil.example</AllowedOrigin>
<AllowedMethod>%s</AllowedMethod></CORSRule></CORSConfiguration>"""


@pytest.fixture
def service() -> Service:
    """A service that lets everybody act as the owner, as the default key does."""
    service = Service(Settings(auth=Auth.OFF))
    put(service, "/open-bucket", headers={"x-oss-acl": "public-read-write"})
    put(service, "/open-bucket/a", b"content")
    return service


def call(operation: Operation, **headers: str) -> Request:
    """Return a request for an operation."""
    place = {Resource.SERVICE: "/", Resource.BUCKET: "/open-bucket/"}
    target = place.get(operation.resource, "/open-bucket/a")
    query = operation.subresource + ("&position=0" if operation.subresource == "append" else "")
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if operation.header:
        fields[operation.header] = "/open-bucket/a"
    return ask(operation.method, f"{target}?{query}".rstrip("?"), fields)


def code(service: Service, request: Request) -> str:
    """Return the code of the error from admission; "" if the request is admitted."""
    outcome = service.admit(request)
    return outcome.error.code if isinstance(outcome, Refused) else ""


@pytest.mark.parametrize("page", [EVIL, SANDBOXED, {"Sec-Fetch-Site": "same-site"}])
def test_every_operation_of_post_but_the_form_is_refused(
    service: Service, page: dict[str, str]
) -> None:
    before = controls.take_snapshot(service.storage)
    for operation in POSTS:
        request = call(operation, **page)
        is_form = operation.takes is Takes.FORM
        expected = "" if is_form else "CrossOriginForbidden"
        assert code(service, request) == expected, operation.name
        if not is_form:
            assert service.handle(request).status == 403, operation.name
        assert controls.take_snapshot(service.storage) == before, operation.name


def test_no_operation_of_get_changes_anything(service: Service) -> None:
    """Browsers send GET for any page, and nothing refuses these requests."""
    before = controls.take_snapshot(service.storage)
    for operation in OPERATIONS:
        if operation.method in READS:
            service.handle(call(operation), caller=service.accounts.owner)
            assert controls.take_snapshot(service.storage) == before, operation.name


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {**EVIL, "Authorization": "OSS key:AAAA", "Date": "Tue, 01 Jan 2030 00:00:00 GMT"},
        {**EVIL, "x-oss-date": "20300101T000000Z"},
    ],
)
def test_own_pages_preflighted_requests_and_other_clients_pass(
    service: Service, headers: dict[str, str]
) -> None:
    (append,) = [item for item in OPERATIONS if item.name == "AppendObject"]
    assert code(service, call(append, **headers)) == ""


@pytest.mark.parametrize(
    ("method", "page", "expected"),
    [
        (b"POST", EVIL, ""),
        (b"PUT", EVIL, "CrossOriginForbidden"),
        (b"POST", {**EVIL, "Origin": "http://other.example"}, "CrossOriginForbidden"),
        (b"POST", {"Sec-Fetch-Site": "cross-site"}, "CrossOriginForbidden"),
    ],
)
def test_cors_rule_admits_its_origin(
    service: Service, method: bytes, page: dict[str, str], expected: str
) -> None:
    put(service, "/open-bucket?cors", CORS % method)
    assert code(service, ask("POST", "/open-bucket/b?append&position=0", page)) == expected


@pytest.mark.parametrize("order", [1, -1])
def test_one_cors_rule_of_several_admits_a_page(service: Service, order: int) -> None:
    opening, rule, closing = re.split(b"(<CORSRule>.*</CORSRule>)", CORS % b"POST", flags=re.DOTALL)
    rules = [rule, rule.replace(b"evil", b"other").replace(b"POST", b"GET")]
    put(service, "/open-bucket?cors", opening + b"".join(rules[::order]) + closing)
    assert code(service, ask("POST", "/open-bucket/b?append&position=0", EVIL)) == ""


def test_page_is_refused_in_a_bucket_without_cors_rules(service: Service) -> None:
    request = ask("POST", "/open-bucket/b?append&position=0", EVIL)
    assert code(service, request) == "CrossOriginForbidden"


@pytest.mark.parametrize(
    ("target", "expected"),
    [("/none?delete", "NoSuchBucket"), ("/open-bucket?unknown", "NotImplemented")],
)
def test_address_and_bucket_are_checked_before_the_page(
    service: Service, target: str, expected: str
) -> None:
    assert code(service, ask("POST", target, EVIL)) == expected


def test_page_is_checked_before_the_signature() -> None:
    service = Service(SETTINGS)
    put(service, "/private-bucket")
    unknown = "OSSAccessKeyId=none&Signature=none&Expires=9999999999"
    request = ask("POST", f"/private-bucket?delete&{unknown}", EVIL)
    assert code(service, request) == "CrossOriginForbidden"


def test_reason_is_kept_for_the_journal(service: Service) -> None:
    outcome = service.admit(ask("POST", "/open-bucket?delete", EVIL))
    assert isinstance(outcome, Refused)
    assert outcome.known.access is not None
    assert not outcome.known.access.allowed
    assert outcome.known.access.reason == "a page of another origin sent this without a preflight"
    assert outcome.known.access.action == "oss:DeleteObject"
    assert outcome.error.details["Origin"] == "http://evil.example"


@rows("target", "/open-bucket/a", "/open-bucket/none", "/none/a", "/")
@rows(("host", "headers", "sandboxed"), *CASES["answers_to_browsers_at_the_endpoint_are_sandboxed"])
def test_answers_to_browsers_at_the_endpoint_are_sandboxed(
    service: Service, target: str, host: str, headers: dict[str, str], sandboxed: bool
) -> None:
    answer = service.handle(ask("GET", target, headers, host))
    assert answer.headers.get(POLICY) == (SANDBOX if sandboxed else None)


def test_sandbox_takes_the_origin() -> None:
    assert "allow-same-origin" not in SANDBOX


def test_denied_referer_is_sandboxed_too(service: Service) -> None:
    put(service, "/open-bucket?referer", RULES)
    headers = {"Sec-Fetch-Mode": "navigate", "Referer": "http://thief.test/"}
    answer = service.handle(ask("GET", "/open-bucket/a", headers))
    assert (answer.status, answer.headers[POLICY]) == (403, SANDBOX)
    answer = service.handle(ask("GET", "/open-bucket/a", {**headers, "Referer": PAGE}))
    assert (answer.status, answer.headers[POLICY]) == (200, SANDBOX)


# --- The entry to a website: which requests get an index page

PATH, OWN = "localhost", "site.localhost"
"""The host for path style, and the virtual host of the bucket."""

SITE = b"""<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix>
<SupportSubDir>true</SupportSubDir></IndexDocument></WebsiteConfiguration>"""


# --- Objects at the service's own host names: the answer, and the note in the journal

NOW = date(2026, 1, 1)
PUBLIC = "public-bucket.oss-cn-hangzhou.aliyuncs.com"
ACCELERATED = "public-bucket.oss-accelerate.aliyuncs.com"
SENT = "the service sends this as a download at its public endpoint"


def admit(
    service: Service, target: str, method: str = "GET", host: str = "localhost"
) -> Admission | Refused:
    return service.admit(ask(method, target, {"Referer": PAGE}, host))


def told(service: Service, target: str, method: str = "GET", signer: str = "") -> str | None:
    """Return the note in the journal on a request to the public bucket."""
    if signer:
        auth = SIGNERS[signer](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
        path, fields = sign(auth, "header", method, "public-bucket", target)
        admission = service.admit(ask(method, path, {"Referer": PAGE, **dict(fields)}))
    else:
        admission = admit(service, f"/public-bucket/{target}", method)
    assert isinstance(admission, Admission)
    entry = Journal().record(admission, service.execute(admission), 7, 0.1)
    found: str | None = entry.to_dict()["default_domain"]
    return found


def show(service: Service, key: str, kind: str) -> None:
    put(service, f"/public-bucket/{key}", b"content", {"Content-Type": kind})


# --- The note in the journal


@rows(
    ("key", "kind", "said"),
    ("a.png", "image/png", f"{SENT} (D-03)"),
    ("a.html", "text/html", f"{SENT} (D-01)"),
    ("page", "text/html", f"{SENT} (D-01)"),
    ("a.apk", "application/zip", "the service refuses this at its public endpoint (D-07)"),
    ("a.txt", "text/plain", None),
)
def test_entry_says_what_a_new_bucket_gets(key: str, kind: str, said: str | None) -> None:
    service = serve()
    show(service, key, kind)
    assert told(service, key) == told(service, key, "HEAD") == said


def test_entry_of_another_request_says_nothing() -> None:
    service = serve()
    show(service, "a.html", "text/html")
    assert told(service, "a.html", signer="v4") is None
    assert told(service, "a.html?objectMeta", "HEAD") is None
    admission = admit(service, "/public-bucket/a.html")
    assert isinstance(admission, Admission)
    answer = service.execute(admission)
    assert find_rule_at_endpoint(admission, answer) is not None
    assert find_rule_at_endpoint(admission, answer._replace(status=304)) is None


# --- The answer


def get(
    service: Service, key: str, headers: dict[str, str] | None = None, host: str = PUBLIC
) -> Response:
    return service.handle(ask("GET", f"/{key}", {"Referer": PAGE, **(headers or {})}, host))


def test_acceleration_counts_from_when_it_was_enabled() -> None:
    """D-04"""
    service = serve_as_of(date(2020, 11, 17))
    accelerate(service)
    assert visited(service, "a.txt", "text/plain", ACCELERATED) == (200, "0048-00000106")
    bucket = service.storage.bucket("public-bucket")
    assert bucket is not None
    old = {**bucket.documents, transfer_acceleration.SINCE: b"1600000000.0"}
    service.storage.put_bucket(bucket._replace(documents=old))
    assert visited(service, "a.txt", "text/plain", ACCELERATED) == (200, "")
    stop = ask("DELETE", "/public-bucket?transferAcceleration")
    assert service.handle(stop, caller=service.accounts.owner).status == 204
    # After acceleration was deleted, the time of the next enabling counts.
    assert visited(service, "a.txt", "text/plain", ACCELERATED) == (200, "0048-00000106")


# --- Refusals


def test_authorization_header_passes() -> None:
    """D-07"""
    service = serve_as_of(NOW)
    put(service, "/private-bucket/a.apk", b"content")
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign(auth, "header", "GET", "private-bucket", "a.apk")
    assert isinstance(
        service.admit(ask("GET", target, {"Referer": PAGE, **dict(fields)})), Admission
    )
