"""Run each example like a reader."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from oss_emulator import Emulator

from tests.node import copy_project
from tests.plugin.process import OTHERS, without

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


def run_pytest(example: str, *needed: str) -> str:
    """Run the tests of an example with the plugins that they need; return what pytest printed."""
    others = without("cacheprovider", *(name for name in OTHERS if name not in needed))
    flags = ["-q", "-W", "ignore::DeprecationWarning", *others]
    return run(sys.executable, "-m", "pytest", *flags, ".", folder=EXAMPLES / example)


def test_pytest_example_passes() -> None:
    # The settings of this repository, which pytest finds as well, are for pytest-asyncio.
    assert "2 passed" in run_pytest("pytest", "asyncio")


def test_aiohttp_example_passes() -> None:
    assert "3 passed" in run_pytest("aiohttp", "asyncio", "aiohttp")


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


@pytest.mark.system
def test_node_example_passes(tmp_path: Path) -> None:
    project = copy_project(EXAMPLES / "node", tmp_path / "node")
    with Emulator() as emulator:
        endpoint = f"http://localhost:{emulator.port}"
        output = run("npm", "test", folder=project, OSS_ENDPOINT=endpoint)
    assert "# pass 2" in output
