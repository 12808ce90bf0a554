"""Reports as JUnit XML."""

from __future__ import annotations

from pathlib import Path

from lxml import etree
from oss_emulator.lab import junit, tables

TABLE = """
[rules.site]
allow_empty_referer = false
whitelist = ["https://www.example.com/"]
[[case]]
name = "passes"
referer = "https://www.example.com/"
verdict = "allow"
[[case]]
name = "fails \\u0001 <&>"
verdict = "allow"
"""


def test_report_has_a_suite_per_table_and_explains_failures(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(TABLE, encoding="utf-8")
    root = etree.fromstring(junit.format([tables.run(tables.read(path))]))
    (suite,) = root.findall("testsuite")
    assert dict(suite.items()) == {
        "name": str(path),
        "tests": "2",
        "failures": "1",
        "errors": "0",
        "skipped": "0",
    }
    passed, failed = suite.findall("testcase")
    assert (passed.get("classname"), passed.get("name")) == ("site.site", "passes")
    assert len(passed) == 0
    assert failed.get("name") == "fails ? <&>"
    (failure,) = failed
    assert failure.get("message") == "verdict: expected 'allow', was 'deny'"
    assert "0003-00000501" in (failure.text or "")
