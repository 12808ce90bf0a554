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
    # In state 1 nothing can match any more. In state 2, after "a", both lists have matched.
    assert found["moves"] == ["1 1 1 1 1 2 1", "1 1 1 1 1 1 1", "2 2 2 2 2 2 2"]


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


@pytest.mark.parametrize(
    ("whitelist", "blacklist", "added"),
    [
        (
            tuple(f"https://*.site{number}.example.com/" for number in range(10)),
            ("https://evil.example.com/", "https://*.bad.example/"),
            "https://www.site3.example.com/",
        ),
        (
            tuple(f"https://www.site{number:03}.example.com/" for number in range(300)),
            (),
            "https://www.site001.example.com/page",
        ),
    ],
    ids=["wildcards", "many"],
)
def test_equality_of_usual_lists_is_proved(
    whitelist: tuple[str, ...], blacklist: tuple[str, ...], added: str
) -> None:
    old = replace(OLD, whitelist=whitelist, blacklist=blacklist)
    new = replace(old, whitelist=(*whitelist, added))
    proof = certificate.certify(old, new, diff.compare(old, new))
    assert proof["claim"] == "equal"
    assert proof["moves"]
