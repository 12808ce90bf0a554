"""Certificates: what they say; tests/unit/test_verifier.py has them checked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from oss_emulator.lab import certificate, diff
from oss_emulator.lab.automaton import UndecidedError
from oss_emulator.referer import RefererConfiguration

OLD = RefererConfiguration(False, whitelist=("a", "ab"))
ALIKE = replace(OLD, whitelist=("a*",))


def test_certificate_has_rules_assumptions_and_proof() -> None:
    found = certificate.certify(OLD, ALIKE, diff.compare(OLD, ALIKE))
    assert [*found] == ["claim", "old", "new", "assumptions", "letters", "moves", "sha256"]
    assert found["claim"] == "equal"
    assert found["letters"] == "#/:?ab"
    # Behind "a", in states 3 to 6, both match; but "ab" may still match as well. From a `?` on, in
    # states 2 and 5, nothing is compared.
    assert found["moves"] == [
        "1 1 1 1 2 3 1",
        "1 1 1 1 1 1 1",
        "2 2 2 2 2 2 2",
        "4 4 4 4 5 4 6",
        "4 4 4 4 4 4 4",
        "5 5 5 5 5 5 5",
        "6 6 6 6 6 6 6",
    ]


def test_certificate_of_a_difference_names_the_witnesses() -> None:
    new = replace(OLD, whitelist=("a",), allow_empty_referer=True)
    found = certificate.certify(OLD, new, diff.compare(OLD, new))
    assert found["witnesses"] == [
        {"referer": None, "old": "denied", "new": "allowed"},
        {"referer": "", "old": "denied", "new": "allowed"},
    ]


def test_undecided_equality_has_no_certificate() -> None:
    entries = tuple(f"*{letter}?????" for letter in "abcdefghijkl")
    old, new = replace(OLD, whitelist=entries), replace(OLD, whitelist=(*entries, "*a????????"))
    with pytest.raises(UndecidedError):
        certificate.certify(old, new, diff.compare(old, new))
