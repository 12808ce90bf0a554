"""Run the commands and the code of pages and of the README, and compare what they print."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET

from tests.cli.process import environment, reserved_port, started
from tests.client import PATIENCE
from tests.docs.markdown import agrees, blocks
from tests.docs.outputs import LOCALES, PAGES, run
from tests.newcomer.__main__ import OF_MAKE, follow_readme
from tests.requirements import require
from tests.rows import rows

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("folder", ["", pytest.param("zh/", marks=pytest.mark.system)])
def test_commands_print_what_is_shown(name: str, folder: str, tmp_path: Path) -> None:
    require("curl")
    page = (ROOT / "docs" / f"{folder}{name}.md").read_text(encoding="utf-8")
    for command, shown, printed in run(page, tmp_path, LOCALES[folder]):
        assert agrees(shown, printed), f"{command}\n{printed}"


@rows("name", "referer", "testing", "tls")
def test_code_prints_what_is_shown(name: str) -> None:
    found = blocks((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"))
    pairs = [
        (code.text, output.text)
        for code, output in pairwise(found)
        if (code.language, output.language) == ("python", "text") and "print(" in code.text
    ]
    assert pairs
    for code, output in pairs:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"docs/{name}.md", "exec"), {})  # noqa: S102 - our own page
        assert printed.getvalue() == output


@pytest.mark.system
def test_first_commands_for_https_wait_for_the_server(tmp_path: Path) -> None:
    require("curl")
    block = next(iter(blocks((ROOT / "docs" / "tls.md").read_text(encoding="utf-8"))))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with reserved_port() as plain, reserved_port() as port:
        text = block.text.replace("9443", str(port)).replace("serve ", f"serve --port {plain} ")
        done = subprocess.run(
            ["sh", "-c", f"{text}kill $!; wait"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment(PATH=path, HOME=str(tmp_path)),
            timeout=PATIENCE,
            check=False,
        )
    assert '"status": "ok"' in done.stdout, done.stderr


# --- README.md: run its commands in order, with the server that they start

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
