"""The rules for new sites pass the linter, the scenarios and their own decision table."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from oss_referer import RefererConfiguration, RefererPolicy, lint
from oss_referer.advice.table import format_table, make_cases
from oss_referer.browser import scenarios
from oss_referer.browser.strangers import search
from oss_referer.lint import Severity
from oss_referer.plan import Wish, plan
from oss_referer.search.url import WebURL
from oss_referer.sources import tables
from oss_referer.sources.forms import RulesForm, parse

SITES = (
    "https://www.example.com",
    "http://www.example.com/shop?id=1",
    "https://example.com.cn",
    "https://例子.example.com/",
    "https://WWW.Example.COM:443",
    "https://shop.example.co.uk:8443",
    "http://www.example.com:8080",
    "https://10.0.0.1:8080",
    "https://192.168.1.10",
    "http://10.0.0.1",
    "http://localhost",
    "https://evil.test",
    "https://[::1]/",
)
SEVERAL = (
    ("https://www.example.com", "https://shop.example.org"),
    ("https://example.com", "https://example.com/shop", "http://example.com"),
    ("https://m.example.com", "https://www.example.com", "https://notexample.com"),
    ("http://a.example.com", "https://example.com:8443", "https://example.com"),
    ("https://example.com.evil.test", "https://example.com"),
    ("https://*.example.com/", "https://www.example.org"),
    ("http://*.example.com/", "https://*.example.com.cn:8443/"),
)
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
    assert all(item.severity is Severity.NOTE for item in lint.run(rules))
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
    assert report.untouched == ()
    cases = make_cases(planned)
    assert len(report.results) == len(cases)
    names = [case.name for case in cases]
    assert len({case.referer for case in cases}) == len({*names}) == len(names)


@pytest.mark.parametrize("site", [
    *SITES, "www.example.com", "10.0.0.1", "[::1]:8443", "localhost:3000", "例子.example.com",
    "*.example.com",
])  # fmt: skip
def test_generate_and_review_end_in_equal_rules(ask: Any, tmp_path: Path, site: str) -> None:
    empty, new = tmp_path / "empty.xml", tmp_path / "new.xml"
    empty.write_text(
        "<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>"
        "<RefererList/></RefererConfiguration>"
    )
    assert ask("review", str(empty), "--site", site, "-o", str(new))[0] == 1
    status, out, _ = ask("generate", site, "--to", "xml")
    assert status == 0
    assert parse(out.encode(), RulesForm.XML) == parse(new.read_bytes(), RulesForm.XML)
    assert ask("review", str(new), "--site", site)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ftp://www.example.com",), "is not the address of a site"),
        (("https://a:99999/",), "is not the address of a site"),
        (("https://exa mple.com",), "is not the address of a site"),
        (("",), "is not the address of a site"),
        (("https://me.github.io", "--site", "https://github.io"), "is not the address of a site"),
        (("https://10.0.0.1", "--subdomains"), "10.0.0.1 has no sub-domains of its own"),
        (("https://a.example", "--mini-program", "YOUR-APPID"), "is not an appid"),
        (("https://a.example", "--cdn", "https://"), "is not the address of a site"),
        (
            ("https://a.example", *(f"--cdn=cdn{n:04}.example" for n in range(1_000))),
            "24,018 bytes of entries, and a bucket accepts 20,480",
        ),
    ],
)
def test_wish_that_gives_no_rules_is_refused(
    ask: Any, arguments: tuple[str, ...], words: str
) -> None:
    status, out, err = ask("generate", *arguments, "--to", "xml")
    assert (status, out) == (2, "")
    assert words in err
