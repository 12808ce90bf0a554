"""The steps of a request: their order, which of them a request needs, and what each one does."""

from __future__ import annotations

import re
from base64 import b64encode
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from oss_emulator.control import recording
from oss_emulator.control.metrics import Metrics
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.operations.call import Body
from oss_emulator.operations.operation import Operation
from oss_emulator.pipeline import steps
from oss_emulator.pipeline.plan import NO_BUCKET, BucketPlan, plan
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.steps import CHECK, FIND, PERFORM, Needs, choose, is_complete, needs_of
from oss_emulator.protocol import checksums
from oss_emulator.protocol.message import Request, Response
from oss_emulator.referer.assumptions import DEFAULT, CheckOrder
from oss_emulator.storage import Bucket

from tests.http import forms
from tests.unit.pipeline.service import PAGE, SETTINGS, ask, put, serve, serve_as_of

ROOT = Path(__file__).parents[3]
PAGES = ("docs/architecture.md", "docs/zh/architecture.md")

SITE = b"""<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument>
</WebsiteConfiguration>"""
STYLES = b"""<BucketProcessConfiguration><StyleDelimiters>!</StyleDelimiters>
<OssDomainSupportAtProcess>Disabled</OssDomainSupportAtProcess></BucketProcessConfiguration>"""


def listed(page: str) -> dict[str, list[str]]:
    """Read the steps of each part from a page: the words that are indented once."""
    text = (ROOT / page).read_text(encoding="utf-8")
    block = text.split("```text\n", 1)[1].split("```", 1)[0]
    found: dict[str, list[str]] = {}
    part = ""
    for line in filter(None, block.splitlines()):
        if line.startswith(" "):
            found[part].append(re.split(r" {2,}", line.strip())[0])
        else:
            part = line.split()[0]
            found.setdefault(part, [])
    return {part: names for part, names in found.items() if names}


@pytest.mark.parametrize("page", PAGES)
def test_page_lists_exactly_the_steps(page: str) -> None:
    after_journal = recording.steps(Service(SETTINGS), Metrics(), StringIO())
    assert listed(page) == {
        "find": [name for name, _ in FIND],
        "check": [step.name for step in CHECK],
        "perform": [name for name, _ in PERFORM],
        "record": ["journal", *after_journal],
    }


def chosen(service: Service, request: Request, *, trusted: bool = False) -> list[str]:
    """Return the names of the checks that a request needs."""
    admission = service.admit(request, service.accounts.owner if trusted else None).admission
    return [step.name for step in choose(needs_of(admission), service)]


def test_plain_request_needs_few_checks() -> None:
    request = ask("GET", "/public-bucket/a", {"Referer": PAGE})
    assert chosen(serve(), request) == [
        "endpoint",
        "authenticate",
        "referer",
        "authorize",
        "traffic limit",
    ]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (CheckOrder.BEFORE_ACL, ["authenticate", "referer", "authorize", "traffic limit"]),
        (CheckOrder.AFTER_ACL, ["authenticate", "authorize", "referer", "traffic limit"]),
        (CheckOrder.AFTER_OBJECT, ["authenticate", "authorize", "referer", "traffic limit"]),
    ],
)
def test_assumption_decides_whether_the_referer_or_the_acl_comes_first(
    order: CheckOrder, names: list[str]
) -> None:
    """R-05"""
    settings = replace(SETTINGS, assumptions=replace(DEFAULT, check_order=order))
    request = ask("GET", "/public-bucket/a", {"Referer": PAGE})
    assert chosen(serve(settings), request) == ["endpoint", *names]


def test_configurations_of_the_bucket_decide_which_checks_are_needed() -> None:
    service = serve()
    request = ask("GET", "/public-bucket/a", {"Referer": PAGE})
    before = set(chosen(service, request))
    put(service, "/public-bucket?website", SITE)
    assert set(chosen(service, request)) - before == {"website"}
    put(service, "/public-bucket?processConfiguration", STYLES)
    assert set(chosen(service, request)) - before == {"website", "style", "original"}
    write = ask("PUT", "/public-bucket/a", {"Referer": PAGE})
    assert set(chosen(service, write)) == before


def test_trusted_caller_passes_the_checks_that_protect_the_bucket() -> None:
    request = ask("POST", "/public-bucket?delete")
    assert chosen(serve(), request, trusted=True) == ["endpoint", "page"]


