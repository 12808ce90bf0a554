"""Tables and examples of the pages agree with the code."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from oss_emulator import Emulator
from oss_emulator.access import accounts
from oss_emulator.access.accounts import Accounts
from oss_emulator.cli import main
from oss_emulator.cli.run import PRELOAD
from oss_emulator.control import faults
from oss_emulator.control.api import ROUTES
from oss_emulator.settings import Settings
from oss_emulator.testing import pytest_plugin
from oss_referer.traffic.judge import Verdict

from tests.cli import forking
from tests.cli.process import environment
from tests.docs import outputs
from tests.docs.markdown import blocks, table
from tests.rows import rows
from tests.unit.access.table import CASES

# --- docs/access.md agrees with the fixtures, the code and the facts that they cite

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TEXT = (DOCS / "access.md").read_text(encoding="utf-8")
FACTS = re.findall(r"^- \*\*(A-\d\d)\*\* (\S+)", TEXT, re.MULTILINE)


def test_each_fact_about_decisions_has_a_case() -> None:
    shown = {fact for case in CASES for fact in case.facts}
    # Other tests cover the facts about actions, STS, denials and uploads.
    others = {"A-06", "A-13", "A-34", "A-42", "A-50", "A-61", "A-70", "A-71", "A-72"}
    assert shown == {number for number, _ in FACTS} - others


(SAMPLE,) = (block.text for block in blocks(TEXT) if block.language == "toml")


def test_sample_accounts_file_can_be_loaded() -> None:
    found = Accounts.parse(SAMPLE, token_key=b"key")
    assert found.owner.id == "1000000000000001"
    assert found.role("acs:ram::1000000000000001:role/uploader") is not None
    for key in ("owner", "rules-reader", "app", "payer"):
        assert found.knows(key, "")


def test_reference_names_all_members_and_policies() -> None:
    reference = TEXT.partition("| Table | Member | |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", reference))
    tables = (accounts.AccountTable, accounts.KeyTable, accounts.UserTable, accounts.RoleTable)
    members = {item.name for table in tables for item in fields(table)}
    names = (members - {"key", "user", "role"}) | {"account"}
    assert named == names | set(accounts.SYSTEM_POLICIES)


# --- docs/admin.md: its routes and faults are those of the code

PAGE = (DOCS / "admin.md").read_text(encoding="utf-8")
BLOCKS = blocks(PAGE)


def test_page_names_all_effects_and_conditions_of_faults() -> None:
    named = {name for row in table(PAGE, "Effect") for name in row[0].split(", ")}
    conditions = {"operation", "bucket", "key", "every", "probability", "times"}
    assert named == set(faults.Fault.__dataclass_fields__) - conditions
    assert all(f"`{name}`" in PAGE for name in conditions)


def test_page_names_all_routes() -> None:
    named = " ".join(row[0] for row in table(PAGE, "Request"))
    for route in ROUTES:
        if route.path not in ("health", "openapi.json"):
            stem = route.stem.rstrip("/")
            assert re.search(rf"{route.method} {re.escape(stem)}\b", named), route.path
    assert "`health`" in PAGE
    assert "openapi.json" in PAGE


# --- The pages on addresses, https and drop-in use agree with the code

PAGES = {
    name: (DOCS / name).read_text(encoding="utf-8")
    for name in ("addressing.md", "tls.md", "drop-in.md")
}


@rows("page", *PAGES)
def test_flags_that_are_named_exist(page: str) -> None:
    known = {f"--{field.name.replace('_', '-')}" for field in fields(Settings)} | {
        "--cacert",
        "--noproxy",
    }
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGES[page]))
    assert named
    assert named <= known


def test_page_names_all_variables_that_run_sets() -> None:
    program = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
    given = environment(**dict.fromkeys(names_in("Credentials"), "of the service"))
    found = json.loads(forking.command("run", *program, env=given).stdout)
    # Python may set LC_CTYPE by itself.
    names = {*found, *given} - {"LC_CTYPE"}
    changed = {name for name in names if found.get(name) != given.get(name)}
    named = names_in("Credentials") | names_in("Variable") | {"http_proxy", "https_proxy"}
    assert changed == named


def names_in(heading: str) -> set[str]:
    """Return the names in the first column of a table of drop-in.md."""
    return {
        name.strip()
        for variable, _ in table(PAGES["drop-in.md"], heading)
        for name in variable.removesuffix(", also in lower case").split(",")
    }


def test_page_names_all_files_that_programs_load() -> None:
    assert {path.name for path in PRELOAD.iterdir() if path.is_file()} == set(
        re.findall(r"^- `(\S+)`, by", PAGES["drop-in.md"], re.MULTILINE)
    )


# --- docs/play.md: run its commands at the service that it describes, and compare the output


def test_commands_print_what_is_shown(tmp_path: Path) -> None:
    page = (DOCS / "play.md").read_text(encoding="utf-8")
    assumed = tmp_path / "reader" / "service.toml"
    assumed.parent.mkdir()
    assumed.write_text(blocks(page)[0].text, encoding="utf-8")
    flags = ("--assumptions", str(assumed))
    for command, shown, printed in outputs.run(page, tmp_path, outputs.LOCALES[""], *flags):
        assert shown == printed, command


# --- docs/replay.md names the fields, verdicts and flags of the command

REPLAY = (DOCS / "replay.md").read_text(encoding="utf-8")


def test_tables_of_replay_name_all_fields_and_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    rules = str(ROOT / "fixtures" / "lab" / "corrected.xml")
    assert main(["replay", rules, "--traffic", str(ROOT / "fixtures" / "logs"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    named = [name for row in table(REPLAY, "Field") for name in row[0].split(", ")]
    assert sorted(named) == sorted(report)
    assert {row[1] for row in table(REPLAY, "Verdict")} == set(Verdict)


def test_replay_names_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["replay", "--help"])
    flags = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    assert flags
    known_elsewhere = {"--endpoint", "--region", "--assumptions", "--lang", "--blacklist"}
    known_elsewhere |= {"--allow-empty", "--truncate-query", "--truncate-path"}
    assert [flag for flag in sorted(flags - known_elsewhere) if flag not in REPLAY] == []


# --- docs/testing.md: the names in it exist; `tests/plugin` runs its tests


def test_names_on_the_page_exist() -> None:
    page = (DOCS / "testing.md").read_text(encoding="utf-8")
    fixtures = {name for row in table(page, "Fixture") for name in row[0].split(", ")}
    assert all(callable(getattr(pytest_plugin, name)) for name in fixtures)
    options = set(re.findall(r"`(oss_emulator_[a-z_]+)`", page))
    assert options == set(pytest_plugin._INI)
    members = re.findall(r"^\| `([^|]+)` \|", page.partition("| Fixture |")[0], re.MULTILINE)
    with Emulator() as emulator:
        for name in re.findall(r"(?:^|`, `)(\w+)", "\n".join(members), re.MULTILINE):
            assert hasattr(emulator, name), name
