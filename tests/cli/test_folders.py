"""`lint` and `test` with several files and folders."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from oss_referer import RefererConfiguration
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm
from oss_referer.terminal import rules as folders

from tests.rows import read_cases

CASES = read_cases("cli")

ROOT = Path(__file__).parents[2]
GOOD = RefererConfiguration(False, whitelist=("https://www.example.com/",))
BAD = RefererConfiguration(False, whitelist=("www.example.com",))
TABLE = CASES["table"]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rules in every form, among other files."""
    for name, form in (
        ("site/rules.xml", RulesForm.XML),
        ("site/rules.json", RulesForm.JSON),
        ("infra/main.tf", RulesForm.HCL),
        ("infra/main.tf.json", RulesForm.TERRAFORM),
        ("seed.toml", RulesForm.TOML),
    ):
        write(tmp_path / name, forms.format(GOOD, form))
    bad = forms.format(BAD, RulesForm.XML)
    for name in ("node_modules/a/rules.xml", "infra/.terraform/modules/rules.xml"):
        write(tmp_path / name, bad)
    write(tmp_path / "ignored/rules.xml", bad)
    write(tmp_path / ".gitignore", "ignored/\n")
    write(tmp_path / "package.json", "{}")
    write(tmp_path / "broken.json", "{")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def repository(tree: Path) -> Path:
    """The same folder as a working tree of Git, of which nothing is committed."""
    subprocess.run(["git", "init", "--quiet"], check=True, cwd=tree)
    return tree


FOUND = ["infra/main.tf", "infra/main.tf.json", "seed.toml", "site/rules.json", "site/rules.xml"]


def linted(out: str) -> list[str]:
    return sorted({finding["file"] for finding in json.loads(out)})


@pytest.mark.usefixtures("repository")
def test_lint_finds_rules_in_every_form_and_leaves_out_what_git_ignores(ask: Any) -> None:
    status, out, err = ask("lint", ".", "--json", "--all")
    assert (status, err) == (0, "")
    assert linted(out) == FOUND