def test_form_passes_the_list_in_two_parts() -> None:
    service = serve()
    request = ask("POST", "/public-bucket", {"Content-Type": "multipart/form-data; boundary=b"})
    admission = service.admit(request)
    assert isinstance(admission, Admission)
    first = needs_of(admission)
    assert [step.name for step in choose(first, service)] == ["endpoint", "page"]
    second = first._replace(has_fields=True)
    assert [step.name for step in choose(second, service)] == [
        "authenticate",
        "referer",
        "authorize",
        "traffic limit",
    ]


def needs(name: str, **more: Any) -> Needs:
    """Return the needs of a plain call of an operation."""
    found = next(item for item in OPERATIONS if item.name == name)
    return Needs(found, NO_BUCKET, over_s3=False, trusted=False, has_fields=False)._replace(**more)


def operation(name: str) -> Operation:
    return needs(name).operation


SITES = BucketPlan(has_website=True)
IMAGES = BucketPlan(has_image_access=True)

NEEDED: list[tuple[str, Needs, list[dict[str, Any]]]] = [
    ("endpoint", needs("GetObject"), [{"has_fields": True}]),
    ("custom domain", needs("GetObject"), [{"trusted": True}, {"has_fields": True}]),
    (
        "page",
        needs("DeleteMultipleObjects"),
        [{"operation": operation("PutObject")}, {"has_fields": True}],
    ),
    (
        "authenticate",
        needs("GetObject"),
        [
            {"trusted": True},
            {"operation": operation("OptionObject")},
            {"operation": operation("PostObject")},
        ],
    ),
    ("authenticate", needs("PostObject", has_fields=True), [{"has_fields": False}]),
    ("app", needs("HeadObject"), [{"trusted": True}, {"operation": operation("PutObject")}]),
    ("version", needs("PutObject"), [{"trusted": True}]),
    (
        "payload",
        needs("PutObject", over_s3=True),
        [{"over_s3": False}, {"trusted": True}, {"has_fields": True}],
    ),
    (
        "website",
        needs("GetObject", bucket=SITES),
        [{"bucket": IMAGES}, {"trusted": True}, {"operation": operation("PutObject")}],
    ),
    (
        "style",
        needs("GetObject", bucket=IMAGES),
        [{"bucket": SITES}, {"operation": operation("PutObject")}],
    ),
    (
        "referer",
        needs("GetObject"),
        [{"trusted": True}, {"operation": operation("PostObject")}],
    ),
    ("referer", needs("OptionObject"), [{"trusted": True}]),
    ("authorize", needs("PutObject"), [{"operation": operation("OptionObject")}]),
    (
        "original",
        needs("HeadObject", bucket=IMAGES),
        [{"bucket": SITES}, {"trusted": True}, {"operation": operation("PutObject")}],
    ),
    ("traffic limit", needs("GetObject"), [{"trusted": True}]),
]
"""Each check, with needs that call for it, and single changes that make it unnecessary."""


@pytest.mark.parametrize(("name", "needing", "without"), NEEDED)
def test_check_is_left_out_where_it_would_do_nothing(
    name: str, needing: Needs, without: list[dict[str, Any]]
) -> None:
    service = serve_as_of(None, new_account=True)

    def is_chosen(needs: Needs) -> bool:
        return name in [step.name for step in choose(needs, service)]

    assert is_chosen(needing)
    assert [change for change in without if is_chosen(needing._replace(**change))] == []


@pytest.mark.parametrize(
    ("day", "new_account", "expected"),
    [
        (None, False, []),
        (date(2025, 3, 1), False, ["app"]),
        (date(2025, 3, 1), True, ["app", "version"]),
        (date(2025, 3, 20), True, ["custom domain", "app", "version"]),
        (date(2025, 9, 1), False, ["app", "version"]),
        (None, True, ["custom domain", "app", "version"]),
    ],
)
def test_checks_of_dated_changes_are_chosen_where_the_service_follows_them(
    day: date | None, new_account: bool, expected: list[str]
) -> None:
    """P-60, D-07"""
    usual = choose(needs("GetObject"), serve())
    found = choose(needs("GetObject"), serve_as_of(day, new_account=new_account))
    assert [step.name for step in found if step not in usual] == expected


