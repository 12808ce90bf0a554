"""Admitted and Refused are immutable, and a failure keeps the earlier decisions."""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.pipeline.admission import Admitted, Refused
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import AccessDecision

from tests.unit.pipeline.service import PAGE, ask


def admit(service: Service) -> Admitted:
    outcome = service.admit(ask("GET", "/public-bucket/a", {"Referer": PAGE}))
    assert isinstance(outcome, Admitted)
    return outcome


def test_fields_cannot_be_set(service: Service) -> None:
    admitted = admit(service)
    refused = admitted.refuse(OSSError(ErrorCase.NO_SUCH_KEY))
    values: list[Any] = [admitted, admitted.call, refused, admitted.request]
    for value in values:
        for name in value._fields:
            with pytest.raises(AttributeError):
                setattr(value, name, None)
        with pytest.raises(AttributeError):
            value.anything = None


def test_performing_a_call_does_not_change_its_admission(service: Service) -> None:
    admitted = admit(service)
    before = tuple(admitted), tuple(admitted.call)
    service.perform(admitted)
    assert (tuple(admitted), tuple(admitted.call)) == before


def test_failed_call_keeps_the_earlier_decisions(service: Service) -> None:
    admitted = admit(service)
    call, error = admitted.call, OSSError(ErrorCase.NO_SUCH_KEY)
    assert admitted.refuse(error) == Refused(
        call.request,
        call.request_id,
        error,
        call.target,
        call.operation,
        call.record,
        call.signing,
        call.access_key_id,
        call.caller,
        admitted.decision,
        admitted.access,
    )


def test_denial_by_the_operation_replaces_the_access_decision(service: Service) -> None:
    denial = AccessDecision(False, "the object's ACL", "oss:GetObject", "")
    refused = admit(service).refuse(OSSError(ErrorCase.OBJECT_ACL_READ, access=denial))
    assert refused.access is denial


def test_refusal_drops_the_traceback_of_its_error(service: Service) -> None:
    """The traceback would keep the body in memory as long as the answer."""
    try:
        try:
            raise ValueError
        except ValueError:
            raise OSSError(ErrorCase.NO_SUCH_KEY)  # noqa: B904
    except OSSError as error:
        refused = admit(service).refuse(error)
    assert refused.error.__traceback__ is None
    assert refused.error.__context__ is None


def test_errors_have_no_traffic_limit(service: Service) -> None:
    assert admit(service).refuse(OSSError(ErrorCase.NO_SUCH_KEY)).traffic_limit is None
