"""Hotlink protection in the pipeline: whose rules decide, and what a denial is answered with."""

from __future__ import annotations

import pytest
from oss_emulator.pipeline import referer
from oss_emulator.pipeline.admission import Admitted, Refused
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.errors import OSSError
from oss_emulator.referer import Decision, RefererConfiguration, RefererPolicy

from tests.unit.pipeline.service import PAGE, RULES, THIEF, ask


def decision_on(service: Service, target: str, sent: str | None) -> Decision | None:
    headers = {} if sent is None else {"Referer": sent}
    outcome = service.admit(ask("GET", target, headers))
    assert isinstance(outcome, Admitted | Refused)
    return outcome.decision


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


def test_denial_is_answered_with_its_reason(service: Service) -> None:
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
        assert referer.policy_of(None).decide(sent) == default.decide(sent)
        assert default.decide(sent).allowed


def test_rules_are_compiled_once_for_the_same_document() -> None:
    assert referer.policy_of(RULES) is referer.policy_of(bytes(bytearray(RULES)))
