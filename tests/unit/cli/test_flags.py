"""Settings from flags, variables and the settings file: their precedence and mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from oss_emulator.cli import build_parser, flags
from oss_emulator.settings import Settings
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID
from oss_referer.terminal.parser import InputError, Parser
from oss_referer.terminal.project import SERVER_NAMES

from tests.rows import read_cases

CASES = read_cases("unit.cli")


NOTHING: Mapping[str, str] = {}


def parse(*given: str, variables: Mapping[str, str] = NOTHING) -> Settings:
    parser = Parser()
    flags.declare(parser, Settings())
    parser.set_defaults(parser=parser)
    return flags.parse_settings(parser.parse_args(given), variables, {})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "oss-emulator.toml").write_text(text)


@pytest.mark.parametrize(("flag", "said"), CASES["value_that_no_client_could_use_is_refused"])
def test_value_that_no_client_could_use_is_refused(
    flag: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise the first request would fail."""
    with pytest.raises(SystemExit):
        parse(flag)
    assert said in capsys.readouterr().err


def test_domain_and_region_of_a_developer_are_accepted() -> None:
    found = parse("--region", "here--1", "--domain", "oss.test, OSS-Emulator,a_b.test.")
    assert (found.region, found.domain) == ("here--1", ("oss.test", "OSS-Emulator", "a_b.test."))


def test_flag_overrides_what_it_excludes_in_the_file(folder: Path) -> None:
    write(folder, 'seed = "a.toml"\naccounts = "b.toml"')
    found = parse("--demo", "--access-key-id", "id")
    assert (found.demo, found.seed) == (True, None)
    assert (found.accounts, found.access_key_id) == (None, "id")


def test_flag_overrides_the_opposite_variable(folder: Path) -> None:
    found = parse("--seed", "a.toml", variables={"OSS_EMULATOR_DEMO": "on"})
    assert (found.demo, found.seed) == (False, Path("a.toml"))
    key = {"OSS_EMULATOR_ACCESS_KEY_ID": "id", "OSS_EMULATOR_ACCESS_KEY_SECRET": "secret"}
    found = parse("--accounts", "a.toml", variables=key)
    assert (found.accounts, found.access_key_id) == (Path("a.toml"), DEFAULT_ACCESS_KEY_ID)


def test_variable_overrides_what_it_excludes_in_the_file(folder: Path) -> None:
    write(folder, 'access_key_id = "id"\naccess_key_secret = "secret"')
    found = parse(variables={"OSS_EMULATOR_ACCOUNTS": "a.toml"})
    assert (found.accounts, found.access_key_id) == (Path("a.toml"), DEFAULT_ACCESS_KEY_ID)


def test_whole_key_overrides_accounts_from_a_weaker_source(folder: Path) -> None:
    write(folder, 'accounts = "b.toml"')
    found = parse("--access-key-id", "id", "--access-key-secret", "secret")
    assert (found.accounts, found.access_key_secret) == (None, "secret")
    variables = {"OSS_EMULATOR_ACCOUNTS": "a.toml", "OSS_ACCESS_KEY_SECRET": "secret"}
    found = parse("--access-key-id", "id", variables=variables)
    assert (found.accounts, found.access_key_secret) == (None, "secret")


def test_half_of_a_key_may_come_from_a_weaker_source_than_the_accounts(folder: Path) -> None:
    write(folder, 'access_key_secret = "secret"')
    found = parse("--access-key-id", "id", variables={"OSS_EMULATOR_ACCOUNTS": "a.toml"})
    assert (found.accounts, found.access_key_id) == (None, "id")
    assert found.access_key_secret == "secret"


def test_accounts_override_the_key_of_other_tools(folder: Path) -> None:
    write(folder, 'accounts = "b.toml"')
    found = parse(variables={"OSS_ACCESS_KEY_ID": "id", "OSS_ACCESS_KEY_SECRET": "secret"})
    assert (found.accounts, found.access_key_id) == (Path("b.toml"), DEFAULT_ACCESS_KEY_ID)


def test_switch_that_is_off_excludes_nothing(folder: Path) -> None:
    write(folder, 'seed = "a.toml"')
    assert parse(variables={"OSS_EMULATOR_DEMO": "off"}).seed == Path("a.toml")


@pytest.mark.parametrize("place", ["flag", "variable", "file"])
def test_demo_of_the_image_gives_way_to_a_seed(folder: Path, place: str) -> None:
    image = {"OSS_EMULATOR_DEMO": "on"}
    assert parse(variables=image).demo
    if place == "file":
        write(folder, 'seed = "a.toml"')
    given = ("--seed=a.toml",) if place == "flag" else ()
    seed = {"OSS_EMULATOR_SEED": "a.toml"} if place == "variable" else {}
    found = parse(*given, variables={**image, **seed})
    assert (found.demo, found.seed) == (False, Path("a.toml"))


@pytest.mark.parametrize("text", ['demo = true\nseed = "a.toml"', 'seed = "a.toml"\ndemo = true'])
def test_settings_of_one_source_may_not_exclude_each_other(folder: Path, text: str) -> None:
    write(folder, text)
    with pytest.raises(InputError, match="give either --demo or --seed"):
        parse()
    with pytest.raises(InputError, match="give either --demo or --seed"):
        parse("--demo", "--seed", "a.toml")


# --- The file of settings: its places, its values and its mistakes


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
    assert found[1] == {"seed": "a.toml", "tls": "on", "domain": "a.test,b.test", "limit": "keys=5"}


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
