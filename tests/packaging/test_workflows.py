"""The workflows: zizmor and actionlint find no mistakes, and they agree with the package."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from tests.node import copy_project

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_zizmor_finds_nothing() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", "--persona", "auditor", str(WORKFLOWS)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    folder = copy_project(Path(__file__).with_name("actionlint"), tmp_path / "lint")
    bad = tmp_path / "bad.yml"
    bad.write_text(
        "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'echo ${{ github.x }}'}]}}\n"
    )
    paths = [*WORKFLOWS.glob("*.yml"), ROOT / "examples" / "ci" / "github-actions.yml", bad]
    done = subprocess.run(
        ["node", "lint.mjs", *paths], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    # This build is older than the permission to store attestations.
    found = [text for text in json.loads(done.stdout) if '"attestations"' not in text]
    assert [text.partition(" is not defined")[0] for text in found] == ['property "x"']


def test_tests_run_on_every_version_that_the_package_names() -> None:
    jobs = yaml.safe_load((WORKFLOWS / "test.yml").read_text(encoding="utf-8"))["jobs"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert jobs["test"]["strategy"]["matrix"]["python"] == named


def test_release_is_attested_and_published_without_a_token() -> None:
    text = (WORKFLOWS / "release.yml").read_text(encoding="utf-8")
    publish = yaml.safe_load(text)["jobs"]["publish"]
    used = [step["uses"].partition("@")[0] for step in publish["steps"]]
    assert used[-3:] == [
        "actions/attest-build-provenance",
        "actions/attest-sbom",
        "pypa/gh-action-pypi-publish",
    ]
    assert publish["permissions"]["id-token"] == "write"
    assert "secrets." not in text
