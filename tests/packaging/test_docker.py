"""The Dockerfile and the compose file: their settings and commands.

These tests need no container engine. They run the commands in their own environment, where the
package is installed as in the image. `tests/containers/` builds the image and runs it.
"""

import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oss2
import pytest
import yaml
from oss_emulator.cli.foreground import LAST
from oss_emulator.server.app import SHUTDOWN_TIMEOUT
from oss_emulator.settings import Settings
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET

from tests.cli.process import Running, environment, started, wait_for
from tests.client import PATIENCE
from tests.packaging import dockerfile

ROOT = Path(__file__).parents[2]
STAGES = dockerfile.parse((ROOT / "Dockerfile").read_text())
_, BUILD, IMAGE = STAGES
COMPOSE: Any = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")
(SERVICE,) = COMPOSE["services"].values()
DOCKERIGNORE = (ROOT / ".dockerignore").read_text()


# --- settings


def test_stages_use_a_supported_slim_base() -> None:
    for stage in STAGES:
        assert stage.base == "python:3.13-slim"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11"


def test_image_runs_as_an_ordinary_user() -> None:
    assert IMAGE.user not in ("root", "0")
    assert f" {IMAGE.user} " in f"{IMAGE.runs[0]} "  # the first command creates the user
    assert IMAGE.runs[0].startswith("useradd --uid ")


