"""What a decision rests on, and what it says of itself."""

from __future__ import annotations

import pytest
from oss_referer import (
    Basis,
    Decision,
    Outcome,
    Reason,
    RefererConfiguration,
    RefererPolicy,
    Signing,
    Stage,
)


@pytest.mark.parametrize("reason", Reason)
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


# Each line: the rules, a Referer, and the assumed facts without which it had come out differently.
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
        # no "/" is left behind.
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
        (Stage.REQUEST, Outcome.CHECKED),
        (Stage.QUERY, Outcome.CUT),
        (Stage.BLACKLIST, Outcome.UNMATCHED),
        (Stage.WHITELIST, Outcome.UNMATCHED),
    ]
    assert decision.referer == f"{A}/page"
    assert decision.facts == ("R-01", "R-04", "R-26", "R-12", "R-13")


@pytest.mark.parametrize(
    ("rules", "referer", "steps", "facts"),
    [
        (
            RefererConfiguration(truncate_path=True, whitelist=(A,)),
            f"{A}/x",
            [(Stage.PATH, Outcome.CUT), (Stage.BLACKLIST, Outcome.NO_ENTRIES)],
            ("R-01", "R-27", "R-12", "R-13", "R-20"),
        ),
        (
            RefererConfiguration(blacklist=(B,), whitelist=(A,)),
            A,
            [(Stage.BLACKLIST, Outcome.UNMATCHED)],
            ("R-01", "R-12", "R-13", "R-20"),
        ),
    ],
)
def test_steps_say_what_was_cut_and_which_lists_there_are(
    rules: RefererConfiguration,
    referer: str,
    steps: list[tuple[Stage, Outcome]],
    facts: tuple[str, ...],
) -> None:
    decision = RefererPolicy.compile(rules).decide(referer)
    found = [(step.stage, step.outcome) for step in decision.steps[1:]]
    assert found == [*steps, (Stage.WHITELIST, Outcome.MATCHED)]
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
