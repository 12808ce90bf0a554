"""Hotlink protection in the pipeline: which rules decide, and the answer to a denial."""

from __future__ import annotations

from dataclasses import replace

import pytest
from oss_emulator.operations import object_process
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.pipeline.referer import HotlinkProtection
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.signature import Place, Version
from oss_emulator.protocol.signature.unsigned import Dialect
from oss_referer import Assumptions, Basis, Decision, RefererConfiguration, RefererPolicy
from oss_referer.engine import explanation
from oss_referer.engine.assumptions import (
    DEFAULT,
    CheckOrder,
    MissingList,
    ProcessingOrder,
    RepeatedHeader,
    SourceOfCopy,
    TruncationConflict,
)
from oss_referer.sources import referer_xml

from tests.unit.imaging.drawing import encode, quarters
from tests.unit.pipeline.service import PAGE, RULES, SETTINGS, THIEF, ask, put, serve
from tests.unit.pipeline.signing import Scheme, Sent


def decision_on(service: Service, target: str, sent: str | None) -> Decision | None:
    headers = {} if sent is None else {"Referer": sent}
    outcome = service.admit(ask("GET", target, headers))
    assert isinstance(outcome, Admission | Refused)
    return outcome.admission.decision


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


DENIED, NO_ACL, NO_KEY = "0003-00000503", "0003-00000001", "0026-00000001"


@pytest.mark.parametrize(
    ("order", "private", "missing", "written"),
    [
        (CheckOrder.BEFORE_ACL, DENIED, DENIED, DENIED),
        (CheckOrder.AFTER_ACL, NO_ACL, DENIED, NO_ACL),
        (CheckOrder.AFTER_OBJECT, NO_ACL, NO_KEY, NO_ACL),
    ],
)
def test_assumption_decides_when_referers_are_checked(
    order: CheckOrder, private: str, missing: str, written: str
) -> None:
    """R-05"""
    assumptions = Assumptions(check_order=order)
    assert answer(assumptions, "/private-bucket/a") == private
    assert answer(assumptions, "/public-bucket/missing") == missing
    assert answer(assumptions, "/public-bucket/missing", method="PUT") == written
    assert answer(assumptions, "/public-bucket/a") == DENIED
    assert answer(assumptions, "/public-bucket/a", PAGE) == "200"
    assert answer(assumptions, "/public-bucket/missing", PAGE) == NO_KEY
    assert answer(assumptions, "/private-bucket/a", PAGE) == NO_ACL


def test_delete_marker_counts_as_a_missing_object() -> None:
    """R-05"""
    service = serve(replace(SETTINGS, assumptions=Assumptions(check_order=CheckOrder.AFTER_OBJECT)))
    request = ask("GET", "/public-bucket/a", {"Referer": THIEF})
    assert service.handle(request).status == 403
    versioning = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    put(service, "/public-bucket?versioning", versioning)
    (version,) = service.storage.versions("public-bucket", "a")
    deletion = ask("DELETE", "/public-bucket/a")
    assert service.handle(deletion, caller=service.accounts.owner).status == 204
    assert service.handle(request).status == 404
    old = ask("GET", f"/public-bucket/a?versionId={version.version_id}", {"Referer": THIEF})
    assert service.handle(old).status == 403


@pytest.mark.parametrize(
    ("method", "key", "allowed"),
    [
        ("GET", "missing", None),
        ("HEAD", "missing", None),
        ("GET", "a", False),
        ("PUT", "missing", False),
        ("GET", "", True),
        ("PUT", "", True),
    ],
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


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("order", "denied"), [(ProcessingOrder.BEFORE, 403), (ProcessingOrder.AFTER, 400)]
)
def test_assumption_decides_whether_processing_fails_before_the_check(
    order: ProcessingOrder, denied: int, method: str
) -> None:
    """R-39: `a` is not an image."""
    service = serve(replace(SETTINGS, assumptions=Assumptions(processing_order=order)))
    target = "/public-bucket/a?x-oss-process=image/info"
    statuses = [
        service.handle(ask(method, target, {"Referer": sent})).status for sent in (THIEF, PAGE)
    ]
    assert statuses == [denied, 400]


