"""Lists of strings in a text are edited item by item, and comments and layout stay."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer.sources.editing import WrittenList, apply_edits
from oss_referer.sources.places import WrittenItem

TALL = """x = [
    "a", # one
    // about b
    "b"  // two
  ] # end
"""


def parse(text: str) -> tuple[WrittenList, list[str]]:
    """Return the list in an ASCII text without brackets and quotation marks in its comments."""
    start, end = text.index("["), text.rindex("]") + 1
    items: list[WrittenItem] = []
    for found in re.finditer(r'"(?:\\.|[^"\\])*"|,|(?:#|//)[^\n]*', text[start:end]):
        if found[0][0] == '"':
            items.append(WrittenItem(start + found.start(), start + found.end()))
        elif found[0] == "," and items:
            items[-1] = WrittenItem(items[-1].start, items[-1].end, comma=start + found.start())
    values = [json.loads(text[item.start : item.end]) for item in items]
    return WrittenList(text, start, end, items), values


def edit(text: str, *new: str) -> str:
    written, old = parse(text)
    return apply_edits(text, list(written.edit(old, new, json.dumps)))


@pytest.mark.parametrize(
    ("text", "new", "expected"),
    [
        ('x = [\n"a",\n"b"]', ["a"], 'x = [\n"a",\n]'),
        ('["a", "b"]', ["a", "b"], '["a", "b"]'),
        ('["a", "b"]', ["c", "b"], '["c", "b"]'),
        ('["a", "b"]', ["a", "x", "y", "b"], '["a", "x", "y", "b"]'),
        ('["a", "b"]', ["x", "a", "b"], '["x", "a", "b"]'),
        ('["a", "b"]', ["a", "b", "c"], '["a", "b", "c"]'),
        ('["a", "b", ]', ["a", "b", "c"], '["a", "b", "c", ]'),
        ('["a", "b", "c"]', ["b"], '["b"]'),
        ('["a", "b", "c"]', ["a", "c"], '["a", "c"]'),
        ('["a", "b"]', [], "[]"),
        ("[]", ["a"], '[\n  "a",\n]'),
        ("  x = []", ["a"], '  x = [\n    "a",\n  ]'),
        ("[\n  # none\n]", ["a"], '[\n  # none\n  "a",\n]'),
        ('[\n  "a",\n  "b",\n]', ["b"], '[\n  "b",\n]'),
        ('[\n  "a",\n  "b"\n]', ["b", "c"], '[\n  "b",\n  "c",\n]'),
        ('[\n  "a",\n]', ["x", "a"], '[\n  "x",\n  "a",\n]'),
        (
            '[\n  "http://a", # a\n  "b", # b\n]',
            ["http://a/", "https://a/", "https://b/"],
            '[\n  "http://a/", # a\n  "https://a/",\n  "https://b/", # b\n]',
        ),
        ('["http://a", "https://a"]', ["https://a"], '["https://a"]'),
        ('["a",\n "b"]', ["a", "b", "c"], '["a",\n "b", "c"]'),
    ],
)
def test_only_what_changes_is_written(text: str, new: list[str], expected: str) -> None:
    assert edit(text, *new) == expected


def test_list_that_gets_too_wide_gets_lines() -> None:
    long = "https://www.example.com/" + "x" * 60
    assert edit('  x = ["a"] # c', "a", long) == f'  x = [\n    "a",\n    "{long}",\n  ] # c'
    assert edit('x = ["a" /* c */]', "a", long) == f'x = ["a", "{long}" /* c */]'
    assert edit(f'x = ["{long}", "b"]', long, "b") == f'x = ["{long}", "b"]'


def test_comments_stay() -> None:
    assert edit(TALL, "A", "a2", "b", "c") == (
        'x = [\n    "A", # one\n    "a2",\n    // about b\n    "b",  // two\n    "c",\n  ] # end\n'
    )
    assert edit(TALL, "b") == TALL.replace('    "a", # one', "     # one")
    assert edit(TALL, "a") == TALL.replace('"b"  // two', "  // two")


WORDS = "a http://a https://a/ b https://b/ c d".split()
ITEMS = st.lists(st.sampled_from(WORDS), max_size=6, unique=True)


@given(ITEMS, ITEMS, st.sampled_from([", ", ",\n  ", ", # c\n  ", ",\n  // d\n  "]), st.booleans())
def test_any_list_becomes_the_new_one(
    old: list[str], new: list[str], separator: str, comma: bool
) -> None:
    tall = "\n" in separator
    inside = separator.join(json.dumps(item) for item in old) + ("," if comma and old else "")
    text = f"x = [\n  {inside}\n]\n" if tall else f"x = [{inside}]\n"
    done = edit(text, *new)
    assert parse(done)[1] == new
    for comment in ("# c", "// d"):
        assert done.count(comment) == text.count(comment)
    assert edit(done, *new) == done
