"""The two packages: everything about rules runs without the server and its libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import oss_referer
import pytest

BLOCKED = ("oss_emulator", "aiohttp", "multidict", "lxml")
"""What the server is made of."""

ROOT = Path(oss_referer.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in ROOT.rglob("*.py")
)

ALONE = f"""
import importlib, runpy, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED}:
            raise ImportError(f"{{name}} is blocked")

sys.meta_path.insert(0, Blocked())
"""
"""The beginning of a program that cannot import the server."""


def run(program: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, "-c", ALONE + program, *arguments]
    return subprocess.run(asked, input=given, capture_output=True, encoding="utf-8", check=False)


def test_every_module_of_the_rules_is_imported_without_the_server() -> None:
    modules = [name for name in MODULES if not name.endswith("__main__")]
    done = run("for name in sys.argv[1:]: importlib.import_module(name)", *modules)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--help",), 0),
        (("check", "-", "https://www.example.com/"), 0),
        (("lint", "-"), 0),
        (("translate", "--to", "nginx", "-"), 0),
        (("scenarios", "-", "--site", "https://www.example.com", "--lang", "zh"), 0),
        (("review", "-", "--site", "https://www.example.com", "--lang", "zh"), 0),
        (("serve",), 2),
    ],
)
def test_commands_about_rules_run_without_the_server(
    arguments: tuple[str, ...], status: int
) -> None:
    program = "sys.argv[0] = 'oss-emulator'\nrunpy.run_module('oss_referer', run_name='__main__')"
    rules = 'whitelist = ["https://www.example.com/"]\nallow_empty_referer = false\n'
    done = run(program, *arguments, given=rules)
    assert "Traceback" not in done.stderr
    assert done.returncode == status, done.stderr


RULES = """<RefererConfiguration>
  <AllowEmptyReferer>false</AllowEmptyReferer>
  <RefererList><Referer>https://{}.example.com/</Referer></RefererList>
</RefererConfiguration>
"""
TABLE = """
[rules.site]
whitelist = ["https://www.example.com/"]

[[case]]
name = "the site"
referer = "https://www.example.com/a"
verdict = "allow"
"""


def test_action_runs_without_the_server(tmp_path: Path) -> None:
    """Its own program and the commands that this starts."""
    project, blocking = tmp_path / "project", tmp_path / "blocking"
    project.mkdir()
    blocking.mkdir()
    (blocking / "sitecustomize.py").write_text(ALONE, encoding="utf-8")
    summary = tmp_path / "summary.md"
    variables = {
        **os.environ,
        "PYTHONPATH": str(blocking),
        "GITHUB_STEP_SUMMARY": str(summary),
        "CHECK_RULES": "rules.xml",
        "CHECK_TABLES": "table.toml",
        "CHECK_BASE": "HEAD",
        "CHECK_BUCKET": "",
    }

    def start(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=project, env=variables, capture_output=True, encoding="utf-8", check=False
        )

    assert "oss_emulator is blocked" in start(sys.executable, "-c", "import oss_emulator").stderr
    (project / "rules.xml").write_text(RULES.format("old"), encoding="utf-8")
    (project / "table.toml").write_text(TABLE, encoding="utf-8")
    start("git", "init", "--quiet")
    start("git", "add", ".")
    start("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--message=one")
    (project / "rules.xml").write_text(RULES.format("new"), encoding="utf-8")
    done = start(sys.executable, str(ROOT.parents[1] / "action" / "check.py"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "title=let-in::" in done.stdout
    assert "`https://new.example.com/`" in summary.read_text(encoding="utf-8")
