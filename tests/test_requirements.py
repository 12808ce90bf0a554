"""`require` skips a test for a missing program, and fails it where the program is required."""

import pytest

from tests import requirements
from tests.requirements import VARIABLE, require


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One requirement that is there, and one that is not."""
    table = {"shell": ("no-such-program", "sh"), "ghost": ("no-such-program",)}
    monkeypatch.setattr(requirements, "PROGRAMS", table)
    monkeypatch.delenv(VARIABLE, raising=False)


def test_first_program_that_is_installed_is_returned() -> None:
    assert require("shell").endswith("/sh")


def test_missing_program_skips_with_a_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="none of no-such-program is installed"):
        require("ghost")


@pytest.mark.parametrize("value", ["ghost", "shell, ghost"])
def test_missing_program_fails_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(pytest.fail.Exception, match="OSS_EMULATOR_REQUIRE requires it"):
        require("ghost")


def test_missing_program_skips_where_only_another_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "shell")
    with pytest.raises(pytest.skip.Exception):
        require("ghost")


def test_unknown_requirement_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "gost")
    with pytest.raises(pytest.fail.Exception, match="names gost; it knows shell, ghost"):
        require("ghost")
