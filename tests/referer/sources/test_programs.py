"""Edits of rules, Referers to try them with, and programs that put them."""

from __future__ import annotations

import ast

from hypothesis import given, strategies
from oss_referer import RefererConfiguration
from oss_referer.advice import diff
from oss_referer.advice.diff import RuleEdit
from oss_referer.browser import probes
from oss_referer.browser.probes import DEFAULT_SITE, guess_site, propose_referers
from oss_referer.search.url import WebURL
from oss_referer.sources.programs import format_oss2, format_ossutil

from tests.rows import rows

# --- the edits between two configurations


OLD = RefererConfiguration(True, whitelist=("http://a/", "http://b/"))


def test_changed_switches_and_entries_are_listed() -> None:
    new = RefererConfiguration(
        False, whitelist=("http://b/", "http://c/"), blacklist=("http://d/",), truncate_path=True
    )
    assert list(diff.find_edits(OLD, new)) == [
        RuleEdit("AllowEmptyReferer", "true", "false"),
        RuleEdit("TruncatePath", "false", "true"),
        RuleEdit("whitelist", "http://a/", None),
        RuleEdit("whitelist", None, "http://c/"),
        RuleEdit("blacklist", None, "http://d/"),
    ]


def test_order_and_repetition_make_no_difference() -> None:
    same = RefererConfiguration(True, whitelist=("http://b/", "http://a/", "http://b/"))
    assert list(diff.find_edits(OLD, same)) == []


# --- the Referers to try rules with: pages of the sites that they name


@rows(
    ("whitelist", "site"),
    ([], DEFAULT_SITE),
    (["*"], DEFAULT_SITE),
    (["https://*.example.net/"], "https://www.example.net"),
    (["https://*.example.net/", "http://m.example.org:8080/a"], "http://m.example.org:8080"),
    (["例え.test"], "https://xn--r8jz45g.test"),
    (["https://a b/", "https://good.test"], "https://good.test"),
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
        probes.THIEF,
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


# --- programs that put rules: their text, from which no entry can escape


ABOUT = 'https://a.test/"""\n\\'


@rows("entry", "http://例え.test/", "http://\U0001f600.test/", "\"'\u202e")
def test_program_for_oss2_has_the_entries_as_they_are(entry: str) -> None:
    rules = RefererConfiguration(False, False, False, (entry,), ("http://b.test/",))
    texts = [
        node.value
        for node in ast.walk(ast.parse(format_oss2(rules, ABOUT, "examplebucket")))
        if isinstance(node, ast.Constant)
    ]
    assert {entry, "http://b.test/", "examplebucket"} <= set(texts)
    assert "OSS_BUCKET" not in texts


def test_program_for_oss2_says_what_oss2_cannot_set() -> None:
    assert "TruncatePath" in format_oss2(RefererConfiguration(truncate_path=True), ABOUT)
    program = format_oss2(RefererConfiguration(), ABOUT)
    assert "TruncatePath" not in program
    assert 'os.environ["OSS_BUCKET"]' in program


def test_script_for_ossutil_cannot_be_left_by_an_entry() -> None:
    rules = RefererConfiguration(whitelist=("x\nEND\nEND.\ntouch /evil",))
    lines = format_ossutil(rules, ABOUT, "a b").splitlines()
    assert lines[1] == "cat > referer.xml <<'END..'"
    assert lines.count("END..") == 1
    assert lines[-1].startswith("ossutil api put-bucket-referer --bucket 'a b' ")
    assert lines[-2] == "END.."