@pytest.mark.usefixtures("tree")
def test_without_git_only_copies_and_hidden_folders_are_left_out(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    write(Path(".venv/rules.xml"), forms.format(BAD, RulesForm.XML))
    status, out, _ = ask("lint", ".", "--json", "--all")
    assert status == 1
    assert linted(out) == sorted([*FOUND, "ignored/rules.xml"])


def test_git_runs_no_program_that_a_folder_names(repository: Path, ask: Any) -> None:
    script = write(repository / "evil.sh", f"#!/bin/sh\ntouch {repository}/ran\n")
    script.chmod(0o755)
    subprocess.run(["git", "config", "core.fsmonitor", str(script)], check=True, cwd=repository)
    assert ask("lint", ".")[0] == 0
    assert not (repository / "ran").exists()


@pytest.mark.usefixtures("repository")
def test_there_is_one_summary_and_findings_are_below_their_file(ask: Any) -> None:
    Path("site/rules.xml").write_text(forms.format(BAD, RulesForm.XML))
    status, out, _ = ask("lint", ".", "seed.toml")
    assert status == 1
    assert "\nsite/rules.xml\n\nerror missing-scheme  line 7, whitelist entry 1: " in f"\n{out}"
    assert out.endswith("\n1 error in 1 of 5 configurations\n")
    assert out.count("As with nearly all rules") == 1


@pytest.mark.usefixtures("repository")
def test_what_cannot_be_read_is_said_and_the_rest_is_linted(ask: Any) -> None:
    Path("site/rules.xml").write_text("<RefererConfiguration>")
    status, out, err = ask("lint", ".", "--json", "--all")
    assert status == 2
    assert linted(out) == [name for name in FOUND if name != "site/rules.xml"]
    assert err.startswith("oss-emulator: site/rules.xml, line 1, column ")
    assert err.count("\n") == 1
    status, out, _ = ask("lint", ".", "--format", "github")
    assert status == 2
    assert "::error file=site/rules.xml,line=1,col=1,title=unreadable::" in out


@pytest.mark.usefixtures("repository")
def test_named_file_without_rules_is_an_error(ask: Any) -> None:
    status, out, err = ask("lint", "package.json", "seed.toml")
    assert status == 2
    assert err.startswith("oss-emulator: package.json, line 1, column 1: ")
    assert "In 0 of" not in out


def test_folder_without_rules_is_an_error(tmp_path: Path, ask: Any) -> None:
    for command in ("lint", "test"):
        status, out, err = ask(command, str(tmp_path))
        assert (status, out) == (2, "")
        assert err.startswith(f"oss-emulator: {tmp_path}: no file below it ")
        assert ask(command, str(tmp_path), "--format", "github")[1].startswith(
            f"::error title=unreadable::{tmp_path}: no file below it "
        )
        (result,) = json.loads(ask(command, str(tmp_path), "--format", "sarif")[1])["runs"][0][
            "results"
        ]
        assert result["locations"] == []


def test_folder_without_rules_may_pass(tmp_path: Path, ask: Any) -> None:
    tested = {"passed": True, "complete": True, "tables": [], "untouched": []}
    for command, document in (("lint", []), ("test", tested)):
        passing = (command, str(tmp_path), "--pass-if-none")
        assert ask(*passing) == (0, "There was nothing to check.\n", "")
        status, out, err = ask(*passing, "--json")
        assert (status, json.loads(out), err) == (0, document, "")


def test_each_of_several_rules_in_a_file_is_linted(tmp_path: Path, ask: Any) -> None:
    file = write(tmp_path / "rules.toml", '[rules.a]\nwhitelist = ["a"]\n[rules.b]\n')
    _, out, _ = ask("lint", str(file), "--json", "--all")
    assert {finding["name"] for finding in json.loads(out)} == {"a", "b"}
    _, out, _ = ask("lint", f"{file}#b", "--json", "--all")
    assert {finding["name"] for finding in json.loads(out)} == {"b"}


def test_fix_writes_each_of_several_rules_in_a_file(tmp_path: Path, ask: Any) -> None:
    rules = "allow_empty_referer = false\nwhitelist = ['www.example.com']\n"
    file = write(tmp_path / "rules.toml", f"[rules.a]\n{rules}[rules.b]\n{rules}")
    status, _, err = ask("lint", str(file), "--fix")
    assert (status, err.count("\n")) == (2, 1)
    assert ask("lint", str(tmp_path), "--fix", "--write")[0] == 0
    assert file.read_text().count('"https://www.example.com/"') == 2


def test_tables_with_rules_of_their_own_run_together(tmp_path: Path, ask: Any) -> None:
    one, two = (write(tmp_path / name, TABLE) for name in ("one.toml", "sub/two.toml"))
    write(tmp_path / "rules.toml", "[rules.a]\n")
    for given in ([str(tmp_path)], [str(one), str(two)]):
        status, out, err = ask("test", *given)
        assert (status, err) == (0, "")
        assert out == f"{one}  1 passed\n{two}  1 passed\n\n2 passed in 2 tables\n"


def test_rules_come_first_and_decide_all_tables_of_a_folder(tmp_path: Path, ask: Any) -> None:
    rules = write(tmp_path / "rules.xml", forms.format(BAD, RulesForm.XML))
    write(tmp_path / "one.toml", TABLE)
    write(tmp_path / "two.toml", "[[case]]\nname = 'b'\nverdict = 'deny'\n")
    status, out, _ = ask("test", "--partial", str(rules), str(tmp_path))
    assert status == 1
    assert out.count("1 failed") == 2  # one of the table, one of the summary
    assert "1 passed, 1 failed in 2 tables" in out


def test_table_without_rules_is_an_error_that_says_how_to_name_them(
    tmp_path: Path, ask: Any
) -> None:
    write(tmp_path / "a.toml", TABLE)
    table = write(tmp_path / "b.toml", "[[case]]\nname = 'b'\nverdict = 'deny'\n")
    status, out, err = ask("test", str(tmp_path))
    assert status == 2
    assert "1 passed" in out
    assert f"{table}, line 1, column 1: there are no rules; add [rules.NAME], or name RULES" in err


CASE = "[[case]]\nname = 'b'\nreferer = 'https://www.example.com/'\nverdict = 'allow'\n"


def test_table_without_rules_takes_the_only_ones_beside_it(tmp_path: Path, ask: Any) -> None:
    table = write(tmp_path / "sub/site.toml", CASE)
    write(tmp_path / "sub/other.toml", TABLE)  # these rules are only for this table
    write(tmp_path / "rules.xml", forms.format(BAD, RulesForm.XML))
    rules = write(tmp_path / "sub/rules.xml", forms.format(GOOD, RulesForm.XML))
    for given in (table, tmp_path):
        status, out, err = ask("test", str(given))
        assert (status, err) == (0, "")
        assert f"{table}  by {rules}  1 passed\n" in out
    second = write(tmp_path / "sub/new.json", forms.format(GOOD, RulesForm.JSON))
    status, out, err = ask("test", str(table))
    assert (status, out) == (2, "")
    assert f"several rules beside it; write {second} or {rules} before it" in err
    second.write_text(forms.format(GOOD, RulesForm.JSON)[:-3])
    assert f"oss-emulator: {second}, line" in ask("test", str(table))[2]


def test_entry_of_rules_beside_tables_is_untouched_if_none_touches_it(
    tmp_path: Path, ask: Any
) -> None:
    rules = replace(GOOD, whitelist=(*GOOD.whitelist, "https://example.org/"))
    path = write(tmp_path / "rules.xml", forms.format(rules, RulesForm.XML))
    for name in ("a.toml", "b.toml"):
        write(tmp_path / name, CASE)
    _, out, _ = ask("test", str(tmp_path), "--json")
    (untouched,) = json.loads(out)["untouched"]
    assert (untouched["file"], untouched["entry"]) == (str(path), "https://example.org/")
    write(tmp_path / "b.toml", CASE.replace("www.example.com", "example.org"))
    assert ask("test", str(tmp_path))[0] == 0


def test_files_without_rules_are_passed_over(tmp_path: Path, ask: Any) -> None:
    """Other files of a project are skipped; a mistake in a table is still reported."""
    write(tmp_path / "site.toml", TABLE)
    for name in ("action.yml", ".github/workflows/test.yml", ".pre-commit-hooks.yaml"):
        write(tmp_path / name, (ROOT / name).read_text(encoding="utf-8"))
    for folder in ("access", "tests"):
        for path in (ROOT / "fixtures" / folder).glob("*.toml"):
            write(tmp_path / folder / path.name, path.read_text(encoding="utf-8"))
    for command in ("lint", "test"):
        status, out, err = ask(command, str(tmp_path), "--json")
        assert (status, err) == (0, ""), command
        assert "access" not in out
    for mistake in ("rule = 1\n", "whom = 1\n"):
        write(tmp_path / "site.toml", mistake + TABLE)
        assert "is unknown; use" in ask("test", str(tmp_path))[2]
    write(tmp_path / "site.toml", TABLE.replace("\nreferer", "\nreferrer"))
    assert "case[0].referrer is unknown; use" in ask("test", str(tmp_path))[2]


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder whose names are odd."""
    subprocess.run(["git", "init", "--quiet"], check=True, cwd=tmp_path)
    write(tmp_path / "a b\n#1/ü.xml", forms.format(BAD, RulesForm.XML))
    (tmp_path / "gone.xml").symlink_to(tmp_path / "nowhere.xml")
    (tmp_path / "loop").symlink_to(tmp_path)
    return tmp_path


def test_odd_names_are_read_and_shown_on_one_line(odd: Path, ask: Any) -> None:
    found, unread = folders.list_files(odd)
    assert ([path.name for path in found], unread) == (["ü.xml"], [])
    status, out, _ = ask("lint", str(odd), "--format", "github")
    assert status == 1
    assert "/a b%0A#1/ü.xml,line=7" in out
    assert ask("lint", str(odd), "--format", "sarif")[0] == 1


def fake_git(tree: Path, monkeypatch: pytest.MonkeyPatch, said: str, below: str = "") -> None:
    """Put a git on the PATH that lists one file and writes `said` to standard error.

    The folder is `below` the top of the working tree.
    """
    script = write(
        tree / "bin/git",
        f'#!/bin/sh\ncase $* in *rev-parse*) echo "{below}"; exit;; esac\n'
        f'printf "seed.toml\\0"\necho "{said}" >&2\n',
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")


@pytest.mark.parametrize("command", ["lint", "test"])
def test_folder_that_git_cannot_read_is_named(
    command: str, tree: Path, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tree / "seed.toml", TABLE)
    (tree / "top/locked").mkdir(parents=True)
    said = "warning: could not open directory 'top/locked/': Permission denied"
    fake_git(tree, monkeypatch, said)
    status, out, err = ask(command, ".")
    assert (status, err) == (
        2,
        "oss-emulator: top/locked: the folder cannot be read: Permission denied\n",
    )
    assert "seed.toml  1 passed" in out or "Nothing to correct" in out


@pytest.mark.parametrize("given", ["a", "./a", "../{}/a", "{}/a"])
def test_folder_is_named_as_it_is_given(
    given: str, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git names its files from the top of the working tree, and in any order."""
    (tree / "a/a/b").mkdir(parents=True)
    lines = (f"warning: could not open directory '{name}/': no" for name in ("a/c", "a/b", "a"))
    fake_git(tree, monkeypatch, "\n".join(lines), "a/")
    folder = Path(given.format(tree if given == "{}/a" else tree.name))
    found, unread = folders.list_files(folder)
    assert found == []
    assert [str(error) for error in unread] == [
        f"{name}: the folder cannot be read: no" for name in (folder, f"{folder}/b", f"{folder}/c")
    ]


def test_folder_that_cannot_be_read_is_named_without_git(
    tree: Path, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    names = sorted(["site", *(f"locked-{number}" for number in range(20))])
    for name in names:
        (tree / name).mkdir(exist_ok=True)
    scan = os.scandir

    def refuse(path: str) -> Any:
        if os.path.basename(path) in names:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    status, _, err = ask("lint", str(tree))
    assert status == 2
    said = "the folder cannot be read: Permission denied"
    refused = [line for line in err.splitlines() if said in line]
    assert refused == [f"oss-emulator: {tree / name}: {said}" for name in names]


COMMANDS_WITH_A_FILE = CASES["commands_with_a_file"]


COMMANDS_OF_THE_SERVER = tuple(CASES["commands_of_the_server"])


def test_missing_input_ends_every_command_with_2(tmp_path: Path, ask: Any) -> None:
    missing, other = str(tmp_path / "missing"), write(tmp_path / "x", "{}")
    commands = [one for one in COMMANDS_WITH_A_FILE if one[0] != "run"]
    for command in (*commands, *COMMANDS_OF_THE_SERVER):
        words = (word.replace("FILE", missing) for word in command)
        status, out, err = ask(*(str(other) if word == "x" else word for word in words))
        assert (status, out, err.count("\n")) == (2, "", 1), command
        assert missing in err


@pytest.mark.parametrize("command", COMMANDS_WITH_A_FILE, ids=lambda command: command[0])
def test_path_that_cannot_be_looked_at_is_one_sentence(
    command: tuple[str, ...], tmp_path: Path, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "x", "{}")
    too_long = "x" * 5000  # it cannot be examined, like a path in an unreadable folder
    status, _, err = ask(*(too_long if word == "FILE" else word for word in command))
    assert status in (1, 2)
    assert err.startswith("oss-emulator: ")
    assert err.count("\n") == 1


def test_resource_in_an_override_file_is_never_judged_alone(tmp_path: Path, ask: Any) -> None:
    text = forms.format(GOOD, RulesForm.HCL)
    main = write(tmp_path / "main.tf", text)
    write(tmp_path / "my_override.tf", text.replace("default", "other"))
    assert ask("lint", str(main))[0] == 0
    for name in ("override.tf", "my_override.tf", "x_override.tf.json"):
        override = write(tmp_path / name, text)
        status, out, err = ask("lint", str(tmp_path), "--fix", "--write")
        assert (status, out) == (2, "")
        assert f"{main}, line 1, column 40: alicloud_oss_bucket_referer.default is in the" in err
        assert f"override file {name}, which Terraform merges with the other files; run " in err
        assert main.read_text() == text
        override.unlink()
