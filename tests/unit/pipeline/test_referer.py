"""Hotlink protection in the pipeline: which rules decide, and the answer to a denial."""

from __future__ import annotations

from dataclasses import replace

import pytest
from oss_emulator import referer_xml
from oss_emulator.operations import object_process
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.pipeline import referer
from oss_emulator.pipeline.referer import HotlinkProtection
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.referer import Assumptions, Decision, RefererConfiguration, RefererPolicy
from oss_emulator.referer.assumptions import (
    DEFAULT,
    CheckOrder,
    MissingList,
    ProcessingOrder,
    RepeatedHeader,
    TruncationConflict,
)

from tests.unit.imaging.drawing import encode, quarters
from tests.unit.pipeline.service import PAGE, RULES, SETTINGS, THIEF, ask, put, serve


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
    decision = decision_on(service, "/public-bucket/a", THIEF)
    with pytest.raises(OSSError, match="denied by bucket referer policy") as raised:
        referer.check(decision, "public-bucket")
    error = raised.value
    assert (error.status, error.ec) == (403, "0003-00000503")
    assert error.details == {"BucketName": "public-bucket"}


def test_requests_for_the_bucket_itself_are_not_checked(service: Service) -> None:
    decision = decision_on(service, "/public-bucket", THIEF)
    assert decision is not None
    assert (decision.allowed, decision.referer) == (True, None)


def test_requests_without_a_bucket_have_no_decision(service: Service) -> None:
    assert decision_on(service, "/", THIEF) is None
    referer.check(None, "")


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
