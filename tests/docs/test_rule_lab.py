"""The pages about the rule lab: run every command in order and compare what it prints."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.process import PATIENCE, environment, serving
from tests.docs.markdown import blocks
from tests.requirements import require

ROOT = Path(__file__).parents[2]
PAGES = {
    name: blocks((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"))
    for name in ("rule-lab", "scenarios")
}
COMMANDS = {"check", "test", "lint", "diff", "translate", "scenarios", "generate", "apply"}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_a_command_or_its_output(page: str) -> None:
    run = [block for block in PAGES[page] if not block.why_not_run]
    assert {block.language for block in run} == {"sh", "text"}
    pairs = pairwise(run)
    assert all(before.language == "sh" for before, block in pairs if block.language == "text")


@pytest.mark.parametrize("page", PAGES)
def test_commands_print_what_is_shown(page: str, tmp_path: Path) -> None:
    require("sh")
    folder = tmp_path / "reader"
    folder.mkdir()
    with serving(tmp_path, "--demo") as running:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        variables = environment(PATH=path, OSS_ENDPOINT=running.endpoint, no_proxy="*")
        printed = ""
        for block in PAGES[page]:
            if block.why_not_run:
                continue
            if block.language == "text":
                assert printed == block.text
                printed = ""
                continue
            assert printed == "", "a command printed something that the page does not show"
            printed = subprocess.run(
                ["sh"],
                input=block.text,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=folder,
                env=variables,
                timeout=PATIENCE,
            ).stdout
    assert printed == ""


def test_page_shows_every_command_of_the_lab() -> None:
    commands = {
        word
        for block in PAGES["rule-lab"]
        if block.language == "sh"
        for word in COMMANDS
        if f"oss-emulator {word} " in block.text
    }
    assert commands == COMMANDS
