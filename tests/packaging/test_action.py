"""The action for GitHub and the hooks for pre-commit, run as in production."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from oss_emulator import Emulator

from tests.cli.process import environment
from tests.rows import read_cases

CASES = read_cases("others.packaging")

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))

OLD = """<RefererConfiguration>
  <AllowEmptyReferer>false</AllowEmptyReferer>
  <RefererList>
    <Referer>https://www.example.com/</Referer>
    <Referer>https://old.example.com/</Referer>
  </RefererList>
</RefererConfiguration>
"""
NEW = OLD.replace("old.example.com", "new.example.com")
TABLE = CASES["table"]


def git(folder: Path, *arguments: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A clone with one commit on `main`, and another one on top of it."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch", "main")
    (origin / "rules.xml").write_text(OLD, encoding="utf-8")
    (origin / "other.toml").write_text("a = 1\n", encoding="utf-8")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "--message", "one")
    git(origin, "switch", "--quiet", "--create", "change")
    (origin / "rules.xml").write_text(NEW, encoding="utf-8")
    (origin / "other.toml").write_text("a = 2\n", encoding="utf-8")
    git(origin, "commit", "--quiet", "--all", "--message", "two")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=change", f"file://{origin}", "clone")
    return clone


class Runner:
    """Runs steps of the action as a runner does: each is a file for `bash -e`."""

    def __init__(self, project: Path, folder: Path, steps: list[dict[str, Any]]) -> None:
        self._project, self._folder, self._steps = project, folder, steps
        self.summary = folder / "summary.md"

    def __call__(self, **inputs: str) -> tuple[int, str]:
        """Run the steps with these inputs; return the status and what was printed."""
        given = {name: one["default"] for name, one in ACTION["inputs"].items()}
        given |= {"base": ""} | {name.replace("_", "-"): text for name, text in inputs.items()}
        printed = ""
        for number, step in enumerate(self._steps):
            script = self._folder / f"{number}.sh"
            script.write_text(step["run"], encoding="utf-8")
            expressions = step.get("env", {})
            env = {
                **{
                    name: given[text[len("${{ inputs.") : -3]] for name, text in expressions.items()
                },
                "RUNNER_TEMP": str(self._folder),
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            }
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
                cwd=self._project,
                env=environment(**env),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=600,
            )
            printed += done.stdout
            if done.returncode:
                return done.returncode, printed
        return 0, printed


@pytest.fixture
def check(project: Path, tmp_path: Path) -> Runner:
    """The checking step, with this environment instead of that of the first step."""
    folder = tmp_path / "runner"
    folder.mkdir()
    (folder / "oss-emulator").symlink_to(sys.prefix)
    return Runner(project, folder, ACTION["runs"]["steps"][1:])


@pytest.mark.system
def test_change_is_annotated_and_shown_in_the_summary(check: Runner) -> None:
    status, printed = check(base="main")
    assert status == 0, printed
    assert "::warning file=rules.xml,line=5,col=14,title=let-in::" in printed
    summary = check.summary.read_text(encoding="utf-8")
    assert "### Referer rules: `rules.xml, compared with main`" in summary
    assert "**Locked out** by the new rules: " in summary
    assert "| `https://old.example.com/` | " in summary
    assert "**Let in** by the new rules: " in summary
    assert "| `https://new.example.com/` | " in summary


@pytest.mark.system
def test_names_and_files_of_any_kind_are_no_commands_and_no_failure(
    check: Runner, project: Path
) -> None:
    git(project, "fetch", "--quiet", "--depth=1", "origin", "main:main")
    git(project, "switch", "--quiet", "main")
    odd = project / "a\n::error::forged %0A.xml"
    odd.write_text(OLD, encoding="utf-8")
    (project / "binary.json").write_bytes(b"\xff\xfe{")
    (project / "link.xml").write_text(OLD, encoding="utf-8")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message", "odd")
    odd.write_text(NEW, encoding="utf-8")
    (project / "binary.json").write_bytes(b"\xff\xff{")
    (project / "link.xml").unlink()
    (project / "link.xml").symlink_to("nowhere")
    status, printed = check(base="main")
    assert status == 0, printed
    assert "::group::a%0A::error::forged %250A.xml, compared with main" in printed
    assert not [line for line in printed.splitlines() if line.startswith("::error::")]


MODULE = CASES["module"]


@pytest.mark.system
def test_summary_tells_what_is_new_gone_or_not_compared(check: Runner, project: Path) -> None:
    git(project, "fetch", "--quiet", "--depth=1", "origin", "main:main")
    git(project, "switch", "--quiet", "main")
    table = "[rules.{}]\nallow_empty_referer = true\n"
    files = {"main.tf": MODULE, "gone.toml": table.format("old")}
    for name, text in files.items():
        (project / name).write_text(text, encoding="utf-8")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message", "base")
    (project / "main.tf").write_text(MODULE.replace("old.", "new."), encoding="utf-8")
    (project / "gone.toml").unlink()
    (project / "added.json").write_text('{"AllowEmptyReferer": false}', encoding="utf-8")
    (project / "rules.xml").rename(project / "moved.xml")
    (project / "moved.xml").write_text(NEW, encoding="utf-8")
    git(project, "add", ".")
    status, printed = check(base="main")
    assert status == 2, printed  # the linter cannot read main.tf
    summary = check.summary.read_text(encoding="utf-8")
    assert summary.count("### ") == 5
    assert "main.tf#alicloud_oss_bucket_referer.site, compared with main" in summary
    assert "| `https://old.example.com/` | " in summary.split("main.tf#")[1]
    assert "main.tf is not compared as a whole with main" in summary
    assert "referer_list is the expression data.sites.all.urls" in summary
    assert "moved.xml, compared with main" in summary
    assert "gone.toml#old is gone" in summary
    assert "added.json is new" in summary
    git(project, "diff", "--quiet")  # neither the index nor the files are touched


def test_only_what_the_input_names_is_compared(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_named = runpy.run_path(str(ROOT / "action" / "check.py"))["is_named"]
    monkeypatch.chdir(project)
    (project / "a#b.xml").touch()
    path = Path("infra/oss/rules.xml")
    for given in (".", "./infra", "infra/oss/", str(project / path), f"{path}#site", f"x\n{path}"):
        assert is_named(path, given.split("\n")), given
    for given in ("", "rules.xml", "infra/os", "infra/oss/rules", "oss://infra", ".."):
        assert is_named(path, given.split("\n")) is (given == ".."), given
    assert is_named(Path("a#b.xml"), ["a#b.xml"])


def test_text_of_others_stays_one_cell_of_the_table() -> None:
    code = runpy.run_path(str(ROOT / "action" / "check.py"))["code"]
    assert code("a|`b`\n<img>&") == "`` a\\|`b`\\n<img>& ``"


@pytest.mark.system
def test_findings_and_failing_cases_fail_the_step(check: Runner, project: Path) -> None:
    (project / "rules.xml").write_text(OLD.replace(".com/<", ".com<"), encoding="utf-8")
    status, printed = check()
    assert status == 1
    assert "::error file=rules.xml,line=4" in printed
    (project / "rules.xml").write_text(OLD, encoding="utf-8")
    (project / "table.toml").write_text(TABLE, encoding="utf-8")
    assert check(tables="table.toml")[0] == 0
    (project / "table.toml").write_text(TABLE.replace('allow"', 'deny"'), encoding="utf-8")
    status, printed = check(tables="table.toml")
    assert status == 1
    assert "::error file=table.toml" in printed


@pytest.mark.system
def test_rules_are_compared_with_those_of_the_bucket(check: Runner) -> None:
    with Emulator() as emulator:
        emulator.bucket("examplebucket", rules=OLD)
        bucket = {"bucket": "oss://examplebucket", "bucket_rules": "rules.xml"}
        status, printed = check(**bucket, endpoint=emulator.endpoint)
        assert status == 0, printed
        called = [entry.operation for entry in emulator.journal[1:]]
    assert set(called) == {"GetBucketReferer"}
    assert "compared with oss://examplebucket" in check.summary.read_text(encoding="utf-8")
    assert check(**bucket, endpoint="http://127.0.0.1:1")[0] == 2


@pytest.mark.system
@pytest.mark.parametrize("base", ["--upload-pack=touch x", "none", "-"])
def test_base_that_does_not_exist_is_reported(check: Runner, base: str, project: Path) -> None:
    status, printed = check(base=base)
    assert status == 1
    assert f"::error::The base {base} cannot be fetched" in printed
    assert not (project / "x").exists()


# --- pre-commit


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone of this project with its uncommitted changes, as pre-commit clones it."""
    clone = tmp_path / "oss-emulator"
    git(tmp_path, "clone", "--quiet", str(ROOT), str(clone))
    names = ("pyproject.toml", ".pre-commit-hooks.yaml", "README.md", "LICENSE")
    for name in names:
        (clone / name).write_bytes((ROOT / name).read_bytes())
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--allow-empty", "--message", "now")
    return clone


