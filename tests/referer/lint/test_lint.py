"""The linter: every rule finds and proves its mistakes, and explains what the plan does."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from oss_referer import Assumptions, Basis, RefererConfiguration, RefererPolicy, Stage, lint
from oss_referer.engine.assumptions import EmptyWhitelist, JoinedEntry, LetterCase
from oss_referer.lint import RULES, Evidence, Finding, Severity
from oss_referer.plan import proving

from tests.referer.lint import random_rules, risky_entries
from tests.referer.plan import lists
from tests.rows import rows

FIXTURES = Path(__file__).parents[3] / "fixtures"
CASES = tomllib.loads((FIXTURES / "lab" / "lint.toml").read_text(encoding="utf-8"))["case"]
FIELDS = {
    "allow_empty_referer",
    "allow_truncate_query_string",
    "truncate_path",
    "whitelist",
    "blacklist",
}
RULE = {rule.name: rule for rule in RULES}


def configuration_of(members: dict[str, Any]) -> RefererConfiguration:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in members.items()
        if name in FIELDS
    }
    return RefererConfiguration(**values)


def name_of(case: dict[str, Any]) -> str:
    listed = case.get("whitelist", []) + case.get("blacklist", [])
    return f"{case['rule']}: {', '.join(map(ascii, listed))}"


IN_CODE = {"too-long", "too-large", "not-examined"}
"""The rules whose cases are too long for a table; they have tests of their own."""


def advised(finding: Finding) -> dict[str, Any]:
    """Return what the plan does about a finding, in the notation of the cases."""
    line = finding.line
    if line is None:
        return {}
    change, switch = line.change, line.change.switch
    answers = [list(one.change.instead or ()) for one in line.options if line.place]
    said = {
        "add": list(change.whitelist),
        "add_to_blacklist": list(change.blacklist),
        "set": f"{switch[0].element}: {str(switch[1]).lower()}" if switch else "",
        "decide": str(line.question),
        "options": answers,
    }
    given = {name: value for name, value in said.items() if value}
    return given if change.instead is None else {"instead": list(change.instead), **given}


ADVICE = ("instead", "add", "add_to_blacklist", "set", "decide", "options")


@rows("case", *CASES)
def test_rule_finds_what_its_case_expects_and_explains_the_plan(case: dict[str, Any]) -> None:
    configuration, rule = configuration_of(case), RULE[case["rule"]]
    found = lint.lint(configuration, [rule]).found
    if case.get("nothing"):
        assert found == ()
        return
    (finding,) = found
    assert finding.referer == case.get("finds")
    assert (finding.place.entry if finding.place else None) == case.get("entry")
    assert advised(finding) == {name: case[name] for name in ADVICE if name in case}
    assert (finding.severity is Severity.NOTE) is (not advised(finding))
    assert finding.reason.endswith(".")
    confirm(configuration, finding)
    fixed = lint.fix(configuration, unsafe=True)
    assert not any(item.change for item in fixed.left)


def explain(configuration: RefererConfiguration) -> None:
    """Check that each change and each question has one finding, and other findings are notes."""
    linted = lint.lint(configuration)
    explained = [item.line for item in linted.found if item.line is not None]
    assert len({*map(id, explained)}) == len(explained)
    assert {*map(id, explained)} == {id(line) for line in linted.plan.lines if line.is_open}
    for item in linted.found:
        assert (item.severity is Severity.NOTE) is (item.line is None)
        assert item.is_safe is (bool(item.change) and not item.decide)


def test_each_change_and_each_question_has_one_finding() -> None:
    for case in lists.cases(CONFIGURATIONS):
        explain(case.rules)
    for seed in range(CONFIGURATIONS):
        explain(random_rules.rules(random_rules.seeded(seed)))
        explain(risky_entries.Case(seed).rules)


CONFIGURATIONS = 20


def confirm(configuration: RefererConfiguration, finding: Finding) -> None:
    """Ask the engine whether the evidence of a finding is right."""
    decision = RefererPolicy.compile(configuration).decide(finding.referer)
    assert finding.decision_reason is decision.reason
    match finding.evidence:
        case Evidence.ALLOWED:
            assert decision.allowed
        case Evidence.DENIED:
            assert not decision.allowed
        case Evidence.ASSUMED:
            assert decision.basis is Basis.ASSUMED
        case Evidence.UNMATCHED:
            assert finding.place
            alone = replace(configuration, whitelist=(finding.place.entry,), blacklist=())
            assert not RefererPolicy.compile(alone).decide(finding.referer).allowed
        case Evidence.UNCHANGED:
            assert finding.place
            entries = list(getattr(configuration, finding.place.list.value))
            del entries[finding.place.position]
            without: dict[str, Any] = {finding.place.list.value: tuple(entries)}
            rest = RefererPolicy.compile(replace(configuration, **without))
            again = rest.decide(finding.referer)
            assert again.allowed == decision.allowed


def test_engine_confirms_the_evidence_on_the_rules_of_the_tables() -> None:
    count = 0
    for path in sorted((FIXTURES / "referer").glob("*.toml")):
        for rules in tomllib.loads(path.read_text(encoding="utf-8"))["rules"].values():
            configuration = configuration_of(rules)
            for finding in lint.lint(configuration).found:
                confirm(configuration, finding)
                count += 1
    assert count > 200


def test_each_rule_has_a_page_and_cases_with_and_without_findings() -> None:
    for rule in RULES:
        title, _, body = rule.page.partition("\n\n")
        assert title == rule.title
        assert title.endswith("."), title
        assert len(body) > 80, title
        outcomes = {case.get("nothing", False) for case in CASES if case["rule"] == rule.name}
        assert outcomes == {True, False} or rule.name in IN_CODE, title


def test_findings_are_ordered_by_severity_and_place() -> None:
    rules = RefererConfiguration(
        whitelist=("http://a.test", "b.test", "https://c.test/x/"), blacklist=("d.test",)
    )
    found = lint.lint(rules).found
    severities = [list(Severity).index(finding.severity) for finding in found]
    assert severities == sorted(severities)
    errors = [f.place for f in found if f.severity is Severity.ERROR and f.place]
    assert [(place.list, place.entry) for place in errors] == [
        (Stage.WHITELIST, "http://a.test"),
        (Stage.WHITELIST, "b.test"),
        (Stage.BLACKLIST, "d.test"),
    ]


def test_entry_longer_than_any_referer_is_cut_to_its_origin_or_split_by_an_answer() -> None:
    """B-03"""
    deep = "https://www.example.com/" + "a" * 5000
    joined = ",".join(f"https://www{number}.example.com/" for number in range(300))
    for entry, expected in ((deep, 1), (joined, 300), ("*a" * 3000, 0)):
        rules = RefererConfiguration(whitelist=("https://a.example/", entry))
        (finding,) = lint.lint(rules, [RULE["too-long"]]).found
        assert len(finding.change.instead or ()) == expected
        assert not finding.is_safe
    assert lint.lint(RefererConfiguration(whitelist=(deep[:4096],)), [RULE["too-long"]]).found == ()


def test_lists_are_reported_from_16_kb_on() -> None:
    """R-42; the bytes of both lists count together, in UTF-8."""
    half = "https://www.example.com/例".ljust(8_190, "a")
    assert len(half.encode()) == 8_192
    rules = RefererConfiguration(whitelist=(half,), blacklist=(half,))
    (finding,) = lint.lint(rules, [RULE["too-large"]]).found
    assert finding.reason == (
        "The entries have 16,384 bytes, and PutBucketReferer refuses more than 20,480."
    )
    assert finding.severity is Severity.NOTE
    less = RefererConfiguration(whitelist=(half,), blacklist=(half[1:],))
    assert lint.lint(less, [RULE["too-large"]]).found == ()


def test_lists_beyond_20_kb_are_an_error_and_examined_like_others() -> None:
    long = "w" * 60 + "."
    rules = RefererConfiguration(whitelist=tuple(f"{long * 3}{n}.example.com" for n in range(110)))
    found = lint.lint(rules).found
    (large,) = [finding for finding in found if finding.rule == "too-large"]
    assert large.severity is Severity.ERROR
    assert sum(finding.rule == "missing-scheme" for finding in found) == 110


@rows("accepted", (), ("too-large",))
def test_lists_beyond_100_kb_have_a_single_finding(accepted: tuple[str, ...]) -> None:
    rules = RefererConfiguration(whitelist=tuple(f"www{n}.{'x' * 250}.com" for n in range(400)))
    (finding,) = lint.lint(rules, accepted=accepted).found
    assert (finding.rule, finding.severity) == ("too-large", Severity.ERROR)
    assert finding.reason.endswith("Nothing else was examined.")
    fixed = lint.fix(rules, accepted=accepted)
    assert (fixed.configuration, fixed.left) == (rules, (finding,))


def test_search_that_ends_too_soon_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "_STEPS", 0)
    rules = RefererConfiguration(whitelist=("https://www.example.com/a",))
    (finding,) = lint.lint(rules, [RULE["not-examined"]]).found
    assert finding.place
    assert finding.place.entry == "https://www.example.com/a"


RESTS = RULE["rests-on-assumption"]


def test_each_fact_is_reported_once_with_its_variants() -> None:
    rules = RefererConfiguration(
        allow_truncate_query_string=False,
        truncate_path=True,
        whitelist=("https://www.example.com/a", "https://www.example.com/b"),
    )
    reasons = [finding.reason for finding in lint.lint(rules, [RESTS]).found]
    assert reasons == [
        "It is assumed and not documented that truncation cuts the Referer and not the entries "
        "(R-28, entries-uncut). With entries-cut it would be allowed."
    ]


def test_findings_follow_the_given_assumptions() -> None:
    rules = RefererConfiguration(blacklist=("https://thief.example/",))
    (finding,) = lint.lint(rules, [RESTS], Assumptions(empty_whitelist=EmptyWhitelist.DENIES)).found
    assert not finding.decision_reason.allows
    assert finding.reason.endswith("With empty-whitelist-allows it would be allowed.")
    capitals = RefererConfiguration(whitelist=("https://www.Example.com/",))
    insensitive = Assumptions(letter_case=LetterCase.INSENSITIVE)
    assert lint.lint(capitals, [RULE["upper-case"]]).found
    assert lint.lint(capitals, [RULE["upper-case"]], insensitive).found == ()
    joined = RefererConfiguration(whitelist=("https://a.example/,https://b.example/",))
    separated = Assumptions(joined_entry=JoinedEntry.SEPARATED)
    for read, assumptions in ((capitals, insensitive), (joined, separated)):
        found = {finding.rule for finding in lint.lint(read, RULES, assumptions).found}
        assert "never-matches" not in found


SUBS = ("https://*.example.com/", "https://example.com/")
ROOTS = ("http://*.example.com/", "http://example.com/")


def test_finding_is_written_as_plain_data() -> None:
    rules = RefererConfiguration(False, whitelist=("*.example.com",))
    (finding,) = (item for item in lint.lint(rules).found if not item.common)
    assert finding.to_dict(line=2) == {
        "rule": "open-host",
        "severity": "error",
        "list": "whitelist",
        "position": 0,
        "entry": "*.example.com",
        "line": 2,
        "reason": finding.reason,
        "referer": finding.referer,
        "claim": "is allowed",
        "allowed": True,
        "ec": None,
        "instead": (*SUBS, *ROOTS),
        "add": (),
        "add_to_blacklist": ("https://*/*.example.com/", "http://*/*.example.com/"),
        "set": {},
        "decide": None,
        "options": [],
        "safe": True,
        "common": False,
    }
    assert finding.to_dict()["line"] is None


def test_question_is_written_with_its_answers() -> None:
    rules = RefererConfiguration(False, whitelist=("*", "https://www.example.com/"))
    (finding,) = (item for item in lint.lint(rules).found if item.decide)
    written = finding.to_dict()
    assert (written["safe"], written["instead"]) == (False, ())
    assert written["options"] == [
        {"said": "remove it", "instead": (), "add": (), "add_to_blacklist": (), "set": {}}
    ]


def test_accepted_and_meant_entries_are_left_alone() -> None:
    """What is accepted is neither changed nor asked about, and takes no site away."""
    rules = RefererConfiguration(False, whitelist=("https://*.github.io/", "www.example.com"))
    fixed = lint.fix(rules, accepted=["wildcard-domain"])
    assert fixed.configuration.whitelist == (
        "https://*.github.io/",
        "https://www.example.com/",
        "http://www.example.com/",
    )
    assert all(item.severity is Severity.NOTE for item in fixed.left)
    assert lint.fix(rules, meant=["https://*.github.io/"]).configuration == fixed.configuration
