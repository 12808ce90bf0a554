"""What browsers get: refused changes, and notes on default domains. Exchanges have the answers."""

from __future__ import annotations

from datetime import date

import pytest
from oss_emulator.control import controls
from oss_emulator.control.journal import Journal
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.operations.configurations import TRANSFER_ACCELERATION
from oss_emulator.operations.document import since
from oss_emulator.operations.operation import Operation, Resource, Takes
from oss_emulator.pipeline.default_domain import find_rule_at_endpoint
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.steps import READS
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import Auth, Settings

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, sign
from tests.rows import rows
from tests.unit.pipeline.service import PAGE, accelerate, ask, put, serve, serve_as_of, visited

# --- Web pages in a browser: forbidden changes, and the sandbox for documents

EVIL = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
SANDBOXED = {"Origin": "null", "Sec-Fetch-Site": "cross-site"}

POSTS = [item for item in OPERATIONS if item.method == "POST"]


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


def test_reason_is_kept_for_the_journal(service: Service) -> None:
    outcome = service.admit(ask("POST", "/open-bucket?delete", EVIL))
    assert isinstance(outcome, Refused)
    assert outcome.known.access is not None
    assert not outcome.known.access.allowed
    assert outcome.known.access.reason == "a page of another origin sent this without a preflight"
    assert outcome.known.access.action == "oss:DeleteObject"
    assert outcome.error.details["Origin"] == "http://evil.example"


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
    old = {**bucket.documents, since(TRANSFER_ACCELERATION): b"1600000000.0"}
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
