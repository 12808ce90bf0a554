"""The packages of the Node.js programs that the tests run."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.requirements import require

EXAMPLE = Path(__file__).parents[1] / "examples" / "node"


def copy_project(source: Path, target: Path, factory: pytest.TempPathFactory) -> None:
    """Copy a project that depends on ali-oss, and install its packages.

    npm installs them once for all tests, because it takes longer than the programs.
    """
    require("node")
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules"))
    target.joinpath("node_modules").symlink_to(_packages(factory))


def _packages(factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the packages that the example names; install them if they are not there.

    The processes of pytest-xdist share the parent of their folders.
    """
    shared = factory.getbasetemp().parent / "node"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "installed").exists():
            shutil.copy(EXAMPLE / "package.json", shared)
            install = [require("npm"), "install", "--no-audit", "--no-fund", "--no-package-lock"]
            subprocess.run(install, cwd=shared, check=True, capture_output=True, timeout=240)
            (shared / "installed").touch()
    return shared / "node_modules"
