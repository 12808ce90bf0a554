"""Findings of the linter as SARIF 2.1.0, which code scanners and editors read."""

import json
from collections.abc import Mapping, Sequence

from oss_emulator.referer.decision import Stage

from .lint import RULES, Finding
from .places import Place

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def format(
    found: Sequence[Finding], source: str, places: Mapping[tuple[Stage, int], Place], version: str
) -> str:
    """Format findings on rules that were read from a file or a bucket."""
    names = [rule.name for rule in RULES]
    driver = {
        "name": "oss-emulator lint",
        "version": version,
        "rules": [
            {
                "id": rule.name,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.page},
                "help": {"text": rule.page},
                "defaultConfiguration": {"level": rule.severity.value},
            }
            for rule in RULES
        ],
    }
    results = [
        {
            "ruleId": item.rule,
            "ruleIndex": names.index(item.rule),
            "level": item.severity.value,
            "message": {"text": describe(item)},
            "locations": [_location(item, source, places)],
        }
        for item in found
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def describe(finding: Finding) -> str:
    """Describe a finding in one line: what is wrong, what shows it, what to do."""
    correction = finding.correction
    entry = f"{finding.place.entry.strip() or 'a blank entry'}: " if finding.place else ""
    shown = "A request without a Referer" if finding.referer is None else finding.referer
    steps = [
        f"write {', '.join(correction.instead)}" if correction.instead else "",
        "leave it out" if correction.instead == () else "",
        f"add {', '.join(correction.whitelist)}" if correction.whitelist else "",
        f"add {', '.join(correction.blacklist)} to the blacklist" if correction.blacklist else "",
        _switch(finding),
        correction.decide,
    ]
    advice = "; ".join(filter(None, steps))
    ending = f" To correct it: {advice}." if advice else ""
    return f"{entry}{finding.reason} {shown} {finding.evidence}.{ending}"


def _switch(finding: Finding) -> str:
    if finding.correction.switch is None:
        return ""
    switch, value = finding.correction.switch
    return f"set {switch.element} {str(value).lower()}"


def _location(
    finding: Finding, source: str, places: Mapping[tuple[Stage, int], Place]
) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": {"uri": _uri(source)}}
    place = finding.place
    line, column = places.get((place.list, place.position), (1, 1)) if place else (1, 1)
    if not source.startswith("oss://"):
        physical["region"] = {"startLine": line, "startColumn": column}
    name = f"{place.list.value}[{place.position}]" if place else "rules"
    return {"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": name}]}


def _uri(source: str) -> str:
    from urllib.parse import quote

    return quote(source.replace("\\", "/"), safe="/:@!$&'()*+,;=~-._")
