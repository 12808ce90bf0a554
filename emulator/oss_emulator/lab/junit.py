"""Remarks as JUnit XML, which CI systems show as tests."""

from collections.abc import Iterable
from itertools import groupby

from lxml import etree

from .remark import Remark


def format(remarks: Iterable[Remark]) -> bytes:
    """Format each remark as a case, and those on a source that follow each other as a suite.

    `?` replaces characters that XML cannot represent.
    """
    root = etree.Element("testsuites")
    for source, grouped in groupby(remarks, lambda remark: remark.source):
        cases = list(grouped)
        suite = etree.SubElement(
            root,
            "testsuite",
            name=_text(source),
            tests=str(len(cases)),
            failures=str(sum(case.fails for case in cases)),
            errors="0",
            skipped="0",
        )
        for case in cases:
            _add(suite, case)
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(suite: etree._Element, case: Remark) -> None:
    element = etree.SubElement(
        suite, "testcase", classname=_text(case.group), name=_text(case.name)
    )
    if case.fails:
        failure = etree.SubElement(
            element, "failure", message=_text(case.message), type=_text(case.kind)
        )
        failure.text = _text(case.detail)


def _text(text: str) -> str:
    return "".join(
        character if character.isprintable() or character in "\t\n" else "?" for character in text
    )
