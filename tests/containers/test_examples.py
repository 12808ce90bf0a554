"""The examples that need an engine: testcontainers, Kubernetes and compose, with podman."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.cli.process import wait_for
from tests.containers.engine import IMAGE, ROOT, Engine
from tests.containers.test_image import status
from tests.examples import workflow
from tests.requirements import require

EXAMPLES = ROOT / "examples"
PATIENCE = 240


@pytest.fixture(scope="module")
def docker_host(engine: Engine) -> Iterator[dict[str, str]]:
    """The variables with which clients of Docker find podman."""
    engine.podman("tag", IMAGE, "docker.io/library/oss-emulator:latest")
    place = engine.folder / "podman.sock"
    command = ["podman", *engine.place, "system", "service", "--time=0", f"unix://{place}"]
    with subprocess.Popen(command, env=engine.variables, stderr=subprocess.DEVNULL) as process:
        wait_for(place.exists)
        # Ryuk, which cleans up after testcontainers, would need another image.
        yield {
            **os.environ,
            "DOCKER_HOST": f"unix://{place}",
            "TESTCONTAINERS_RYUK_DISABLED": "true",
        }
        process.terminate()


def run(command: Sequence[str | Path], folder: Path, variables: dict[str, str]) -> str:
    """Run a client that must succeed; returns what it printed."""
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_testcontainers_of_python(docker_host: dict[str, str], tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "testcontainers" / "test_oss.py", tmp_path)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:oss-emulator", "-W", "ignore", ".")
    assert "1 passed" in run(command, tmp_path, docker_host)


def test_testcontainers_of_node(docker_host: dict[str, str], tmp_path: Path) -> None:
    node, npm = require("node"), require("npm")
    for name in ("oss.test.js", "package.json"):
        shutil.copy(EXAMPLES / "testcontainers" / name, tmp_path)
    run((npm, "install", "--no-audit", "--no-fund"), tmp_path, dict(os.environ))
    assert "# pass 1" in run((node, "--test"), tmp_path, docker_host)


def test_deployment_of_kubernetes(engine: Engine, tmp_path: Path) -> None:
    engine.podman("tag", IMAGE, "registry.example.com/oss-emulator:latest")
    manifest = EXAMPLES / "kubernetes" / "oss-emulator.yaml"
    engine.podman("kube", "play", "--publish=127.0.0.1::9000", manifest)
    name = "oss-emulator-pod-oss-emulator"
    try:
        engine.becomes_healthy(name)
        url = f"{engine.published(name)}/examplebucket/hello.txt"
        assert status(url, "http://www.example.com/") == 200
        assert status(url, "http://thief.example.org/") == 403
    finally:
        engine.podman("kube", "down", manifest)


class Project:
    """A compose file with free ports of this machine."""

    def __init__(self, engine: Engine, file: Path, *, ports: Sequence[str] = ()) -> None:
        self._engine = engine
        self._name = f"project-{file.parent.name}".lower()
        text = file.read_text(encoding="utf-8")
        for port in ports:
            assert f'"127.0.0.1:{port}:{port}"' in text
            text = text.replace(f'"127.0.0.1:{port}:{port}"', f'"127.0.0.1::{port}"')
        # Its paths are relative to its folder.
        self.file = file.with_name(f"{self._name}.yml")
        self._text = text

    def __enter__(self) -> Project:
        self.file.write_text(self._text, encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.compose("down", "--volumes")
        finally:
            self.file.unlink()

    def compose(self, *arguments: str) -> str:
        """Run podman-compose."""
        program = Path(sys.executable).with_name("podman-compose")
        flags = ("--podman-path", self._engine.folder / "podman", "-p", self._name)
        return self._engine.run(program, *flags, "-f", self.file, *arguments)

    def use_image(self, service: str) -> None:
        """Give the service the image that its `build` would make."""
        self._engine.podman("tag", IMAGE, f"localhost/{self._name}_{service}")

    def container(self, service: str) -> str:
        """Return the name of the container of a service."""
        return f"{self._name}_{service}_1"


def test_compose_file_of_the_project(engine: Engine) -> None:
    with Project(engine, ROOT / "docker-compose.yml", ports=["9000"]) as project:
        project.compose("up", "--detach", "--no-build")
        name = project.container("oss-emulator")
        engine.becomes_healthy(name)
        url = f"{engine.published(name)}/examplebucket/hello.txt"
        assert status(url, "http://thief.example.org/") == 403


def test_compose_file_of_a_job(engine: Engine) -> None:
    engine.podman("tag", "localhost/debian-python", "docker.io/library/python:3.13-slim")
    with Project(engine, EXAMPLES / "compose" / "docker-compose.yml") as project:
        project.use_image("oss")
        project.compose("up", "--detach", "--no-build", "oss")
        engine.becomes_healthy(project.container("oss"))
        assert "answers as it should" in project.compose("run", "--rm", "tests")


def test_compose_file_of_a_cdn(engine: Engine, nginx: str) -> None:
    with Project(engine, EXAMPLES / "cdn" / "docker-compose.yml", ports=["8080"]) as project:
        project.use_image("oss-emulator")
        project.compose("up", "--detach", "--no-build", "oss-emulator")
        engine.becomes_healthy(project.container("oss-emulator"))
        project.compose("up", "--detach", "--no-build")
        url = f"{engine.published(project.container('cdn'))}/hello.txt"
        assert status(url, "http://www.example.com/") == 200
        assert status(url, "http://thief.example.org/") == 403


def test_service_and_steps_of_github_actions(engine: Engine, tmp_path: Path) -> None:
    """A runner starts the service, waits for its health check, and runs the steps beside it."""
    job = workflow.read()
    service = job["services"]["oss"]
    assert service["ports"] == ["9000:9000"]
    engine.podman("tag", IMAGE, service["image"])
    variables = [f"--env={name}={value}" for name, value in service["env"].items()]
    flags = ("--publish=127.0.0.1::9000", "--pull=never", *variables)
    name = engine.podman("run", "--detach", *flags, service["image"])
    try:
        engine.becomes_healthy(name)
        assert len(workflow.run_steps(job, engine.published(name), tmp_path)) == 2
    finally:
        engine.podman("rm", "--force", "--volumes", name)


def test_service_of_gitlab_answers_by_its_alias(engine: Engine) -> None:
    """A runner puts the service and the job into one network, with the alias as the name."""
    engine.podman("network", "create", "gitlab")
    variables = ("--env=OSS_EMULATOR_DOMAIN=oss", "--env=OSS_EMULATOR_DEMO=on")
    flags = ("--network=gitlab", "--network-alias=oss", "--pull=never")
    try:
        name = engine.podman("run", "--detach", *flags, *variables, IMAGE)
        engine.becomes_healthy(name)
        ask = "import urllib.request as r; r.urlopen('http://oss:9000/examplebucket/hello.txt')"
        engine.podman(
            *("run", "--rm", "--network=gitlab", "--pull=never"),
            *("--entrypoint=python", IMAGE, "-c", ask),
        )
    finally:
        engine.podman("network", "rm", "--force", "gitlab")
