"""Every decision table of the fixtures, run through the rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from oss_referer import Basis, Reason
from oss_referer.engine.assumptions import (
    DEFAULT,
    CheckOrder,
    MissingList,
    ProcessingOrder,
    SourceOfCopy,
    TruncationConflict,
)
from oss_referer.sources import tables

FOLDER = Path(__file__).parents[3] / "fixtures" / "referer"
REPORTS = {path.stem: tables.run(tables.read(path)) for path in sorted(FOLDER.glob("*.toml"))}
RESULTS = [
    pytest.param(result, id=f"{name}: {result.case.name}")
    for name, report in REPORTS.items()
    for result in report.results
]
CASES = [result.case for report in REPORTS.values() for result in report.results]

# The facts that are about deciding; the others from R-30 on are about the two calls and around.
FACTS = {
    *(f"R-{number:02}" for number in range(1, 6)),
    *(f"R-{number}" for number in range(10, 16)),
    *(f"R-{number}" for number in range(20, 30)),
    "R-37",
    "R-41",
    "R-43",
    "R-44",
}


@pytest.mark.parametrize("result", RESULTS)
def test_case(result: tables.Result) -> None:
    assert result.passed, "; ".join(map(str, result.differences))


@pytest.mark.parametrize("name", REPORTS)
def test_case_names_of_a_table_are_unique(name: str) -> None:
    names = [result.case.name for result in REPORTS[name].results]
    assert len(names) == len(set(names))


def test_each_fact_about_decisions_has_a_case() -> None:
    assert {fact for case in CASES for fact in case.facts} == FACTS


def test_each_referer_reason_has_a_case() -> None:
    assert {case.reason for case in CASES if case.reason} == set(Reason)


def test_each_denial_names_its_ec() -> None:
    unnamed = [case.name for case in CASES if case.verdict is tables.Expected.DENY and not case.ec]
    assert unnamed == []


def test_case_states_the_basis_of_its_decision() -> None:
    for name in REPORTS.keys() - {"assumptions"}:
        for result in REPORTS[name].results:
            says = "we assume" in result.case.name
            assert says == (result.case.basis is Basis.ASSUMED), result.case.name
            assert says == (result.decision.basis is Basis.ASSUMED), result.case.name


SHOWN_BY_NO_CASE = {
    CheckOrder: "the verdict is the same; the tests of the pipeline show the order",
    MissingList: "it is about PutBucketReferer and not about decisions",
    SourceOfCopy: "it is about two buckets; the tests of the pipeline show it",
    ProcessingOrder: "the verdict is the same; the tests of the pipeline show the order",
    TruncationConflict.REFUSED: "rules that are refused decide nothing",
}


def test_each_variant_has_a_case() -> None:
    table = (FOLDER / "assumptions.toml").read_text(encoding="utf-8")
    for name, chosen in DEFAULT.chosen().items():
        for variant in type(chosen):
            if not {type(chosen), variant} & SHOWN_BY_NO_CASE.keys():
                assert f'assumptions = {{ {name} = "{variant}" }}' in table


def test_cases_of_a_fact_come_out_differently() -> None:
    decided: dict[str, set[bool]] = {}
    for result in REPORTS["assumptions"].results:
        variant, _, request = result.case.name.partition(": ")
        assert variant in {str(chosen) for chosen in result.case.assumptions.chosen().values()}
        assert result.decision.basis is Basis.ASSUMED
        decided.setdefault(request, set()).add(result.decision.allowed)
    assert [request for request, verdicts in decided.items() if len(verdicts) < 2] == []
