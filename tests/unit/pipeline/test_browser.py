"""Web pages in a browser: what they may not change, and the sandbox for documents."""

from __future__ import annotations

import re

import pytest
from oss_emulator.control import controls
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import Refused
from oss_emulator.operations.operation import Operation, Resource, Takes
from oss_emulator.pipeline.browser import SANDBOX
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.steps import READS
from oss_emulator.protocol.message import Request
from oss_emulator.settings import Auth, Settings

from tests.unit.pipeline.service import PAGE, RULES, SETTINGS, ask, put

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
    """The code of the error that admission answers with, "" for none."""
    outcome = service.admit(request)
    return outcome.error.code if isinstance(outcome, Refused) else ""


@pytest.mark.parametrize("operation", POSTS, ids=lambda item: item.name)
@pytest.mark.parametrize("page", [EVIL, SANDBOXED, {"Sec-Fetch-Site": "same-site"}])
def test_every_operation_of_post_but_the_form_is_refused(
    service: Service, operation: Operation, page: dict[str, str]
) -> None:
    before = controls.take_snapshot(service.storage)
    request = call(operation, **page)
    is_form = operation.takes is Takes.FORM
    assert code(service, request) == ("" if is_form else "CrossOriginForbidden")
    if not is_form:
        assert service.handle(request).status == 403
    assert controls.take_snapshot(service.storage) == before


READING = [item for item in OPERATIONS if item.method in READS]


@pytest.mark.parametrize("operation", READING, ids=lambda item: f"{item.method} {item.name}")
def test_no_operation_of_get_changes_anything(service: Service, operation: Operation) -> None:
    """Browsers send GET for any page, and nothing refuses that."""
    before = controls.take_snapshot(service.storage)
    service.handle(call(operation), caller=service.accounts.owner)
    assert controls.take_snapshot(service.storage) == before


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
    assert outcome.admission.access is not None
    assert not outcome.admission.access.allowed
    assert (
        outcome.admission.access.reason == "a page of another origin sent this without a preflight"
    )
    assert outcome.admission.access.action == "oss:DeleteObject"
    assert outcome.error.details["Origin"] == "http://evil.example"


@pytest.mark.parametrize("target", ["/open-bucket/a", "/open-bucket/none", "/none/a", "/"])
@pytest.mark.parametrize(
    ("host", "headers", "sandboxed"),
    [
        ("localhost:9000", {}, False),
        ("localhost:9000", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, True),
        ("127.0.0.1:9000", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, True),
        ("127.0.0.1:9000", {"Upgrade-Insecure-Requests": "1"}, True),
        ("open-bucket.localhost:9000", {"Sec-Fetch-Mode": "navigate"}, False),
    ],
)
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
