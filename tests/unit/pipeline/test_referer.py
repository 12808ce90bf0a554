"""Referer rules, and the answers that need less work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from oss_emulator.operations import object_process
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.pipeline.referer import HotlinkProtection
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.shortcuts import MOST, Needed, documents_of
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.signature import SignedIn, Version
from oss_emulator.settings import Settings
from oss_emulator.storage.base import Bucket
from oss_referer import Assumptions, Basis, Decision, RefererConfiguration, RefererPolicy
from oss_referer.engine import explanation
from oss_referer.engine.assumptions import (
    DEFAULT,
    CheckOrder,
    ProcessingOrder,
    RepeatedHeader,
    SourceOfCopy,
)

from tests.rows import rows
from tests.unit.imaging.drawing import encode, quarters
from tests.unit.pipeline.service import PAGE, RULES, SETTINGS, THIEF, ask, put, serve, serve_as_of
from tests.unit.pipeline.signing import Dialect, Scheme, Sent
from tests.unit.pipeline.test_steps import names

# --- Hotlink protection in the pipeline: which rules decide, and the answer to a denial


def decision_on(service: Service, target: str, sent: str | None) -> Decision | None:
    headers = {} if sent is None else {"Referer": sent}
    outcome = service.admit(ask("GET", target, headers))
    assert isinstance(outcome, Admission | Refused)
    return outcome.known.decision


@pytest.mark.parametrize(
    ("sent", "allowed", "ec"),
    [(PAGE, True, ""), (THIEF, False, "0003-00000503"), (None, False, "0003-00000501")],
)
def test_rules_of_the_bucket_decide(
    service: Service, sent: str | None, allowed: bool, ec: str
) -> None:
    """R-35"""
    decision = decision_on(service, "/public-bucket/a", sent)
    assert decision is not None
    assert (decision.allowed, decision.ec or "") == (allowed, ec)


def test_denial_has_its_reason(service: Service) -> None:
    refused = service.admit(ask("GET", "/public-bucket/a", {"Referer": THIEF}))
    assert isinstance(refused, Refused)
    error = refused.error
    assert "denied by bucket referer policy" in error.message
    assert (error.status, error.ec) == (403, "0003-00000503")
    assert error.details == {"BucketName": "public-bucket"}


def test_requests_for_the_bucket_itself_are_not_checked(service: Service) -> None:
    decision = decision_on(service, "/public-bucket", THIEF)
    assert decision is not None
    assert (decision.allowed, decision.referer) == (True, None)


def test_requests_without_a_bucket_have_no_decision(service: Service) -> None:
    assert decision_on(service, "/", THIEF) is None


def test_bucket_without_rules_allows_every_referer() -> None:
    """R-15"""
    default = RefererPolicy.compile(RefererConfiguration())
    for sent in (None, "", PAGE, THIEF):
        assert HotlinkProtection(DEFAULT).policy_of(None).decide(sent) == default.decide(sent)
        assert default.decide(sent).allowed


def test_rules_of_a_document_are_compiled_once() -> None:
    hotlinks = HotlinkProtection(DEFAULT)
    assert hotlinks.policy_of(RULES) is hotlinks.policy_of(bytes(bytearray(RULES)))


# --- the assumed facts about the order of a request


def answer(assumptions: Assumptions, target: str, referer: str = THIEF, method: str = "GET") -> str:
    """Return the EC of the answer, or its status."""
    service = serve(replace(SETTINGS, assumptions=assumptions))
    response = service.handle(ask(method, target, {"Referer": referer}))
    return response.headers.get("x-oss-ec", str(response.status))


DENIED = "0003-00000503"


@rows(
    ("method", "key", "allowed"),
    ("GET", "missing", None),
    ("HEAD", "missing", None),
    ("GET", "a", False),
    ("PUT", "missing", False),
    ("GET", "", True),
    ("PUT", "", True),
)
def test_only_reads_of_objects_wait_for_the_object(
    service: Service, method: str, key: str, allowed: bool | None
) -> None:
    """R-05"""
    request = ask(method, f"/public-bucket/{key}", {"Referer": THIEF})
    record = service.storage.bucket("public-bucket")
    admission = Admission(request, "", target=Target("public-bucket", key), record=record)
    hotlinks = HotlinkProtection(Assumptions(check_order=CheckOrder.AFTER_OBJECT))
    decision = hotlinks.decide(admission, service.storage)
    assert (None if decision is None else decision.allowed) is allowed


def test_refusal_before_the_check_has_no_decision() -> None:
    """R-05"""
    service = serve(replace(SETTINGS, assumptions=Assumptions(check_order=CheckOrder.AFTER_ACL)))
    assert decision_on(service, "/private-bucket/a", THIEF) is None
    assert decision_on(service, "/public-bucket/a", THIEF) is not None


def test_missing_extra_is_reported_to_allowed_referers_only(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-39"""
    monkeypatch.setattr(object_process, "find_spec", lambda name: None)
    for target in ("/public-bucket/a", "/private-bucket/a"):
        request = ask("GET", f"{target}?x-oss-process=image/info", {"Referer": THIEF})
        assert service.handle(request).status == 403
    request = ask("GET", "/public-bucket/a?x-oss-process=image/info", {"Referer": PAGE})
    assert service.handle(request).status == 501
    request = ask("GET", "/private-bucket/a?x-oss-process=image/info", {"Referer": PAGE})
    assert service.handle(request).status == 403


