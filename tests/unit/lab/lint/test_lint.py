"""The linter: every rule finds what it is there for, shows it truly, and corrects it."""

from __future__ import annotations

import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from oss_emulator.lab import lint
from oss_emulator.lab.lint import RULES, Evidence, Finding, Severity
from oss_emulator.referer import Assumptions, Basis, RefererConfiguration, RefererPolicy, Stage
from oss_emulator.referer.assumptions import EmptyWhitelist, LetterCase

FIXTURES = Path(__file__).parents[4] / "fixtures"
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
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in members.items()
        if name in FIELDS
    }
    return RefererConfiguration(**values)


def name_of(case: dict[str, Any]) -> str:
    listed = case.get("whitelist", []) + case.get("blacklist", [])
    return f"{case['rule']}: {', '.join(map(ascii, listed))}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_rule_finds_what_its_case_expects(case: dict[str, Any]) -> None:
    found = lint.run(configuration_of(case), [RULE[case["rule"]]])
    if case.get("nothing"):
        assert found == ()
        return
    (finding,) = found
    assert finding.referer == case.get("finds")
    assert (finding.place.entry if finding.place else None) == case.get("entry")
    expected = case.get("instead")
    assert finding.correction.instead == (None if expected is None else tuple(expected))
    assert finding.correction.add == tuple(case.get("add", ()))
    assert finding.correction.set == case.get("set", "")
    assert finding.reason.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_has_a_page_and_cases_with_and_without_findings(rule: lint.LintRule) -> None:
    title, _, body = rule.page.partition("\n\n")
    assert title == rule.title
    assert title.endswith(".")
    assert len(body) > 80
    outcomes = {case.get("nothing", False) for case in CASES if case["rule"] == rule.name}
    assert outcomes == {True, False}


NOT_RULES = {"__init__", "finding", "rule", "subject"}


