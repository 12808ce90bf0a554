"""Remarks as SARIF 2.1.0, which code scanners and editors read."""

import json
from collections.abc import Iterable, Sequence

from .remark import Remark, RemarkKind, wrong

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def format(
    remarks: Iterable[Remark], kinds: Sequence[RemarkKind], command: str, version: str
) -> str:
    """Format the remarks of a command that have a severity; `kinds` describe all their kinds."""
    ids = [kind.id for kind in kinds]
    driver = {
        "name": f"oss-emulator {command}",
        "version": version,
        "rules": [_describe(kind) for kind in kinds],
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
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _describe(kind: RemarkKind) -> dict[str, object]:
    page = {"text": kind.page or kind.title}
    return {
        "id": kind.id,
        "shortDescription": {"text": kind.title},
        "fullDescription": page,
        "help": page,
        "defaultConfiguration": {"level": kind.severity.value},
    }


def _location(remark: Remark) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": {"uri": _uri(remark.source)}}
    if remark.has_file:
        line, column = remark.place
        physical["region"] = {"startLine": line, "startColumn": column}
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": remark.entry}],
    }


def _uri(source: str) -> str:
    from urllib.parse import quote

    return quote(source.replace("\\", "/"), safe="/:@!$&'()*+,;=~-._")
