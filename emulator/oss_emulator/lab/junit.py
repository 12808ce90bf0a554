"""Results as JUnit XML for CI systems."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lxml import etree


class JUnitCase(NamedTuple):
    """One case; `problems` are the sentences that say why it failed, () if it passed."""

    classname: str
    name: str
    problems: Sequence[str] = ()
    detail: str = ""


class JUnitSuite(NamedTuple):
    """Cases that belong together, such as those of one file."""

    name: str
    cases: Sequence[JUnitCase]


def format(suites: Iterable[JUnitSuite]) -> bytes:
    """Format suites; `?` replaces characters that XML cannot represent."""
    root = etree.Element("testsuites")
    for suite in suites:
        element = etree.SubElement(
            root,
            "testsuite",
            name=_text(suite.name),
            tests=str(len(suite.cases)),
            failures=str(sum(bool(case.problems) for case in suite.cases)),
            errors="0",
            skipped="0",
        )
        for case in suite.cases:
            _add(element, case)
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(suite: etree._Element, case: JUnitCase) -> None:
    element = etree.SubElement(
        suite, "testcase", classname=_text(case.classname), name=_text(case.name)
    )
    if case.problems:
        message = _text("; ".join(case.problems))
        failure = etree.SubElement(element, "failure", message=message, type="decision")
        failure.text = _text(case.detail)


def _text(text: str) -> str:
    return "".join(
        character if character.isprintable() or character in "\t\n" else "?" for character in text
    )
