"""docs/testing.md and the README: their tests pass, and the names in them exist."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from oss_emulator import Emulator
from oss_emulator.testing import pytest_plugin

from tests.docs.markdown import blocks, table
from tests.plugin.process import run_pytest

ROOT = Path(__file__).parents[2]
PAGE, README = ROOT / "docs" / "testing.md", ROOT / "README.md"
RULES = ROOT / "examples" / "pytest" / "rules.xml"


def test_tests_of_the_pages_pass(tmp_path: Path) -> None:
    pages = {"readme": README, "testing": PAGE}
    for name, page in pages.items():
        (code,) = [
            block.text
            for block in blocks(page.read_text(encoding="utf-8"))
            if block.language == "python" and "def test_" in block.text
        ]
        tmp_path.joinpath(f"test_{name}.py").write_text(code, encoding="utf-8")
    shutil.copy(RULES, tmp_path)
    outcomes = run_pytest(tmp_path)
    for name in pages:
        outcomes.check(f"test_{name}", passed=1)


def test_names_on_the_page_exist() -> None:
    page = PAGE.read_text(encoding="utf-8")
    fixtures = {name for row in table(page, "Fixture") for name in row[0].split(", ")}
    assert all(callable(getattr(pytest_plugin, name)) for name in fixtures)
    options = set(re.findall(r"`(oss_emulator_[a-z_]+)`", page))
    assert options == set(pytest_plugin._INI)
    members = re.findall(r"^\| `([^|]+)` \|", page.partition("| Fixture |")[0], re.MULTILINE)
    with Emulator() as emulator:
        for name in re.findall(r"(?:^|`, `)(\w+)", "\n".join(members), re.MULTILINE):
            assert hasattr(emulator, name), name
