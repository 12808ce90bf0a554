"""Entries against Referers: wildcards, letter case, and what is cut from the header."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oss_referer.engine import header
from oss_referer.engine.assumptions import RepeatedHeader
from oss_referer.engine.header import lower_query
from oss_referer.engine.pattern import Pattern, _places, wildcard
from oss_referer.search.entry import parse_entry

from tests.referer.engine import oracle
from tests.rows import read_cases, rows

CASES = read_cases("referer.engine")

entries = st.text("ab?*", min_size=1, max_size=12)
referers = st.text("ab?", max_size=16)


@given(entries, referers)
@example("a?b", "aab")
@example("*a?b", "aabab")
@example("*?a", "a")
@example("*a??", "ab")
@example("*a??", "bab")
@example("*", "")
@example("?", "")
@example("**a**", "a")
@example("*ba*a?", "abazz")
@example("*aa*aa", "aaa")
@example("*a?*?a", "aba")
@example("*a?", "ba?")
@example("*??", "ab")
@example("*a?*b", "aab")
@example("*a?b", "???????a?b")
def test_decisions_agree_with_the_oracle(entry: str, referer: str) -> None:
    assert parse_entry(entry).matches(referer) == oracle.matches(entry, referer)


@given(st.text("aA?*", min_size=1, max_size=8), st.text("aA?", max_size=10))
@example("?A", "aa")  # this Referer has no query
@example("?A", "?a")
@example("*A", "?a")
@example("*a", "a?")
@example("*?A", "?xa")
@example("*?A", "xa")
@example("*?A", "xa?")
def test_letter_case_does_not_matter_in_the_query(entry: str, referer: str) -> None:
    """R-41"""
    pattern = Pattern.of(entry, entry, lowers_query=True)
    expected = oracle.begins_with(referer, entry, lowers_query=True)
    assert pattern.matches(lower_query(referer)) is expected


@rows(
    ("entry", "labels"),
    ("https://*.Site.com/a", {"https:", "Site", "com"}),
    ("https://a.com/x*", {"https:", "a", "com"}),
    ("*www.site.com/", {"site", "com"}),
    ("www.s?te.com", {"www"}),
    ("*", set()),
)
def test_label_is_a_text_that_a_referer_must_have_as_a_whole(entry: str, labels: set[str]) -> None:
    assert parse_entry(entry).labels == labels
    lowering = Pattern.of(entry, entry, lowers_query=True)
    assert lowering.labels == labels - {"Site"}  # in a query, `site` matches as well


@rows(("entry", "has"), ("a", False), ("a*", True), ("a?", True))
def test_wildcards_are_asterisks_and_question_marks(entry: str, has: bool) -> None:
    assert parse_entry(entry).has_wildcards is has


@given(entries, referers)
def test_every_literal_of_an_entry_is_in_what_it_matches(entry: str, referer: str) -> None:
    pattern = parse_entry(entry)
    if pattern.matches(referer):
        assert all(literal in referer for literal in pattern.literals)


@rows(("entry", "referer", "matches"), *CASES["entry_matches_as_documented"])
def test_entry_matches_as_documented(entry: str, referer: str, matches: bool) -> None:
    assert parse_entry(entry).matches(referer) is matches
    assert oracle.matches(entry, referer) is matches


class CountedReferer(str):
    """A Referer that counts the characters that a search passes."""

    walked = 0

    def find(self, text: str, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        end = len(self) if end is None else end
        found = super().find(text, start, end)
        self.walked += (found if found >= 0 else end) - start + 1
        return found


LENGTH = 8_192


@rows("entry", "*a*a*a*a*a*b", "*a" * 2_000 + "*b", "*" + "a" * 999 + "b", "*aa*ab*aa*b")
def test_hostile_referer_is_searched_once(entry: str) -> None:
    referer = CountedReferer("a" * LENGTH)
    assert not parse_entry(entry).matches(referer)
    assert referer.walked <= 2 * LENGTH


@rows("entry", "*" + "a?" * 500 + "b", "*aa?a" * 200 + "?b")
def test_question_marks_search_a_hostile_referer_once_per_character(entry: str) -> None:
    _places.cache_clear()
    referer = CountedReferer("a" * LENGTH)
    assert not parse_entry(entry).matches(referer)
    assert referer.walked >= LENGTH
    distinct = len(set(entry) - {"*", "?"})
    assert referer.walked <= 2 * LENGTH * distinct


# --- texts with wildcards match as plain regular expressions do, and in linear time


SIGNS = {"*": ".*", "?": "."}


@pytest.mark.parametrize("whole", [False, True])
@given(text=st.text("ab.*?", max_size=8), referer=st.text("ab.", max_size=10))
def test_text_matches_as_a_plain_expression(whole: bool, text: str, referer: str) -> None:
    plain = "".join(SIGNS.get(sign) or re.escape(sign) for sign in text)
    expected = re.fullmatch(plain, referer) if whole else re.match(plain, referer)
    found = wildcard(text, whole=whole).match(referer)
    assert (found is None) == (expected is None)


def test_text_matches_to_its_end_unless_told() -> None:
    assert not wildcard("a*b").match("a/bc")
    assert wildcard("a*b", whole=False).match("a/bc")


def test_star_stops_at_excluded_characters() -> None:
    assert wildcard("*.b", "[^/]", whole=False).match("a.b/c")
    assert not wildcard("*.b", "[^/]", whole=False).match("a/x.b")


def test_time_is_linear_where_stars_follow_each_other() -> None:
    assert not wildcard("*a" * 12 + "*b").match("a" * 5_000)


# --- the Referer header before it is compared


@rows(
    ("referer", "trimmed"),
    (None, ""),
    ("", ""),
    (" \t\r\n", ""),
    (" a b ", "a b"),
    ("\u00a0", "\u00a0"),
)
def test_white_space_is_trimmed(referer: str | None, trimmed: str) -> None:
    assert header.trim(referer) == trimmed


@rows(("values", "first"), ((), None), (("a", "b"), "a"), (("", "b"), ""))
def test_first_of_several_headers_counts(values: tuple[str, ...], first: str | None) -> None:
    assert header.choose(values) == header.choose(values, RepeatedHeader.FIRST) == first


@rows(("referer", "cut"), ("a?b?c", "a"), ("a", "a"), ("?a", ""), ("a#b?c", "a#b"))
def test_query_is_cut(referer: str, cut: str) -> None:
    assert header.cut_query(referer) == cut


@rows(("referer", "cut"), *CASES["cut_path"])
def test_path_is_cut(referer: str, cut: str) -> None:
    assert header.cut_path(referer) == cut


@rows(("referer", "lowered"), *CASES["query_becomes_lower_case"])
def test_query_becomes_lower_case(referer: str, lowered: str) -> None:
    assert header.lower_query(referer) == lowered


@rows(("rule", "chosen"), (RepeatedHeader.LAST, "c"), (RepeatedHeader.JOINED, "a, b, c"))
def test_what_counts_of_several_headers_is_assumed(rule: RepeatedHeader, chosen: str) -> None:
    assert header.choose(("a", "b", "c"), rule) == chosen


@rows("referer, cut", *CASES["path_is_cut_after_the_slash_if_assumed"])
def test_path_is_cut_after_the_slash_if_assumed(referer: str, cut: str) -> None:
    assert header.cut_path(referer, keep_slash=True) == cut


@rows(("text", "is_one"), *CASES["origin_ends_with_the_character_that_ends_its_host"])
def test_origin_ends_with_the_character_that_ends_its_host(text: str, is_one: bool) -> None:
    assert header.is_origin(text) is is_one
