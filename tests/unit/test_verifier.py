"""The verifier: it decides like the rules, accepts true certificates and refuses false ones."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import fields, replace
from itertools import product
from typing import Any, get_type_hints

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from oss_emulator import verifier
from oss_emulator.lab import certificate, diff
from oss_emulator.lab.automaton import UndecidedError
from oss_emulator.referer import Assumptions, RefererConfiguration, RefererPolicy
from oss_emulator.referer.assumptions import DEFAULT
from oss_emulator.verifier import ProofError

from tests.thorough import cases

ENTRIES = st.text("aAb:/?*#, \t", max_size=6)
LISTS = st.lists(ENTRIES, max_size=3).map(tuple)
RULES = st.builds(RefererConfiguration, st.booleans(), st.booleans(), st.booleans(), LISTS, LISTS)
KINDS = get_type_hints(Assumptions)
ASSUMED = st.just(DEFAULT) | st.builds(
    Assumptions,
    **{item.name: st.sampled_from(list(KINDS[item.name])) for item in fields(Assumptions)},
)
REFERERS = st.none() | st.text("aAb:/?*#,ß \tz", max_size=9)
SHORT = ["".join(text) for size in range(5) for text in product("aAb:/?z", repeat=size)]
RANDOM = st.randoms(use_true_random=False)


def alike(rules: RefererConfiguration, chance: random.Random) -> RefererConfiguration:
    """Return rules that probably decide alike: in another order, some entries written twice."""
    lists = [list(rules.whitelist), list(rules.blacklist)]
    for entries in lists:
        chance.shuffle(entries)
        if entries:
            entries.append(chance.choice(entries) + chance.choice(("", "*", "a", " ")))
    return replace(rules, whitelist=tuple(lists[0]), blacklist=tuple(lists[1]))


PAIRS = st.tuples(RULES, RULES) | st.builds(
    lambda rules, chance: (rules, alike(rules, chance)), RULES, RANDOM
)


def as_json(value: object) -> Any:
    return json.loads(json.dumps(value))


def certify(
    pair: tuple[RefererConfiguration, RefererConfiguration], assumptions: Assumptions = DEFAULT
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the certificate of a pair, and what it is about, as both come from JSON."""
    found = diff.compare(*pair, assumptions=assumptions)
    try:
        proof = certificate.certify(*pair, found, assumptions)
    except UndecidedError:  # the search cannot keep a slash
        assume(False)
    return as_json(proof), as_json(certificate.state(*pair, assumptions))


def seal(changed: dict[str, Any]) -> dict[str, Any]:
    """Return a certificate with a right checksum: a lie, and not damage."""
    sealed = {name: value for name, value in changed.items() if name != "sha256"}
    return {**sealed, "sha256": verifier._digest(sealed)}


@settings(max_examples=cases(150, 5_000), deadline=None)
@given(RULES, ASSUMED, REFERERS)
@example(RefererConfiguration(truncate_path=True, blacklist=("x:/",)), DEFAULT, "x:/y")
@pytest.mark.thorough
def test_verifier_decides_like_the_rules(
    rules: RefererConfiguration, assumptions: Assumptions, referer: str | None
) -> None:
    stated = as_json(certificate.state(rules, rules, assumptions))
    read = verifier.ReadRules(stated["old"], stated["assumptions"])
    allowed = RefererPolicy.compile(rules, assumptions).allows(referer)
    assert read.decide(referer) == ("allowed" if allowed else "denied")


@settings(max_examples=cases(100, 3_000), deadline=None)
@given(PAIRS, ASSUMED)
@example(
    # The second entry is in a list that matches at once, and in one that may match yet.
    (
        RefererConfiguration(False, blacklist=("*", "Aa")),
        RefererConfiguration(True, whitelist=("?a", "Aa"), blacklist=("?",)),
    ),
    DEFAULT,
)
@pytest.mark.thorough
def test_certificate_of_each_diff_is_accepted(
    pair: tuple[RefererConfiguration, RefererConfiguration], assumptions: Assumptions
) -> None:
    proof, stated = certify(pair, assumptions)
    assert verifier.verify(proof, stated) == proof["claim"]
    # A claim of the other kind has no proof.
    other = {"equal": "different", "different": "equal"}[proof["claim"]]
    with pytest.raises(ProofError):
        verifier.verify(seal({**proof, "claim": other}), stated)


