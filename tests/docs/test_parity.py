"""docs/parity.md: run its commands at the service that it describes, and compare the output."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.forking import serving
from tests.cli.process import environment
from tests.client import PATIENCE
from tests.docs.markdown import blocks, table
from tests.requirements import require

PAGE = (Path(__file__).parents[2] / "docs" / "parity.md").read_text(encoding="utf-8")
TOML, *BLOCKS = blocks(PAGE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "reader"
    folder.mkdir()
    (folder / "service.toml").write_text(TOML.text, encoding="utf-8")
    return folder


def shell(command: str, folder: Path, endpoint: str) -> str:
    """Run a command and return its output, with the endpoint and the date of the page."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    printed = subprocess.run(
        ["sh"],
        input=command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=environment(PATH=path, OSS_ENDPOINT=endpoint, no_proxy="*"),
        timeout=PATIENCE,
    ).stdout
    printed = printed.replace(endpoint, "http://127.0.0.1:9000")
    return re.sub(r"\bon \d{4}-\d\d-\d\d\b", "on 2026-11-25", printed)


def test_commands_print_what_is_shown(folder: Path) -> None:
    require("sh")
    assert TOML.language == "toml"
    assert {block.language for block in BLOCKS} == {"sh", "text"}
    assumed = str(folder / "service.toml")
    with serving(folder.parent, "--assumptions", assumed) as running:
        for command, output in pairwise(BLOCKS):
            if command.language == "sh":
                assert shell(command.text, folder, running.endpoint) == output.text


def test_tables_name_the_members_of_the_json(folder: Path) -> None:
    require("sh")
    command = "oss-emulator parity --bucket parity-example --json 2>/dev/null"
    with serving(folder.parent) as running:
        said = json.loads(shell(command, folder, running.endpoint))

    def members(heading: str) -> list[str]:
        return [name for row in table(PAGE, heading) for name in row[0].split(", ")]

    assert set(members("Member")) == set(said)
    assert all(set(members("Of a fact")) == set(item) for item in said["facts"])
    answers = table(PAGE, "Of a fact")[-1][1]
    assert all(name in answers for name in said["facts"][0]["answers"][0])
    conclusions = [row[0] for row in table(PAGE, "Conclusion")]
    assert {item["conclusion"] for item in said["facts"]} <= set(conclusions)
