"""The wheel: its files, and its use in a project with its own `emulator` package."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import oss_emulator
import pytest

from tests.plugin.process import run_pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "emulator"
PATIENCE = 600

PROJECT = {
    "emulator/__init__.py": "",
    "emulator/engine.py": "CYCLES = 4\n",
    "tests/test_engine.py": """
from pathlib import Path

import emulator
import oss_emulator as installed
import pytest
from emulator.engine import CYCLES
from oss_emulator.testing import assert_denied


def test_both_packages_are_the_right_ones(pytestconfig):
    assert Path(emulator.__file__).is_relative_to(pytestconfig.rootpath)
    assert not Path(installed.__file__).is_relative_to(pytestconfig.rootpath)
    assert Path(installed.__file__).is_relative_to({site!r})


@pytest.mark.oss_rules("rules.toml")
def test_fixtures(oss_emulator, oss_bucket):
    oss_bucket.put_object("a", b"1" * CYCLES)
    assert oss_bucket.get_object("a").read() == b"1111"
    assert_denied(oss_bucket, "a", referer="http://thief.test/")
    assert len(oss_emulator.journal) == 3
""",
    "tests/rules.toml": '[rules.a]\nallow_empty_referer = false\nwhitelist = ["http://a/"]\n',
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--strict-markers"\n',
}
"""The files of a project that has a package `emulator` of its own."""


def run(*command: str, folder: Path, **variables: str) -> str:
    """Run a Python program to its end; return what it printed."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from this tree without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    run("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), folder=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages in which only the wheel is installed."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    run("-m", "pip", "install", *options, "--target", str(folder), str(wheel), folder=ROOT)
    return folder


PACKAGES = ("oss_emulator", "oss_referer")


def test_wheel_contains_both_packages_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = f"oss_emulator-{oss_emulator.__version__}.dist-info/"
    assert {name for name in names if not name.startswith(metadata)} == {
        path.relative_to(SOURCE).as_posix()
        for package in PACKAGES
        for path in (SOURCE / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    "ending",
    [
        "py.typed",
        "regions.txt",
        "demo.toml",
        ".cjs",
        "sitecustomize.py",
        ".html",
        "base.css",
        "rules.css",
        "report.css",
        "review.css",
        "zh.toml",
    ],
)
def test_wheel_contains_files_that_are_not_imported(wheel: Path, ending: str) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith(PACKAGES) and name.endswith(ending) for name in names)


def test_wheel_declares_the_command_and_the_plugin(wheel: Path) -> None:
    metadata = f"oss_emulator-{oss_emulator.__version__}.dist-info/entry_points.txt"
    assert (
        zipfile.ZipFile(wheel).read(metadata).decode().split()
        == (
            "[console_scripts] oss-emulator = oss_emulator.__main__:main "
            "[pytest11] oss-emulator = oss_emulator.testing.pytest_plugin"
        ).split()
    )


def test_readme_of_the_package_has_absolute_links(wheel: Path) -> None:
    """PyPI shows it without the tree around it."""
    metadata = f"oss_emulator-{oss_emulator.__version__}.dist-info/METADATA"
    text = zipfile.ZipFile(wheel).read(metadata).decode()
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 5
    assert [link for link in links if not link.startswith(("https://", "http://", "#"))] == []
    assert "Classifier: Framework :: Pytest" in text
    assert "Project-URL: Changelog, https://" in text


def test_command_starts(site: Path, tmp_path: Path) -> None:
    command = str(site / "bin" / "oss-emulator")
    printed = run(command, "--version", folder=tmp_path, PYTHONPATH=str(site))
    assert printed == f"{oss_emulator.__version__}\n"


def test_project_with_its_own_emulator_package_uses_the_plugin(site: Path, tmp_path: Path) -> None:
    for name, text in PROJECT.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text.replace("{site!r}", repr(str(site))))
    run_pytest(tmp_path, PYTHONPATH=str(site)).check("test_engine", passed=2)
