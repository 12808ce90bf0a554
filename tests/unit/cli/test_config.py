"""The file of settings: its places, its values and its mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from oss_emulator.cli import build_parser, flags
from oss_referer.terminal.parser import InputError
from oss_referer.terminal.project import SERVER_NAMES

from tests.cases import read_cases

CASES = read_cases("unit.cli")


def test_own_file_precedes_pyproject(tmp_path: Path) -> None:
    assert flags.read(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nport = 1\n")
    assert flags.read(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text("[tool.oss-emulator]\nport = 1\n")
    found = flags.read(tmp_path)
    assert found is not None
    assert found[1] == {"port": "1"}
    (tmp_path / "oss-emulator.toml").write_text("port = 2\n")
    found = flags.read(tmp_path)
    assert found is not None
    assert found[1] == {"port": "2"}


def test_values_become_the_texts_of_flags(tmp_path: Path) -> None:
    (tmp_path / "oss-emulator.toml").write_text(
        'seed = "a.toml"\ntls = true\ndomain = ["a.test", "b.test"]\nlimit = { keys = 5 }\n'
    )
    found = flags.read(tmp_path)
    assert found is not None
    assert found[1] == {
        "seed": "a.toml",
        "tls": "on",
        "domain": "a.test,b.test",
        "limit": "keys=5",
    }


@pytest.mark.parametrize(("text", "sentence"), CASES["mistake_is_reported_with_its_place"])
def test_mistake_is_reported_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "oss-emulator.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        flags.read(tmp_path)
    assert sentence in str(caught.value)


def test_every_flag_can_be_set_in_the_file() -> None:
    arguments = vars(build_parser(["serve"]).parse_args(["serve"]))
    assert {*arguments} - {"run", "parser", "lang", "open"} == SERVER_NAMES


def test_value_in_place_of_a_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\noss-emulator = 1\n")
    with pytest.raises(InputError, match=r"tool\.oss-emulator is 1; write a table"):
        flags.read(tmp_path)
