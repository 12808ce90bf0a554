"""The OpenAPI document: it names every route, and the server's answers conform to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from oss_emulator.control.api import ROUTES, document
from oss_emulator.control.api.access import TOKEN_HEADER
from oss_emulator.control.api.route import PREFIX

from tests.plugin.process import run_pytest

CONFORMANCE = Path(__file__).with_name("openapi_conformance.py")
DOCUMENT: dict[str, Any] = json.loads(document())


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


@pytest.mark.system
def test_answers_conform_to_the_document() -> None:
    """In a pytest of its own, because schemathesis makes its requests while pytest collects.

    Every process of the whole suite would do that.
    """
    flags = ("-o", "addopts=--import-mode=importlib", str(CONFORMANCE))
    outcomes = run_pytest(CONFORMANCE.parents[2], *flags, loaded=("schemathesis", "asyncio"))
    assert f"= {len(ROUTES)} passed in " in outcomes.output, outcomes.output
