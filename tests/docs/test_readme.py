"""README.md: run its commands in order, with the server that they start."""

import os
import shlex
import signal
import sys
from pathlib import Path

from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET

from tests.cli.process import environment, started
from tests.docs.markdown import blocks
from tests.newcomer.__main__ import OF_MAKE, follow_readme
from tests.requirements import require

ROOT = Path(__file__).parents[2]
BLOCKS = blocks((ROOT / "README.md").read_text(encoding="utf-8"))


def test_commands_code_and_server_print_what_is_shown(tmp_path: Path) -> None:
    for program in ("make", "curl"):
        require(program)
    ready_file, home = tmp_path / "ready.json", tmp_path / "home"
    home.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in environment().items() if name not in OF_MAKE}
    env = {**kept, "HOME": str(home), "PATH": path, "no_proxy": "*"}
    # The environment exists already: `--assume-old` keeps make from building it.
    command = [
        *shlex.split(next(block.text for block in BLOCKS if block.text.startswith("make "))),
        f"--assume-old={sys.prefix}/.installed-to-run",
        f"VENV={sys.prefix}",
        f"ARGS=--port 0 --ready-file {shlex.quote(str(ready_file))}",
    ]
    with started(command, tmp_path, ready_file, env, ROOT) as server:
        follow_readme(ROOT, env, server.port)
        assert f"{DEFAULT_ACCESS_KEY_ID} / {DEFAULT_ACCESS_KEY_SECRET}" in server.announced
        os.killpg(server.process.pid, signal.SIGTERM)  # make and the server
        assert "curl -i -H 'Referer: http://thief.example.org/'" in server.read_rest()


def test_every_block_is_run_or_says_why_not() -> None:
    reasons = [block.why_not_run for block in BLOCKS if block.why_not_run]
    assert reasons == ["installs from a package registry", "these are the tests"]
    assert {block.language for block in BLOCKS} == {"sh", "python", "text"}
