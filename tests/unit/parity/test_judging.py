"""What replies say: each variant of each fact is found, and nothing is found without evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_emulator.parity.asking import Finding, ParityResult, ask_all, compare, format_assumptions
from oss_emulator.parity.inquiries import FRESH, LISTED, Ask, Reply
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
    results = compare(ask(assumptions))
    hidden = assumptions.checked_requests is CheckedRequests.ALL_SIGNED_URLS
    if hidden:  # the copy is denied as a signed URL, whatever holds for its source
        assert by_fact(results, "R-45").finding is Finding.UNSEEN
        assumptions = replace(assumptions, copy_source=DEFAULT.copy_source)
    wanted = {**assumptions.chosen(), **({"copy_source": None} if hidden else {})}
    assert found(results) == wanted
    for result in results:
        same = result.found is result.expected
        if result.finding is not Finding.UNSEEN:
            assert result.finding is (Finding.CONFIRMED if same else Finding.DIFFERS)
    written = format_assumptions(results, "Found today.")
    assert written.startswith("# Found today.\nchecked_requests = ") or hidden
    assert toml.parse(written) == assumptions


def test_other_assumptions_may_be_expected() -> None:
    expected = Assumptions(repeated_header=RepeatedHeader.LAST)
    results = compare(ask(expected), expected)
    assert {result.finding for result in results} == {Finding.CONFIRMED}
    assert by_fact(compare(ask(), expected), "R-29").finding is Finding.DIFFERS
    assert toml.parse(format_assumptions(compare({}, expected), "")) == expected


def test_results_are_sorted_by_fact() -> None:
    facts = [result.inquiry.fact for result in compare(ask())]
    assert facts == sorted(facts)
    assert len(facts) == 32


def test_reply_that_no_variant_gives_differs() -> None:
    """R-14"""
    replies = dict(ask())
    (answered,) = by_fact(compare(replies), "R-14").answers
    replies[answered.ask] = error(418, "Teapot")
    result = by_fact(compare(replies), "R-14")
    assert (result.finding, result.found) == (Finding.DIFFERS, None)
    assert "418 Teapot" in [str(item.reply) for item in result.answers]
    assert "# empty_whitelist was not decided: no variant fits" in (
        format_assumptions(compare(replies), "")
    )


def test_without_replies_no_fact_is_decided() -> None:
    results = compare({})
    assert {result.finding for result in results} == {Finding.UNSEEN}
    assert {result.why for result in results} == {"it was not asked"}
    assert toml.parse(format_assumptions(results, "")) == DEFAULT


def test_undecided_fact_has_a_reason() -> None:
    """R-15"""
    replies = ask_all(
        ModelService().send, {FRESH: "the bucket existed before"}, lambda _: "", lambda: None
    )
    result = by_fact(compare(replies), "R-15")
    assert (result.finding, result.why) == (Finding.UNSEEN, "the bucket existed before")


def test_contradicting_reply_counts_although_another_is_missing() -> None:
    """R-13"""
    replies = dict(ask())
    allowed, denied = by_fact(compare(replies), "R-13").answers
    replies |= {allowed.ask: "lost", denied.ask: Reply(200)}
    assert by_fact(compare(replies), "R-13").finding is Finding.DIFFERS


def test_variant_is_found_from_some_of_the_replies() -> None:
    """R-28"""
    replies = dict(ask())
    listed = next(item.ask for item in by_fact(compare(replies), "R-28").answers)
    assert listed.setup is LISTED
    replies[listed] = "lost"
    assert by_fact(compare(replies), "R-28").finding is Finding.CONFIRMED


def test_replies_that_fit_several_variants_decide_nothing() -> None:
    """R-29"""
    replies = dict(ask())
    first, _ = by_fact(compare(replies), "R-29").answers
    replies[first.ask] = "lost"
    result = by_fact(compare(replies), "R-29")
    assert result.finding is Finding.CONFIRMED  # "last" and "joined" allow the second
    replies = dict(ask(Assumptions(repeated_header=RepeatedHeader.JOINED)))
    replies[first.ask] = "lost"
    result = by_fact(compare(replies), "R-29")
    assert (result.finding, result.why) == (Finding.UNSEEN, "lost")


@pytest.mark.parametrize("name", [item.name for item in fields(Assumptions)])
def test_every_assumption_has_a_question(name: str) -> None:
    assert name in found(compare({}))
