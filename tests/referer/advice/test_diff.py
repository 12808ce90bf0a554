"""Comparing configurations: the witnesses that are found, and the tables made of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from oss_referer import Assumptions, RefererConfiguration, RefererPolicy, lint
from oss_referer.advice import diff
from oss_referer.advice.diff import Certainty
from oss_referer.advice.table import format_table, make_cases
from oss_referer.browser import scenarios
from oss_referer.browser.probes import ProbeKind
from oss_referer.browser.strangers import search
from oss_referer.engine.assumptions import (
    CutPath,
    EmptyWhitelist,
    JoinedEntry,
    LetterCase,
    TruncationConflict,
)
from oss_referer.lint import Severity
from oss_referer.plan import Wish, plan
from oss_referer.search.entry import parse_entry
from oss_referer.search.url import WebURL
from oss_referer.sources import tables

from tests.rows import read_cases, rows

SITE = RefererConfiguration(False, whitelist=("https://www.example.com/",))


@rows(
    ("old", "new", "witnesses"),
    (
        replace(SITE, whitelist=("https://www.example.com",)),
        SITE,
        {
            "https://www.example.com.evil.test/": False,
            "https://www.example.com.cn/": False,
            "https://www.example.com:8443/": False,
            "https://www.example.com": False,
        },
    ),
    (SITE, replace(SITE, allow_empty_referer=True), {None: True, "": True}),
    (
        SITE,
        replace(SITE, whitelist=(*SITE.whitelist, "https://b.test/")),
        {"https://b.test/": True},
    ),
    (SITE, replace(SITE, blacklist=("https://www.",)), {"https://www.example.com/": False}),
    (SITE, replace(SITE, truncate_path=True), {"https://www.example.com/": False}),
)
def test_diff_finds_a_witness_of_each_kind(
    old: RefererConfiguration, new: RefererConfiguration, witnesses: dict[str | None, bool]
) -> None:
    found = diff.compare(old, new)
    assert {change.referer: change.opens for change in found.changes} == witnesses
    assert found.certainty is Certainty.GENERATED


def test_search_finds_a_difference_beyond_the_generated_referers() -> None:
    new = replace(SITE, blacklist=("https://www.example.com/a*b*c",))
    narrower = replace(SITE, blacklist=("https://www.example.com/a*b*cd",))
    (change,) = diff.compare(narrower, new).changes
    assert change.kind is ProbeKind.PAGE or change.kind is ProbeKind.FOUND
    assert change.old.allowed
    assert not change.new.allowed


def test_no_witness_has_a_character_that_no_header_carries() -> None:
    old = RefererConfiguration(whitelist=("https://a\n.test/", "https://b\x7f.test/"))
    new = RefererConfiguration(whitelist=("https://www.example.com/",))
    found = [change.referer or "" for change in diff.compare(old, new).changes]
    assert found != []
    assert all("example.com" in referer for referer in found)


def test_only_given_referers_are_compared() -> None:
    new = replace(SITE, whitelist=("https://b.test/",))
    found = diff.compare(SITE, new, ["https://b.test/", "https://c.test/", "https://b.test/", None])
    assert [change.referer for change in found.changes] == ["https://b.test/"]
    assert found.tried == 3
    assert found.certainty is Certainty.GIVEN


def test_order_and_duplicates_make_no_difference() -> None:
    old = replace(SITE, whitelist=("https://a.test/", "https://b.test/"))
    new = replace(SITE, whitelist=("https://b.test/*", "https://a.test/", "https://b.test/"))
    found = diff.compare(old, new)
    assert found.equivalent
    assert found.certainty is Certainty.PROVED


CAPITALS = replace(SITE, whitelist=("https://www.EXAMPLE.com/",))
PATH = replace(SITE, truncate_path=True)


@rows(
    ("old", "new", "assumptions"),
    (SITE, CAPITALS, Assumptions(letter_case=LetterCase.INSENSITIVE)),
    (
        replace(SITE, whitelist=("https://a.test/,https://b.test/",)),
        replace(SITE, whitelist=("https://a.test/", "https://b.test/")),
        Assumptions(joined_entry=JoinedEntry.SEPARATED),
    ),
    (
        replace(SITE, allow_truncate_query_string=False),
        replace(PATH, allow_truncate_query_string=False),
        Assumptions(truncation_conflict=TruncationConflict.NOT_CUT),
    ),
    (
        replace(SITE, whitelist=(), blacklist=("https://a.test/",)),
        replace(SITE, whitelist=(), blacklist=("https://a.test/", "https://b.test/")),
        Assumptions(empty_whitelist=EmptyWhitelist.DENIES),
    ),
)
def test_equivalence_is_proved_under_other_assumptions(
    old: RefererConfiguration, new: RefererConfiguration, assumptions: Assumptions
) -> None:
    assert not diff.compare(old, new).equivalent
    found = diff.compare(old, new, assumptions=assumptions)
    assert (found.equivalent, found.certainty) == (True, Certainty.PROVED)


def test_equivalence_is_not_proved_where_the_search_cannot_keep_a_slash() -> None:
    """R-27"""
    other = replace(PATH, whitelist=(*PATH.whitelist, f"{SITE.whitelist[0]}a"))
    assert diff.compare(PATH, other).certainty is Certainty.PROVED
    slash = Assumptions(cut_path=CutPath.WITH_SLASH)
    assert diff.compare(PATH, other, assumptions=slash).certainty is Certainty.GENERATED


def test_many_entries_are_compared_by_some_of_each_list() -> None:
    old = RefererConfiguration(
        whitelist=tuple(f"https://*.w{number}.test/" for number in range(1_500)),
        blacklist=tuple(f"https://*/*.w{number}.test/" for number in range(1_500)),
    )
    new = RefererConfiguration(whitelist=("https://www.example.com/",))
    found = diff.compare(old, new)
    assert {change.opens for change in found.changes} == {True, False}
    assert found.tried < 2_000


def test_equal_configurations_are_proved_whatever_their_size() -> None:
    rules = RefererConfiguration(whitelist=tuple(f"*{number}?a*b" for number in range(1_000)))
    assert diff.compare(rules, rules).certainty is Certainty.PROVED


def test_very_long_entries_are_not_searched() -> None:
    old = RefererConfiguration(whitelist=("*" + "a*" * 40_000,))
    new = RefererConfiguration(whitelist=("*" + "a*" * 40_001,))
    assert diff.compare(old, new).certainty is Certainty.GENERATED


def test_equivalence_of_a_hundred_sites_is_proved() -> None:
    sites = tuple(f"https://www.site{number}.example.com/" for number in range(100))
    old = RefererConfiguration(False, whitelist=sites)
    new = replace(old, whitelist=(*sites, "https://www.site7.example.com/album/"))
    found = diff.compare(old, new)
    assert (found.equivalent, found.certainty) == (True, Certainty.PROVED)


# --- Tables of cases for rules

CASES = read_cases("referer.advice")

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
