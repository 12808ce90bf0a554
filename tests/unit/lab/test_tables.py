"""Reading and running decision tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from oss_emulator.lab import tables
from oss_emulator.lab.tables import Case, Object, TableError, Untouched, Verdict
from oss_emulator.referer import Basis, Reason, RefererConfiguration, Scope, Signing, Stage


def write(folder: Path, text: str) -> Path:
    path = folder / "table.toml"
    path.write_text(text, encoding="utf-8")
    return path


RULES = (
    '[rules.site]\nwhitelist = ["https://a.example/", "https://b.example/", "https://a.example/"]\n'
)


def test_a_case_is_an_anonymous_get_of_an_object_unless_it_says_otherwise(tmp_path: Path) -> None:
    path = write(tmp_path, RULES + '[[case]]\nname = "x"\nverdict = "allow"\n')
    assert tables.load(path).cases == (Case("x", Verdict.ALLOW, "site"),)


def test_a_case_may_say_everything(tmp_path: Path) -> None:
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
    loaded = tables.load(write(tmp_path, text))
    assert loaded.rules["two"] == RefererConfiguration(False, False, True, ("a",), ("b",))
    assert loaded.cases == (
        Case(
            name="x",
            verdict=Verdict.DENY,
            rules="two",
            facts=("R-01", "R-29"),
            referer=("a", "b"),
            signed=Signing.URL,
            method="HEAD",
            scope=Scope.BUCKET,
            acl="private",
            object=Object.MISSING,
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
def test_an_expectation_that_is_not_met_is_reported(
    tmp_path: Path, expectation: str, difference: str
) -> None:
    text = f'{RULES}[[case]]\nname = "x"\nreferer = "https://a.example/"\n{expectation}\n'
    report = tables.run(tables.load(write(tmp_path, text)))
    assert not report.passed
    assert [str(found) for found in report.results[0].differences] == [difference]


def test_entries_that_settled_no_case_are_reported(tmp_path: Path) -> None:
    text = RULES + '[[case]]\nname = "x"\nreferer = "https://a.example/"\nverdict = "allow"\n'
    report = tables.run(tables.load(write(tmp_path, text)))
    assert report.passed
    assert report.untouched == (
        Untouched("site", Stage.WHITELIST, 1, "https://b.example/"),
        Untouched("site", Stage.WHITELIST, 2, "https://a.example/"),  # a duplicate settles nothing
    )


def test_an_entry_is_touched_only_in_the_list_and_rules_that_settled(tmp_path: Path) -> None:
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
    report = tables.run(tables.load(write(tmp_path, text)))
    assert report.untouched == (
        Untouched("one", Stage.WHITELIST, 0, "a"),
        Untouched("two", Stage.BLACKLIST, 0, "a"),
    )


CASE = '[[case]]\nname = "x"\nverdict = "allow"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("= 1", "line 1"),
        (CASE, r"there is no \[rules.NAME\]"),
        ("rules = 1\n", "rules is 1, not a table"),
        ("[rules]\nx = 1\n", "rules is 1, not a table"),
        ("case = [1]\n", r"case is \[1\], not an array of tables"),
        (RULES + "[case]\n", "case is {}, not an array of tables"),
        (RULES + "[cases]\n", "cases is not known; known are rules, case"),
        ("[rules.x]\nwhitelists = []\n", r"\[rules.x\]: whitelists is not known"),
        ('[rules.x]\nwhitelist = "a"\n', r"\[rules.x\]: whitelist is 'a', not a list of strings"),
        ("[rules.x]\nwhitelist = [1]\n", r"\[rules.x\]: whitelist is 1, not a string"),
        ('[rules.x]\ntruncate_path = "no"\n', "truncate_path is 'no', not true or false"),
        (RULES + '[[case]]\nverdict = "allow"\n', "case 1: name is missing"),
        (RULES + '[[case]]\nname = "x"\n', "case 'x': verdict is missing"),
        (RULES + CASE + 'rules = "no"\n', r"case 'x': there is no \[rules.no\]"),
        (RULES + "[rules.b]\n" + CASE, "case 'x': rules is missing, and there are site, b"),
        (RULES + CASE + "reason = 5\n", "case 'x': reason is 5, not one of signed-by-header"),
        (RULES + CASE + 'signed = "yes"\n', "signed is 'yes', not one of none, header, url"),
        (RULES + CASE + 'facts = ["R-1"]\n', "facts has 'R-1', which is no fact number"),
        (RULES + CASE + "referer = 7\n", "case 'x': referer is 7, not a list of strings"),
        (RULES + CASE + 'colour = "red"\n', "case 'x': colour is not known"),
    ],
)
def test_a_bad_table_is_refused_with_its_file_and_place(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(TableError, match=message) as refusal:
        tables.load(write(tmp_path, text))
    assert str(tmp_path / "table.toml") in str(refusal.value)


def test_a_table_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.toml"
    path.write_bytes(b"\xff")
    with pytest.raises(TableError, match=r"table\.toml: 'utf-8' codec"):
        tables.load(path)
