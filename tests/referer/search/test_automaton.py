"""The search over all Referers, against trying all short ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oss_referer import Pattern, RefererConfiguration, RefererPolicy
from oss_referer.advice import diff
from oss_referer.advice.diff import Certainty
from oss_referer.engine import header
from oss_referer.engine.assumptions import DEFAULT
from oss_referer.engine.policy import Reading
from oss_referer.search import automaton
from oss_referer.search.automaton import Budget, SearchedEntry, Truncation, UndecidedError
from oss_referer.search.entry import parse_entry

LETTERS = "ab:/?"
SHORT = ["".join(text) for size in range(1, 7) for text in product(LETTERS, repeat=size)]
ENTRIES = st.text("ab:/?*", min_size=1, max_size=5)
CUTTERS: dict[Truncation, Callable[[str], str]] = {
    Truncation.NOT: str,
    Truncation.QUERY: header.cut_query,
    Truncation.PATH: header.cut_path,
}
LETTERED = ["".join(text) for size in range(1, 7) for text in product("aAb?", repeat=size)]


@settings(deadline=None)
@given(st.text("aAb?*", min_size=1, max_size=5), st.text("aAb?*", min_size=1, max_size=5))
def test_search_knows_that_letter_case_does_not_matter_in_queries(one: str, other: str) -> None:
    """R-41"""
    patterns = [Pattern.of(text, text, lowers_query=True) for text in (one, other)]
    watched = [SearchedEntry(pattern, Truncation.LOWERED) for pattern in patterns]
    witness = automaton.find([[item] for item in watched], lambda matched: matched[0] != matched[1])
    differing = (
        text
        for text in LETTERED
        if len({pattern.matches(header.lower_query(text)) for pattern in patterns}) == 2
    )
    shortest = next(differing, None)
    if shortest is not None:
        assert witness is not None
        assert len(witness) == len(shortest)
    elif witness is not None:
        assert len({pattern.matches(header.lower_query(witness)) for pattern in patterns}) == 2


@settings(deadline=None)
@given(ENTRIES, ENTRIES, st.sampled_from(list(CUTTERS)))
@example("*", "*:", Truncation.NOT)  # one has matched before the first character
def test_search_finds_a_difference_if_there_is_one(one: str, other: str, cut: Truncation) -> None:
    patterns = parse_entry(one), parse_entry(other)
    watched = [SearchedEntry(pattern, cut) for pattern in patterns]
    witness = automaton.find([[item] for item in watched], lambda matched: matched[0] != matched[1])

    def differs(text: str) -> bool:
        seen = CUTTERS[cut](text)
        return patterns[0].matches(seen) != patterns[1].matches(seen)

    if witness is None:
        assert not any(differs(text) for text in SHORT)
    else:
        assert differs(witness)
        shorter = (text for text in SHORT if len(text) < len(witness))
        assert not any(differs(text) for text in shorter)


LISTS = st.lists(ENTRIES, max_size=2).map(tuple)
RULES = st.builds(RefererConfiguration, st.booleans(), st.booleans(), st.booleans(), LISTS, LISTS)


@settings(deadline=None)
@given(RULES, RULES)
def test_proved_configurations_are_equivalent(
    old: RefererConfiguration, new: RefererConfiguration
) -> None:
    found = diff.compare(old, new)
    policies = RefererPolicy.compile(old), RefererPolicy.compile(new)
    for change in found.changes:
        decisions = tuple(policy.decide(change.referer) for policy in policies)
        assert decisions == (change.old, change.new)
        assert change.old.allowed != change.new.allowed
    if found.equivalent:
        assert found.certainty is Certainty.PROVED
        one, other = Reading(old, DEFAULT), Reading(new, DEFAULT)
        for text in ("", *SHORT[::7]):
            assert one.decide(text).reason.allows == other.decide(text).reason.allows


@pytest.mark.parametrize(
    ("entry", "others", "cut", "covered"),
    [
        ("https://www.a.test/", ["https://*.a.test/"], Truncation.NOT, True),
        ("https://*.a.test/", ["https://www.a.test/"], Truncation.NOT, False),
        ("a*", ["a"], Truncation.NOT, True),
        ("a", ["a*"], Truncation.NOT, True),
        ("a?", ["a"], Truncation.NOT, True),
        ("a", ["a?"], Truncation.NOT, False),  # "a" itself
        ("*b", ["*ab", "?b"], Truncation.NOT, False),  # "b"
        ("?", ["a", "*"], Truncation.NOT, True),
        # What matches nothing is covered by nothing: it has a trouble of its own.
        ("https://a.test/", ["*"], Truncation.PATH, False),
        ("https://a.test", ["https://a"], Truncation.PATH, True),
    ],
)
def test_covers_finds_a_wider_entry(
    entry: str, others: list[str], cut: Truncation, covered: bool
) -> None:
    patterns = [parse_entry(other) for other in others]
    assert automaton.covers(parse_entry(entry), patterns, cut) is covered


def test_search_stops_at_its_budget() -> None:
    # Twelve letters in any order make too many classes.
    patterns = [parse_entry(f"*{letter}?????") for letter in "abcdefghijkl"]
    with pytest.raises(UndecidedError):
        automaton.find([[SearchedEntry(pattern)] for pattern in patterns], lambda _: False)


def test_undecided_search_claims_only_the_generated_referers() -> None:
    entries = tuple(f"*{letter}?????" for letter in "abcdefghijkl")
    old, new = (
        RefererConfiguration(whitelist=entries),
        RefererConfiguration(whitelist=(*entries, "*a????????")),
    )
    found = diff.compare(old, new)
    assert found.equivalent
    assert found.certainty is Certainty.GENERATED
    assert found.tried > 12


def test_search_ends_when_its_time_is_over() -> None:
    budget = Budget(until=time.monotonic())
    with pytest.raises(UndecidedError), budget.lend(1_000) as lent:
        lent.take(1)
    Budget(until=time.monotonic() + 60).take(1)
