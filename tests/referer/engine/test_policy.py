"""The whole decision, compared with a slow one; and what is cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer import (
    Assumptions,
    Basis,
    Decision,
    Pattern,
    Reason,
    RefererConfiguration,
    RefererPolicy,
    Scope,
    Signing,
)
from oss_referer.engine.assumptions import DEFAULT, CutEntries, CutPath
from oss_referer.engine.policy import CACHED_DECISIONS, CACHED_REFERER_LENGTH, MAX_SIZE

from tests.referer.engine import oracle
from tests.rows import read_cases, rows

CASES = read_cases("referer.engine")

pieces = ["http://", "HTTP://", "a.com", "A.com", "b", "/", "?", "*", "#", " ", "x=1", ","]
texts = st.lists(st.sampled_from(pieces), max_size=6).map("".join)
lists = st.lists(texts, max_size=4).map(tuple)
configurations = st.builds(
    RefererConfiguration, st.booleans(), st.booleans(), st.booleans(), lists, lists
)
referers = st.none() | texts
several_referers = st.lists(texts, max_size=3)
any_assumptions = st.builds(
    Assumptions,
    **{name: st.sampled_from(list(type(chosen))) for name, chosen in DEFAULT.chosen().items()},
)

EACH_VARIANT = [DEFAULT, *(other for _, other in DEFAULT.alternatives())]
"""The defaults, and each variant alone; one example is tried with all of them."""


def decide(
    policy: RefererPolicy,
    sent: Sequence[str],
    signed: Signing = Signing.NONE,
    method: str = "GET",
    scope: Scope = Scope.OBJECT,
) -> Decision:
    first = sent[0] if sent else None
    return policy.decide(first, *sent[1:], signed=signed, method=method, scope=scope)


def check_with_oracle(
    rules: RefererConfiguration, sent: Sequence[str], assumptions: Assumptions
) -> None:
    decision = decide(RefererPolicy.compile(rules, assumptions), sent)
    assert (decision.reason, decision.entry) == oracle.decide(rules, sent, assumptions), assumptions


@given(configurations, several_referers)
def test_decisions_agree_with_the_oracle_under_each_variant(
    rules: RefererConfiguration, sent: list[str]
) -> None:
    for assumptions in EACH_VARIANT:
        check_with_oracle(rules, sent, assumptions)


@given(configurations, several_referers, any_assumptions)
def test_decisions_agree_with_the_oracle_under_all_assumptions(
    rules: RefererConfiguration, sent: list[str], assumptions: Assumptions
) -> None:
    check_with_oracle(rules, sent, assumptions)


requests = st.tuples(
    st.sampled_from(list(Signing)),
    st.sampled_from(["GET", "HEAD", "PUT", "OPTIONS"]),
    st.sampled_from(list(Scope)),
)


@given(configurations, several_referers, any_assumptions, requests)
def test_decision_names_the_variants_without_which_the_verdict_would_differ(
    rules: RefererConfiguration,
    sent: list[str],
    assumptions: Assumptions,
    request: tuple[Signing, str, Scope],
) -> None:
    decision = decide(RefererPolicy.compile(rules, assumptions), sent, *request)
    verdict = oracle.verdict(rules, sent, assumptions, *request)
    assert decision.ec == verdict
    telling = {
        name
        for name, other in assumptions.alternatives()
        if oracle.verdict(rules, sent, other, *request) != verdict
    }
    expected = [item for item in assumptions.chosen().items() if item[0] in telling]
    assert list(decision.variants) == expected


def test_variants_are_in_the_order_of_their_facts() -> None:
    policy = RefererPolicy.compile(RefererConfiguration(False, whitelist=("http://a,http://b",)))
    decision = policy.decide("http://a/", "http://a,http://b/")
    assert [name for name, _ in decision.variants] == ["repeated_header", "joined_entry"]
    assert decision.assumed == ("R-29", "R-37")


@given(configurations, referers, requests)
def test_allows_agrees_with_decide_under_each_variant(
    rules: RefererConfiguration, referer: str | None, request: tuple[Signing, str, Scope]
) -> None:
    for assumptions in EACH_VARIANT:
        check_allows(RefererPolicy.compile(rules, assumptions), referer, request)


@given(configurations, referers, any_assumptions, requests)
def test_allows_agrees_with_decide_under_all_assumptions(
    rules: RefererConfiguration,
    referer: str | None,
    assumptions: Assumptions,
    request: tuple[Signing, str, Scope],
) -> None:
    check_allows(RefererPolicy.compile(rules, assumptions), referer, request)


def check_allows(
    policy: RefererPolicy, referer: str | None, request: tuple[Signing, str, Scope]
) -> None:
    signed, method, scope = request
    decision = policy.decide(referer, signed=signed, method=method, scope=scope)
    allowed = policy.allows(referer, signed=signed, method=method, scope=scope)
    assert allowed is decision.allowed, policy.assumptions


@given(configurations, referers)
def test_facts_of_a_decision_are_unique(rules: RefererConfiguration, referer: str | None) -> None:
    decision = RefererPolicy.compile(rules).decide(referer)
    assert len(decision.facts) == len(set(decision.facts))
    assert set(decision.assumed) <= set(decision.facts)


@given(configurations, texts)
def test_documented_decision_does_not_depend_on_letter_case(
    rules: RefererConfiguration, referer: str
) -> None:
    decision = RefererPolicy.compile(rules).decide(referer)
    folded = replace(
        rules,
        whitelist=tuple(entry.lower() for entry in rules.whitelist),
        blacklist=tuple(entry.lower() for entry in rules.blacklist),
    )
    if decision.basis is Basis.DOCUMENTED:
        assert oracle.decide(folded, [referer.lower()])[0] is decision.reason


@given(configurations, referers)
def test_request_with_an_authorization_header_is_never_checked(
    rules: RefererConfiguration, referer: str | None
) -> None:
    decision = RefererPolicy.compile(rules).decide(referer, signed=Signing.HEADER)
    assert decision.reason is Reason.SIGNED_BY_HEADER


DENYING = RefererPolicy.compile(RefererConfiguration(blacklist=("*",)))


def test_only_documented_requests_are_checked() -> None:
    """R-01, R-04"""
    methods = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
    for signed, method, scope in product(Signing, methods, Scope):
        decision = DENYING.decide("http://a", signed=signed, method=method, scope=scope)
        checked = (
            scope is Scope.OBJECT
            and method != "OPTIONS"
            and (signed is Signing.NONE or (signed is Signing.URL and method in ("GET", "HEAD")))
        )
        assert (not decision.allowed) is checked, (signed, method, scope)
        assert (decision.referer is not None) is checked, (signed, method, scope)


@rows("referer", None, "https://a.example/")
def test_bucket_without_rules_allows_every_referer(referer: str | None) -> None:
    """R-15"""
    decision = RefererPolicy.compile(RefererConfiguration()).decide(referer)
    reason = Reason.EMPTY_ALLOWED if referer is None else Reason.NO_WHITELIST
    assert decision.reason is reason


def test_both_lists_together_may_have_20_kib() -> None:
    """R-42"""
    rules = RefererConfiguration(whitelist=("é" * 4_096, "a"), blacklist=("a" * 12_287,))
    assert rules.size == MAX_SIZE


def test_referer_is_compared_without_surrounding_white_space() -> None:
    policy = RefererPolicy.compile(RefererConfiguration(whitelist=("https://a.example",)))
    assert policy.decide(" \thttps://a.example \r\n").allowed


def test_referer_that_is_empty_after_truncation_is_not_empty() -> None:
    rules = RefererConfiguration(allow_empty_referer=False, whitelist=("*",))
    decision = RefererPolicy.compile(rules).decide("?a=b")
    assert decision.reason is Reason.WHITELISTED
    assert decision.referer == ""


KEEPS_QUERY = RefererConfiguration(allow_truncate_query_string=False)


@rows(
    ("entry", "referer", "rests"),
    *CASES["match_that_needs_small_letters_in_the_query_rests_on_their_fact"],
)
def test_match_that_needs_small_letters_in_the_query_rests_on_their_fact(
    entry: str, referer: str, rests: bool
) -> None:
    """R-41"""
    decision = RefererPolicy.compile(replace(KEEPS_QUERY, whitelist=(entry,))).decide(referer)
    assert decision.reason is Reason.WHITELISTED
    assert ("R-41" in decision.facts) is rests


@rows(
    ("whitelist", "blacklist", "origins"),
    *CASES["policy_sees_only_origins_if_no_entry_looks_further"],
)
def test_policy_sees_only_origins_if_no_entry_looks_further(
    whitelist: tuple[str, ...], blacklist: tuple[str, ...], origins: bool
) -> None:
    rules = RefererConfiguration(whitelist=whitelist, blacklist=blacklist)
    assert RefererPolicy.compile(rules).sees_only_origins is origins


@rows(
    ("entry", "compared", "with_slash"),
    ("http://a.com/b/c", "http://a.com", "http://a.com/"),
    ("a.com/b/c", "a.com", "a.com/"),
    ("http:///b", "http://", "http:///"),
    ("http://a.com", "http://a.com", "http://a.com"),
    ("http://a?.com/b", "http://a?.com", "http://a?.com/"),
    ("/b/c", None, "/"),
)
def test_entries_are_cut_like_the_referer_if_assumed(
    entry: str, compared: str | None, with_slash: str
) -> None:
    """R-28"""
    rules = RefererConfiguration(truncate_path=True, whitelist=(entry,))
    for variant, expected in ((CutPath.WITHOUT_SLASH, compared), (CutPath.WITH_SLASH, with_slash)):
        assumptions = Assumptions(cut_entries=CutEntries.CUT, cut_path=variant)
        patterns = RefererPolicy.compile(rules, assumptions).reading.whitelist.patterns
        assert [pattern.body for pattern in patterns] == ([] if expected is None else [expected])


def test_decision_on_a_known_referer_is_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = RefererPolicy.compile(RefererConfiguration(whitelist=("https://a.example/",)))
    first = policy.decide("https://a.example/")
    monkeypatch.setattr(Pattern, "matches", None)
    assert policy.decide("https://a.example/") is first


def test_kinds_of_request_do_not_share_cached_decisions() -> None:
    bases = [
        DENYING.decide("http://a", signed=Signing.URL, method=method).basis
        for method in ("GET", "HEAD", "GET")
    ]
    assert bases == [Basis.DOCUMENTED, Basis.ASSUMED, Basis.DOCUMENTED]


def test_cache_is_bounded_in_number_and_size() -> None:
    policy = RefererPolicy.compile(RefererConfiguration())
    for number in range(CACHED_DECISIONS + 10):
        policy.decide(f"http://{number}")
    policy.decide("http://" + "a" * CACHED_REFERER_LENGTH)
    cached = policy._decide_cached.cache_info()
    assert cached.currsize == CACHED_DECISIONS
    assert cached.misses == CACHED_DECISIONS + 10
