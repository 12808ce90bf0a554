"""The AWS SDK for JavaScript against a server: http, https, and unchanged by `oss-emulator run`.

Releases from January 2027 need a newer Node.js than Debian has, so `aws_js/package.json` pins
earlier ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from oss_emulator import Emulator

from tests.cli.process import EMULATOR, output
from tests.node import copy_project

pytestmark = pytest.mark.system

PROJECT = Path(__file__).with_name("aws_js")
NAMES = re.findall(
    r'^  "(.+)": async \(\)', (PROJECT / "cases.js").read_text("utf-8"), re.MULTILINE
)
SEED = """
[[bucket]]
name = "protected"
[bucket.referer]
allow_empty_referer = false
whitelist = ["https://www.example.com/"]
"""

NO_SETTINGS_OF_AWS = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}

PATIENCE = 600
"""Seconds for the program."""

# The last endpoint has the bucket in the host, the others in the path.
WAYS = ["http", "https", "https://s3.oss-cn-hangzhou.aliyuncs.com"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, its packages and a seed."""
    project = copy_project(PROJECT, tmp_path_factory.mktemp("aws-js") / "project")
    (project / "seed.toml").write_text(SEED)
    return project


@pytest.fixture(scope="module")
def strict() -> Iterator[Emulator]:
    """A server that refuses what OSS refuses."""
    with Emulator(strict_s3=True) as running:
        yield running


@pytest.fixture(scope="module", params=WAYS)
def results(
    request: pytest.FixtureRequest, project: Path, strict: Emulator
) -> Mapping[str, str | None]:
    """The failure of each case; None for a case that passed."""
    arguments = (strict.endpoint, strict.access_key_id, strict.access_key_secret)
    if "://" in request.param:
        served = (*EMULATOR, "run", "--seed", "seed.toml", "--")
        return run((*served, "node", "cases.js", request.param, *arguments), project)
    with Emulator(tls_port=0, seed=project / "seed.toml") as server:
        endpoint = server.https_endpoint if request.param == "https" else server.endpoint
        command = ("node", "cases.js", endpoint, *arguments)
        return run(command, project, NODE_EXTRA_CA_CERTS=str(server.ca_file))


def run(command: tuple[str, ...], project: Path, **variables: str) -> dict[str, str | None]:
    """Run the program; return its results."""
    return dict(json.loads(output(command, project, PATIENCE, **NO_SETTINGS_OF_AWS, **variables)))


@pytest.mark.parametrize("name", NAMES)
def test_case_passes(results: Mapping[str, str | None], name: str) -> None:
    assert results[name] is None, results[name]


def test_every_case_is_known_by_its_name(results: Mapping[str, str | None]) -> None:
    assert list(results) == NAMES
