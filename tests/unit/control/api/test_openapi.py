"""The OpenAPI document out of routes."""

from __future__ import annotations

import json
from typing import Any

from oss_emulator.control.api import ROUTES, document
from oss_emulator.control.api.openapi import describe
from oss_emulator.control.api.route import ApiRequest, Parameter, Route, json_content, reply
from oss_emulator.control.api.schema import TEXT, record
from oss_emulator.protocol.message import Response


def rename_thing(asked: ApiRequest) -> Response:
    """Rename a thing."""
    return reply({})


ROUTE = Route(
    "PUT",
    "thing/{name}",
    rename_thing,
    json_content(record(name=TEXT), "The new name."),
    status=201,
    parameters=(Parameter("name", "path", TEXT), Parameter("to", "query", TEXT, "The new name.")),
    body=json_content(TEXT),
    errors=(400,),
)


def test_route_becomes_an_operation() -> None:
    described = describe([ROUTE], {})
    operation = described["paths"]["/_emulator/thing/{name}"]["put"]
    assert operation["operationId"] == "rename_thing"
    assert operation["summary"] == "Rename a thing"
    assert list(operation["responses"]) == ["201", "400", "403"]
    assert operation["responses"]["201"] == {
        "description": "The new name.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}},
                    "required": ["name"],
                }
            }
        },
    }
    assert operation["parameters"] == [
        {"name": "name", "in": "path", "required": True, "schema": TEXT},
        {
            "name": "to",
            "in": "query",
            "required": False,
            "schema": TEXT,
            "description": "The new name.",
        },
        {
            "name": "x-oss-emulator",
            "in": "header",
            "required": True,
            "schema": {**TEXT, "default": "1"},
            "description": "Any value. x-oss-emulator-token may take its place.",
        },
    ]
    assert operation["requestBody"] == {
        "required": True,
        "content": {"application/json": {"schema": TEXT}},
    }


def test_operations_have_names_of_their_own() -> None:
    paths = json.loads(document())["paths"].values()
    names = [operation["operationId"] for methods in paths for operation in methods.values()]
    assert len(set(names)) == len(names) == len(ROUTES)


def test_references_lead_somewhere() -> None:
    described = json.loads(document())
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            found.update([value["$ref"]] if "$ref" in value else [])
            for child in value.values():
                collect(child)
        elif isinstance(value, list):
            for child in value:
                collect(child)

    collect(described)
    known = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert found == known
