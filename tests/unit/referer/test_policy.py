"""The whole decision, against one made slowly; and what is cached."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.referer import (
    Basis,
    Pattern,
    Reason,
    RefererConfiguration,
    RefererPolicy,
    Scope,
    Signing,
)
from oss_emulator.referer.policy import CACHED_DECISIONS, CACHED_REFERER_LENGTH

from tests.unit.referer import oracle

pieces = ["http://", "HTTP://", "a.com", "A.com", "b", "/", "?", "*", "#", " ", "x=1"]
texts = st.lists(st.sampled_from(pieces), max_size=6).map("".join)
lists = st.lists(texts, max_size=4).map(tuple)
configurations = st.builds(
    RefererConfiguration, st.booleans(), st.booleans(), st.booleans(), lists, lists
)
referers = st.none() | texts


@given(configurations, referers)
def test_decisions_agree_with_the_oracle(rules: RefererConfiguration, referer: str | None) -> None:
    decision = RefererPolicy.compile(rules).decide(referer)
    assert (decision.reason, decision.entry) == oracle.decide(rules, referer)


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
        assert oracle.decide(folded, referer.lower())[0] is decision.reason


@given(configurations, referers)
def test_request_with_an_authorization_header_is_never_checked(
    rules: RefererConfiguration, referer: str | None
) -> None:
    decision = RefererPolicy.compile(rules).decide(referer, signed=Signing.HEADER)
    assert decision.reason is Reason.SIGNED_BY_HEADER


DENYING = RefererPolicy.compile(RefererConfiguration(blacklist=("*",)))


@pytest.mark.parametrize(
    ("signed", "method", "scope"),
    list(product(Signing, ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"), Scope)),
)
def test_requests_that_are_checked(signed: Signing, method: str, scope: Scope) -> None:
    decision = DENYING.decide("http://a", signed=signed, method=method, scope=scope)
    checked = (
        scope is Scope.OBJECT
        and method != "OPTIONS"
        and (signed is Signing.NONE or (signed is Signing.URL and method in ("GET", "HEAD")))
    )
    assert (not decision.allowed) is checked
    assert (decision.referer is not None) is checked


def test_referer_is_compared_without_surrounding_white_space() -> None:
    policy = RefererPolicy.compile(RefererConfiguration(whitelist=("https://a.example",)))
    assert policy.decide(" \thttps://a.example \r\n").allowed


def test_referer_that_is_empty_after_truncation_is_not_empty() -> None:
    rules = RefererConfiguration(allow_empty_referer=False, whitelist=("*",))
    decision = RefererPolicy.compile(rules).decide("?a=b")
    assert decision.reason is Reason.WHITELISTED
    assert decision.referer == ""


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
