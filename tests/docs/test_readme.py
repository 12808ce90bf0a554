"""README.md: run its commands in order, with the server that they start."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET

from tests.cli.process import Running, environment, started
from tests.client import PATIENCE
from tests.docs.markdown import Block, agrees, blocks
from tests.requirements import require

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = blocks(README)


SERVER, *STEPS = [
    block
    for block in BLOCKS
    if block.language in ("sh", "python")
    and not block.why_not_run
    and "def test_" not in block.text
]
"""The commands and code to run; tests/plugin/test_plugin.py runs the tests."""

MARK = "---- block"
"""Printed before the output of each block."""


def reader_environment(home: Path) -> dict[str, str]:
    """Return the environment of a reader: no settings, and this Python first on PATH."""
    variables = {
        # An outer `make` passes these to its children; the `make` of the README must not see them.
        name: value
        for name, value in environment().items()
        if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS", "VENV")
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"
    # Requests to this machine must not go to a proxy.
    return {**variables, "HOME": str(home), "PATH": path, "no_proxy": "*"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """Run the first command of the README in this environment on a free port."""
    require("make")
    require("curl")
    ready_file = tmp_path / "ready.json"
    # The environment exists already: `--assume-old` keeps make from building it.
    command = [
        *shlex.split(SERVER.text),
        f"--assume-old={sys.prefix}/.installed-to-run",
        f"VENV={sys.prefix}",
        f"ARGS=--port 0 --ready-file {shlex.quote(str(ready_file))}",
    ]
    home = tmp_path / "home"
    home.mkdir()
    with started(command, tmp_path, ready_file, reader_environment(home), ROOT) as running:
        yield running


def script(steps: list[Block], port: int) -> str:
    """Join the blocks into one shell script, so that later blocks see exported variables."""
    lines = ["set -eu"]
    for number, block in enumerate(steps):
        text = re.sub(r":9000\b", f":{port}", block.text)
        lines.append(f"echo '{MARK} {number}'")
        if block.language == "python":
            text = f"python - <<'END OF BLOCK'\n{text}END OF BLOCK\n"
        lines.append(text)
    return "\n".join(lines)


def expected_after(block: Block) -> str | None:
    """Return the output that the page shows for a block, or None."""
    following = BLOCKS[BLOCKS.index(block) + 1 :]
    return following[0].text if following and following[0].language == "text" else None


def test_commands_code_and_server_print_what_is_shown(server: Running, tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh"],
        input=script(STEPS, server.port),
        capture_output=True,
        text=True,
        env=reader_environment(tmp_path / "home"),
        cwd=ROOT,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    before, *outputs = re.split(rf"^{MARK} \d+\n", done.stdout, flags=re.MULTILINE)
    assert before == ""
    assert len(outputs) == len(STEPS)
    for block, output in zip(STEPS, outputs, strict=True):
        expected = expected_after(block)
        if expected is None:
            assert output == "", block.text
        else:
            # The output never names the port, so nothing in it has to be replaced.
            assert ":9000" not in expected
            ending = output if output.endswith("\n") else f"{output}\n"
            assert agrees(expected, ending), f"{block.text}\n{output}"
    assert f"{DEFAULT_ACCESS_KEY_ID} / {DEFAULT_ACCESS_KEY_SECRET}" in server.announced
    os.killpg(server.process.pid, signal.SIGTERM)  # make and the server
    assert "curl -i -H 'Referer: http://thief.example.org/'" in server.read_rest()


def test_every_block_is_run_or_says_why_not() -> None:
    reasons = [block.why_not_run for block in BLOCKS if block.why_not_run]
    assert reasons == ["installs from a package registry", "these are the tests"]
    assert {block.language for block in BLOCKS} == {"sh", "python", "text"}
    # Every output that the README shows follows a block that is run.
    shown = [block.text for block in BLOCKS if block.language == "text"]
    expected = [expected_after(block) for block in (SERVER, *STEPS)]
    assert shown == [text for text in expected if text is not None]
    assert len(expected) == 7


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 195


def test_keys_are_the_defaults() -> None:
    assert f"export OSS_ACCESS_KEY_ID={DEFAULT_ACCESS_KEY_ID}\n" in README
    assert f"export OSS_ACCESS_KEY_SECRET={DEFAULT_ACCESS_KEY_SECRET}\n" in README
