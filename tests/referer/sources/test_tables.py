"""Reading and running decision tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from oss_referer import Assumptions, Basis, Reason, RefererConfiguration, Scope, Signing, Stage
from oss_referer.engine.assumptions import EmptyWhitelist, LetterCase, MissingList, RepeatedHeader
from oss_referer.sources import tables
from oss_referer.sources.tables import Case, Expected, Presence, TableError, Untouched


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
    text = """
    [rules.one]
    [rules.two]
    allow_empty_referer = false
    allow_truncate_query_string = false
    truncate_path = true
    whitelist = ["a"]
    blacklist = ["b"]
    [[case]]
    name = "x"
    facts = ["R-01", "R-29"]
    rules = "two"
    referer = ["a", "b"]
    signed = "url"
    method = "HEAD"
    scope = "bucket"
    acl = "private"
    object = "missing"
    verdict = "deny"
    ec = "0003-00000502"
    reason = "blacklisted"
    entry = "b"
    basis = "assumed"
    """
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


@pytest.mark.parametrize(
    ("expectation", "difference"),
    [
        ('verdict = "deny"', "verdict: expected 'deny', was 'allow'"),
        ('verdict = "allow"\nec = "0003-00000503"', "ec: expected '0003-00000503', was None"),
        (
            'verdict = "allow"\nreason = "no-whitelist"',
            "reason: expected 'no-whitelist', was 'whitelisted'",
        ),
        (
            'verdict = "allow"\nentry = "https://b.example/"',
            "entry: expected 'https://b.example/', was 'https://a.example/'",
        ),
        (
            'verdict = "allow"\nbasis = "assumed"',
            "basis: expected 'assumed', was 'documented'",
        ),
    ],
)
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
        Untouched("site", Stage.WHITELIST, 2, "https://a.example/"),  # a duplicate settles nothing
    )


def test_entry_is_touched_only_in_its_list_and_rules(tmp_path: Path) -> None:
    text = """
    [rules.one]
    whitelist = ["a"]
    blacklist = ["a"]
    [rules.two]
    blacklist = ["a"]
    [[case]]
    name = "x"
    rules = "one"
    referer = "a"
    verdict = "deny"
    """
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
    text = """
    [assumptions]
    empty_whitelist = "empty-whitelist-denies"
    letter_case = "case-insensitive"
    [rules.site]
    [[case]]
    name = "of the table"
    verdict = "allow"
    [[case]]
    name = "of its own"
    assumptions = { empty_whitelist = "empty-whitelist-allows", repeated_header = "last" }
    referer = ["a", "b"]
    verdict = "allow"
    """
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
    text = """
    [rules.site]
    whitelist = ["https://A.test/"]
    [[case]]
    name = "x"
    referer = "https://a.test/"
    verdict = "allow"
    """
    path = write(tmp_path, text)
    assert not tables.run(tables.read(path)).passed
    insensitive = Assumptions(letter_case=LetterCase.INSENSITIVE)
    assert tables.run(tables.read(path, assumptions=insensitive)).passed
