"""Results as JUnit XML."""

from __future__ import annotations

from lxml import etree
from oss_emulator.lab import junit
from oss_emulator.lab.junit import JUnitCase, JUnitSuite


def test_report_has_a_suite_per_file_and_explains_failures() -> None:
    cases = [
        JUnitCase("site.rules", "passes"),
        JUnitCase("site.rules", "fails \x01 <&>", ["one", "two"], "because\n\x02"),
    ]
    root = etree.fromstring(junit.format([JUnitSuite("site.toml", cases)]))
    (suite,) = root.findall("testsuite")
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
    assert failure.get("message") == "one; two"
    assert failure.text == "because\n?"
