"""Workflows, hooks, version ranges and the image: tools find no mistake in them, and they agree."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from oss_emulator import Emulator
from oss_emulator.cli.foreground import LAST
from oss_emulator.server.app import SHUTDOWN_TIMEOUT

from tests.docs.markdown import table
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


# --- The version ranges in pyproject.toml: `make lowest` tests their lower bounds

LOWEST = (ROOT / "tests" / "lowest.txt").read_text(encoding="utf-8")
TESTED = [*PROJECT["dependencies"]]
for extra in ("fast", "image", "lab", "replay", "testing"):
    TESTED += PROJECT["optional-dependencies"][extra]


def lower_bounds(requirements: list[str]) -> dict[str, tuple[int, ...]]:
    """Return the lower bound of each requirement, such as 4.9.2 for `lxml>=4.9.2,<7`."""
    found = (
        re.match(r"([a-z0-9-]+)(?:\[[a-z,]+\])?>=([0-9.]+),<\d+", text) for text in requirements
    )
    bounds = {match[1]: version(match[2]) for match in found if match}
    assert len(bounds) == len(requirements), requirements
    return bounds


def pins() -> dict[str, tuple[int, ...]]:
    """Return the lowest version of each package that tests/lowest.txt pins."""
    found = re.findall(r"^([a-z0-9-]+)==([0-9.]+)", LOWEST, re.MULTILINE)
    return {name: min(version(v) for n, v in found if n == name) for name, _ in found}


def version(text: str) -> tuple[int, ...]:
    numbers = [int(number) for number in text.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def test_dependencies_are_tested_at_their_lower_bounds() -> None:
    bounds = lower_bounds(TESTED)
    assert bounds == {name: pin for name, pin in pins().items() if name in bounds}


OF_THE_PROJECT = {"bench", "conformance", "dev", "mutants", "site"}
"""The extras for those who work on the project."""


def test_page_lists_what_the_extras_bring() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = {row[0]: row[1] for row in table(page, "Extra")}
    brought = {
        extra: ", ".join(re.split("[<>=;]", text)[0] for text in requirements)
        for extra, requirements in PROJECT["optional-dependencies"].items()
        if extra not in OF_THE_PROJECT
    }
    assert listed == brought


# --- The Dockerfile and the compose file, as they can be read without a container engine

TEXT = re.sub(r"^#.*\n|\\\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M)
IMAGE = TEXT.rpartition("FROM ")[2]
"""The instructions of the last stage."""
COMPOSE: Any = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
(SERVICE,) = COMPOSE["services"].values()


def said(instruction: str) -> str:
    """Return what follows the only instruction of a name in the image."""
    (found,) = re.findall(rf"^{instruction} (.*)$", IMAGE, re.MULTILINE)
    return str(found)


def test_image_has_the_extras_for_serving_and_an_ordinary_user() -> None:
    assert "pip install --no-cache-dir '.[fast,image]'" in TEXT
    assert f" {said('USER')} " in f"{said('RUN')} "  # it is created there
    assert json.loads(said("ENTRYPOINT"))[0] in PROJECT["scripts"]
    assert f'licenses="{PROJECT["license"]}"' in IMAGE
    assert f'source="{PROJECT["urls"]["Source"]}"' in IMAGE


def test_compose_publishes_the_port_on_loopback_and_keeps_the_folder_in_a_volume() -> None:
    assert (said("EXPOSE"), SERVICE["ports"]) == ("9000", ["127.0.0.1:9000:9000"])
    assert SERVICE["volumes"] == [f"data:{said('WORKDIR')}"]
    assert f"OSS_EMULATOR_DATA={said('WORKDIR')} " in IMAGE
    assert int(SERVICE["stop_grace_period"].removesuffix("s")) > SHUTDOWN_TIMEOUT + LAST


@pytest.mark.system
def test_health_check_of_image_and_compose_asks_the_server_without_a_proxy() -> None:
    (check,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", IMAGE, re.MULTILINE)
    assert SERVICE["healthcheck"]["test"] == ["CMD", *json.loads(check)]
    command = [sys.executable, *json.loads(check)[1:]]
    with Emulator() as emulator:
        port = str(emulator.port)
        env = {**os.environ, "OSS_EMULATOR_PORT": port, "http_proxy": "http://127.0.0.1:1/"}
        assert subprocess.run(command, env=env, timeout=60, check=False).returncode == 0
    done = subprocess.run(command, env=env, timeout=60, check=False, stderr=subprocess.DEVNULL)
    assert done.returncode == 1
