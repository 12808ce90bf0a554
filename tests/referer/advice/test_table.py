"""Proposed rules pass the linter, the scenarios and their own decision table."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from oss_referer import RefererPolicy, lint
from oss_referer.advice.proposal import ProposalError, SiteProfile, format_table, propose
from oss_referer.browser import scenarios
from oss_referer.browser.strangers import search
from oss_referer.lint import Severity
from oss_referer.search.url import WebURL
from oss_referer.sources import tables

SITES = (
    "https://www.example.com",
    "http://www.example.com/shop?id=1",
    "https://example.com.cn",
    "https://例子.example.com/",
    "https://WWW.Example.COM:443",
    "https://shop.example.co.uk:8443",
    "http://www.example.com:8080",
)
SEVERAL = (
    ("https://www.example.com", "https://shop.example.org"),
    ("https://example.com", "https://example.com/shop", "http://example.com"),
    ("https://m.example.com", "https://www.example.com", "https://notexample.com"),
    ("http://a.example.com", "https://example.com:8443", "https://example.com"),
    ("https://example.com.evil.test", "https://example.com"),
)
WISHES = [
    SiteProfile((site,), subdomains, programs, console, cdn, subdomains is not console)
    for site, subdomains, (programs, console, cdn) in product(
        SITES,
        (False, True),
        (
            ((), False, ()),
            (("wx0123456789abcdef",), True, ("cdn.example.net", "static.example.com")),
        ),
    )
] + [
    SiteProfile(("https://10.0.0.1:8080",)),
    SiteProfile(("http://localhost",)),
    SiteProfile(("https://evil.test",)),
    SiteProfile(("https://[::1]/",)),
    *(
        SiteProfile(sites, subdomains, ("wx0123456789abcdef",), True, cdn, empty)
        for sites, subdomains, cdn, empty in product(
            SEVERAL, (False, True), ((), ("m.example.com", "cdn.example.net")), (False, True)
        )
    ),
]


@pytest.mark.parametrize("wish", WISHES, ids=str)
def test_rules_pass_lint_scenarios_and_their_table(wish: SiteProfile, tmp_path: Path) -> None:
    proposal = propose(wish)
    rules = proposal.configuration
    found = lint.run(rules)
    assert all(item.severity is Severity.NOTE for item in found)
    said = {item.rule for item in found if not item.common}
    assert said == ({"empty-allowed"} if wish.allow_empty else set())
    policy = RefererPolicy.compile(rules)
    strangers = {"a host that begins like the site", "a host that ends like the site"}
    for site in wish.sites:
        for outcome in scenarios.play(policy, site if "://" in site else f"https://{site}"):
            is_other = outcome.scenario.name in strangers and len(wish.sites) > 1
            assert outcome.as_wanted or is_other
    pages = [WebURL.parse(url) for url in (*wish.sites, *(f"https://{one}/" for one in wish.cdn))]
    assert search(policy, pages).found == ()
    assert len({*rules.whitelist, *rules.blacklist}) == len(rules.whitelist + rules.blacklist)
    path = tmp_path / "site.toml"
    path.write_text(format_table(proposal, "https://www.example.com"), encoding="utf-8")
    report = tables.run(tables.read(path, {"": rules}))
    assert report.passed
    assert report.untouched == ()
    assert len(report.results) == len(proposal.cases)
    names = [case.name for case in proposal.cases]
    assert len({case.referer for case in proposal.cases}) == len({*names}) == len(names)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (SiteProfile(("ftp://www.example.com",)), "is not the address of a site"),
        (SiteProfile(("https://a:99999/",)), "is not the address of a site"),
        (SiteProfile(("https://exa mple.com",)), "is not the address of a site"),
        (SiteProfile(("https://*.example.com",)), "is not the address of a site"),
        (SiteProfile(("",)), "is not the address of a site"),
        (
            SiteProfile(("https://github.io",), subdomains=True),
            "github.io has no sub-domains of its own",
        ),
        (
            SiteProfile(("https://10.0.0.1",), subdomains=True),
            "10.0.0.1 has no sub-domains of its own",
        ),
        (SiteProfile(("https://a.example",), mini_programs=("YOUR-APPID",)), "is not an appid"),
        (SiteProfile(("https://a.example",), cdn=("https://cdn.example/",)), "is not a host"),
        (
            SiteProfile(
                ("https://a.example",), cdn=tuple(f"cdn{n:04}.example" for n in range(1_000))
            ),
            "24,018 bytes of entries, and a bucket accepts 20,480",
        ),
    ],
)
def test_profile_that_gives_no_rules_is_refused(wish: SiteProfile, words: str) -> None:
    with pytest.raises(ProposalError, match=words):
        propose(wish)
