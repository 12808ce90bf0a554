"""The clients of STS and of credentials for Node.js."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from oss_emulator import Emulator

from tests.node import copy_project
from tests.sdk.accounts import OWNER, ROLE

pytestmark = pytest.mark.system

PROJECT = Path(__file__).with_name("alicloud_sts")


def test_alicloud_sts_assumes_a_role(emulator: Emulator, tmp_path: Path) -> None:
    """P-61"""
    folder = copy_project(PROJECT, tmp_path / "project")
    endpoint = f"127.0.0.1:{emulator.port}"
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
