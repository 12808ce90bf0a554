"""Reports of decision tables as JUnit XML for CI systems."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from oss_emulator.referer import explanation

from .tables import Report


def format(reports: Iterable[Report]) -> bytes:
    """Format each table as a test suite; `?` replaces characters that XML cannot represent."""
    root = etree.Element("testsuites")
    for report in reports:
        failures = [result for result in report.results if not result.passed]
        suite = etree.SubElement(
            root,
            "testsuite",
            name=_text(str(report.table.path)),
            tests=str(len(report.results)),
            failures=str(len(failures)),
            errors="0",
            skipped="0",
        )
        for result in report.results:
            case = etree.SubElement(
                suite,
                "testcase",
                classname=_text(f"{report.table.path.stem}.{result.case.rules or 'rules'}"),
                name=_text(result.case.name),
            )
            if not result.passed:
                message = _text("; ".join(map(str, result.differences)))
                failure = etree.SubElement(case, "failure", message=message, type="decision")
                failure.text = _text(explanation.describe(result.decision))
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _text(text: str) -> str:
    return "".join(
        character if character.isprintable() or character in "\t\n" else "?" for character in text
    )
