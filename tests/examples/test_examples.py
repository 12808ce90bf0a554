"""Run each example like a reader."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from oss_emulator import Emulator

from tests.requirements import require

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(*command: str, folder: Path, **environment: str) -> str:
    """Run a command that must succeed; return what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


def test_pytest_example_passes() -> None:
    output = run(
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore::DeprecationWarning",
        ".",
        folder=EXAMPLES / "pytest",
        PYTEST_ADDOPTS="-o asyncio_default_fixture_loop_scope=function",
    )
    assert "2 passed" in output


def test_unittest_example_passes() -> None:
    output = run(
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "unittest",
        "discover",
        "-v",
        ".",
        folder=EXAMPLES / "unittest",
    )
    assert "Ran 2 tests" in output


def test_job_of_compose_example_passes() -> None:
    """Run the job against an emulator in this process, so that no container engine is needed."""
    with Emulator() as emulator:
        output = run(
            sys.executable, "check.py", folder=EXAMPLES / "compose", OSS_ENDPOINT=emulator.endpoint
        )
    assert "answers as it should" in output


def test_node_example_passes(tmp_path: Path) -> None:
    require("node")
    require("npm")
    project = shutil.copytree(
        EXAMPLES / "node", tmp_path / "node", ignore=shutil.ignore_patterns("node_modules")
    )
    run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", folder=project)
    with Emulator() as emulator:
        output = run("npm", "test", folder=project, OSS_ENDPOINT=emulator.endpoint)
    assert "# pass 2" in output
