"""Annotations of GitHub Actions."""

from __future__ import annotations

import re

import pytest
from oss_referer import RefererConfiguration, Stage, lint
from oss_referer.findings import github
from oss_referer.lint import remarks

from tests.referer.lint.random_rules import findings
from tests.thorough import cases

LINE = re.compile(r"::(?:error|warning|notice) (?:\w+=[^,:\r\n]*,?)+::[^\r\n]+")


@pytest.mark.thorough
def test_each_finding_is_one_line() -> None:
    for seed in range(cases(16, 200)):
        found = findings(seed)
        printed = github.format(remarks.remark(found, "a,b:c/rules.xml", {}))
        lines = printed.split("\n")[:-1]
        assert len(lines) == len(found)  # none for rules without a finding
        assert all(map(LINE.fullmatch, lines))


def test_annotation_names_file_line_and_rule() -> None:
    found = lint.run(RefererConfiguration(False, whitelist=("h 100%\nx.example",)))
    where = {(Stage.WHITELIST, 0): (4, 7)}
    first = github.format(remarks.remark(found, "rules.xml", where)).split("\n")[0]
    assert first.startswith(
        "::error file=rules.xml,line=4,col=7,title=joined::h 100%25%0Ax.example"
    )
    of_bucket = github.format(remarks.remark(found, "oss://b", {}))
    assert of_bucket.startswith("::error title=joined::")
