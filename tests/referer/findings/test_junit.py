"""Remarks as JUnit XML."""

from __future__ import annotations

from lxml import etree
from oss_referer.findings import Remark, Severity, format_junit


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
