"""ali-oss: facts from its own suite and from its behaviour, in one process of Node."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from oss_emulator import Emulator

from tests.node import copy_project

pytestmark = pytest.mark.system

PROJECT = Path(__file__).with_name("ali_oss")
NAMES = re.findall(
    r'^  "(.+)":(?:\n   )? async \(\)', (PROJECT / "cases.js").read_text("utf-8"), re.MULTILINE
)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """The service for an old account."""
    with Emulator() as running:
        yield running


@pytest.fixture(scope="module")
def results(
    emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str | None]:
    """The failure of each case; None for a case that passed."""
    project = copy_project(PROJECT, tmp_path_factory.mktemp("ali-oss") / "project")
    with Emulator(new_account=True) as new_account:
        done = subprocess.run(
            [
                "node",
                "cases.js",
                emulator.endpoint,
                new_account.endpoint,
                emulator.access_key_id,
                emulator.access_key_secret,
            ],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("name", NAMES)
def test_case_passes(results: Mapping[str, str | None], name: str) -> None:
    assert results[name] is None, results[name]


def test_every_case_is_known_by_its_name(results: Mapping[str, str | None]) -> None:
    assert list(results) == NAMES
