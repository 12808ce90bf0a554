"""Lists of entries: the first match and the index, compared with trying each entry."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import example, given
from hypothesis import strategies as st
from oss_referer.engine.entry_list import EntryList, GramIndex, _grams
from oss_referer.engine.pattern import Pattern
from oss_referer.search.entry import is_blank, parse_entry

from tests.referer.engine import oracle
from tests.rows import read_cases, rows

CASES = read_cases("referer.engine")

# Pieces of labels, of prefixes of each other, and wildcards in any place.
words = ["https://", "http", "://", "www.", "site", ".com", ".", "/", "a", "b", "?", "*", " "]
texts = st.lists(st.sampled_from(words), max_size=7).map("".join)
lists = st.lists(texts, max_size=8)
referers = st.lists(st.sampled_from(words), max_size=9).map("".join)


def compiled(entries: Iterable[str]) -> EntryList:
    return EntryList(parse_entry(entry) for entry in entries if not is_blank(entry))


def first(entries: Iterable[str], referer: str) -> str | None:
    found = compiled(entries).first(referer)
    return None if found is None else found.text


@given(lists, referers)
@example(["https://a/b", "https://a"], "https://a/b")
@example(["*.site.com", "https://*/*.site.com/"], "https://www.site.com/")
@example([" http", "http"], "https://")
@example(["b", "b/", "a"], "b/")
@example(["*"], "a")
def test_first_match_is_the_one_found_by_trying_each_entry(
    entries: list[str], referer: str
) -> None:
    assert first(entries, referer) == oracle.first_match(entries, referer)


@rows("shape", "https://a.com/{}/", "*.a.com/{}/", "*{}*", "?.a.{}")
def test_every_one_of_many_entries_is_found(shape: str) -> None:
    entries = [shape.format(f"n{number:04}") for number in range(200)]
    for number in (0, 57, 199):
        referer = entries[number].replace("*", "https://x").replace("?", "h")
        assert first(entries, referer) == entries[number]
        assert first(entries, f"{referer}x") == entries[number]
        assert first(entries, referer[:-1]) == oracle.first_match(entries, referer[:-1])


def test_only_the_entry_with_the_label_of_the_referer_is_tried() -> None:
    tried = []

    class Watched(Pattern):
        def matches(self, referer: str) -> bool:
            tried.append(self.text)
            return super().matches(referer)

    texts = (f"https://*.site{number:04}.com/" for number in range(1_000))
    index = EntryList(Watched.of(text, text) for text in texts)
    assert index.first("https://www.site0123.com/a") is not None
    assert index.first("https://www.other.com/a") is None
    assert tried == ["https://*.site0123.com/"]


def test_effort_counts_the_entries_that_a_referer_makes_it_try() -> None:
    entries = compiled(["https://*.a.com/x", "https://*.a.com/y", "https://*.b.com/", "*"])
    alone = compiled(["*"]).effort("")
    assert entries.effort("https://www.a.com/") == 2 + alone
    assert entries.effort("https://www.b.com/") == 1 + alone
    assert entries.effort("https://www.c.com/") == alone == 1


# --- a list of entries compiled together, compared with trying each of them


# Random combinations are long enough to be indexed by grams of every size.
index_words = CASES["index_words"]
texts = st.lists(st.sampled_from(index_words), max_size=7).map("".join)
lists = st.lists(texts, max_size=8)
referers = st.lists(st.sampled_from(index_words), max_size=9).map("".join)


def index_of(texts: Iterable[str]) -> GramIndex:
    return GramIndex(parse_entry(text) for text in texts if not is_blank(text))


def first_match(entries: GramIndex, referer: str) -> str | None:
    found = entries.first(referer)
    return None if found is None else found.text


@given(lists, referers)
@example(["*", "http://"], "http://www.")
@example(["", "??"], "a")
def test_index_finds_the_first_match(entries: list[str], referer: str) -> None:
    assert first_match(index_of(entries), referer) == oracle.first_match(entries, referer)


@given(lists, referers)
def test_entry_that_matches_in_another_letter_case_is_a_candidate(
    entries: list[str], referer: str
) -> None:
    candidates = index_of([entry.upper() for entry in entries]).candidates(referer)
    matching = [entry.upper() for entry in entries if oracle.matches(entry, referer)]
    assert [pattern.text for pattern in candidates if pattern.text in matching] == matching


def test_long_literal_is_found_wherever_it_differs() -> None:
    long = "https://www.example.com/" + "0123456789" * 300
    entries = index_of([long + "a", long + "b"])
    assert first_match(entries, long + "b/more") == long + "b"


def test_long_entry_has_few_grams() -> None:
    assert len(list(_grams(parse_entry("a" * 100_000)))) == 64
    assert len(list(_grams(parse_entry("*ab" * 1_000)))) == 256


@rows(("entry", "grams"), *CASES["grams_are_as_long_as_their_runs_allow"])
def test_grams_are_as_long_as_their_runs_allow(entry: str, grams: tuple[str, ...]) -> None:
    assert tuple(_grams(parse_entry(entry))) == grams


@rows(("entry", "referer", "is_candidate"), *CASES["candidate_has_its_grams_in_the_referer"])
def test_candidate_has_its_grams_in_the_referer(
    entry: str, referer: str, is_candidate: bool
) -> None:
    assert bool(index_of([entry]).candidates(referer)) is is_candidate


def test_effort_counts_candidates_and_pairs_of_characters() -> None:
    entries = index_of(["*", "*x*y", "*abcd", "*abce"])
    assert entries.effort("z") == 2  # `*` and the order of x and y
    assert entries.effort("abcd") == 3
    assert entries.effort("xabcd") == 4


@rows("referer", "https://ΑΣ.example/", "https://İß.example/")
def test_folding_that_depends_on_neighbours_or_changes_length_loses_no_match(referer: str) -> None:
    for end in range(1, len(referer)):
        entry = "*" + referer[:end]
        assert first_match(index_of([entry]), referer) == entry


@rows("shape", *CASES["few_of_two_thousand_entries_are_tried"])
def test_few_of_two_thousand_entries_are_tried(shape: str) -> None:
    texts = [shape.format(f"{number:05}") for number in range(2_000)]
    entries = index_of(texts)
    elsewhere = "https://www.example.com/articles/2024/05/site-of-the-day.html"
    assert len(entries.candidates(elsewhere)) <= 10
    near = "https://abc.www.site01471.example/d/e.html"
    assert len(entries.candidates(near)) <= 10
    assert first_match(entries, near) == (None if "://www." in shape else texts[1471])
