"""The image in a real engine: its content, its user, and how it starts and ends."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import oss2
import pytest

from tests.containers.engine import IMAGE, Engine


def status(url: str, referer: str) -> int:
    """Return the status of a request with this Referer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request("GET", parts.path, headers={"Referer": referer})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def container(engine: Engine) -> Iterator[str]:
    """A container with its port published and a read-only root."""
    flags = ("--read-only", "--cap-drop=all", "--publish=127.0.0.1::9000", "--volume=data:/data")
    name = engine.podman("run", "--detach", "--pull=never", *flags, IMAGE)
    engine.becomes_healthy(name)
    yield name
    engine.podman("rm", "--force", "--volumes", name)


def test_image_says_what_it_is_and_is_not_root(engine: Engine) -> None:
    (found,) = json.loads(engine.podman("image", "inspect", IMAGE))
    config: Any = found["Config"]
    assert config["User"] == "emulator"
    assert config["ExposedPorts"] == {"9000/tcp": {}}
    assert config["Entrypoint"] == ["oss-emulator"]
    assert config["Labels"]["org.opencontainers.image.title"] == "oss-emulator"
    assert "/_emulator/health" in str(found["Healthcheck"])


def test_image_has_no_pip_and_runs_as_an_ordinary_user(engine: Engine) -> None:
    script = "id -u; command -v pip pip3; python -m pip --version 2>&1; touch /opt/x 2>&1"
    run = ("run", "--rm", "--pull=never", "--entrypoint=sh", IMAGE, "-c", f"{script}; true")
    printed = engine.podman(*run).splitlines()
    assert printed[0] == "10001"
    assert printed[1].endswith("No module named pip")
    assert printed[2].endswith("Permission denied")
    assert len(printed) == 3


def test_container_serves_the_demo_and_ends_cleanly(engine: Engine, container: str) -> None:
    url = f"{engine.published(container)}/examplebucket/hello.txt"
    assert status(url, "http://www.example.com/") == 200
    assert status(url, "http://thief.example.org/") == 403
    engine.podman("stop", "--time", "20", container)
    assert engine.podman("inspect", "--format", "{{.State.ExitCode}}", container) == "0"


def test_objects_survive_a_restart(engine: Engine, container: str) -> None:
    auth = oss2.AuthV4("oss-emulator", "oss-emulator-secret")

    def bucket() -> oss2.Bucket:
        place = engine.published(container)
        return oss2.Bucket(auth, place, "examplebucket", region="cn-hangzhou")

    bucket().put_object("kept", b"bytes")
    engine.podman("restart", container)
    engine.becomes_healthy(container)
    assert bucket().get_object("kept").read() == b"bytes"
