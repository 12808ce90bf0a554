"""Reading a text character by character, an entry matches what its pattern matches."""

from __future__ import annotations

from functools import reduce
from itertools import product

import pytest
from oss_referer.search.automaton import MATCHED, EntryReader
from oss_referer.search.entry import parse_entry

TEXTS = ["".join(text) for size in range(5) for text in product("ab/", repeat=size)]


def read(reader: EntryReader, text: str) -> int:
    return reduce(reader.advance, text, reader.start)


@pytest.mark.parametrize("entry", ["a", "a/b", "?", "a?b", "*", "*b", "a*", "a*b", "*a*b?", "**/"])
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
