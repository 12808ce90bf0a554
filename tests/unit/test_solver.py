"""The second opinion: z3 agrees with the search of the lab."""

from __future__ import annotations

import sys

import pytest
from hypothesis import assume, given, settings
from oss_emulator import solver
from oss_emulator.lab import certificate, diff
from oss_emulator.lab.diff import Certainty
from oss_emulator.referer import Assumptions, RefererConfiguration
from oss_emulator.referer.assumptions import CutPath
from oss_emulator.solver import SolverMissingError

from tests.thorough import cases
from tests.unit.test_verifier import ALIKE, ASSUMED, PAIRS, SITE, as_json

pytest.importorskip("z3", reason="z3-solver is not installed; the extra z3 has it")


@settings(max_examples=cases(40, 2_000), deadline=None)
@given(PAIRS, ASSUMED)
@pytest.mark.thorough
def test_z3_agrees_with_every_diff(
    pair: tuple[RefererConfiguration, RefererConfiguration], assumptions: Assumptions
) -> None:
    found = diff.compare(*pair, assumptions=assumptions)
    assume(not found.equivalent or found.certainty is Certainty.PROVED)
    said = solver.ask(as_json(certificate.state(*pair, assumptions)))
    assert said == ("equal" if found.equivalent else "different")


def test_z3_knows_what_the_search_of_the_lab_does_not() -> None:
    """R-27"""
    old = RefererConfiguration(truncate_path=True, whitelist=("a/", "b"))
    new = RefererConfiguration(truncate_path=True, whitelist=("a/", "b", "b*/"))
    slash = Assumptions(cut_path=CutPath.WITH_SLASH)
    assert diff.compare(old, new, assumptions=slash).certainty is Certainty.GENERATED
    assert solver.ask(as_json(certificate.state(old, new, slash))) == "equal"


def test_missing_z3_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    with pytest.raises(SolverMissingError):
        solver.ask(as_json(certificate.state(SITE, ALIKE)))