@pytest.mark.system
def test_hooks_run_in_a_project(repository: Path, tmp_path: Path) -> None:
    """One environment for both hooks, installed by pre-commit from the clone."""
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "--quiet")
    config = f"""
repos:
  - repo: {repository}
    rev: {subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=repository, text=True).strip()}
    hooks:
      - id: oss-emulator-lint
      - id: oss-emulator-test
"""
    (project / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    env = environment(PRE_COMMIT_HOME=str(tmp_path / "home"), NO_COLOR="1")

    def run() -> str:
        command = [sys.executable, "-m", "pre_commit", "run", "--all-files"]
        done = subprocess.run(
            command, cwd=project, env=env, capture_output=True, text=True, timeout=600, check=False
        )
        return done.stdout + done.stderr

    one = OLD.replace("<Referer>https://old.example.com/</Referer>", "")
    for name, text in (
        ("package.json", "{}"),  # no rules, rules, a table for them, a table with its own
        ("rules.xml", one),
        ("site.toml", TABLE[TABLE.index("[[case]]") :]),
        ("other/table.toml", TABLE),
    ):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
        git(project, "add", ".")
        passed = run()
        assert passed.count("Passed") == 2, (name, passed)
    (project / "rules.xml").write_text(one.replace(".com/<", ".com<"), encoding="utf-8")
    failed = run()
    assert "exit code: 1" in failed
    assert "open-host" in failed