@rows("order", *ProcessingOrder)
def test_processed_image_is_denied_in_either_order(order: ProcessingOrder) -> None:
    """R-39"""
    service = serve(replace(SETTINGS, assumptions=Assumptions(processing_order=order)))
    put(service, "/public-bucket/image", encode(quarters()))
    target = "/public-bucket/image?x-oss-process=image/info"
    statuses = [
        service.handle(ask("GET", target, {"Referer": sent})).status for sent in (THIEF, PAGE)
    ]
    assert statuses == [403, 200]


@rows(
    ("rule", "sent", "status"),
    (RepeatedHeader.FIRST, [PAGE, THIEF], 200),
    (RepeatedHeader.FIRST, [THIEF, PAGE], 403),
    (RepeatedHeader.LAST, [PAGE, THIEF], 403),
    (RepeatedHeader.LAST, [THIEF, THIEF, PAGE], 200),
    (RepeatedHeader.JOINED, [PAGE, THIEF], 200),
    (RepeatedHeader.JOINED, [THIEF, PAGE], 403),
)
def test_assumption_decides_which_of_several_referers_counts(
    rule: RepeatedHeader, sent: list[str], status: int
) -> None:
    """R-29"""
    service = serve(replace(SETTINGS, assumptions=Assumptions(repeated_header=rule)))
    fields = [("Host", "localhost"), *(("Referer", value) for value in sent)]
    request = Request.parse("GET", "/public-bucket/a", fields, 0.0)
    assert service.handle(request).status == status


# --- copies: the rules of the source

COPIES = ["/open-bucket/b", "/open-bucket/b?uploadId={upload}&partNumber=1"]


def serve_copies(variant: SourceOfCopy, order: CheckOrder = DEFAULT.check_order) -> Service:
    """Return a service with a bucket without rules, to which anybody may copy."""
    assumptions = Assumptions(copy_source=variant, check_order=order)
    service = serve(replace(SETTINGS, assumptions=assumptions))
    put(service, "/open-bucket", headers={"x-oss-acl": "public-read-write"})
    return service


