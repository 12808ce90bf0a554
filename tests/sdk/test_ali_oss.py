"""ali-oss and the clients of STS for Node.js: facts from suites and from their behaviour."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from oss_emulator import Emulator

from tests.node import copy_project
from tests.sdk.accounts import OWNER, ROLE

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


# --- The clients of STS and of credentials for Node.js

STS_PROJECT = Path(__file__).with_name("alicloud_sts")


def test_alicloud_sts_assumes_a_role(with_accounts: Emulator, tmp_path: Path) -> None:
    """P-61"""
    folder = copy_project(STS_PROJECT, tmp_path / "project")
    endpoint = f"127.0.0.1:{with_accounts.port}"
    done = subprocess.run(
        ["node", "program.js", endpoint, "app", "secret of app", ROLE],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        f"acs:ram::{OWNER}:user/app",
        f"acs:ram::{OWNER}:assumed-role/uploader/night",
        "SignatureDoesNotMatch",
    ]