def test_missing_extra_is_told_to_allowed_referers_only(
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


@pytest.mark.parametrize("order", ProcessingOrder)
def test_processed_image_is_denied_in_either_order(order: ProcessingOrder) -> None:
    """R-39"""
    service = serve(replace(SETTINGS, assumptions=Assumptions(processing_order=order)))
    put(service, "/public-bucket/image", encode(quarters()))
    target = "/public-bucket/image?x-oss-process=image/info"
    statuses = [
        service.handle(ask("GET", target, {"Referer": sent})).status for sent in (THIEF, PAGE)
    ]
    assert statuses == [403, 200]


@pytest.mark.parametrize(
    ("rule", "sent", "status"),
    [
        (RepeatedHeader.FIRST, [PAGE, THIEF], 200),
        (RepeatedHeader.FIRST, [THIEF, PAGE], 403),
        (RepeatedHeader.LAST, [PAGE, THIEF], 403),
        (RepeatedHeader.LAST, [THIEF, THIEF, PAGE], 200),
        (RepeatedHeader.JOINED, [PAGE, THIEF], 200),
        (RepeatedHeader.JOINED, [THIEF, PAGE], 403),
    ],
)
def test_assumption_decides_which_of_several_referers_counts(
    rule: RepeatedHeader, sent: list[str], status: int
) -> None:
    """R-29"""
    service = serve(replace(SETTINGS, assumptions=Assumptions(repeated_header=rule)))
    fields = [("Host", "localhost"), *(("Referer", value) for value in sent)]
    request = Request.parse("GET", "/public-bucket/a", fields, 0.0)
    assert service.handle(request).status == status


@pytest.mark.parametrize(("rule", "status"), [("list-required", 400), ("list-optional", 200)])
def test_document_without_a_list_is_refused_unless_assumed_otherwise(
    rule: str, status: int
) -> None:
    """R-30"""
    service = serve(replace(SETTINGS, assumptions=Assumptions(missing_list=MissingList(rule))))
    owner = service.accounts.owner
    body = (
        b"<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer></RefererConfiguration>"
    )
    target = "/public-bucket?referer"
    assert service.handle(ask("PUT", target), body, caller=owner).status == status
    kept = service.handle(ask("GET", target), caller=owner).body
    assert isinstance(kept, bytes)
    assert (PAGE[:23].encode() in kept) is (status == 400)


@pytest.mark.parametrize("variant", TruncationConflict)
def test_contradiction_is_refused_only_if_assumed(variant: TruncationConflict) -> None:
    """R-27"""
    service = serve(replace(SETTINGS, assumptions=Assumptions(truncation_conflict=variant)))
    rules = RefererConfiguration(allow_truncate_query_string=False, truncate_path=True)
    response = service.handle(
        ask("PUT", "/public-bucket?referer"),
        referer_xml.format(rules),
        caller=service.accounts.owner,
    )
    assert response.status == (400 if variant is TruncationConflict.REFUSED else 200)


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
    admission = service.admit(request).admission
    assert admission.decision is not None
    return service.handle(request), admission.decision


@pytest.mark.parametrize("target", COPIES)
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


@pytest.mark.parametrize("place", [Place.URL, Place.HEADER])
@pytest.mark.parametrize("dialect", Dialect)
def test_source_of_a_signed_copy_is_checked_like_a_signed_get(
    dialect: Dialect, place: Place
) -> None:
    """R-01, R-45: a copy that is signed in its header is never checked."""
    service = serve_copies(SourceOfCopy.CHECKED)
    name = f"x-{'oss' if dialect is Dialect.OSS else 'amz'}-copy-source"
    signed = Scheme(dialect, Version.V4, place).sign(
        Sent("PUT", "/open-bucket/b", (("Host", "localhost"), (name, "/public-bucket/a")))
    )
    for sent, status in ((THIEF, 200 if place is Place.HEADER else 403), (PAGE, 200)):
        request = signed.adding("", ("Referer", sent)).request()
        assert service.handle(request).status == status


@pytest.mark.parametrize(
    "source", ["/public-bucket", "/missing-bucket/a", "/Bad_Name/a", "/private-bucket/a"]
)
def test_source_that_cannot_be_read_gets_its_own_error(source: str) -> None:
    """R-45: only rules that exist deny; what is wrong with a source is told as without rules."""
    found = []
    for variant in SourceOfCopy:
        service = serve_copies(variant)
        answered, _ = copy(service, COPIES[0], PAGE, source)
        assert isinstance(answered.body, bytes)
        found.append((answered.status, answered.body.partition(b"<Code>")[2].partition(b"<")[0]))
    assert found[0] == found[1]
    assert found[0][0] >= 400


@pytest.mark.parametrize(
    ("order", "status"), [(CheckOrder.BEFORE_ACL, 403), (CheckOrder.AFTER_OBJECT, 404)]
)
def test_missing_source_is_looked_for_first_only_if_assumed(order: CheckOrder, status: int) -> None:
    """R-05, R-45"""
    service = serve_copies(SourceOfCopy.CHECKED, order)
    assert copy(service, COPIES[0], THIEF, "/public-bucket/missing")[0].status == status
    assert copy(service, COPIES[0], THIEF)[0].status == 403


def test_alias_of_an_access_point_leads_to_the_rules_of_its_bucket() -> None:
    """P-84, R-45"""
    service = serve_copies(SourceOfCopy.CHECKED)
    document = b"<CreateAccessPointConfiguration><AccessPointName>ap-01</AccessPointName>"
    document += b"<NetworkOrigin>internet</NetworkOrigin></CreateAccessPointConfiguration>"
    request = ask("PUT", "/public-bucket?accessPoint")
    created = service.handle(request, document, caller=service.accounts.owner)
    assert isinstance(created.body, bytes)
    alias = created.body.partition(b"<Alias>")[2].partition(b"<")[0].decode()
    answered, _ = copy(service, COPIES[0], THIEF, f"/{alias}/a")
    assert isinstance(answered.body, bytes)
    assert b"<BucketName>public-bucket</BucketName>" in answered.body
    assert answered.headers["x-oss-ec"] == DENIED
