"""docs/replay.md: run its commands in order and compare what they print."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from oss_emulator.cli import main
from oss_emulator.lab.replay.verdict import Verdict

from tests.cli.process import PATIENCE, environment
from tests.docs.markdown import agrees, blocks, table
from tests.requirements import require

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")


def test_commands_print_what_is_shown(tmp_path: Path) -> None:
    require("sh")
    shutil.copytree(ROOT / "fixtures" / "logs", tmp_path / "logs")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    steps = [
        (before, block)
        for before, block in pairwise(blocks(PAGE))
        if before.language == "sh" and not before.why_not_run
    ]
    assert len(steps) >= 4
    for command, shown in steps:
        assert shown.language == "text"
        done = subprocess.run(
            ["sh", "-u"],
            input=command.text,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment(PATH=path),
            timeout=PATIENCE,
        )
        assert agrees(shown.text, done.stdout), f"{command.text}\n{done.stdout}{done.stderr}"


def test_tables_name_all_fields_and_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    rules = str(ROOT / "fixtures" / "lab" / "corrected.xml")
    assert main(["replay", rules, str(ROOT / "fixtures" / "logs"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    named = [name for row in table(PAGE, "Field") for name in row[0].split(", ")]
    assert sorted(named) == sorted(report)
    assert {row[1] for row in table(PAGE, "Verdict")} == set(Verdict)


def test_page_names_every_flag() -> None:
    for command in ("replay", "propose"):
        done = subprocess.run(
            [sys.executable, "-m", "oss_emulator", command, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env=environment(),
            timeout=PATIENCE,
        )
        flags = set(re.findall(r"^  (--[a-z-]+)", done.stdout, re.MULTILINE))
        known_elsewhere = {"--endpoint", "--region", "--assumptions"}
        assert [flag for flag in sorted(flags - known_elsewhere) if flag not in PAGE] == []