def copy(
    service: Service, target: str, sent: str, source: str = "/public-bucket/a"
) -> tuple[Response, Decision]:
    """Copy as an anonymous caller."""
    started = service.handle(ask("POST", "/open-bucket/b?uploads"), caller=service.accounts.owner)
    assert isinstance(started.body, bytes)
    upload = started.body.partition(b"<UploadId>")[2].partition(b"<")[0].decode()
    fields = {"x-oss-copy-source": source, "Referer": sent}
    request = ask("PUT", target.format(upload=upload), fields)
    admission = service.admit(request).known
    assert admission.decision is not None
    return service.handle(request), admission.decision


@rows("target", *COPIES)
def test_rules_of_the_source_are_consulted_only_if_assumed(target: str) -> None:
    """R-45"""
    for variant, status in ((SourceOfCopy.UNCHECKED, 200), (SourceOfCopy.CHECKED, 403)):
        service = serve_copies(variant)
        answered, decision = copy(service, target, THIEF)
        assert answered.status == status
        assert decision.allowed is (status == 200)
        assert decision.variants == (("copy_source", variant),)
        assert decision.basis is Basis.ASSUMED
        answered, decision = copy(service, target, PAGE)
        assert (answered.status, decision.variants) == (200, ())


def test_denial_of_a_source_names_its_bucket() -> None:
    """R-35, R-45"""
    answered, decision = copy(serve_copies(SourceOfCopy.CHECKED), COPIES[0], THIEF)
    assert isinstance(answered.body, bytes)
    assert b"<BucketName>public-bucket</BucketName>" in answered.body
    assert answered.headers["x-oss-ec"] == decision.ec == DENIED
    assert "The rules are consulted for the source of a copy." in explanation.describe(decision)


def test_rules_of_the_target_decide_first() -> None:
    """R-45: the source has no rules, or allows what the target denies."""
    service = serve_copies(SourceOfCopy.CHECKED)
    put(service, "/open-bucket?referer", RULES)
    for source in ("/open-bucket/b", "/public-bucket/a"):
        answered, decision = copy(service, COPIES[0], THIEF, source)
        assert (answered.status, decision.variants) == (403, ())


@rows("place", SignedIn.URL, SignedIn.HEADER)
@rows("dialect", *Dialect)
def test_source_of_a_signed_copy_is_checked_like_a_signed_get(
    dialect: Dialect, place: SignedIn
) -> None:
    """R-01, R-45: a copy that is signed in its header is never checked."""
    service = serve_copies(SourceOfCopy.CHECKED)
    name = f"x-{'oss' if dialect is Dialect.OSS else 'amz'}-copy-source"
    signed = Scheme(dialect, Version.V4, place).sign(
        Sent("PUT", "/open-bucket/b", (("Host", "localhost"), (name, "/public-bucket/a")))
    )
    for sent, status in ((THIEF, 200 if place is SignedIn.HEADER else 403), (PAGE, 200)):
        request = signed.adding("", ("Referer", sent)).request()
        assert service.handle(request).status == status


# --- Shortcuts: which requests find their operation at once, and which steps they leave out

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
    ("GET", "localhost", "/public-bucket/a", {"Authorization": "OSS ak:c2ln"},
     Target("public-bucket", "a"), "GetObject"),
    ("GET", "localhost", "/public-bucket?acl", {}, Target("public-bucket"), "GetBucketAcl"),
    ("GET", "localhost", "/", {}, Target(), "ListBuckets"),
    ("OPTIONS", "localhost", "/public-bucket/a?acl", {}, Target("public-bucket", "a"),
     "OptionObject"),
    ("PUT", "localhost", "/public-bucket/b", {}, Target("public-bucket", "b"), "PutObject"),
    ("PUT", "localhost", "/public-bucket/b", COPY, Target("public-bucket", "b"), "CopyObject"),
]  # fmt: skip


@rows(("method", "host", "target", "headers", "found", "operation"), *FOUND)
def test_most_requests_find_their_operation_at_once(
    method: str, host: str, target: str, headers: Mapping[str, str], found: Target, operation: str
) -> None:
    service = serve(Settings(cname={"cdn.test": "public-bucket"}))
    admission = Admission(ask(method, target, headers, host), "id")
    assert service.shortcuts.find(admission)
    assert (admission.target, admission.operation.name) == (found, operation)
    assert admission.record is (service.storage.bucket(found.bucket) if found.bucket else None)
    assert admission.region == service.settings.region


