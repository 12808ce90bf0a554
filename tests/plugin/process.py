"""Run pytest in a process of its own, and read the outcome of each test."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cli.process import environment
from tests.client import PATIENCE

OTHERS = ("schemathesis", "hypothesispytest", "anyio", "aiohttp", "asyncio", "xdist")
"""Plugins of this environment that the runs need not load; their imports take most of the time."""


def without(*names: str) -> list[str]:
    """Return the flags for a pytest that does not load some plugins."""
    return [flag for name in names for flag in ("-p", f"no:{name}")]


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of one run: for each test, the texts of its failures and errors."""

    tests: dict[str, dict[str, str]]
    """The names of test files, without their folders and endings, with their tests."""
    output: str

    def of(self, file: str) -> dict[str, str]:
        """Return the tests of a file with the text of their failure, or "" if they passed."""
        assert file in self.tests, self.output
        return self.tests[file]

    def check(self, file: str, passed: int) -> None:
        """Fail unless a file has exactly `passed` tests, and all of them passed."""
        tests = self.of(file)
        assert len(tests) == passed
        assert not any(tests.values()), "\n".join(tests.values())


def run_here(folder: Path, *arguments: str) -> Outcomes:
    """Run the tests of a folder in this process, which has already imported their modules."""
    printed, loaded = StringIO(), set(sys.modules)
    with TemporaryDirectory() as reports, chdir(folder), redirect_stdout(printed):
        report = Path(reports, "report.xml")
        names = without("cacheprovider", "capture", "faulthandler", *OTHERS)
        pytest.main(
            [
                *names,
                "--import-mode=importlib",
                f"--junitxml={report}",
                f"--rootdir={folder}",
                *arguments,
            ]
        )
        for name in set(sys.modules) - loaded:
            if name.startswith(("conftest", "test_", "pages.test_")):  # a later run has its own
                del sys.modules[name]
        return _read(report, printed.getvalue())


def run_pytest(
    folder: Path, *arguments: str, loaded: tuple[str, ...] = (), **variables: str
) -> Outcomes:
    """Run the tests of a folder; of `OTHERS`, load only the plugins in `loaded`."""
    with TemporaryDirectory() as reports:
        return _run_pytest(folder, Path(reports, "report.xml"), arguments, loaded, variables)


def _run_pytest(
    folder: Path,
    report: Path,
    arguments: tuple[str, ...],
    loaded: tuple[str, ...],
    variables: dict[str, str],
) -> Outcomes:
    blocked = [name for name in OTHERS if name not in loaded]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", *without("cacheprovider", *blocked)),
            *("--strict-markers", f"--junitxml={report}", *arguments),
        ],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,  # a busy machine takes many times as long
    )
    return _read(report, done.stdout + done.stderr)


def _read(report: Path, output: str) -> Outcomes:
    assert report.exists(), output
    tests: dict[str, dict[str, str]] = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        failures = [str(found.text) for found in case if found.tag in ("failure", "error")]
        file = str(case.get("classname")).rpartition(".")[2]
        tests.setdefault(file, {})[str(case.get("name"))] = "\n".join(failures)
    return Outcomes(tests, output)
