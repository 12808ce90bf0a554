"""What replies say: each variant of each fact is found, and nothing is found without evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_emulator.parity.asking import Conclusion, ParityResult, ask_all, format_assumptions, judge
from oss_emulator.parity.inquiries import Ask
from oss_emulator.parity.requests import FRESH, LISTED, Reply
from oss_referer import Assumptions
from oss_referer.engine.assumptions import DEFAULT, CheckedRequests, RepeatedHeader
from oss_referer.sources import assumptions as toml

from tests.thorough import cases
from tests.unit.parity.service import ModelService, error

ANY_ASSUMPTIONS = st.builds(
    Assumptions,
    **{name: st.sampled_from(list(type(variant))) for name, variant in DEFAULT.chosen().items()},
)


def ask(assumptions: Assumptions = DEFAULT) -> Mapping[Ask, Reply | str]:
    return ask_all(ModelService(assumptions).send, {}, lambda _: "", lambda: None)


def found(results: tuple[ParityResult, ...]) -> Mapping[str, str | None]:
    return {result.inquiry.field: result.found for result in results if result.inquiry.field}


def by_fact(results: tuple[ParityResult, ...], fact: str) -> ParityResult:
    return next(result for result in results if result.inquiry.fact == fact)


@pytest.mark.thorough
@settings(max_examples=cases(15, 100))
@given(ANY_ASSUMPTIONS)
def test_any_combination_of_variants_is_found(assumptions: Assumptions) -> None:
    results = judge(ask(assumptions))
    hidden = assumptions.checked_requests is CheckedRequests.ALL_SIGNED_URLS
    if hidden:  # the copy is denied as a signed URL, whatever holds for its source
        assert by_fact(results, "R-45").conclusion is Conclusion.UNSEEN
        assumptions = replace(assumptions, copy_source=DEFAULT.copy_source)
    wanted = {**assumptions.chosen(), **({"copy_source": None} if hidden else {})}
    assert found(results) == wanted
    for result in results:
        same = result.found is result.expected
        if result.conclusion is not Conclusion.UNSEEN:
            assert result.conclusion is (Conclusion.CONFIRMED if same else Conclusion.DIFFERS)
    written = format_assumptions(results, "Found today.")
    assert written.startswith("# Found today.\nchecked_requests = ") or hidden
    assert toml.parse(written) == assumptions


def test_other_assumptions_may_be_expected() -> None:
    expected = Assumptions(repeated_header=RepeatedHeader.LAST)
    results = judge(ask(expected), expected)
    assert {result.conclusion for result in results} == {Conclusion.CONFIRMED}
    assert by_fact(judge(ask(), expected), "R-29").conclusion is Conclusion.DIFFERS
    assert toml.parse(format_assumptions(judge({}, expected), "")) == expected


def test_results_are_sorted_by_fact() -> None:
    facts = [result.inquiry.fact for result in judge(ask())]
    assert facts == sorted(facts)
    assert len(facts) == 32


def test_reply_that_no_variant_gives_differs() -> None:
    """R-14"""
    replies = dict(ask())
    (answered,) = by_fact(judge(replies), "R-14").answers
    replies[answered.ask] = error(418, "Teapot")
    result = by_fact(judge(replies), "R-14")
    assert (result.conclusion, result.found) == (Conclusion.DIFFERS, None)
    assert "418 Teapot" in [str(item.reply) for item in result.answers]
    assert "# empty_whitelist was not decided: no variant fits" in (
        format_assumptions(judge(replies), "")
    )


def test_without_replies_no_fact_is_decided() -> None:
    results = judge({})
    assert {result.conclusion for result in results} == {Conclusion.UNSEEN}
    assert {result.why for result in results} == {"it was not asked"}
    assert toml.parse(format_assumptions(results, "")) == DEFAULT


def test_undecided_fact_has_a_reason() -> None:
    """R-15"""
    replies = ask_all(
        ModelService().send, {FRESH: "the bucket existed before"}, lambda _: "", lambda: None
    )
    result = by_fact(judge(replies), "R-15")
    assert (result.conclusion, result.why) == (Conclusion.UNSEEN, "the bucket existed before")


def test_contradicting_reply_counts_although_another_is_missing() -> None:
    """R-13"""
    replies = dict(ask())
    allowed, denied = by_fact(judge(replies), "R-13").answers
    replies |= {allowed.ask: "lost", denied.ask: Reply(200)}
    assert by_fact(judge(replies), "R-13").conclusion is Conclusion.DIFFERS


def test_variant_is_found_from_some_of_the_replies() -> None:
    """R-28"""
    replies = dict(ask())
    listed = next(item.ask for item in by_fact(judge(replies), "R-28").answers)
    assert listed.setup is LISTED
    replies[listed] = "lost"
    assert by_fact(judge(replies), "R-28").conclusion is Conclusion.CONFIRMED


def test_replies_that_fit_several_variants_decide_nothing() -> None:
    """R-29"""
    replies = dict(ask())
    first, _ = by_fact(judge(replies), "R-29").answers
    replies[first.ask] = "lost"
    result = by_fact(judge(replies), "R-29")
    assert result.conclusion is Conclusion.CONFIRMED  # "last" and "joined" allow the second
    replies = dict(ask(Assumptions(repeated_header=RepeatedHeader.JOINED)))
    replies[first.ask] = "lost"
    result = by_fact(judge(replies), "R-29")
    assert (result.conclusion, result.why) == (Conclusion.UNSEEN, "lost")


@pytest.mark.parametrize("name", [item.name for item in fields(Assumptions)])
def test_every_assumption_has_a_question(name: str) -> None:
    assert name in found(judge({}))
