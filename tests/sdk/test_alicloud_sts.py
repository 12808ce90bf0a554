"""The clients of STS and of credentials for Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from oss_emulator import Emulator

from tests.requirements import require
from tests.sdk.accounts import OWNER, ROLE

PROJECT = Path(__file__).with_name("alicloud_sts")


def test_alicloud_sts_assumes_a_role(emulator: Emulator, tmp_path: Path) -> None:
    """P-61"""
    node, npm = require("node"), require("npm")
    folder = shutil.copytree(
        PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("node_modules")
    )
    install = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=240)
    endpoint = f"127.0.0.1:{emulator.port}"
    done = subprocess.run(
        [node, "program.js", endpoint, "app", "secret of app", ROLE],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        f"acs:ram::{OWNER}:user/app",
        f"acs:ram::{OWNER}:assumed-role/uploader/night",
        "SignatureDoesNotMatch",
    ]
