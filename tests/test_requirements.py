"""`require` skips a test for a missing program, and fails it where the program is required."""

from pathlib import Path

import pytest

from tests import requirements
from tests.requirements import PROGRAMS, VARIABLE, require


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One requirement that is installed, and one that is not."""
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


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("browser", "chromium"),
        ("browser", "chromium-browser"),
        ("browser", "google-chrome"),
        ("java", "java"),
        ("nginx", "nginx"),
        ("node", "node"),
    ],
)
def test_program_is_found_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, program: str
) -> None:
    monkeypatch.setattr(requirements, "PROGRAMS", PROGRAMS)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / program).touch(mode=0o755)
    assert require(name) == str(tmp_path / program)


def test_program_is_found_at_its_full_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nginx = tmp_path / "sbin" / "nginx"
    nginx.parent.mkdir()
    nginx.touch(mode=0o755)
    monkeypatch.setattr(requirements, "PROGRAMS", {"nginx": ("nginx", str(nginx))})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert require("nginx") == str(nginx)
