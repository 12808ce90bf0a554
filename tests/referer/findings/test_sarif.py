"""SARIF: what the schema of version 2.1.0 requires of the parts that are written."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from oss_referer import RefererConfiguration, lint
from oss_referer.findings import format_sarif
from oss_referer.lint import RULES, remarks
from oss_referer.sources import places

from tests.referer.lint.random_rules import findings
from tests.thorough import cases

TEXT = {"type": "string", "minLength": 1}
MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": TEXT}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
    }


DESCRIPTOR = closed(
    ["id"],
    id=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    defaultConfiguration=closed([], level=LEVEL),
)
POSITION = {"type": "integer", "minimum": 1}
LOCATION = closed(
    [],
    physicalLocation=closed(
        [],
        artifactLocation=closed([], uri={"type": "string", "format": "uri-reference"}),
        region=closed([], startLine=POSITION, startColumn=POSITION),
    ),
    logicalLocations={"type": "array", "items": closed([], fullyQualifiedName=TEXT)},
)
RESULT = closed(
    ["message"],
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations={"type": "array", "items": LOCATION},
)
DRIVER = closed(["name"], name=TEXT, version=TEXT, rules={"type": "array", "items": DESCRIPTOR})
RUN = closed(
    ["tool"],
    tool=closed(["driver"], driver=DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": RESULT},
)
LOG = closed(
    ["version", "runs"],
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"enum": ["2.1.0"]},
    runs={"type": "array", "items": RUN},
)


@pytest.mark.thorough
@pytest.mark.parametrize("source", ["rules.xml", "a folder/rüles.toml", "oss://examplebucket"])
def test_output_has_what_the_schema_requires(source: str) -> None:
    validator = jsonschema_rs.validator_for(LOG, validate_formats=True)
    for found in map(findings, range(cases(20, 200))):
        made = remarks.remark(found, source, {})
        log = json.loads(format_sarif(made, remarks.KINDS, "lint", "1.0"))
        validator.validate(log)
        (run,) = log["runs"]
        assert len(run["results"]) == len(found)
        for result in run["results"]:
            assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_result_names_the_line_and_the_correction() -> None:
    text = '[rules.a]\nwhitelist = [\n    "www.example.com",\n]\n'
    configuration = RefererConfiguration(False, whitelist=("www.example.com",))
    found = lint.run(configuration, [rule for rule in RULES if rule.name == "missing-scheme"])
    where = places.find(text, "a", configuration)
    made = remarks.remark(found, "rules.toml", where)
    log = json.loads(format_sarif(made, remarks.KINDS, "lint", "1"))
    (result,) = log["runs"][0]["results"]
    location = result["locations"][0]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "rules.toml"},
        "region": {"startLine": 3, "startColumn": 6},
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": "whitelist[0]"}]
    assert result["level"] == "error"
    assert "write https://www.example.com/, http://www.example.com/." in result["message"]["text"]
