"""The index of a list of entries, against trying each of them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oss_referer.engine.entry_list import EntryList
from oss_referer.engine.pattern import Pattern
from oss_referer.search.entry import is_blank, parse_entry

from tests.referer.engine import oracle

# Words that make labels, parts of labels, prefixes of each other, and wildcards within all of them.
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


@pytest.mark.parametrize("shape", ["https://a.com/{}/", "*.a.com/{}/", "*{}*", "?.a.{}"])
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
