"""The scripts of the console and of the lab's page: TypeScript checks types, and Biome lints."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from oss_emulator.control.console.static_files import FOLDER
from oss_referer.page import STATIC

from tests.node import copy_project

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
PROJECT = Path(__file__).with_name("scripts")
CHECKS = {
    "types": ("tsc", "--pretty", "false"),
    "lint": ("biome", "lint", "--error-on-warnings", "--colors=off", "static"),
}

MISTAKES = {
    "types": {
        'import { find, fond } from "./base.js";': "no exported member 'fond'",
        'find("#rows").value = fond;': "Property 'value' does not exist on type 'HTMLElement'",
        "export const take = (event) => event;": "Parameter 'event' implicitly has an 'any' type",
    },
    "lint": {
        "export const take = () => { const unused = 1; };": "noUnusedVariables",
        "give();": "noUndeclaredVariables",
        "try { close(); } catch {}": "noEmptyBlockStatements",
    },
}
"""Lines of a script, and what a check says of each."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of the checks, their packages, and the scripts."""
    copied = copy_project(PROJECT, tmp_path_factory.mktemp("scripts") / "project")
    for folder in (FOLDER, STATIC):
        styles = shutil.ignore_patterns("*.css", "*.svg")
        shutil.copytree(folder, copied / "static", ignore=styles, dirs_exist_ok=True)
    shutil.copy(ROOT / "docs" / "site" / "lab" / "page.js", copied / "static")
    return copied


def run(project: Path, check: str) -> tuple[int, str]:
    """Run a check; return its status and its output."""
    name, *arguments = CHECKS[check]
    done = subprocess.run(
        [project / "node_modules" / ".bin" / name, *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("check", CHECKS)
def test_scripts_pass_the_check(project: Path, check: str) -> None:
    status, said = run(project, check)
    assert status == 0, said


@pytest.mark.parametrize("check", MISTAKES)
def test_check_finds_mistakes(project: Path, check: str) -> None:
    mistakes = project / "static" / "mistakes.js"
    mistakes.write_text("\n".join(MISTAKES[check]), encoding="utf-8")
    try:
        status, said = run(project, check)
    finally:
        mistakes.unlink()
    assert status != 0
    for complaint in MISTAKES[check].values():
        assert complaint in said
