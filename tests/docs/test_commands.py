"""Run the commands of pages that use the demo, and compare what they print."""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.process import PATIENCE, environment, serving
from tests.docs.markdown import agrees, blocks
from tests.requirements import require

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["addressing.md", "admin.md", "operations.md"])
def test_commands_print_what_is_shown(page: str, tmp_path: Path) -> None:
    require("curl")
    found = blocks((ROOT / "docs" / page).read_text(encoding="utf-8"))
    steps = [pair for pair in pairwise(found) if pair[0].language == "sh"]
    assert len(steps) == sum(block.language == "text" for block in found) > 0
    with serving(tmp_path, "--demo") as running:
        for command, shown in steps:
            assert shown.language == "text"
            done = subprocess.run(
                ["sh", "-eu"],
                input=re.sub(r":9000\b", f":{running.port}", command.text),
                capture_output=True,
                text=True,
                cwd=tmp_path,
                env=environment(no_proxy="*"),
                timeout=PATIENCE,
            )
            printed = done.stdout if done.stdout.endswith("\n") else f"{done.stdout}\n"
            assert agrees(shown.text, printed), f"{command.text}\n{printed}{done.stderr}"
