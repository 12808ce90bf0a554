"""docs/translate.md: run every command in order and compare what it prints."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from oss_emulator.lab.sources import RulesForm
from oss_emulator.lab.translation import SYSTEMS

from tests.cli.process import PATIENCE, environment
from tests.docs.markdown import blocks
from tests.requirements import require

PAGE = (Path(__file__).parents[2] / "docs" / "translate.md").read_text(encoding="utf-8")
BLOCKS = blocks(PAGE)


def test_commands_print_what_is_shown(tmp_path: Path) -> None:
    require("sh")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    assert [block.language for block in BLOCKS] == ["sh", "text"] * (len(BLOCKS) // 2)
    for command, shown in list(pairwise(BLOCKS))[::2]:
        printed = subprocess.run(
            ["sh"],
            input=command.text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            env=environment(PATH=path),
            timeout=PATIENCE,
        ).stdout
        assert printed == shown.text


def test_page_names_every_system_and_form() -> None:
    assert all(f"`{name}`" in PAGE or f"{name} " in PAGE for name in (*SYSTEMS, *RulesForm))