@settings(max_examples=cases(100, 3_000), deadline=None)
@given(PAIRS, RULES, ASSUMED)
@pytest.mark.thorough
def test_certificate_of_another_pair_is_refused(
    pair: tuple[RefererConfiguration, RefererConfiguration],
    other: RefererConfiguration,
    assumptions: Assumptions,
) -> None:
    assume(other not in pair)
    proof, _ = certify(pair)
    for given_pair in ((pair[0], other), (other, pair[1])):
        stated = as_json(certificate.state(*given_pair))
        with pytest.raises(ProofError, match="other rules"):
            verifier.verify(proof, stated)
        # With the other rules written into it, it is true or refused.
        _check_claim(seal({**proof, **stated}), stated, given_pair, DEFAULT)
    if assumptions != DEFAULT:
        with pytest.raises(ProofError, match="other rules or assumptions"):
            verifier.verify(proof, as_json(certificate.state(*pair, assumptions)))


@settings(max_examples=cases(100, 3_000), deadline=None)
@given(PAIRS, ASSUMED, RANDOM)
@pytest.mark.thorough
def test_changed_certificate_is_refused(
    pair: tuple[RefererConfiguration, RefererConfiguration],
    assumptions: Assumptions,
    chance: random.Random,
) -> None:
    proof, stated = certify(pair, assumptions)
    for _ in range(10):
        changed = _change(proof, chance)
        if changed == proof and as_json(changed) == proof:
            continue
        with pytest.raises(ProofError):
            verifier.verify(changed, stated)
        # Whoever changes it can write the checksum anew: then only what is true is accepted.
        _check_claim(seal(changed), stated, pair, assumptions)


def _check_claim(
    proof: dict[str, Any],
    stated: dict[str, Any],
    pair: tuple[RefererConfiguration, RefererConfiguration],
    assumptions: Assumptions,
) -> None:
    """Check that a certificate is refused, unless what it claims is true."""
    policies = [RefererPolicy.compile(rules, assumptions) for rules in pair]
    try:
        claim = verifier.verify(proof, stated)
    except ProofError:
        return
    differs = [
        [policy.allows(referer) for policy in policies] in ([True, False], [False, True])
        for referer in (
            [witness["referer"] for witness in proof["witnesses"]]
            if claim == "different"
            else SHORT
        )
    ]
    assert all(differs) if claim == "different" else not any(differs)