def test_steps_have_names_of_their_own() -> None:
    names = [name for name, _ in (*FIND, *PERFORM)] + [step.name for step in CHECK]
    assert len(names) == len(set(names))
    runs = [run for _, run in FIND] + [step.run for step in CHECK]
    assert all(vars(steps)[run.__name__] is run for run in runs)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("website", BucketPlan(has_website=True)),
        ("processConfiguration", BucketPlan(has_image_access=True)),
        ("cors", BucketPlan(adds_headers=True)),
        ("requestPayment", BucketPlan(adds_headers=True)),
        ("lifecycle", NO_BUCKET),
        (None, NO_BUCKET),
    ],
)
def test_plan_of_a_bucket_follows_from_its_configurations(
    document: str | None, expected: BucketPlan
) -> None:
    documents = {} if document is None else {document: b""}
    assert plan(Bucket("b", "1", 0.0, "cn-hangzhou", documents=documents)) == expected
    assert BucketPlan(False, False, False) == NO_BUCKET


# --- What is added to an answer


@pytest.mark.parametrize(
    ("target", "headers", "complete"),
    [
        ("/", {}, True),
        ("/public-bucket/a", {}, True),
        ("/public-bucket/a", {"x-amz-date": "20260101T000000Z"}, False),
        ("/public-bucket/a", {"Origin": "http://page.test"}, False),
        ("/private-bucket/a", {}, False),  # has CORS rules
    ],
)
def test_nothing_is_added_to_most_answers(
    service: Service, target: str, headers: dict[str, str], complete: bool
) -> None:
    rules = (
        b"<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>"
    )
    put(service, "/private-bucket?cors", b"<CORSConfiguration>" + rules + b"</CORSConfiguration>")
    request = ask("GET", target, {"Referer": PAGE, **headers})
    assert is_complete(service.admit(request).admission, service) is complete
    assert not is_complete(service.admit(request).admission, serve_as_of(date(2026, 1, 1)))


def test_download_is_forced_on_clients_but_not_on_the_console() -> None:
    """D-01"""
    service = serve_as_of(date(2026, 1, 1))
    put(service, "/public-bucket/page.html", b"content", {"Content-Type": "text/html"})
    host = "public-bucket.oss-cn-hangzhou.aliyuncs.com"
    request = ask("GET", "/page.html", {"Referer": PAGE}, host)
    forced = [
        "x-oss-force-download" in service.handle(request, caller=caller).headers
        for caller in (None, service.accounts.owner)
    ]
    assert forced == [True, False]


# --- What the steps do


def test_alias_of_an_access_point_stands_for_its_bucket(service: Service) -> None:
    """P-84"""
    document = (
        b"<CreateAccessPointConfiguration><AccessPointName>point</AccessPointName>"
        b"<NetworkOrigin>internet</NetworkOrigin></CreateAccessPointConfiguration>"
    )
    owner = service.accounts.owner
    created = service.handle(ask("PUT", "/public-bucket?accessPoint"), document, caller=owner)
    assert isinstance(created.body, bytes)
    alias = created.body.decode().partition("<Alias>")[2].partition("</Alias>")[0]
    admitted = service.admit(ask("GET", f"/{alias}/a"), owner)
    assert isinstance(admitted, Admission)
    assert (admitted.target.bucket, admitted.named_bucket) == ("public-bucket", alias)
    assert service.perform(admitted).body == b"content"
    plain = service.admit(ask("GET", "/public-bucket/a"), owner)
    assert plain.admission.named_bucket == "public-bucket"


def test_alias_without_an_access_point_is_a_missing_bucket(service: Service) -> None:
    """P-84"""
    refused = service.admit(ask("GET", f"/point-{'0' * 34}-ossalias/a"))
    assert isinstance(refused, Refused)
    assert refused.error.code == "NoSuchBucket"


@pytest.mark.parametrize(
    ("strict", "trusted", "code"),
    [
        (False, False, ""),
        (True, False, "TransferAccelerationDisabled"),
        (True, True, ""),
    ],
)
def test_accelerate_endpoint_is_checked_strictly_for_clients_only(
    strict: bool, trusted: bool, code: str
) -> None:
    service = serve(replace(SETTINGS, strict_addressing=strict))
    request = ask("GET", "/a", {"Referer": PAGE}, "public-bucket.oss-accelerate.aliyuncs.com")
    outcome = service.admit(request, service.accounts.owner if trusted else None)
    assert (outcome.error.code if isinstance(outcome, Refused) else "") == code


