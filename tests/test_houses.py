"""The two packages: everything for rules runs without the server and its libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import oss_referer

BLOCKED = ("oss_emulator", "aiohttp", "multidict", "lxml")
"""The package and the libraries of the server."""

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


COMMANDS = f"""
import io
rules = b'whitelist = ["https://www.example.com/"]\\nallow_empty_referer = false\\n'

def run(*arguments):
    sys.argv, sys.stdin = ["oss-emulator", *arguments], io.TextIOWrapper(io.BytesIO(rules))
    try:
        runpy.run_module("oss_referer", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code

assert run("--help") == 0
assert run("check", "-", "https://www.example.com/") == 0
assert run("lint", "-") == 0
assert run("translate", "--to", "nginx", "-") == 0
assert run("scenarios", "-", "--site", "https://www.example.com", "--lang", "zh") == 0
assert run("review", "-", "--site", "https://www.example.com", "--lang", "zh") == 0
assert run("serve") == 2
for name in {[name for name in MODULES if not name.endswith("__main__")]}:
    importlib.import_module(name)
"""


def test_modules_and_commands_about_rules_run_without_the_server() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE + COMMANDS], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr  # there is no command `serve`


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
    """The program of the action, and the commands that the program starts."""
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
