"""Only the pipeline fills an admission, and a failure keeps the earlier decisions."""

from __future__ import annotations

import ast
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import oss_emulator
import pytest
from oss_emulator.operations.admission import Admission, Refused, refuse
from oss_emulator.operations.call import Call
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import AccessRecord
from oss_emulator.server.wire import Answer, Exchange

from tests.unit.pipeline.service import PAGE, ask, serve

PACKAGE = Path(oss_emulator.__file__).parent


@pytest.fixture(scope="module")
def service() -> Service:
    return serve()


def admit(service: Service) -> Admission:
    outcome = service.admit(ask("GET", "/public-bucket/a", {"Referer": PAGE}))
    assert isinstance(outcome, Admission)
    return outcome


def test_fields_cannot_be_set(service: Service) -> None:
    """Only the steps set those of an admission: see `test_only_the_pipeline_fills_an_admission`."""
    admitted = admit(service)
    with pytest.raises(AttributeError):
        cast("Any", admitted).anything = None
    call = Call(admitted, service.environment)
    refused = refuse(admitted, OSSError(ErrorCase.NO_SUCH_KEY))
    values: list[Any] = [call, refused, admitted.request, admitted.record]
    for value in values:
        for name in value._fields:
            with pytest.raises(AttributeError):
                setattr(value, name, None)


def test_only_the_pipeline_fills_an_admission() -> None:
    names = {field.name for field in fields(Admission)}
    texts = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    found = {
        path.relative_to(PACKAGE).parts[0]
        for path, text in texts.items()
        if "admission" in text.lower()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del)
        if node.attr in names and "admission" in ast.unparse(node.value).lower()
    }
    assert found == {"pipeline"}


def test_performing_a_call_does_not_change_its_admission(service: Service) -> None:
    admitted = admit(service)
    before = replace(admitted)
    service.execute(admitted)
    assert admitted == before


def test_failed_call_keeps_the_earlier_decisions(service: Service) -> None:
    admitted = admit(service)
    error = OSSError(ErrorCase.NO_SUCH_KEY)
    refused = refuse(admitted, error)
    assert refused == Refused(admitted, error)
    assert refused.known.access is admitted.access is not None


def test_denial_by_the_operation_replaces_the_access_decision(service: Service) -> None:
    denial = AccessRecord(False, "the object's ACL", "oss:GetObject", "")
    refused = refuse(admit(service), OSSError(ErrorCase.OBJECT_ACL_READ, access=denial))
    assert refused.known.access is denial


def test_refusal_drops_the_traceback_of_its_error(service: Service) -> None:
    """The traceback would keep the body in memory as long as the answer."""
    try:
        try:
            raise ValueError
        except ValueError:
            raise OSSError(ErrorCase.NO_SUCH_KEY)  # noqa: B904
    except OSSError as error:
        refused = refuse(admit(service), error)
    assert refused.error.__traceback__ is None
    assert refused.error.__context__ is None


def test_errors_have_no_traffic_limit(service: Service) -> None:
    request = ask("GET", "/public-bucket/a", {"Referer": PAGE, "x-oss-traffic-limit": "819200"})
    admitted = service.admit(request)
    assert isinstance(admitted, Admission)
    exchange, http = Exchange(admitted), cast("Any", SimpleNamespace(method="GET"))
    assert Answer(http, cast("Any", None), exchange, 0.0).limit == 819200
    exchange.error = OSSError(ErrorCase.NO_SUCH_KEY)
    assert Answer(http, cast("Any", None), exchange, 0.0).limit is None
