"""Runs the job of `examples/ci/github-actions.yml` as a runner of GitHub Actions does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[2] / "examples" / "ci" / "github-actions.yml"
PATIENCE = 600
"""Seconds for one step."""


def read() -> Mapping[str, Any]:
    """Return the job."""
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8"))["jobs"]["test"])


def run_steps(job: Mapping[str, Any], endpoint: str, folder: Path) -> list[str]:
    """Run the steps, which must succeed, with an emulator at the endpoint; return what they print.

    A runner writes each step to a file and runs it with `bash -e`.
    """
    variables = {
        name: value.replace("http://127.0.0.1:9000", endpoint) for name, value in job["env"].items()
    }
    assert endpoint in variables.values()
    printed = []
    for number, step in enumerate(job["steps"]):
        script = folder / f"step-{number}.sh"
        script.write_text(step["run"], encoding="utf-8")
        done = subprocess.run(
            ["bash", "-e", script],
            cwd=folder,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{step['run']}\n{done.stdout}{done.stderr}"
        printed.append(done.stdout)
    return printed