def test_index_page_answers_for_a_folder_and_no_other_key(service: Service) -> None:
    put(
        service,
        "/public-bucket?website",
        SITE.replace(b"</Suffix>", b"</Suffix><SupportSubDir>true</SupportSubDir>"),
    )
    put(service, "/public-bucket/docs/index.html", b"index")
    pages = [
        service.handle(ask("GET", f"/public-bucket/{key}", {"Referer": PAGE})).body
        for key in ("docs/", "a")
    ]
    assert pages == [b"index", b"content"]


@pytest.mark.parametrize(
    ("key", "code"),
    [("b", ""), ("/b", "InvalidObjectName"), ("b" * 1024, "InvalidObjectName")],
)
def test_key_of_a_form_is_checked_like_any_other(service: Service, key: str, code: str) -> None:
    assert posted(service, {"key": key}) == code


@pytest.mark.parametrize(
    ("length", "code"), [(1, "EntityTooSmall"), (2, ""), (9, ""), (10, "EntityTooLarge")]
)
def test_file_of_a_form_has_a_size_that_its_policy_allows(
    service: Service, length: int, code: str
) -> None:
    signed = forms.sign_v1(forms.policy([["content-length-range", 2, 9]]))
    assert posted(service, {"key": "b", **dict(signed)}, b"x" * length) == code


def posted(service: Service, fields: dict[str, str], content: bytes = b"x") -> str:
    """Send a form to a bucket that everybody may write to; return the code of the error."""
    put(service, "/public-bucket?acl", headers={"x-oss-acl": "public-read-write"})
    body = forms.form(list(fields.items()), forms.File(content))
    request = ask("POST", "/public-bucket", {"Content-Type": forms.TYPE, "Referer": PAGE})
    return code_of(service.handle(request, body))


def code_of(response: Response) -> str:
    """Return the code of an error, "" for a success."""
    if response.status < 400:
        return ""
    assert isinstance(response.body, bytes)
    return response.body.decode().partition("<Code>")[2].partition("</Code>")[0]


DELETE = b"<Delete><Object><Key>a</Key></Object></Delete>"
SELECT = b"<SelectRequest><Expression>c2VsZWN0ICogZnJvbSBvc3NvYmplY3Q=</Expression></SelectRequest>"
OTHER = checksums.md5(b"other")


@pytest.mark.parametrize(
    ("method", "target", "body", "md5", "code"),
    [
        ("PUT", "/b", b"new", None, ""),
        ("PUT", "/b", b"new", checksums.md5(b"new"), ""),
        ("PUT", "/b", b"new", OTHER, "InvalidDigest"),
        ("POST", "?delete", DELETE, None, "MissingArgument"),
        ("POST", "?delete", DELETE, checksums.md5(DELETE), ""),
        ("POST", "?delete", DELETE, OTHER, "InvalidDigest"),
        ("DELETE", "/a", b"", OTHER, ""),  # nobody reads its body
        ("POST", "/a?x-oss-process=csv/select", SELECT, checksums.md5(SELECT), ""),
    ],
)
def test_body_that_is_read_must_have_the_digest_that_is_sent(
    service: Service, method: str, target: str, body: bytes, md5: bytes | None, code: str
) -> None:
    """P-76"""
    headers = {} if md5 is None else {"Content-MD5": b64encode(md5).decode()}
    request = ask(method, f"/public-bucket{target}", headers)
    assert code_of(service.handle(request, body, caller=service.accounts.owner)) == code


def test_only_what_changes_something_is_performed_in_a_transaction(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    transaction, begun = service.storage.transaction, []

    def begin() -> AbstractContextManager[None]:
        begun.append(method)
        return transaction()

    monkeypatch.setattr(service.storage, "transaction", begin)
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        service.handle(ask(method, "/public-bucket/a"), caller=service.accounts.owner)
    assert begun == ["PUT", "DELETE"]


def test_operation_sees_the_bucket_as_it_is_when_the_body_has_arrived(service: Service) -> None:
    admitted = service.admit(ask("PUT", "/public-bucket/b"), service.accounts.owner)
    assert isinstance(admitted, Admission)
    assert "x-oss-version-id" not in service.perform(admitted, Body.of(b"first")).headers
    document = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    put(service, "/public-bucket?versioning", document)
    assert "x-oss-version-id" in service.perform(admitted, Body.of(b"second")).headers
