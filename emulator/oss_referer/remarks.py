"""Remarks: what a command found at a place, written for other tools as SARIF, JUnit and so on.

A linter's finding, a case of a decision table and a Referer with a changed decision are all
remarks, so one function writes each form.
"""

import json
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote

from oss_referer.sources.markup import Tag, format_xml
from oss_referer.sources.places import Place


class Severity(StrEnum):
    """How severe a remark is. A note informs; the rules contain no mistake."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class RemarkKind(NamedTuple):
    id: str
    title: str
    page: str = ""
    """An explanation of some lines; "" if the title is enough."""
    severity: Severity = Severity.ERROR


class Remark(NamedTuple):
    """One finding at one place; without a severity, nothing is wrong."""

    source: str
    """The file, or `oss://BUCKET`; "" if the remark concerns neither."""
    kind: str
    """The id of its `RemarkKind`."""
    group: str
    """The `classname` of the case in JUnit XML."""
    name: str
    severity: Severity | None = None
    message: str = ""
    detail: str = ""
    place: Place = (1, 1)
    entry: str = "rules"
    """The place within the rules, such as `whitelist[0]`."""

    @property
    def has_file(self) -> bool:
        """Whether the source is a file, so that tools can show the remark in it."""
        return bool(self.source) and not self.source.startswith("oss://")

    @property
    def fails(self) -> bool:
        """Whether the remark makes a check fail; a note does not."""
        return self.severity in (Severity.ERROR, Severity.WARNING)


def wrong(remarks: Iterable[Remark]) -> Sequence[tuple[Remark, Severity]]:
    """Return the remarks that have a severity, each with its severity."""
    return [(item, item.severity) for item in remarks if item.severity is not None]


# SARIF

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def format_sarif(
    remarks: Iterable[Remark], kinds: Sequence[RemarkKind], command: str, version: str
) -> str:
    """Format the remarks with a severity as SARIF 2.1.0; `kinds` must contain all their kinds."""
    ids = [kind.id for kind in kinds]
    driver = {
        "name": f"oss-emulator {command}",
        "version": version,
        "rules": [_describe_kind(kind) for kind in kinds],
    }
    results = [
        {
            "ruleId": item.kind,
            "ruleIndex": ids.index(item.kind),
            "level": severity.value,
            "message": {"text": item.message},
            "locations": [_location(item)] if item.source else [],
        }
        for item, severity in wrong(remarks)
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _describe_kind(kind: RemarkKind) -> dict[str, object]:
    page = {"text": kind.page or kind.title}
    return {
        "id": kind.id,
        "shortDescription": {"text": kind.title},
        "fullDescription": page,
        "help": page,
        "defaultConfiguration": {"level": kind.severity.value},
    }


def _location(remark: Remark) -> dict[str, object]:
    uri = quote(remark.source.replace("\\", "/"), safe="/:@!$&'()*+,;=~-._")
    physical: dict[str, object] = {"artifactLocation": {"uri": uri}}
    if remark.has_file:
        line, column = remark.place
        physical["region"] = {"startLine": line, "startColumn": column}
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": remark.entry}],
    }


# Annotations of GitHub Actions

_GITHUB_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def format_github(remarks: Iterable[Remark]) -> str:
    """Format the remarks with a severity as annotations: one `::error …` line for each."""
    return "".join(f"{_annotate(item, severity)}\n" for item, severity in wrong(remarks))


def _annotate(remark: Remark, severity: Severity) -> str:
    line, column = remark.place
    properties = {"file": remark.source, "line": line, "col": column, "title": remark.kind}
    if not remark.has_file:
        properties = {"title": remark.kind}
    written = ",".join(f"{name}={escape(str(value), ',:')}" for name, value in properties.items())
    return f"::{_GITHUB_COMMANDS[severity]} {written}::{escape(remark.message)}"


def escape(text: str, also: str = "") -> str:
    """Escape a value of a GitHub command: its line ends, `%` and the characters of `also`."""
    return "".join(
        f"%{ord(character):02X}" if character in f"%\r\n{also}" else character for character in text
    )


# JUnit XML


def format_junit(remarks: Iterable[Remark]) -> bytes:
    """Format remarks as JUnit XML: a case for each, a suite for adjacent remarks on one source.

    `?` replaces characters that XML cannot represent.
    """
    suites = [
        _suite(source, list(cases))
        for source, cases in groupby(remarks, lambda remark: remark.source)
    ]
    written = format_xml(Tag("testsuites", suites), indent="  ")
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{written}\n".encode()


def _suite(source: str, cases: Sequence[Remark]) -> Tag:
    attributes = {
        "name": _printable(source),
        "tests": str(len(cases)),
        "failures": str(sum(case.fails for case in cases)),
        "errors": "0",
        "skipped": "0",
    }
    return Tag("testsuite", [_case(case) for case in cases], attributes)


def _case(case: Remark) -> Tag:
    failures = []
    if case.fails:
        message = case.message.removeprefix(f"{case.name}: ")  # the case has the name
        attributes = {"message": _printable(message), "type": _printable(case.kind)}
        failures = [Tag("failure", _printable(case.detail), attributes)]
    return Tag(
        "testcase", failures, {"classname": _printable(case.group), "name": _printable(case.name)}
    )


def _printable(text: str) -> str:
    return "".join(
        character if character.isprintable() or character in "\t\n" else "?" for character in text
    )


# Markdown

LONGEST_CODE = 120
"""The most characters of a text that are shown."""


def code(text: str, longest: int = LONGEST_CODE) -> str:
    """Return a text as a code span that it cannot end; nor can it end a table or mention a user."""
    shown = "".join(item if item.isprintable() else repr(item)[1:-1] for item in text)
    shown = shown if len(shown) <= longest else f"{shown[:longest]}…"
    ticks = max((len(found) for found in re.findall("`+", shown)), default=0)
    fence = "`" * (ticks + 1)
    space = " " if ticks or not shown.strip() else ""
    return f"{fence}{space}{shown}{space}{fence}".replace("|", "\\|")
