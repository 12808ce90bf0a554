"""Decision tables, and lists of entries as they are written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer import Assumptions, Basis, Reason, RefererConfiguration, Scope, Signing, Stage
from oss_referer.engine.assumptions import EmptyWhitelist, LetterCase, MissingList, RepeatedHeader
from oss_referer.sources import tables
from oss_referer.sources.editing import WrittenList, apply_edits
from oss_referer.sources.places import WrittenItem
from oss_referer.sources.tables import Case, Expected, Presence, TableError, Untouched

from tests.rows import read_cases

CASES = read_cases("referer.sources")


def write(folder: Path, text: str) -> Path:
    path = folder / "table.toml"
    path.write_text(text, encoding="utf-8")
    return path


RULES = (
    '[rules.site]\nwhitelist = ["https://a.example/", "https://b.example/", "https://a.example/"]\n'
)


def test_case_defaults_to_an_anonymous_get_of_an_object(tmp_path: Path) -> None:
    path = write(tmp_path, RULES + '[[case]]\nname = "x"\nverdict = "allow"\n')
    assert tables.read(path).cases == (Case("x", Expected.ALLOW, "site"),)


def test_case_may_have_all_fields(tmp_path: Path) -> None:
    text = CASES["case_may_have_all_fields"]
    loaded = tables.read(write(tmp_path, text))
    assert loaded.rules["two"] == RefererConfiguration(False, False, True, ("a",), ("b",))
    assert loaded.cases == (
        Case(
            name="x",
            verdict=Expected.DENY,
            rules="two",
            facts=("R-01", "R-29"),
            referer=("a", "b"),
            signed=Signing.URL,
            method="HEAD",
            scope=Scope.BUCKET,
            acl="private",
            object=Presence.MISSING,
            ec="0003-00000502",
            reason=Reason.BLACKLISTED,
            entry="b",
            basis=Basis.ASSUMED,
        ),
    )


@pytest.mark.parametrize(("expectation", "difference"), CASES["unmet_expectation_is_reported"])
def test_unmet_expectation_is_reported(tmp_path: Path, expectation: str, difference: str) -> None:
    text = f'{RULES}[[case]]\nname = "x"\nreferer = "https://a.example/"\n{expectation}\n'
    report = tables.run(tables.read(write(tmp_path, text)))
    assert not report.passed
    assert [str(found) for found in report.results[0].differences] == [difference]


def test_entry_that_settled_no_case_is_reported(tmp_path: Path) -> None:
    text = RULES + '[[case]]\nname = "x"\nreferer = "https://a.example/"\nverdict = "allow"\n'
    report = tables.run(tables.read(write(tmp_path, text)))
    assert report.passed
    assert report.untouched == (
        Untouched("site", Stage.WHITELIST, 1, "https://b.example/"),
        Untouched("site", Stage.WHITELIST, 2, "https://a.example/"),  # a duplicate decides no case
    )


def test_entry_is_touched_only_in_its_list_and_rules(tmp_path: Path) -> None:
    text = CASES["entry_is_touched_only_in_its_list_and_rules"]
    report = tables.run(tables.read(write(tmp_path, text)))
    assert report.untouched == (
        Untouched("one", Stage.WHITELIST, 0, "a"),
        Untouched("two", Stage.BLACKLIST, 0, "a"),
    )


CASE = '[[case]]\nname = "x"\nverdict = "allow"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CASE, "line 1, column 1: there are no rules; add [rules.NAME]"),
        ("[rules]\nx = 1\n", "line 2, column 1: rules.x is 1; write a table"),
        (RULES + "[case]\n", "case is {}; write [[case]] for each case"),
        (RULES + '[[case]]\nname = "x"\n', "case[0].verdict is missing"),
        (RULES + CASE + 'rules = "no"\n', 'line 6, column 1: case[0].rules is "no"; use site'),
        (RULES + "[rules.b]\n" + CASE, "case[0].rules is missing; use site or b"),
        (RULES + CASE + "reason = 5\n", 'case[0].reason is 5; write "signed-by-header", "signed-'),
        (RULES + CASE + 'signed = "yes"\n', 'is "yes"; write "none", "header", "url" or "form"'),
        (RULES + CASE + 'facts = ["R-1"]\n', 'facts[0] is "R-1"; write the number of a fact, such'),
        (
            RULES + CASE + 'assumptions = { empty_whitelist = "x" }\n',
            'line 6, column 1: case[0].assumptions.empty_whitelist is "x"; write "empty-whitelist',
        ),
        (RULES + "[assumptions]\nr1 = 1\n" + CASE, "line 4, column 1: assumptions.r1 is unknown"),
        (RULES + CASE + "referer = 7\n", "case[0].referer is 7; write a string"),
    ],
)
def test_bad_table_is_refused_with_its_file_and_place(
    tmp_path: Path, text: str, message: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TableError) as refusal:
        tables.read(path)
    assert str(refusal.value).startswith(f"{path}, line ")
    assert message in str(refusal.value)


def test_assumptions_of_a_case_override_table_and_arguments(tmp_path: Path) -> None:
    text = CASES["assumptions_of_a_case_override_table_and_arguments"]
    given = Assumptions(letter_case=LetterCase.SENSITIVE, missing_list=MissingList.ACCEPTED)
    table = tables.read(write(tmp_path, text), assumptions=given)
    of_table = Assumptions(
        empty_whitelist=EmptyWhitelist.DENIES,
        letter_case=LetterCase.INSENSITIVE,
        missing_list=MissingList.ACCEPTED,
    )
    own = replace(
        of_table, empty_whitelist=EmptyWhitelist.ALLOWS, repeated_header=RepeatedHeader.LAST
    )
    assert [case.assumptions for case in table.cases] == [of_table, own]
    assert [case.counted for case in table.cases] == [None, "b"]


def test_cases_are_decided_under_their_assumptions(tmp_path: Path) -> None:
    text = CASES["cases_are_decided_under_their_assumptions"]
    path = write(tmp_path, text)
    assert not tables.run(tables.read(path)).passed
    insensitive = Assumptions(letter_case=LetterCase.INSENSITIVE)
    assert tables.run(tables.read(path, assumptions=insensitive)).passed


# --- lists of strings in a text are edited item by item; comments and layout stay


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
