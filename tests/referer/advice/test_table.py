"""The rules for new sites pass the linter, the scenarios and their own decision table."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from oss_referer import RefererConfiguration, RefererPolicy, lint
from oss_referer.advice.table import format_table, make_cases
from oss_referer.browser import scenarios
from oss_referer.browser.strangers import search
from oss_referer.lint import Severity
from oss_referer.plan import Wish, plan
from oss_referer.search.entry import parse_entry
from oss_referer.search.url import WebURL
from oss_referer.sources import tables

from tests.rows import read_cases

CASES = read_cases("referer-advice")

SITES = tuple(CASES["sites"])
SEVERAL = tuple(CASES["several"])
CLIENTS = (
    ((), False, ()),
    (("wx0123456789abcdef",), True, ("cdn.example.net", "static.example.com")),
)
WISHES = [
    Wish(sites, mini_programs=programs, console=console, cdn=cdn)
    for sites, (programs, console, cdn) in product(
        (*((site,) for site in SITES), *SEVERAL), CLIENTS
    )
]


@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize("wish", WISHES, ids=str)
def test_rules_pass_lint_scenarios_and_their_table(wish: Wish, empty: bool, tmp_path: Path) -> None:
    planned = plan(RefererConfiguration(empty), wish)
    rules = planned.corrected
    assert plan(rules, wish).corrected == rules
    assert all(item.severity is Severity.NOTE for item in lint.lint(rules).found)
    policy = RefererPolicy.compile(rules)
    strangers = {"a host that begins like the site", "a host that ends like the site"}
    pages = [url.replace("*.", "m.") for url in wish.sites]
    for site in pages:
        for outcome in scenarios.play(policy, site):
            is_other = outcome.scenario.name in strangers and len(wish.sites) > 1
            assert outcome.as_wanted or is_other
    urls = [WebURL.parse(url) for url in (*pages, *(f"https://{one}/" for one in wish.cdn))]
    assert search(policy, urls).found == ()
    assert len({*rules.whitelist, *rules.blacklist}) == len(rules.whitelist + rules.blacklist)
    path = tmp_path / "site.toml"
    path.write_text(format_table(planned, "https://www.example.com"), encoding="utf-8")
    report = tables.run(tables.read(path, {"": rules}))
    assert report.passed
    for one in report.untouched:  # a wildcard covers it, for each change stands alone
        assert sum(parse_entry(entry).matches(one.entry) for entry in rules.whitelist) > 1
    cases = make_cases(planned)
    assert len(report.results) == len(cases)
    names = [case.name for case in cases]
    assert len({case.referer for case in cases}) == len({*names}) == len(names)