def test_each_module_is_one_rule() -> None:
    assert len(RULE) == len(RULES)
    folder = Path(lint.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - NOT_RULES
    assert {name.replace("-", "_") for name in RULE} == modules


def all_findings() -> list[Any]:
    tables = [
        rules
        for path in sorted((FIXTURES / "referer").glob("*.toml"))
        for rules in tomllib.loads(path.read_text(encoding="utf-8"))["rules"].values()
    ]
    configurations = [configuration_of(members) for members in (*CASES, *tables)]
    return [
        (configuration, finding)
        for configuration in configurations
        for finding in lint.run(configuration)
    ]


def test_engine_confirms_all_evidence() -> None:
    found = all_findings()
    assert len(found) > 200
    for configuration, finding in found:
        decision = RefererPolicy.compile(configuration).decide(finding.referer)
        assert finding.decision == decision
        match finding.evidence:
            case Evidence.ALLOWED:
                assert decision.allowed
            case Evidence.DENIED:
                assert not decision.allowed
            case Evidence.ASSUMED:
                assert decision.basis is Basis.ASSUMED
            case Evidence.UNMATCHED:
                alone = replace(configuration, whitelist=(finding.place.entry,), blacklist=())
                assert not RefererPolicy.compile(alone).decide(finding.referer).allowed
            case Evidence.UNCHANGED:
                without = corrected(configuration, finding)
                assert RefererPolicy.compile(without).decide(finding.referer).reason is not None
                assert (
                    RefererPolicy.compile(without).decide(finding.referer).allowed
                    == decision.allowed
                )


def corrected(configuration: RefererConfiguration, finding: Finding) -> RefererConfiguration:
    """The configuration with the correction of one finding."""
    switches = {
        "AllowEmptyReferer: false": {"allow_empty_referer": False},
        "AllowEmptyReferer: true": {"allow_empty_referer": True},
        "TruncatePath: false": {"truncate_path": False},
        "": {},
    }
    values: dict[str, Any] = dict(switches[finding.correction.set])
    if finding.place is not None and finding.correction.instead is not None:
        name = finding.place.list.value
        entries = getattr(configuration, name)
        position = finding.place.position
        before, after = entries[:position], entries[position + 1 :]
        values[name] = before + finding.correction.instead + after
    if finding.correction.add:
        values["whitelist"] = configuration.whitelist + finding.correction.add
    return replace(configuration, **values)


# Nothing in the rules corrects the first, and the second only an appid of one's own.
NOT_CORRECTED = ("cdn-in-front", "mini-program")
# Of the assumptions only one is corrected; other rules correct the entries that the others concern.
CORRECTED = [
    case
    for case in CASES
    if not case.get("nothing")
    and case["rule"] not in NOT_CORRECTED
    and not (case["rule"] == "rests-on-assumption" and "add" not in case)
]


@pytest.mark.parametrize("case", CORRECTED, ids=name_of)
def test_correction_removes_the_finding(case: dict[str, Any]) -> None:
    configuration = configuration_of(case)
    (finding,) = lint.run(configuration, [RULE[case["rule"]]])
    again = lint.run(corrected(configuration, finding), [RULE[case["rule"]]])
    entries = [item.place.entry for item in again if item.place]
    assert case.get("entry", "*") not in entries
    if finding.place is None:
        assert again == ()


def test_findings_are_ordered_by_severity_and_place() -> None:
    rules = RefererConfiguration(
        whitelist=("http://a.test", "b.test", "https://c.test/x/"), blacklist=("d.test",)
    )
    found = lint.run(rules)
    severities = [list(Severity).index(finding.severity) for finding in found]
    assert severities == sorted(severities)
    errors = [f.place for f in found if f.severity is Severity.ERROR and f.place]
    assert [(place.list, place.entry) for place in errors] == [
        (Stage.WHITELIST, "http://a.test"),
        (Stage.WHITELIST, "b.test"),
        (Stage.BLACKLIST, "d.test"),
    ]


def test_alternatives_of_an_expression_are_bounded() -> None:
    entry = "^https://" + "(a|b)" * 40
    (finding,) = lint.run(RefererConfiguration(whitelist=(entry,)), [RULE["regular-expression"]])
    assert finding.correction.instead is not None
    assert len(finding.correction.instead) <= 8


RESTS = RULE["rests-on-assumption"]


def test_each_fact_is_reported_once_with_its_variants() -> None:
    rules = RefererConfiguration(
        allow_truncate_query_string=False,
        truncate_path=True,
        whitelist=("https://www.example.com/a", "https://www.example.com/b"),
    )
    reasons = [finding.reason for finding in lint.run(rules, [RESTS])]
    assert reasons == [
        "It is assumed and not documented that TruncatePath cuts without AllowTruncateQueryString "
        "as well (R-27, cut). With not-cut it would be allowed.",
        "It is assumed and not documented that truncation cuts the Referer and not the entries "
        "(R-28, entries-uncut). With entries-cut it would be allowed.",
    ]


def test_findings_follow_the_assumptions_that_are_given() -> None:
    rules = RefererConfiguration(blacklist=("https://thief.example/",))
    (finding,) = lint.run(rules, [RESTS], Assumptions(r14=EmptyWhitelist.DENIES))
    assert not finding.decision.allowed
    assert finding.reason.endswith("With empty-whitelist-allows it would be allowed.")
    capitals = RefererConfiguration(whitelist=("https://www.Example.com/",))
    insensitive = Assumptions(r24=LetterCase.INSENSITIVE)
    assert lint.run(capitals, [RULE["upper-case"]])
    assert lint.run(capitals, [RULE["upper-case"]], insensitive) == ()


def test_many_entries_are_linted_for_assumptions_quickly() -> None:
    entries = tuple(f"https://www{number}.example.com/a" for number in range(2000))
    rules = RefererConfiguration(truncate_path=True, whitelist=entries)
    started = time.perf_counter()
    assert len(lint.run(rules, [RESTS])) == 1
    assert time.perf_counter() - started < 10
