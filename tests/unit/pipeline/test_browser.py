"""What browsers get: CORS, websites, and the rules of default domains."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from oss_emulator.control import controls
from oss_emulator.control.journal import Journal
from oss_emulator.documents import transfer_acceleration
from oss_emulator.documents.website import Visit
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import Admission, Claimed, Refused
from oss_emulator.operations.operation import Operation, Resource, Takes
from oss_emulator.pipeline.browser import SANDBOX
from oss_emulator.pipeline.default_domain import find_rule_at_endpoint
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.steps import READS
from oss_emulator.pipeline.website import find_page
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import Auth, Settings
from oss_emulator.storage.base import Bucket
from oss_referer import Signing

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, sign
from tests.rows import read_cases, rows
from tests.unit.pipeline.service import (
    PAGE,
    REDIRECT,
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

SERVICE = Service(SETTINGS)
PATH, OWN = "localhost", "site.localhost"
"""The host for path style, and the virtual host of the bucket."""

SITE = b"""<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix>
<SupportSubDir>true</SupportSubDir></IndexDocument></WebsiteConfiguration>"""


def bucket(documents: dict[str, bytes]) -> Bucket:
    return Bucket("site", "1", 0.0, "cn-hangzhou", documents=documents)


def find(
    key: str,
    method: str = "GET",
    host: str = OWN,
    signing: Signing = Signing.NONE,
    subresource: str = "",
    documents: dict[str, bytes] | None = None,
) -> tuple[str, Visit | None] | None:
    """Return the key of the page, and the visit if the request is anonymous."""
    resource = "object" if key else "bucket"
    operation = next(
        item
        for item in OPERATIONS
        if (item.method, item.resource, item.subresource) == (method, resource, subresource)
    )
    site = bucket({"website": SITE} if documents is None else documents)
    admission = Admission(
        ask(method, "/", host=host),
        "id",
        target=Target("site", key),
        operation=operation,
        record=site,
        claimed=Claimed(signing),
    )
    find_page(admission, SERVICE)
    if admission.target.key == key:
        return None if admission.visit is None else (key, admission.visit)
    return admission.target.key, admission.visit


@rows(
    ("key", "host", "signing", "page"),
    ("", OWN, Signing.NONE, "index.html"),
    ("", PATH, Signing.NONE, None),
    ("", OWN, Signing.HEADER, None),
    ("docs/", OWN, Signing.NONE, "docs/index.html"),
    ("docs/", PATH, Signing.NONE, "docs/index.html"),
    ("docs/", OWN, Signing.HEADER, "docs/index.html"),
    ("docs/", OWN, Signing.URL, "docs/index.html"),
    ("docs", OWN, Signing.NONE, "docs"),  # for its redirects and error pages
)
def test_folder_gets_its_index_page(
    key: str, host: str, signing: Signing, page: str | None
) -> None:
    for method in ("GET", "HEAD"):
        found = find(key, method, host, signing)
        assert (None if found is None else found[0]) == page
        if found is not None:
            assert (found[1] is None) == (signing is not Signing.NONE)


def test_visit_has_the_requested_key_and_the_root_of_the_site() -> None:
    for host, root in ((OWN, ""), (PATH, "/site")):
        found = find("docs/", host=host)
        assert found is not None
        assert found[1] is not None
        assert (found[1].key, found[1].root) == ("docs/", root)


@rows(
    ("method", "subresource", "documents"),
    ("PUT", "", None),
    ("DELETE", "", None),
    ("GET", "acl", None),
    ("GET", "", {}),
)
def test_other_requests_get_no_page(
    method: str, subresource: str, documents: dict[str, bytes] | None
) -> None:
    assert find("docs/", method, subresource=subresource, documents=documents) is None


def test_request_without_a_bucket_gets_no_page() -> None:
    operation = next(item for item in OPERATIONS if item.name == "ListBuckets")
    admission = Admission(ask(host=PATH), "id", operation=operation)
    before = replace(admission)
    find_page(admission, SERVICE)
    assert admission == before


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


def created(service: Service, day: datetime) -> None:
    """Set the creation time of the public bucket."""
    bucket = service.storage.bucket("public-bucket")
    assert bucket is not None
    service.storage.put_bucket(bucket._replace(created=day.timestamp()))


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


def test_download_has_three_headers_more() -> None:
    """D-01"""
    service = serve_as_of(NOW)
    show(service, "a.html", "text/html")
    forced = get(service, "a.html")
    plain = service.handle(ask("GET", "/public-bucket/a.html", {"Referer": PAGE}))
    assert {
        name: forced.headers[name] for name in forced.headers.keys() - plain.headers.keys()
    } == {
        "x-oss-force-download": "true",
        "Content-Disposition": "attachment",
        "x-oss-ec": "0048-00000001",
    }


def test_part_of_an_object_is_a_download_and_its_absence_is_not() -> None:
    service = serve_as_of(NOW)
    show(service, "a.html", "text/html")
    part = get(service, "a.html", {"Range": "bytes=0-2"})
    assert (part.status, part.headers.get("x-oss-ec")) == (206, "0048-00000001")
    since = {"If-Modified-Since": "Fri, 01 Jan 2038 00:00:00 GMT"}
    for key, headers, status in (("a.html", since, 304), ("none.html", {}, 404)):
        other = get(service, key, headers)
        assert other.status == status
        assert "x-oss-force-download" not in other.headers


def test_what_shows_no_object_is_no_download() -> None:
    service = serve_as_of(NOW)
    owner = service.accounts.owner
    for target in ("/a.html?acl", "/a.html?objectMeta", "/?prefix=a.html"):
        show(service, "a.html", "text/html")
        answer = service.handle(ask("GET", target, {}, PUBLIC), caller=owner)
        assert answer.status == 200
        assert "x-oss-force-download" not in answer.headers


@pytest.mark.parametrize("host", CASES["other_host_names_show_images"])
def test_other_host_names_show_images(host: str) -> None:
    """D-03"""
    service = serve(replace(SETTINGS, as_of=NOW, cname={"img.example.com": "public-bucket"}))
    assert visited(service, "a.png", "image/png", host) == (200, "")


def test_old_bucket_shows_images() -> None:
    """D-03, D-06"""
    service = serve_as_of(NOW)
    created(service, datetime(2019, 9, 1, tzinfo=UTC))
    assert visited(service, "a.png", "image/png") == (200, "")


def test_images_of_newer_regions_are_not_those_of_the_others() -> None:
    """D-03, D-06"""
    service = serve_as_of(date(2025, 12, 1), region="cn-fuzhou")
    assert visited(service, "a.png", "image/png") == (200, "")


@rows("key", "a.css", "a.js", "a.pdf", "a.mp4")
def test_other_contents_of_old_accounts_are_shown(key: str) -> None:
    """D-05"""
    assert visited(serve_as_of(NOW), key) == (200, "")


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


def test_app_is_refused_and_a_page_is_not() -> None:
    """D-07"""
    service = serve_as_of(NOW)
    for key in ("a.apk", "a.html"):
        show(service, key, "application/zip")
    refused, shown = get(service, "a.apk"), get(service, "a.html")
    assert (refused.status, refused.headers["x-oss-ec"]) == (400, "0048-00000200")
    assert isinstance(refused.body, bytes)
    assert b"<Code>ApkDownloadForbidden</Code>" in refused.body
    assert shown.status == 200
    known = "Accept-Ranges ETag Last-Modified x-oss-object-type x-oss-hash-crc64ecma".split()
    assert {name: refused.headers[name] for name in known} == {
        name: shown.headers[name] for name in known
    }
    assert "Content-MD5" not in refused.headers
    assert get(service, "missing.apk").status == 404


def test_authorization_header_passes() -> None:
    """D-07"""
    service = serve_as_of(NOW)
    put(service, "/private-bucket/a.apk", b"content")
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign(auth, "header", "GET", "private-bucket", "a.apk")
    assert isinstance(
        service.admit(ask("GET", target, {"Referer": PAGE, **dict(fields)})), Admission
    )


@rows(
    ("target", "host", "year", "is_refused"),
    ("/old/a", PUBLIC, 2026, True),
    ("/old/a", PUBLIC, 2019, False),
    ("/old/a", ACCELERATED, 2026, False),
    ("/public-bucket/old/a", "localhost", 2026, False),
)
def test_redirect_of_a_website_is_refused_at_public_endpoints(
    target: str, host: str, year: int, is_refused: bool
) -> None:
    """D-08"""
    service = serve_as_of(NOW)
    put(service, "/public-bucket?website", REDIRECT)
    created(service, datetime(year, 1, 1, tzinfo=UTC))
    answer = service.handle(ask("GET", target, {"Referer": PAGE}, host))
    code = answer.headers.get("x-oss-ec")
    assert ((answer.status, code) == (400, "0048-00000300")) is is_refused


def test_page_of_a_website_is_no_redirect() -> None:
    service = serve_as_of(NOW)
    put(service, "/public-bucket?website", REDIRECT)
    show(service, "index.html", "text/plain")
    answer = service.handle(ask("GET", "/", {"Referer": PAGE}, PUBLIC))
    assert (answer.status, answer.body) == (200, b"content")
