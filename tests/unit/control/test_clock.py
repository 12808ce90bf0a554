"""The clock: the machine's time, shifted or set, and ticking."""

import time

import pytest
from oss_emulator.control.clock import Clock


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The machine's time, which a test moves."""
    now = [1_700_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def test_clock_tells_the_machines_time(machine: list[float]) -> None:
    clock = Clock()
    assert clock.now() == 1_700_000_000.0
    machine[0] += 5
    assert clock.now() == 1_700_000_005.0


@pytest.mark.parametrize("shift", [3600.0, -3600.0, 0.5])
def test_shifted_clock_keeps_ticking(machine: list[float], shift: float) -> None:
    clock = Clock()
    clock.shift = shift
    assert clock.now() == 1_700_000_000.0 + shift
    machine[0] += 5
    assert clock.now() == 1_700_000_005.0 + shift


def test_clock_keeps_ticking_after_set(machine: list[float]) -> None:
    clock = Clock()
    clock.set(2_000_000_000.0)
    assert (clock.now(), clock.shift) == (2_000_000_000.0, 300_000_000.0)
    machine[0] += 5
    assert clock.now() == 2_000_000_005.0
