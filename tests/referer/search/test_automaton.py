"""The search over all Referers, compared with trying all short ones, and entries as patterns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oss_referer import Assumptions, Pattern, RefererConfiguration, RefererPolicy
from oss_referer.advice import diff
from oss_referer.advice.diff import Certainty
from oss_referer.engine import header
from oss_referer.engine.assumptions import DEFAULT, EmptyWhitelist
from oss_referer.engine.policy import Reading
from oss_referer.search import automaton, difference
from oss_referer.search.automaton import (
    MATCHED,
    Budget,
    EntryReader,
    SearchedEntry,
    Truncation,
    UndecidedError,
)
from oss_referer.search.entry import parse_entry

from tests.rows import rows
from tests.thorough import cases

LETTERS = "ab:/?"
SIZES = range(1, cases(5, 6) + 1)
SHORT = ["".join(text) for size in SIZES for text in product(LETTERS, repeat=size)]
ENTRIES = st.text("ab:/?*", min_size=1, max_size=5)
CUTTERS: dict[Truncation, Callable[[str], str]] = {
    Truncation.NOT: str,
    Truncation.QUERY: header.cut_query,
    Truncation.PATH: header.cut_path,
}
LETTERED = ["".join(text) for size in SIZES for text in product("aAb?", repeat=size)]


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
@example("*", "*:", Truncation.NOT)  # the first entry matches before any character
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
        # An entry that matches nothing is not called covered: it has its own finding.
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
        automaton.find(
            [[SearchedEntry(pattern)] for pattern in patterns],
            lambda _: False,
            budget=Budget(9_999),
        )


def test_undecided_search_claims_only_the_generated_referers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(automaton, "Budget", partial(Budget, 9_999))
    entries = tuple(f"*{letter}?????" for letter in "abcdefghijkl")
    old, new = (
        RefererConfiguration(whitelist=entries),
        RefererConfiguration(whitelist=(*entries, "*a????????")),
    )
    found = diff.compare(old, new)
    assert found.equivalent
    assert found.certainty is Certainty.GENERATED
    assert found.tried > 12


# --- entries as the rules read them by default


def test_pattern_of_an_entry_keeps_its_text_verbatim() -> None:
    pattern = parse_entry(" https://*.example/ ")
    assert pattern.text == " https://*.example/ "
    assert pattern.body == "https://*.example/"


@rows("entry", "", " ", "\t\r\n")
def test_blank_entry_cannot_be_compiled(entry: str) -> None:
    with pytest.raises(ValueError, match="blank"):
        parse_entry(entry)


# --- character by character, an entry matches the same texts as its pattern


TEXTS = ["".join(text) for size in range(5) for text in product("ab/", repeat=size)]


def read(reader: EntryReader, text: str) -> int:
    return reduce(reader.advance, text, reader.start)


@rows("entry", "a", "a/b", "?", "a?b", "*", "*b", "a*", "a*b", "*a*b?", "**/")
def test_state_is_a_match_where_the_pattern_matches(entry: str) -> None:
    pattern = parse_entry(entry)
    reader = EntryReader(pattern, cut=0, holders=1)
    for text in TEXTS:
        assert (read(reader, text) == MATCHED) is pattern.matches(text), text


def test_state_after_what_no_entry_continues_is_0() -> None:
    reader = EntryReader(parse_entry("ab"), cut=0, holders=1)
    assert read(reader, "b") == read(reader, "ba") == 0
    assert reader.advance(reader.start, None) == 0


def test_letter_in_any_case_is_read_as_both() -> None:
    """R-41"""
    reader = EntryReader(parse_entry("aB"), cut=0, holders=1)
    assert reader.advance(reader.start, ("aA", "bB")) == MATCHED


# --- the reach of a change: whether it affects pages of other hosts


HOST = "www.example.com"
ENTRY, OTHER = f"https://{HOST}/", "https://blog.example.com/"


def search(
    before: RefererConfiguration,
    after: RefererConfiguration,
    assumptions: Assumptions | None = None,
) -> str | None:
    old, new = (
        RefererPolicy.compile(rules, assumptions or Assumptions()) for rules in (before, after)
    )
    found = difference.find_change_elsewhere(old, new, HOST)
    assert found is None or old.allows(found) is not new.allows(found)
    return found


def white(*entries: str) -> RefererConfiguration:
    return RefererConfiguration(False, whitelist=entries)


@rows(
    ("before", "after"),
    (white(OTHER), white(OTHER, ENTRY)),
    (white(OTHER, ENTRY), white(OTHER)),
    (white(OTHER), white(OTHER)),
    (white(OTHER), RefererConfiguration(True, whitelist=(OTHER,))),
    (white(OTHER, "https://*"), white("https://*", ENTRY, "https://a.example.com/")),
    (RefererConfiguration(), RefererConfiguration(blacklist=(ENTRY, f"http://{HOST}/"))),
)
def test_change_for_one_host_is_proved(
    before: RefererConfiguration, after: RefererConfiguration
) -> None:
    assert search(before, after) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (white(OTHER), white(OTHER, f"https://{HOST}")),  # also a prefix of other hosts
        (white(OTHER), white(OTHER, "https://*.example.com/")),
        (white(ENTRY), white()),  # now everybody is allowed
        (white(OTHER), RefererConfiguration(False, truncate_path=True, whitelist=(OTHER,))),
    ],
)
def test_page_of_another_host_is_found(
    before: RefererConfiguration, after: RefererConfiguration
) -> None:
    found = search(before, after)
    assert found is not None
    assert not found.startswith(ENTRY)


def test_known_page_of_another_host_needs_no_search() -> None:
    old, new = map(RefererPolicy.compile, (white(OTHER), white(OTHER, "https://*")))
    known = [None, "", ENTRY, "not sent by any page", "https://known.test/"]
    assert difference.find_change_elsewhere(old, new, HOST, known) == "https://known.test/"


def test_first_blacklist_entry_denies_everybody_under_another_assumption() -> None:
    """R-14: under it, a blacklist needs a whitelist."""
    after = RefererConfiguration(blacklist=(ENTRY,))
    assert search(RefererConfiguration(), after) is None
    denies = Assumptions(empty_whitelist=EmptyWhitelist.DENIES)
    assert search(RefererConfiguration(), after, denies) is not None
