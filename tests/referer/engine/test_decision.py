"""Decisions: their facts, their explanations, and the tables of the fixtures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from oss_referer import (
    Basis,
    Decision,
    Reason,
    RefererConfiguration,
    RefererPolicy,
    Signing,
    Stage,
    Step,
    StepResult,
)
from oss_referer.engine import explanation
from oss_referer.engine.assumptions import (
    DEFAULT,
    CheckOrder,
    MissingList,
    ProcessingOrder,
    SourceOfCopy,
    TruncationConflict,
)
from oss_referer.engine.explanation import _STEPS
from oss_referer.engine.sentence import Sentence
from oss_referer.sources import tables

from tests.rows import check_differences, rows


@rows("reason", *Reason)
def test_only_reasons_with_an_ec_deny(reason: Reason) -> None:
    decision = Decision(reason, ())
    assert decision.allowed is (decision.ec is None)


def test_ecs_are_documented() -> None:
    assert {reason: reason.ec for reason in Reason if reason.ec} == {
        Reason.EMPTY_DENIED: "0003-00000501",
        Reason.BLACKLISTED: "0003-00000502",
        Reason.NOT_WHITELISTED: "0003-00000503",
    }


A = "https://a.example"
B = "https://b.example"


# Each line: the rules, a Referer, and the assumed facts on which the verdict depends.
@pytest.mark.parametrize(
    ("rules", "referer", "assumed"),
    [
        # an empty whitelist beside a blacklist.
        (RefererConfiguration(), B, ()),
        (RefererConfiguration(blacklist=(A,)), B, ("R-14",)),
        (RefererConfiguration(blacklist=(A,)), A, ()),
        (RefererConfiguration(blacklist=(A,), whitelist=(B,)), B, ()),
        # letter case, only where it kept an entry from matching.
        (RefererConfiguration(whitelist=(A.upper(),)), A, ("R-24",)),
        (RefererConfiguration(whitelist=(A,)), A.upper(), ("R-24",)),
        (RefererConfiguration(whitelist=(A.upper(), A)), A, ()),
        (RefererConfiguration(blacklist=(A.upper(),), whitelist=(A,)), A, ("R-24",)),
        (RefererConfiguration(whitelist=(A,)), B.upper(), ()),
        # trimming and blank entries.
        (RefererConfiguration(whitelist=(f" {A}",)), A, ("R-25",)),
        (RefererConfiguration(whitelist=(f" {A}",)), B, ()),
        (RefererConfiguration(whitelist=("", A)), A, ()),
        (RefererConfiguration(whitelist=("", A)), B, ("R-25",)),
        (RefererConfiguration(whitelist=("",)), B, ("R-25",)),
        (RefererConfiguration(blacklist=("",), whitelist=(A,)), A, ("R-25",)),
        (RefererConfiguration(blacklist=("", A)), A, ()),
        (RefererConfiguration(False, whitelist=("",)), None, ("R-25",)),
        (RefererConfiguration(False, whitelist=("", A)), None, ()),
        (RefererConfiguration(True, whitelist=("",)), None, ()),
        # no "/" remains.
        (RefererConfiguration(truncate_path=True, whitelist=(A,)), f"{A}/x", ()),
        (RefererConfiguration(truncate_path=True, whitelist=("*e/",)), f"{A}/x", ("R-27", "R-28")),
        (RefererConfiguration(truncate_path=True, whitelist=(f"{B}/",)), f"{A}/x", ()),
        (RefererConfiguration(truncate_path=True, whitelist=(f"{A}/",)), f"{A}?x", ("R-28",)),
        # entries are not cut.
        (RefererConfiguration(truncate_path=True, whitelist=(f"{A}/x",)), f"{A}/x", ("R-28",)),
        (RefererConfiguration(whitelist=(f"{A}/?x",)), f"{A}/?x", ("R-28",)),
        (RefererConfiguration(whitelist=(f"{A}/?x",)), f"{B}/?x", ()),
        (RefererConfiguration(whitelist=("*a.example",)), f"{B}/?from={A}", ()),
        (RefererConfiguration(allow_truncate_query_string=False, whitelist=(A,)), f"{B}?x", ()),
    ],
)
def test_assumed_fact_is_named_only_where_it_matters(
    rules: RefererConfiguration, referer: str | None, assumed: tuple[str, ...]
) -> None:
    decision = RefererPolicy.compile(rules).decide(referer)
    assert decision.assumed == assumed
    assert decision.basis is (Basis.ASSUMED if assumed else Basis.DOCUMENTED)


def test_steps_of_a_decision_are_in_order() -> None:
    rules = RefererConfiguration(whitelist=("*.org/",), blacklist=(B,))
    decision = RefererPolicy.compile(rules).decide(f"{A}/page?x", signed=Signing.URL)
    assert [(step.stage, step.outcome) for step in decision.steps] == [
        (Stage.REQUEST, StepResult.CHECKED),
        (Stage.QUERY, StepResult.CUT),
        (Stage.BLACKLIST, StepResult.UNMATCHED),
        (Stage.WHITELIST, StepResult.UNMATCHED),
    ]
    assert decision.referer == f"{A}/page"
    assert decision.facts == ("R-01", "R-04", "R-26", "R-12", "R-13")


@rows(
    ("rules", "referer", "steps", "facts"),
    (
        RefererConfiguration(truncate_path=True, whitelist=(A,)),
        f"{A}/x",
        [(Stage.PATH, StepResult.CUT), (Stage.BLACKLIST, StepResult.NO_ENTRIES)],
        ("R-01", "R-27", "R-12", "R-13", "R-20"),
    ),
    (
        RefererConfiguration(blacklist=(B,), whitelist=(A,)),
        A,
        [(Stage.BLACKLIST, StepResult.UNMATCHED)],
        ("R-01", "R-12", "R-13", "R-20"),
    ),
)
def test_steps_say_what_was_cut_and_which_lists_there_are(
    rules: RefererConfiguration,
    referer: str,
    steps: list[tuple[Stage, StepResult]],
    facts: tuple[str, ...],
) -> None:
    decision = RefererPolicy.compile(rules).decide(referer)
    found = [(step.stage, step.outcome) for step in decision.steps[1:]]
    assert found == [*steps, (Stage.WHITELIST, StepResult.MATCHED)]
    assert decision.facts == facts


def test_empty_whitelist_has_its_own_fact() -> None:
    decision = RefererPolicy.compile(RefererConfiguration()).decide(A)
    assert decision.facts == ("R-01", "R-12", "R-14")
    decision = RefererPolicy.compile(RefererConfiguration(blacklist=(B,))).decide(A)
    assert decision.facts == ("R-01", "R-12", "R-14")


def test_match_names_how_it_matched() -> None:
    rules = RefererConfiguration(whitelist=("https://*.example",), blacklist=(B,))
    policy = RefererPolicy.compile(rules)
    assert policy.decide(A).facts == ("R-01", "R-12", "R-13", "R-20", "R-21")
    assert policy.decide(B).facts == ("R-01", "R-12", "R-20")


# --- decisions in words and as data


RULES = RefererConfiguration(
    allow_empty_referer=False,
    whitelist=("https://Www.example.com/",),
    blacklist=("https://thief.example/",),
)
POLICY = RefererPolicy.compile(RULES)


def test_denial_is_explained_in_words() -> None:
    text = explanation.describe(POLICY.decide("https://www.example.com/a?b"))
    assert text.splitlines() == [
        "Denied, EC 0003-00000503: not-whitelisted",
        "  The rules are consulted for an anonymous request to an object. [R-01]",
        "  AllowTruncateQueryString cut the Referer to 'https://www.example.com/a'. [R-26]",
        "  No blacklist entry matches. [R-12]",
        "  No whitelist entry matches. [R-13]",
        "  Assumed, not documented: upper and lower case differ, except in the query."
        " [R-24, query-insensitive]",
    ]


def test_exemption_is_explained_in_words() -> None:
    text = explanation.describe(POLICY.decide(None, signed=Signing.HEADER))
    assert text.splitlines() == [
        "Allowed: signed-by-header",
        "  The rules are not consulted for a request with an Authorization header. [R-01]",
    ]


def test_huge_referer_is_shortened_in_words_but_not_in_json() -> None:
    decision = POLICY.decide("https://" + "a" * 8_000 + "?")
    cut = explanation.describe(decision).splitlines()[2]
    assert cut.startswith("  AllowTruncateQueryString cut the Referer to 'https://aaa")
    assert len(cut) == len("  ") + 200 + len("… [R-26]")
    assert explanation.to_dict(decision)["referer"] == "https://" + "a" * 8_000


def test_sentence_of_the_largest_length_is_not_shortened() -> None:
    around = len("AllowTruncateQueryString cut the Referer to ''.")
    for length, shortened in ((200 - around, False), (201 - around, True)):
        text = explanation.describe(POLICY.decide("a" * length + "?"))
        assert ("…" in text) is shortened


def test_line_end_in_an_entry_is_escaped() -> None:
    policy = RefererPolicy.compile(RefererConfiguration(blacklist=("*a\n",)))
    text = explanation.describe(policy.decide("https://a/"))
    assert len(text.splitlines()) == 4


def test_decision_is_formatted_as_json() -> None:
    data = explanation.to_dict(POLICY.decide("https://thief.example/"))
    assert json.loads(json.dumps(data)) == {
        "allowed": False,
        "ec": "0003-00000502",
        "reason": "blacklisted",
        "entry": "https://thief.example/",
        "referer": "https://thief.example/",
        "basis": "documented",
        "facts": ["R-01", "R-12", "R-20"],
        "assumed": [],
        "variants": {},
        "steps": [
            {
                "stage": "request",
                "outcome": "checked",
                "sentence": "The rules are consulted for an anonymous request to an object.",
                "facts": ["R-01"],
            },
            {
                "stage": "blacklist",
                "outcome": "matched",
                "sentence": "The blacklist entry 'https://thief.example/' matches.",
                "facts": ["R-12", "R-20"],
            },
        ],
    }


def test_each_step_has_a_sentence() -> None:
    for stage, outcome in _STEPS:
        sentence = explanation.sentence(Step(stage, outcome, detail="{x}"))
        assert sentence.endswith(".")
        assert "{}" not in sentence


# --- sentences: texts that know their template


def test_sentence_is_a_text_that_knows_its_template() -> None:
    said = Sentence("{} of {} entries", "1", Sentence("{} long", "{2}"))
    assert said == "1 of {2} long entries"
    assert (said.template, said.values) == ("{} of {} entries", ("1", "{2} long"))
    assert json.dumps(said) == '"1 of {2} long entries"'


def test_sentence_without_values_is_not_filled_in() -> None:
    assert Sentence("a {} b") == "a {} b"


# --- every decision table of the fixtures, run through the rules


FOLDER = Path(__file__).parents[3] / "fixtures" / "referer"
REPORTS = {path.stem: tables.run(tables.read(path)) for path in sorted(FOLDER.glob("*.toml"))}
CASES = [result.case for report in REPORTS.values() for result in report.results]

# The facts about decisions; the others from R-30 on are mainly about the two calls.
FACTS = {
    *(f"R-{number:02}" for number in range(1, 6)),
    *(f"R-{number}" for number in range(10, 16)),
    *(f"R-{number}" for number in range(20, 30)),
    "R-37",
    "R-41",
    "R-43",
    "R-44",
}


@rows("name", *REPORTS)
def test_cases_of_a_table_pass_and_have_names_of_their_own(name: str) -> None:
    results = REPORTS[name].results
    check_differences({one.case.name: map(str, one.differences) for one in results})
    assert len(results) == len({result.case.name for result in results})


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