def test_image_has_no_pip_at_run_time_and_says_what_it_is() -> None:
    assert "/opt/oss-emulator/bin/pip uninstall --yes pip" in BUILD.runs[0]
    uninstall = "pip uninstall --yes --root-user-action ignore pip"
    assert f"if command -v pip; then {uninstall}; fi" in IMAGE.runs[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert IMAGE.labels["org.opencontainers.image.title"] == project["name"]
    assert IMAGE.labels["org.opencontainers.image.licenses"] == project["license"]
    assert IMAGE.labels["org.opencontainers.image.source"] == project["urls"]["Source"]


def test_image_exposes_one_port_and_compose_publishes_it_on_loopback() -> None:
    assert IMAGE.ports == ["9000"] == [IMAGE.env["OSS_EMULATOR_PORT"]]
    assert IMAGE.env["OSS_EMULATOR_HOST"] == "0.0.0.0"  # noqa: S104
    assert Settings().host == "127.0.0.1"
    assert SERVICE["ports"] == ["127.0.0.1:9000:9000"]


def test_image_installs_the_package_with_the_extras_for_serving() -> None:
    assert "pip install --no-cache-dir '.[fast,image]'" in BUILD.runs[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    copied = {source for copy in BUILD.copies for source in copy.sources}
    assert copied == {"pyproject.toml", "README.md", *project["license-files"], "emulator"}
    assert IMAGE.copies[0] == ("build", ("/opt/oss-emulator",), "/opt/oss-emulator")
    assert IMAGE.env["PATH"] == "/opt/oss-emulator/bin:$PATH"
    assert IMAGE.entrypoint[0] in project["scripts"]


def test_copied_files_exist_and_are_not_ignored() -> None:
    sources = [
        source
        for stage in STAGES
        for copy in stage.copies
        if not copy.stage
        for source in copy.sources
    ]
    assert len(sources) == 4
    for source in sources:
        assert (ROOT / source).exists()
        assert not dockerfile.ignored(source, DOCKERIGNORE)
    assert not dockerfile.ignored("emulator/oss_emulator/cli/serve.py", DOCKERIGNORE)


@pytest.mark.parametrize(
    "path",
    [
        ".git/HEAD",
        ".venv/bin/python",
        "tests/x.py",
        "emulator/oss_emulator/cli/__pycache__/x.pyc",
        "x",
    ],
)
def test_other_files_are_ignored(path: str) -> None:
    assert dockerfile.ignored(path, DOCKERIGNORE)


def test_compose_builds_this_image_and_names_one_volume() -> None:
    assert SERVICE["build"] == "."
    assert list(COMPOSE["volumes"]) == ["data"]
    assert SERVICE["volumes"] == [f"data:{IMAGE.workdir}"]
    assert f"install --directory --owner {IMAGE.user} --group {IMAGE.user} /data" in IMAGE.runs[0]


def test_compose_waits_longer_than_the_shutdown_timeout() -> None:
    assert int(SERVICE["stop_grace_period"].removesuffix("s")) > SHUTDOWN_TIMEOUT + LAST


def test_compose_and_image_have_the_same_health_check() -> None:
    assert SERVICE["healthcheck"]["test"] == ["CMD", *IMAGE.health]


def test_image_keeps_its_data_in_its_working_directory() -> None:
    assert IMAGE.env["OSS_EMULATOR_DATA"] == IMAGE.workdir


# --- commands


def container_environment(folder: Path, shell: dict[str, str], **given: str) -> dict[str, str]:
    """Return the variables of a container, with paths of this machine instead of the image's.

    `shell` holds the variables of the shell that calls compose; NO_COMPOSE runs the image alone.
    """
    env = dict(IMAGE.env)
    del env["PATH"]
    if shell is not NO_COMPOSE:
        for name, value in SERVICE["environment"].items():
            env[name] = VARIABLE.sub(lambda found: shell.get(found[1]) or found[2], value)
    for copy in IMAGE.copies:
        if not copy.stage:
            (source,) = copy.sources
            env = {k: v.replace(copy.destination, str(ROOT / source)) for k, v in env.items()}
    env = {k: v.replace(IMAGE.workdir, str(folder), 1) for k, v in env.items()}
    bin_folder = str(Path(sys.executable).parent)
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    return environment(PATH=path, **(env | given))


NO_COMPOSE: dict[str, str] = {}


def run(folder: Path, shell: dict[str, str]) -> Iterator[Running]:
    """Run the command of the image on a free port."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    ready_file = folder / "ready.json"
    env = container_environment(
        data, shell, OSS_EMULATOR_PORT="0", OSS_EMULATOR_READY_FILE=str(ready_file)
    )
    with started([*IMAGE.entrypoint, *IMAGE.cmd], folder, ready_file, env, data) as running:
        yield running


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Running]:
    """The image without compose."""
    yield from run(tmp_path, NO_COMPOSE)


def health(running: Running, command: list[str], folder: Path, **variables: str) -> int:
    """Run a health check of a server; returns the exit status."""
    env = container_environment(
        folder, NO_COMPOSE, OSS_EMULATOR_PORT=str(running.port), **variables
    )
    done = subprocess.run(command, env=env, capture_output=True, timeout=PATIENCE)
    return done.returncode


def becomes_healthy(running: Running, command: list[str], folder: Path, **variables: str) -> None:
    """Wait until a health check succeeds; engines repeat it as well."""
    wait_for(lambda: health(running, command, folder, **variables) == 0)


@pytest.mark.system
def test_image_serves_the_demo_and_ends_on_a_signal(container: Running) -> None:
    denied = container.ask("GET", "/examplebucket/hello.txt", Referer="http://thief.example.org/")
    assert (denied.status, denied.headers["x-oss-ec"]) == (403, "0003-00000503")
    allowed = container.ask("GET", "/examplebucket/hello.txt", Referer="http://www.example.com/")
    assert allowed.status == 200
    assert container.end() == 0


@pytest.mark.system
def test_objects_survive_in_the_volume(tmp_path: Path) -> None:
    auth = oss2.AuthV4(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET)
    for attempt in range(2):
        for running in run(tmp_path, NO_COMPOSE):
            bucket = oss2.Bucket(auth, running.endpoint, "examplebucket", region="cn-hangzhou")
            if attempt == 0:
                bucket.put_object("kept", b"bytes")
            assert bucket.get_object("kept").read() == b"bytes"
            assert running.end() == 0


@pytest.mark.system
def test_health_check_succeeds_only_while_the_server_runs(
    container: Running, tmp_path: Path
) -> None:
    becomes_healthy(container, IMAGE.health, tmp_path)
    # The check does not use a proxy, although one is configured.
    becomes_healthy(container, IMAGE.health, tmp_path, http_proxy="http://127.0.0.1:1/")
    assert container.end() == 0
    with socket.socket() as taken:  # no other server can listen at this port
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", container.port))
        assert health(container, IMAGE.health, tmp_path) == 1


def test_health_check_uses_the_admin_api() -> None:
    assert "'/_emulator/health'" in IMAGE.health[-1]


@pytest.mark.system
@pytest.mark.parametrize(
    "shell",
    [
        pytest.param({"HOME": "/"}, id="default keys"),
        pytest.param(
            {"OSS_ACCESS_KEY_ID": "mine", "OSS_ACCESS_KEY_SECRET": "hush"}, id="keys of the shell"
        ),
    ],
)
def test_compose_service_uses_the_keys_of_the_shell(tmp_path: Path, shell: dict[str, str]) -> None:
    key_id = shell.get("OSS_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY_ID)
    secret = shell.get("OSS_ACCESS_KEY_SECRET", DEFAULT_ACCESS_KEY_SECRET)
    for running in run(tmp_path, shell):
        assert running.ready["access_key_id"] == key_id
        auth = oss2.AuthV4(key_id, secret)
        bucket = oss2.Bucket(auth, running.endpoint, "examplebucket", region="cn-hangzhou")
        assert bucket.get_object("hello.txt").status == 200
        becomes_healthy(running, SERVICE["healthcheck"]["test"][1:], tmp_path)
        assert running.end() == 0
    # The access log is in the volume, where the user of the container may write.
    log = (tmp_path / "data" / "access.log").read_text()
    assert '"GetObject" "examplebucket" "hello.txt"' in log
