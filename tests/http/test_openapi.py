"""The OpenAPI document: it names every route, and the server's answers conform to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from oss_emulator import Emulator
from oss_emulator.control.api import PREFIX, ROUTES, TOKEN_HEADER, document
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

DOCUMENT: dict[str, Any] = json.loads(document())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator() as emulator:
        emulator.bucket("examplebucket", acl="public-read")
        yield emulator


def test_every_route_is_described() -> None:
    described = {
        (method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods
    }
    assert described == {(route.method, PREFIX + route.path) for route in ROUTES}


def test_refusals_and_the_token_are_described() -> None:
    scheme = DOCUMENT["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", TOKEN_HEADER)
    assert DOCUMENT["security"] == [{}, {"token": []}]
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            statuses = set(operation["responses"])
            if path == f"{PREFIX}health":  # open to all
                assert operation["security"] == []
                assert statuses == {"200"}
            else:
                assert "403" in statuses, path
                assert "requestBody" not in operation or "400" in statuses, path
                assert "{name}" not in path or operation["parameters"], path


@SCHEMA.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
def test_answers_conform_to_the_document(case: schemathesis.Case, running: Emulator) -> None:
    if "wait" in (case.query or {}):
        case.query["wait"] = 0  # do not wait in a long poll
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