@rows(
    "request_",
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
)
def test_other_requests_go_through_the_steps(request_: Request) -> None:
    admission = Admission(request_, "id")
    assert not serve().shortcuts.find(admission)
    assert admission == Admission(request_, "id")


def test_bucket_in_the_path_goes_through_the_steps_where_addressing_is_strict() -> None:
    service = Service(Settings(strict_addressing=True))
    assert not service.shortcuts.find(Admission(ask("GET", "/"), "id"))


def chosen(service: Service, request: Request) -> Needed:
    return service.shortcuts.choose(service.admit(request).known)


def test_plain_request_needs_few_steps() -> None:
    found = chosen(serve(), ask("GET", "/public-bucket/a", {"Referer": PAGE}))
    assert names(found.checks) == [
        "authentication.authenticate",
        "referer.check_referer",
        "authentication.authorize",
        "find_limit",
    ]
    assert names(found.performs) == ["run_operation"]
    assert found.completes == ()


@rows(
    ("document", "content", "added"),
    ("website", SITE, {"website.find_page"}),
    ("processConfiguration", STYLES, {"images.find_style", "images.check_original"}),
    ("cors", CORS, {"bucket.add_headers"}),
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


@rows(
    ("method", "target", "headers", "host", "added"),
    ("GET", "/public-bucket/a", {"Origin": "http://page.test"}, "", {"browser.sandbox"}),
    ("GET", "/a", {}, "public-bucket.oss-cn-hangzhou.aliyuncs.com",
     {"addressing.check_endpoint"}),
    ("PUT", "/public-bucket/a", {}, "", {"check_body"}),
    ("POST", "/public-bucket?delete", {}, "", {"browser.check_page", "check_body"}),
    ("GET", "/public-bucket/a", {"x-oss-s3-compat": "true"}, "",
     {"authentication.find_payload", "s3.translate_body", "s3.translate_back"}),
)  # fmt: skip
def test_request_decides_which_steps_are_needed(
    method: str, target: str, headers: Mapping[str, str], host: str, added: set[str]
) -> None:
    service = serve()
    plain = all_of(chosen(service, ask("GET", "/public-bucket/a", {"Referer": PAGE})))
    asked = ask(method, target, {"Referer": PAGE, **headers}, host or "localhost")
    assert all_of(chosen(service, asked)) - plain == added


@rows(
    ("day", "new_account", "expected"),
    (None, False, []),
    (date(2025, 3, 1), False, []),
    (date(2025, 3, 1), True, ["version"]),
    (date(2025, 3, 20), True, ["domain", "version"]),
    (date(2025, 9, 1), False, ["version"]),
    (None, True, ["domain", "version"]),
)
def test_checks_of_dated_changes_are_chosen_where_the_service_follows_them(
    day: date | None, new_account: bool, expected: list[str]
) -> None:
    """P-60"""
    request = ask("GET", "/public-bucket/a", {"Referer": PAGE})
    usual = names(chosen(serve(), request).checks)
    found = names(chosen(serve_as_of(day, new_account=new_account), request).checks)
    assert [name.rpartition("check_")[2] for name in found if name not in usual] == expected


def all_of(needed: Needed) -> set[str]:
    return {name for listed in needed for name in names(listed)}


@rows("document", "website", "processConfiguration", "cors", "requestPayment", None)
def test_some_documents_of_a_bucket_decide_which_steps_are_needed(document: str | None) -> None:
    found = frozenset[str]() if document is None else {document}
    documents = dict.fromkeys((*found, "lifecycle"), b"")
    assert documents_of(Bucket("b", "1", 0.0, "cn-hangzhou", documents=documents)) == found
