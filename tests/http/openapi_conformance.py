"""Every answer of the control API conforms to its OpenAPI document; test_openapi.py runs this."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from oss_emulator import Emulator
from oss_emulator.control.api import document
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

SCHEMA = schemathesis.openapi.from_dict(json.loads(document()))


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator() as emulator:
        emulator.bucket("examplebucket", acl="public-read")
        yield emulator


@SCHEMA.parametrize()  # type: ignore[untyped-decorator]
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
        HealthCheck.too_slow,  # on a busy machine
    ],
)
def test_answers_conform_to_the_document(case: schemathesis.Case[Any], running: Emulator) -> None:
    if "wait" in (case.query or {}):
        case.query["wait"] = 0  # no long polls
    response = case.call(base_url=running.endpoint)
    case.validate_response(
        response,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )
