"""What rules are tried with: the sites that they name."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies
from oss_referer import RefererConfiguration
from oss_referer.browser.probes import DEFAULT_SITE, THIEF, guess_site, propose_referers
from oss_referer.search.url import WebURL


@pytest.mark.parametrize(
    ("whitelist", "site"),
    [
        ([], DEFAULT_SITE),
        (["*"], DEFAULT_SITE),
        (["https://*.example.net/"], "https://www.example.net"),
        (["https://*.example.net/", "http://m.example.org:8080/a"], "http://m.example.org:8080"),
        (["例え.test"], "https://xn--r8jz45g.test"),
        (["https://a b/", "https://good.test"], "https://good.test"),
    ],
)
def test_site_is_the_first_that_the_whitelist_names(whitelist: list[str], site: str) -> None:
    assert guess_site(RefererConfiguration(whitelist=tuple(whitelist))) == site


def test_referers_are_pages_of_each_site_and_of_strangers() -> None:
    rules = RefererConfiguration(
        whitelist=("https://a.test/", "http://a.test/", "https://*.b.test/"),
        blacklist=("https://denied.test/",),
    )
    assert propose_referers(rules) == (
        "https://a.test/",
        "https://a.test/page.html?id=1",
        "https://www.b.test/",
        "https://denied.test/",
        "https://a.test.evil.test/",
        THIEF,
    )


def test_rules_with_many_sites_propose_a_few() -> None:
    rules = RefererConfiguration(whitelist=tuple(f"https://{n}.test/" for n in range(600)))
    assert len(propose_referers(rules)) < 10


@given(strategies.lists(strategies.text(max_size=20), max_size=5))
def test_any_entries_propose_urls(entries: list[str]) -> None:
    rules = RefererConfiguration(whitelist=tuple(entries), blacklist=tuple(entries))
    for referer in propose_referers(rules):
        assert "\n" not in referer
        assert WebURL.parse(referer)
