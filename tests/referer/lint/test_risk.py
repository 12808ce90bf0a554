"""What a correction changes that somebody may have meant."""

from __future__ import annotations

import pytest
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.lint import risk
from oss_referer.lint.risk import NamedSites, Sites, seek
from oss_referer.search.automaton import Budget, CompiledRules
from oss_referer.search.sent import OwnHost, Senders, SentReferers

GUARD = "https://*/*.example.com/"
SUBS = ("https://*.example.com/", "http://*.example.com/")
ROOTS = ("https://example.com/", "http://example.com/")
STARTS = ("https://*.", "http://*.", "https://", "http://")
Lists = tuple[tuple[str, ...], tuple[str, ...]]


def find_risk(old: Lists, new: Lists, budget: int = 600_000) -> str | None:
    rules = [RefererConfiguration(False, whitelist=one[0], blacklist=one[1]) for one in (old, new)]
    before, after = map(RefererPolicy.compile, rules)
    named = NamedSites(*(Sites.of({entry: [entry] for entry in entries}) for entries in old))
    return risk.compare(CompiledRules(before), after, named, Budget(budget))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((("http://www.example.com",), ()), (("http://www.example.com/",), ())),
        ((("www.example.com",), ()), (("https://www.example.com/",), ())),
        ((("*.example.com",), ()), ((*SUBS, *ROOTS), ())),
        ((("*example.com",), ()), ((*SUBS, *ROOTS), ())),
        ((("http://www.example.com/",), ()), (("http://www.example.com/", *ROOTS), ())),
        ((("https://a.test/", "https://a.test/x"), ()), (("https://a.test/",), ())),
        ((("*",), ("www.evil.test",)), (("*",), ("https://www.evil.test/",))),
        ((("https://www.example.com:*/",), ()), (("https://www.example.com:*/", *ROOTS), ())),
    ],
)
def test_correction_that_changes_nothing_for_anyone_is_safe(old: Lists, new: Lists) -> None:
    assert find_risk(old, new) is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ((SUBS[:1], ()), (SUBS[:1], (GUARD,)), "denies https://example.com/.example.com/"),
        ((("*.example.com",), ()), (SUBS, ()), "denies http://example.com/.example.com"),
        ((("*", "https://a.test/"), ()), (("https://a.test/",), ()), "denies http://"),
        (
            (("http://a.test", "http://a.test.cn/"), ()),
            (("http://a.test/",), ()),
            "denies http://a.test.cn/",
        ),
        (
            (("*a.test", "https://www.a.test:8443/"), ()),
            (tuple(f"{start}a.test/" for start in STARTS), ()),
            "a.test:8443/",
        ),
        ((("https://a.test/",), ()), (("https://a.test/", "https://b.test/"), ()), "allows"),
        ((("https://a.test/",), ()), (("https://a.test",), ()), "allows https://a.test"),
        ((("https://*",), ("http",)), (("https://*",), ()), "allows https://"),
        ((("https://a.test/",), ("https://a.test/x",)), (("https://a.test/",), ()), "blacklist"),
        (((), ("https://a.test/",)), (("*",), ("https://a.test/",)), "denies requests without"),
    ],
)
def test_risk_comes_with_a_referer(old: Lists, new: Lists, words: str) -> None:
    found = find_risk(old, new)
    assert found is not None
    assert words in found


def test_search_that_does_not_end_proves_nothing() -> None:
    assert find_risk((("*.example.com",), ()), ((*SUBS, *ROOTS), ()), budget=500) == risk.UNPROVED


def test_own_pages_have_the_ports_and_schemes_that_are_named() -> None:
    own = [OwnHost("a.test", with_sub_domains=False, schemes=frozenset({"https"}))]
    pages = SentReferers(Senders.OWN, own, frozenset({"8443"}))
    rules = CompiledRules(RefererPolicy.compile(RefererConfiguration(whitelist=("*",))))
    sent = {
        entry: seek(rules.read(entry)[0], pages, lambda _: None, Budget())
        for entry in ("https://a.test:", "http://a.test", "https://a.test:9", "https://a.test.")
    }
    assert sent.pop("https://a.test:") == "https://a.test:8443/"
    assert not any(sent.values())
    assert pages.is_sent("https://a.test:8443/")
    assert not pages.is_sent("http://a.test/")