def _change(proof: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return a copy of a certificate with one change."""
    changed = deepcopy(proof)
    place = chance.choice([*_places(changed)])
    holder = changed
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = _vary(holder[place[-1]], chance)
    return changed


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(item, (*place, name))


def _vary(value: Any, chance: random.Random) -> Any:
    if isinstance(value, bool):
        return chance.choice((not value, None, int(value)))
    if isinstance(value, list) and value:
        chosen = chance.randrange(len(value))
        return chance.choice(
            (value[:chosen] + value[chosen + 1 :], [*value, value[chosen]], value[::-1], [])
        )
    if isinstance(value, str) and value.replace(" ", "").isdecimal():
        row = value.split(" ")
        row[chance.randrange(len(row))] = str(chance.randrange(len(row) + 3) - 1)
        return " ".join(row)
    if isinstance(value, str) and value:
        chosen = chance.randrange(len(value))
        other = chance.choice(("", "a", "?", "*", "/", " "))
        return value[:chosen] + other + value[chosen + chance.randrange(2) :]
    return chance.choice((None, "allowed", "", 0, [], {}))


SITE = RefererConfiguration(False, whitelist=("https://a.test/", "https://b.test/"))
ALIKE = replace(SITE, whitelist=(*SITE.whitelist, "https://a.test/?"))


def test_each_number_of_the_moves_counts() -> None:
    proof, stated = certify((SITE, ALIKE))
    for number, text in enumerate(proof["moves"]):
        row = text.split(" ")
        for column, after in enumerate(row):
            other = [*row[:column], str(int(after) + 1), *row[column + 1 :]]
            moves = [*proof["moves"]]
            moves[number] = " ".join(other)
            with pytest.raises(ProofError, match=f"state {number} does not lead to"):
                verifier.verify(seal({**proof, "moves": moves}), stated)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"claim": "equal"}, "form of a certificate"),
        ({"claim": "unknown"}, "form of a certificate"),
        ({"witnesses": []}, "form of a certificate"),
        ({"witnesses": None}, "form of a certificate"),
        ({"witnesses": [{"referer": 3, "old": "allowed", "new": "denied"}]}, "form of"),
        ({"witnesses": [{"referer": "https://b.test/", "old": "denied", "new": "allowed"}]},
         "not how the rules decide"),
        ({"witnesses": [{"referer": "https://c.test/", "old": "denied", "new": "denied"}]},
         "not how the rules decide"),
        ({"old": 1}, "other rules"),
    ],
)  # fmt: skip
def test_false_witness_is_refused(change: dict[str, Any], message: str) -> None:
    proof, stated = certify((SITE, replace(SITE, whitelist=SITE.whitelist[:1])))
    assert verifier.verify(proof, stated) == "different"
    with pytest.raises(ProofError, match=message):
        verifier.verify(seal({**proof, **change}), stated)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"claim": "different"}, "form of a certificate"),
        ({"letters": ""}, "letters are not those"),
        ({"letters": None}, "letters are not those"),
        ({"moves": []}, "state 0 has no moves"),
        ({"moves": ["1"]}, "form of a certificate"),
        ({"moves": ["a"] * 9}, "form of a certificate"),
        ({"moves": ["9" * 5_000]}, "form of a certificate"),
        ({"moves": [1]}, "form of a certificate"),
    ],
)
def test_proof_without_its_parts_is_refused(change: dict[str, Any], message: str) -> None:
    proof, stated = certify((SITE, ALIKE))
    assert verifier.verify(proof, stated) == "equal"
    with pytest.raises(ProofError, match=message):
        verifier.verify(seal({**proof, **change}), stated)


@pytest.mark.parametrize("value", [None, 1, "equal", [], {}, {"claim": "equal"}])
def test_other_json_is_refused(value: Any) -> None:
    with pytest.raises(ProofError, match="form of a certificate"):
        verifier.verify(value, as_json(certificate.state(SITE, ALIKE)))


def test_same_rules_need_no_moves_and_others_do() -> None:
    again = replace(SITE, whitelist=(*SITE.whitelist[::-1], "https://a.test/"))
    proof, stated = certify((SITE, again))
    assert proof["moves"] == []
    assert verifier.verify(proof, stated) == "equal"
    stated = as_json(certificate.state(SITE, replace(SITE, allow_empty_referer=True)))
    with pytest.raises(ProofError, match="without a Referer"):
        verifier.verify(seal({**proof, **stated}), stated)


def test_blanks_inside_a_referer_count_and_around_it_do_not() -> None:
    uncut = replace(SITE, allow_truncate_query_string=False)
    one = replace(uncut, whitelist=("a ?",))
    proof, stated = certify((one, replace(uncut, whitelist=("a *",))))  # "a " is "a"
    assert verifier.verify(proof, stated) == "equal"
    proof, stated = certify((one, replace(uncut, whitelist=("a ?", "a  ?"))))
    assert verifier.verify(proof, stated) == "equal"
    proof, stated = certify((one, replace(uncut, whitelist=("a b",))))
    assert verifier.verify(proof, stated) == "different"


def test_verifier_is_short_enough_to_read() -> None:
    path = verifier.__file__
    assert path is not None
    with open(path, encoding="utf-8") as file:
        assert len(file.readlines()) <= 150
