"""The pages about the rule lab name its commands, flags, forms, fields and verdicts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from oss_emulator.cli import main
from oss_referer.replay.judge import Result
from oss_referer.sources.forms import RulesForm
from oss_referer.translate import SYSTEMS

from tests.docs.markdown import blocks, table

ROOT = Path(__file__).parents[2]
RULE_LAB, REPLAY, TRANSLATE = (
    (ROOT / "docs" / name).read_text(encoding="utf-8")
    for name in ("rule-lab.md", "replay.md", "translate.md")
)


@pytest.mark.parametrize(
    "command", ["check", "test", "lint", "diff", "translate", "scenarios", "generate", "apply"]
)
def test_rule_lab_shows_every_command(command: str) -> None:
    shown = [block.text for block in blocks(RULE_LAB) if block.language == "sh"]
    assert any(f"oss-emulator {command} " in text for text in shown)


def test_translate_names_every_system_and_form() -> None:
    names = (*SYSTEMS, *RulesForm)
    assert all(f"`{name}`" in TRANSLATE or f"{name} " in TRANSLATE for name in names)


def test_tables_of_replay_name_all_fields_and_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    rules = str(ROOT / "fixtures" / "lab" / "corrected.xml")
    assert main(["replay", rules, str(ROOT / "fixtures" / "logs"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    named = [name for row in table(REPLAY, "Field") for name in row[0].split(", ")]
    assert sorted(named) == sorted(report)
    assert {row[1] for row in table(REPLAY, "Verdict")} == set(Result)


@pytest.mark.parametrize("command", ["replay", "propose"])
def test_replay_names_every_flag(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    flags = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    assert flags
    known_elsewhere = {"--endpoint", "--region", "--assumptions", "--lang"}
    assert [flag for flag in sorted(flags - known_elsewhere) if flag not in REPLAY] == []
