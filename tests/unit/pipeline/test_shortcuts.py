"""Shortcuts: which requests find their operation at once, and which steps they leave out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from oss_emulator.operations.admission import Admission
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.shortcuts import MOST, NO_BUCKET, Needed, Plan, plan
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.message import Request
from oss_emulator.settings import Settings
from oss_emulator.storage import Bucket

from tests.unit.pipeline.service import PAGE, ask, put, serve, serve_as_of
from tests.unit.pipeline.test_steps import names

ALIAS = f"point-{'0' * 34}-ossalias"
SITE = b"""<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument>
</WebsiteConfiguration>"""
STYLES = b"""<BucketProcessConfiguration><StyleDelimiters>!</StyleDelimiters>
<OssDomainSupportAtProcess>Disabled</OssDomainSupportAtProcess></BucketProcessConfiguration>"""
CORS = b"""<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"""

COPY = {"x-oss-copy-source": "/public-bucket/a"}
FOUND: list[tuple[str, str, str, Mapping[str, str], Target, str]] = [
    ("GET", "localhost", "/public-bucket/a%20b", {}, Target("public-bucket", "a b"), "GetObject"),
    ("GET", "public-bucket.localhost", "/a", {}, Target("public-bucket", "a"), "GetObject"),
    ("GET", "cdn.test", "/a", {}, Target("public-bucket", "a"), "GetObject"),
    ("GET", "localhost", "/public-bucket?acl", {}, Target("public-bucket"), "GetBucketAcl"),
    ("GET", "localhost", "/", {}, Target(), "ListBuckets"),
    ("OPTIONS", "localhost", "/public-bucket/a?acl", {}, Target("public-bucket", "a"),
     "OptionObject"),
    ("PUT", "localhost", "/public-bucket/b", {}, Target("public-bucket", "b"), "PutObject"),
    ("PUT", "localhost", "/public-bucket/b", COPY, Target("public-bucket", "b"), "CopyObject"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "host", "target", "headers", "found", "operation"), FOUND)
def test_most_requests_find_their_operation_at_once(
    method: str,
    host: str,
    target: str,
    headers: Mapping[str, str],
    found: Target,
    operation: str,
) -> None:
    service = serve(Settings(cname={"cdn.test": "public-bucket"}))
    admission = Admission(ask(method, target, headers, host), "id")
    assert service.shortcuts.find(admission)
    assert (admission.target, admission.operation.name) == (found, operation)
    assert admission.record is (service.storage.bucket(found.bucket) if found.bucket else None)
    assert admission.region == service.settings.region


@pytest.mark.parametrize(
    "request_",
    [
        ask("GET", "/public-bucket?unknown"),
        ask("PATCH", "/public-bucket/a"),
        ask("GET", "/no-bucket/a"),
        ask("GET", f"/{ALIAS}/a"),
        ask("GET", "/a", host="bound.test"),
        ask("GET", "/a", host="bad host"),
        ask("GET", "/public-bucket/%ff"),
        ask("GET", f"/public-bucket/a?prefix={'x' * MOST}"),
        ask("GET", "http://public-bucket.localhost/a"),
        ask("GET", "/public-bucket/a", host="s3.localhost"),
        ask("GET", "/public-bucket/a", {"x-amz-date": "20260101T000000Z"}),
        ask("GET", "/public-bucket/a", {"Authorization": "AWS4-HMAC-SHA256 x"}),
        ask("GET", "/public-bucket/a?X-Amz-Signature=x"),
    ],
)
def test_other_requests_go_through_the_steps(request_: Request) -> None:
    admission = Admission(request_, "id")
    assert not serve().shortcuts.find(admission)
    assert admission == Admission(request_, "id")


def test_bucket_in_the_path_goes_through_the_steps_where_addressing_is_strict() -> None:
    service = Service(Settings(strict_addressing=True))
    assert not service.shortcuts.find(Admission(ask("GET", "/"), "id"))


def chosen(service: Service, request: Request) -> Needed:
    return service.shortcuts.choose(service.admit(request).admission)


def test_plain_request_needs_few_steps() -> None:
    found = chosen(serve(), ask("GET", "/public-bucket/a", {"Referer": PAGE}))
    assert names(found.checks) == [
        "authentication.authenticate",
        "referer.check_referer",
        "authentication.authorize",
        "find_limit",
    ]
    assert names(found.performs) == ["perform"]
    assert found.completes == ()


@pytest.mark.parametrize(
    ("document", "content", "added"),
    [
        ("website", SITE, {"website.find_page"}),
        ("processConfiguration", STYLES, {"images.find_style", "images.check_original"}),
        ("cors", CORS, {"bucket.add_headers"}),
    ],
)
def test_configurations_of_the_bucket_decide_which_steps_are_needed(
    document: str, content: bytes, added: set[str]
) -> None:
    service = serve()
    read = ask("GET", "/public-bucket/a", {"Referer": PAGE})
    write = ask("PUT", "/public-bucket/a", {"Referer": PAGE})
    before = [all_of(chosen(service, request)) for request in (read, write)]
    put(service, f"/public-bucket?{document}", content)
    assert all_of(chosen(service, read)) - before[0] == added
    for_all = added & {"bucket.add_headers"}
    assert all_of(chosen(service, write)) - before[1] == for_all


@pytest.mark.parametrize(
    ("method", "target", "headers", "host", "added"),
    [
        ("GET", "/public-bucket/a", {"Origin": "http://page.test"}, "", {"browser.sandbox"}),
        ("GET", "/a", {}, "public-bucket.oss-cn-hangzhou.aliyuncs.com",
         {"addressing.check_endpoint"}),
        ("PUT", "/public-bucket/a", {}, "", {"check_body"}),
        ("POST", "/public-bucket?delete", {}, "", {"browser.check_page", "check_body"}),
        ("GET", "/public-bucket/a", {"x-oss-s3-compat": "true"}, "",
         {"authentication.find_payload", "s3.translate_body", "s3.translate_back"}),
    ],
)  # fmt: skip
def test_request_decides_which_steps_are_needed(
    method: str, target: str, headers: Mapping[str, str], host: str, added: set[str]
) -> None:
    service = serve()
    plain = all_of(chosen(service, ask("GET", "/public-bucket/a", {"Referer": PAGE})))
    asked = ask(method, target, {"Referer": PAGE, **headers}, host or "localhost")
    assert all_of(chosen(service, asked)) - plain == added


@pytest.mark.parametrize(
    ("day", "new_account", "expected"),
    [
        (None, False, []),
        (date(2025, 3, 1), False, ["app"]),
        (date(2025, 3, 1), True, ["app", "version"]),
        (date(2025, 3, 20), True, ["domain", "app", "version"]),
        (date(2025, 9, 1), False, ["app", "version"]),
        (None, True, ["domain", "app", "version"]),
    ],
)
def test_checks_of_dated_changes_are_chosen_where_the_service_follows_them(
    day: date | None, new_account: bool, expected: list[str]
) -> None:
    """P-60, D-07"""
    request = ask("GET", "/public-bucket/a", {"Referer": PAGE})
    usual = names(chosen(serve(), request).checks)
    found = names(chosen(serve_as_of(day, new_account=new_account), request).checks)
    assert [name.rpartition("check_")[2] for name in found if name not in usual] == expected


def all_of(needed: Needed) -> set[str]:
    return {name for listed in needed for name in names(listed)}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("website", Plan(has_website=True)),
        ("processConfiguration", Plan(has_image_access=True)),
        ("cors", Plan(adds_headers=True)),
        ("requestPayment", Plan(adds_headers=True)),
        ("lifecycle", NO_BUCKET),
        (None, NO_BUCKET),
    ],
)
def test_plan_of_a_bucket_follows_from_its_configurations(
    document: str | None, expected: Plan
) -> None:
    documents = {} if document is None else {document: b""}
    assert plan(Bucket("b", "1", 0.0, "cn-hangzhou", documents=documents)) == expected
    assert Plan(False, False, False) == NO_BUCKET
