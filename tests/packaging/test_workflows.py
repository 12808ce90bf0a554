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


def test_forms_of_issues_name_what_they_ask() -> None:
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    read = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in forms}
    assert not read.pop("config")["blank_issues_enabled"]
    assert set(read) == {"bug", "feature", "service"}
    for form in read.values():
        assert form["name"]
        assert form["description"]
        asked = [item for item in form["body"] if item["type"] != "markdown"]
        assert all(item["attributes"]["label"] for item in asked)
        assert len({item["id"] for item in asked}) == len(asked)


def test_release_pushes_the_image_for_both_architectures_with_provenance_and_sbom() -> None:
    jobs = yaml.safe_load((WORKFLOWS / "release.yml").read_text(encoding="utf-8"))["jobs"]
    *_, build = jobs["image"]["steps"]
    flags = ("--platform linux/amd64,linux/arm64", "--provenance mode=max", "--sbom true", "--push")
    assert all(flag in build["run"] for flag in flags)
    assert jobs["image"]["permissions"]["packages"] == "write"


def test_dependabot_raises_actions_and_the_base_image() -> None:
    found = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    raised = {(one["package-ecosystem"], one["directory"]) for one in found["updates"]}
    assert raised == {("github-actions", "/"), ("docker", "/")}


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


def test_release_has_the_lab_that_is_opened_from_the_disk() -> None:
    jobs = yaml.safe_load((WORKFLOWS / "release.yml").read_text(encoding="utf-8"))["jobs"]
    assert "make lab" in [step.get("run") for step in jobs["build"]["steps"]]
    *_, add = jobs["lab"]["steps"]
    assert 'gh release upload "$GITHUB_REF_NAME" oss-emulator-lab.zip' in add["run"]


def test_site_is_published_only_when_a_person_starts_it() -> None:
    site = yaml.safe_load((WORKFLOWS / "site.yml").read_text(encoding="utf-8"))
    assert site[True] == {"workflow_dispatch": None}  # YAML reads `on` as true


@pytest.mark.parametrize("target", ["test", "pythons"])
def test_make_n_runs_nothing(target: str) -> None:
    command = ["make", "-n", target, "VENV=/nowhere"]  # any command would fail there
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "/nowhere/bin/python" in done.stdout
