"""The time that `make test` takes, compared with the time to compile Python's standard library."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from benchmarks import processes
from benchmarks.result import Cost, Section, compare
from tests.newcomer.__main__ import OF_MAKE

ROOT = Path(__file__).parents[1]

_METHOD = (
    "`make test` runs once, after `make lint`, so that mypy finds its cache. It is compared with "
    "`python -m compileall -j 0` of Python's standard library without its tests, which runs before "
    "and after it. Why that: it keeps all processors busy, as `make test` does, everybody has the "
    "same files, and no package that this project installs changes it."
)


def measure(scratch: Path) -> Section:
    """Run `make test` once."""
    environment = {name: value for name, value in os.environ.items() if name not in OF_MAKE}
    processes.run(("make", "lint"), ROOT, environment)
    first = _compile(scratch / "first", environment)
    tests = processes.run(("make", "test"), ROOT, environment)
    second = _compile(scratch / "second", environment)
    against = "compile the standard library of Python"
    rows = compare("make test", (tests, tests), against, (first, second))
    return Section("The project's own tests", _METHOD, rows)


def _compile(bytecode: Path, environment: dict[str, str]) -> Cost:
    library = sysconfig.get_path("stdlib")
    command = [sys.executable, "-m", "compileall", "-qq", "-f", "-j", "0"]
    command += ["-x", "/(site-packages|dist-packages|tests?)/", library]
    return processes.run(command, ROOT, {**environment, "PYTHONPYCACHEPREFIX": str(bytecode)})
