"""Workflows and hooks: zizmor and actionlint find no mistakes, and they agree with our files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.node import copy_project

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
HOOKS = ROOT / ".pre-commit-config.yaml"
EXAMPLES = [
    ROOT / "examples" / name
    for name in (
        "ci/github-actions.yml",
        "ci/pytest.yml",
        "ci/rules.yml",
        "gate/github-actions.yml",
    )
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.system
@pytest.mark.parametrize(
    ("persona", "paths"),
    [("auditor", [ROOT / ".github", HOOKS, ROOT / "action.yml"]), ("regular", EXAMPLES)],
    ids=["ours", "examples"],
)
def test_zizmor_finds_nothing(persona: str, paths: list[Path]) -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [
            *(zizmor, "--offline", "--no-progress", "--persona", persona, "--strict-collection"),
            *paths,
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.system
def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    folder = copy_project(Path(__file__).with_name("actionlint"), tmp_path / "lint")
    bad = tmp_path / "bad.yml"
    bad.write_text(
        "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'echo ${{ github.x }}'}]}}\n"
    )
    paths = [*WORKFLOWS.glob("*.yml"), *EXAMPLES, bad]
    done = subprocess.run(
        ["node", "lint.mjs", *paths], cwd=folder, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    # This build is older than the permission to store attestations.
    found = [text for text in json.loads(done.stdout) if '"attestations"' not in text]
    assert [text.partition(" is not defined")[0] for text in found] == ['property "x"']


def test_zizmor_sees_each_example_of_a_workflow() -> None:
    written = sorted((ROOT / "examples").rglob("*.yml"))
    assert sorted(EXAMPLES) == [path for path in written if "runs-on:" in path.read_text("utf-8")]


def test_workflow_runs_continuous_integration_on_every_python_that_the_package_names() -> None:
    jobs = yaml.safe_load((WORKFLOWS / "test.yml").read_text(encoding="utf-8"))["jobs"]
    _, python, run = jobs["test"]["steps"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert sorted(python["with"]["python-version"].split()) == named
    assert run["run"].endswith(" .ci/run")


def test_hooks_run_what_make_lint_runs() -> None:
    (repository,) = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))["repos"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    commands = recipe.replace("\t@$(BIN)/", ".venv/bin/").splitlines()
    assert [hook["entry"] for hook in repository["hooks"]] == commands


@pytest.mark.parametrize("target", ["test", "pythons"])
def test_make_n_runs_nothing(target: str) -> None:
    command = ["make", "-n", target, "VENV=/nowhere"]  # any command would fail there
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "/nowhere/bin/python" in done.stdout
