"""Run each example like a reader."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from oss_emulator import Emulator

from tests.cli.forking import install
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
        timeout=600,
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


@pytest.mark.system
def test_pytest_example_passes() -> None:
    assert "2 passed" in run_pytest("pytest")


@pytest.mark.system
def test_workflow_installs_the_plugin_and_runs_the_pytest_example(tmp_path: Path) -> None:
    """Run its steps as a runner does; the package is this one instead of that of the repository."""
    job = yaml.safe_load((EXAMPLES / "ci" / "pytest.yml").read_text())["jobs"]["pytest"]
    install, test = [step["run"] for step in job["steps"] if "run" in step]
    project = tomllib.loads((EXAMPLES.parent / "pyproject.toml").read_text())["project"]
    url = f"git+{project['urls']['Source']}@main"
    here = install.replace(url, EXAMPLES.parent.as_uri())
    assert here != install
    place, folder = tmp_path / "place", tmp_path / "project"
    shutil.copytree(EXAMPLES / "pytest", folder)
    flags = f"pip install --no-deps --no-build-isolation --target {place}"  # without a network
    here = here.replace("pip install pytest", f"python -m {flags}")
    others = " ".join(without("cacheprovider", *OTHERS))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    steps = f"{here}\n{test} {others} -W ignore::DeprecationWarning"
    output = run("bash", "-ec", steps, folder=folder, PATH=path, PYTHONPATH=str(place))
    assert "2 passed" in output


@pytest.mark.system
def test_aiohttp_example_passes() -> None:
    assert "3 passed" in run_pytest("aiohttp", "asyncio", "aiohttp")


@pytest.mark.system
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
    """Run the job against an emulator in this process, without a container engine."""
    with Emulator() as emulator:
        output = run(
            sys.executable, "check.py", folder=EXAMPLES / "compose", OSS_ENDPOINT=emulator.endpoint
        )
    assert "answers as it should" in output


@pytest.mark.parametrize(("plan", "status"), [("plan.json", 0), ("plan-bad.json", 1)])
def test_gate_example_blocks_the_bad_plan(plan: str, status: int, tmp_path: Path) -> None:
    """Run the step as a runner of GitHub Actions does: in a file for `bash -e`."""
    job = yaml.safe_load((EXAMPLES / "gate" / "github-actions.yml").read_text())["jobs"]["gate"]
    (step,) = [item["run"] for item in job["steps"] if item.get("name") == "Gate"]
    (tmp_path / "step.sh").write_text(step)
    shutil.copy(EXAMPLES / "gate" / "access.log", tmp_path)
    shutil.copy(EXAMPLES / "gate" / plan, tmp_path / "plan.json")
    path = os.pathsep.join(
        [str(install(tmp_path)), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    variables = {**os.environ, "PATH": path, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    done = subprocess.run(
        ["bash", "-e", "step.sh"], cwd=tmp_path, env=variables, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.startswith("::error file=plan.json" if status else "::notice file=plan.json")
    verdict = "blocked" if status else "passed"
    assert f"## Referer rules: {verdict}" in (tmp_path / "summary.md").read_text()


@pytest.mark.system
def test_node_example_passes(tmp_path: Path) -> None:
    project = copy_project(EXAMPLES / "node", tmp_path / "node")
    with Emulator() as emulator:
        endpoint = f"http://localhost:{emulator.port}"
        output = run("npm", "test", folder=project, OSS_ENDPOINT=endpoint)
    assert "# pass 2" in output


@pytest.mark.system
def test_upload_example_passes_with_ali_oss(tmp_path: Path) -> None:
    """Its form is signed with a key of `OSS.STS`; tests/browser sends it from the page."""
    project = copy_project(EXAMPLES / "browser-upload", tmp_path / "upload")
    with Emulator(accounts=project / "accounts.toml") as emulator:
        endpoint = f"http://localhost:{emulator.port}"
        output = run("npm", "test", folder=project, OSS_ENDPOINT=endpoint)
        stored = [item.key for item in emulator.service.storage.objects("examplebucket")]
    assert "# pass 5" in output
    assert stored == ["uploads/a b.txt"]
