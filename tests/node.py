"""The packages of the Node.js programs that the tests run."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

from tests.requirements import require

CACHE = Path(__file__).parents[1] / ".cache" / "node"


def copy_project(source: Path, target: Path) -> Path:
    """Copy a project and add its packages; return the copy."""
    require("node")
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules"))
    target.joinpath("node_modules").symlink_to(packages(source / "package.json"))
    return target


def packages(project: Path) -> Path:
    """Return the folder of the packages that a project names; install them if they are not there.

    npm takes longer than the programs, so its packages are kept like those of `.venv`:
    `make clean` removes them.
    """
    npm = require("npm")
    dependencies = json.loads(project.read_text(encoding="utf-8"))["dependencies"]
    named = json.dumps(dependencies, sort_keys=True)
    folder = CACHE / hashlib.sha256(named.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the processes of pytest-xdist share the folder
        if not (folder / "installed").exists():
            shutil.copy(project, folder / "package.json")
            install = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock"]
            subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=600)
            (folder / "installed").touch()
    return folder / "node_modules"
