"""The Dockerfile and the compose file, as they can be read without a container engine.

`tests/containers/` builds the image and runs it, alone and with compose.
"""

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

ROOT = Path(__file__).parents[2]
TEXT = re.sub(r"^#.*\n|\\\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M)
IMAGE = TEXT.rpartition("FROM ")[2]
"""The instructions of the last stage."""
COMPOSE: Any = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
(SERVICE,) = COMPOSE["services"].values()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


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
