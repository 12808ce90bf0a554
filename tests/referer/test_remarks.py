"""Findings for other programs: GitHub Actions, JUnit, Markdown and SARIF."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from lxml import etree
from oss_referer import RefererConfiguration, Stage, lint
from oss_referer.lint import KINDS, RULES, remark
from oss_referer.remarks import Remark, Severity, code, format_github, format_junit, format_sarif
from oss_referer.sources import places

from tests.referer.lint.random_rules import findings
from tests.rows import rows
from tests.thorough import cases

LINE = re.compile(r"::(?:error|warning|notice) (?:\w+=[^,:\r\n]*,?)+::[^\r\n]+")


@pytest.mark.thorough
def test_each_finding_is_one_line() -> None:
    for seed in range(cases(16, 200)):
        found = findings(seed)
        printed = format_github(remark(found, "a,b:c/rules.xml", {}))
        lines = printed.split("\n")[:-1]
        assert len(lines) == len(found)  # none for rules without a finding
        assert all(map(LINE.fullmatch, lines))


def test_annotation_names_file_line_and_rule() -> None:
    found = lint.lint(RefererConfiguration(False, whitelist=("h 100%\nx.example",))).found
    where = {(Stage.WHITELIST, 0): (4, 7)}
    first = format_github(remark(found, "rules.xml", where)).split("\n")[0]
    assert first.startswith(
        "::error file=rules.xml,line=4,col=7,title=joined::h 100%25%0Ax.example"
    )
    of_bucket = format_github(remark(found, "oss://b", {}))
    assert of_bucket.startswith("::error title=joined::")


# --- remarks as JUnit XML


def test_report_has_a_suite_per_source_and_explains_failures() -> None:
    remarks = [
        Remark(source="site.toml", kind="case", group="site.rules", name="passes"),
        Remark(
            source="site.toml",
            kind="case",
            group="site.rules",
            name="fails \x01 <&>",
            severity=Severity.ERROR,
            message="one; two",
            detail="because\n\x02",
        ),
        Remark(source="b", kind="x", group="y", name="z", severity=Severity.NOTE, message="m"),
    ]
    root = etree.fromstring(format_junit(remarks))
    suite, other = root.findall("testsuite")
    assert dict(suite.items()) == {
        "name": "site.toml",
        "tests": "2",
        "failures": "1",
        "errors": "0",
        "skipped": "0",
    }
    passed, failed = suite.findall("testcase")
    assert (passed.get("classname"), passed.get("name")) == ("site.rules", "passes")
    assert len(passed) == 0
    assert failed.get("name") == "fails ? <&>"
    (failure,) = failed
    assert (failure.get("message"), failure.get("type")) == ("one; two", "case")
    assert failure.text == "because\n?"
    assert (other.get("name"), other.get("failures")) == ("b", "0")  # a note is not a failure


# --- texts from outside as code


@rows(
    ("text", "shown"),
    ("a", "`a`"),
    ("a`b", "`` a`b ``"),
    ("``", "``` `` ```"),
    ("a|b", "`a\\|b`"),
    ("a\nb\x00\u202e", "`a\\nb\\x00\\u202e`"),
    ("", "`  `"),
    ("<img src=x> @everyone", "`<img src=x> @everyone`"),
    ("a" * 121, f"`{'a' * 120}…`"),
)
def test_text_is_code_that_ends_neither_its_span_nor_its_table(text: str, shown: str) -> None:
    assert code(text) == shown


# --- SARIF: what the schema of version 2.1.0 requires of the parts that are written


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
        made = remark(found, source, {})
        log = json.loads(format_sarif(made, KINDS, "lint", "1.0"))
        validator.validate(log)
        (run,) = log["runs"]
        assert len(run["results"]) == len(found)
        for result in run["results"]:
            assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_result_names_the_line_and_the_correction() -> None:
    text = '[rules.a]\nwhitelist = [\n    "www.example.com",\n]\n'
    configuration = RefererConfiguration(False, whitelist=("www.example.com",))
    found = lint.lint(
        configuration, [rule for rule in RULES if rule.name == "missing-scheme"]
    ).found
    where = places.find(text, "a", configuration)
    made = remark(found, "rules.toml", where)
    log = json.loads(format_sarif(made, KINDS, "lint", "1"))
    (result,) = log["runs"][0]["results"]
    location = result["locations"][0]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "rules.toml"},
        "region": {"startLine": 3, "startColumn": 6},
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": "whitelist[0]"}]
    assert result["level"] == "error"
    assert "write https://www.example.com/, http://www.example.com/." in result["message"]["text"]
