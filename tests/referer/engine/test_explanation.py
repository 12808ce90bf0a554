"""Decisions in words and as data."""

from __future__ import annotations

import json

from oss_referer import RefererConfiguration, RefererPolicy, Signing, Step
from oss_referer.engine import explanation
from oss_referer.engine.explanation import _STEPS

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
