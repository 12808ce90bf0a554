"""`lint`: its formats, and `--fix`, which prints or writes corrected rules."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from oss_referer.sources import forms
from oss_referer.terminal.output import width_of
from oss_referer.terminal.project import SERVER_NAMES

from tests.cli.refusal import refuse
from tests.rows import read_cases, rows

CASES = read_cases("cli")

ROOT = Path(__file__).parents[2]
BROKEN = ROOT / "fixtures" / "lab" / "broken.xml"


def test_wildcard_for_sub_domains_is_one_finding(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('allow_empty_referer = false\nwhitelist = ["*.example.com"]\n')
    _, out, _ = ask("lint", str(file), "--json")
    (finding,) = json.loads(out)
    assert finding["add_to_blacklist"] == ["https://*/*.example.com/", "http://*/*.example.com/"]
    assert finding["instead"] == [
        "https://*.example.com/",
        "https://example.com/",
        "http://*.example.com/",
        "http://example.com/",
    ]
    assert finding["line"] == 2


def test_what_holds_for_nearly_all_rules_is_one_line(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('allow_empty_referer = false\nwhitelist = ["https://www.example.com/"]\n')
    status, out, _ = ask("lint", str(file))
    assert status == 0
    assert out == (
        "As with nearly all rules: cdn-in-front, console-preview, mini-program, "
        "video-second-request (--all shows them)\nNothing to correct.\n"
    )
    assert json.loads(ask("lint", str(file), "--json")[1]) == []
    status, out, _ = ask("lint", str(file), "--all")
    assert status == 0
    assert "Good to know\n" in out
    assert out.count("  [") == 4


def test_documented_recipe_has_only_notes(ask: Any, tmp_path: Path) -> None:
    """R-14: `*` with a blacklist is meant."""
    file = tmp_path / "rules.toml"
    black = '["https://thief.example/", "http://thief.example/"]'
    file.write_text(f'allow_empty_referer = false\nwhitelist = ["*"]\nblacklist = {black}\n')
    status, out, _ = ask("lint", str(file))
    assert status == 0
    assert "(R-14)" in out
    assert "[blacklist-only]" in out


def test_question_stands_before_its_answers_and_can_be_accepted(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    entries = '["*", "https://www.example.com/", "^https://img\\\\.example\\\\.com"]'
    file.write_text(f"allow_empty_referer = false\nwhitelist = {entries}\n")
    status, out, _ = ask("lint", str(file))
    assert status == 1
    assert (
        "  decide    It is a guess at what was meant.\n"
        "  answers   write it so\n"
        "              https://img.example.com/\n"
        "            remove it\n"
    ) in out
    assert "Questions: 2. Until you answer, the entries stay" in out
    accepted = "--ignore", "matches-all", "--ignore", "regular-expression"
    status, out, _ = ask("lint", str(file), *accepted)
    assert status == 0
    assert "Accepted: matches-all, regular-expression\n" in out


def test_missing_rules_are_reported(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[rules.a]\n")
    status, out, _ = ask("lint", str(file))
    assert status == 0
    assert "There are no rules, so every site is allowed.  [no-rules]" in out


def test_formats_name_file_and_line(ask: Any) -> None:
    status, out, _ = ask("lint", str(BROKEN), "--format", "github")
    assert status == 1
    assert out.startswith(f"::error file={BROKEN},line=5,col=14,title=missing-scheme::")
    status, out, _ = ask("lint", str(BROKEN), "--format", "sarif")
    assert status == 1
    first = json.loads(out)["runs"][0]["results"][0]
    assert first["locations"][0]["physicalLocation"]["region"]["startLine"] == 5


def test_fix_prints_rules_and_says_what_changes_for_whom(ask: Any, tmp_path: Path) -> None:
    status, out, errors = ask("lint", str(BROKEN), "--fix", "--unsafe-fixes")
    assert status == 0
    corrected = tmp_path / "corrected.xml"
    corrected.write_text(out, encoding="utf-8")
    assert ask("lint", str(corrected))[0] == 0
    for words in (
        f"--- {BROKEN}\n",
        "-    <Referer>www.example.com</Referer>\n",
        "let in by the new rules\n",
        "locked out by the new rules\n",
        "http://www.example.com.evil.test/",
        "Good to know",
    ):
        assert words in errors
    answer = json.loads(ask("lint", str(BROKEN), "--fix", "--unsafe-fixes", "--json")[1])
    assert answer["rules"] == out
    assert [item["rule"] for item in answer["left"]] == ["empty-allowed"]
    assert answer["unsafe"] == []
    assert answer["proof"]["equivalent"] is False


def test_first_answers_are_given_and_named(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('allow_empty_referer = false\nwhitelist = ["*", "https://www.example.com/"]\n')
    status, out, errors = ask("lint", str(file), "--fix", "--unsafe-fixes")
    assert (status, "*" in out) == (0, False)
    assert errors.startswith(
        "Answered with the first answer\n"
        "  matches-all *: It lets in everybody, so the other entries have no effect.\n"
    )


@rows("others", (), (str(BROKEN),))
def test_fix_does_not_write_standard_input(others: tuple[str, ...]) -> None:
    said = refuse("lint", "--fix", "--write", "-", *others)
    assert "--write takes files; print the corrected rules of standard input with" in said


def test_fix_writes_the_file_and_keeps_its_mode(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.xml"
    shutil.copy(BROKEN, file)
    file.chmod(0o640)
    status, out, errors = ask("lint", str(file), "--fix", "--unsafe-fixes", "--write")
    assert (status, errors) == (0, "")
    assert f"--- {file}\n" in out
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.read_text() == ask("lint", str(BROKEN), "--fix", "--unsafe-fixes")[1]
    assert [item.name for item in tmp_path.iterdir()] == ["rules.xml"]
    before = file.read_bytes()
    status, out, _ = ask("lint", str(file), "--fix", "--write")
    assert (status, file.read_bytes()) == (0, before)
    assert "equivalent" in out


def test_fix_that_cannot_be_written_leaves_the_file_and_nothing_else(
    ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rules.xml"
    shutil.copy(BROKEN, file)

    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    status, _, errors = ask("lint", str(file), "--fix", "--write")
    assert status == 2
    assert f"{file}: the file cannot be written: No space left on device" in errors
    assert file.read_bytes() == BROKEN.read_bytes()
    assert [item.name for item in tmp_path.iterdir()] == ["rules.xml"]


def test_fix_does_nothing_that_is_not_safe(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('allow_empty_referer = true\nwhitelist = ["https://www.example.com/album/"]\n')
    before = file.read_bytes()
    status, out, _ = ask("lint", str(file), "--fix", "--write")
    assert (status, file.read_bytes()) == (1, before)
    assert "decide    It names the whole host, and not only the path.\n" in out
    assert "AllowEmptyReferer is true" in out
    assert "Questions: 1. Until you answer, the entries stay" in out


def test_fix_leaves_decisions_and_ends_with_1(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    entries = '["https://*.github.io/", "www.example.com"]'
    file.write_text(f"allow_empty_referer = false\nwhitelist = {entries}\n")
    status, out, errors = ask("lint", str(file), "--fix")
    assert status == 1
    assert "https://*.github.io/" in out
    assert "https://www.example.com/" in out
    assert "decide    It may let in others: anybody can have a host there.\n" in errors
    assert ask("lint", str(file), "--fix", "--ignore", "wildcard-domain")[0] == 0


def test_one_of_several_rules_is_written_back(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "seed.toml"
    shutil.copy(ROOT / "emulator" / "oss_emulator" / "demo.toml", file)
    before = file.read_text(encoding="utf-8").replace('.com/", "https', '.com", "https')
    file.write_text(before, encoding="utf-8")
    names = list(forms.parse(before.encode()))
    status, out, _ = ask("lint", f"{file}#{names[0]}", "--fix", "--unsafe-fixes", "--write")
    assert status == 0
    assert "---" in out
    after = file.read_text(encoding="utf-8")
    assert after != before
    assert list(forms.parse(after.encode())) == names
    comments = re.findall(r"^#.*$", before, re.MULTILINE)
    assert re.findall(r"^#.*$", after, re.MULTILINE) == comments


@pytest.mark.parametrize(("arguments", "words"), CASES["what_cannot_be_done_is_one_sentence"])
def test_what_cannot_be_done_is_one_sentence(
    ask: Any, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    inline = tmp_path / "inline.toml"
    inline.write_text('rules = {a = {whitelist = ["a.example"]}}\n')
    files = {"RULES": str(BROKEN), "INLINE": f"{inline}#a"}
    status, out, errors = ask("lint", *(files.get(item, item) for item in arguments))
    assert (status, out, errors.count("\n")) == (2, "", 1)
    assert words in errors


def test_rules_that_cannot_be_written_back_are_printed(ask: Any, tmp_path: Path) -> None:
    inline = tmp_path / "inline.toml"
    inline.write_text('rules = {a = {whitelist = ["a.example"]}}\n')
    status, out, errors = ask("lint", f"{inline}#a", "--fix")
    assert status == 0
    assert "https://a.example/" in out
    assert "Not written back: " in errors


@pytest.mark.parametrize("rich", [True, False], ids=["rich", "plain"])
def test_no_word_is_broken_at_80_columns(
    ask: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rich: bool
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    if not rich:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    host = "http://" + "a-very-long-name." * 3 + "example.com/"
    file = tmp_path / "rules.toml"
    file.write_text(f'whitelist = ["{host}", "http://www.example.com", "*.example.org"]\n')
    name = str(file)
    for command in (("lint", name), ("lint", name, "--fix"), ("diff", name, str(BROKEN))):
        _, out, errors = ask(*command)
        text = re.sub(r"\x1b\[[0-9;]*m", "", out + errors)
        for line in text.splitlines():
            is_text = line.startswith(("+", "-", " ", "@@")) or not line
            assert len(line) <= 80 or " " not in line.strip() or is_text, line
        assert host.removesuffix("/") in text


def test_wrapped_line_has_no_space_in_an_81st_column(
    ask: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    file = tmp_path / "rules.toml"
    file.write_text('whitelist = ["https://*.github.io/"]\n')
    _, out, errors = ask("lint", str(file))
    text = re.sub(r"\x1b\[[0-9;]*m", "", out + errors)
    assert [line for line in text.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_explanation_is_as_narrow_as_the_terminal(
    ask: Any, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = ask("lint", "--explain", "open-host", "--lang", language)
    assert [line for line in out.splitlines() if width_of(line) > 80] == []


def test_large_input_is_answered(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    entries = ", ".join(f'"{"www" * 20}{number}.example.com"' for number in range(130))
    file.write_text(f"allow_empty_referer = false\nwhitelist = [{entries}]\n")
    status, out, _ = ask("lint", str(file))
    assert status == 1
    assert "110 more (--all shows them)" in out
    _, _, errors = ask("lint", str(file), "--fix")
    assert "All corrections together need 21,490 bytes, and a bucket accepts 20,480" in errors


def test_answer_of_the_service_is_corrected_and_not_written(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "answer.txt"
    file.write_bytes(b"HTTP/1.1 200 OK\r\nServer: AliyunOSS\r\n\r\n" + BROKEN.read_bytes())
    status, out, errors = ask("lint", str(file), "--fix", "--unsafe-fixes")
    assert status == 0
    assert out.startswith("<?xml")
    assert "Not written back: " in errors


@pytest.mark.parametrize(
    ("rules", "rule", "lines"), CASES["entry_that_stays_is_not_shown_as_its_correction"]
)
def test_entry_that_stays_is_not_shown_as_its_correction(
    ask: Any, tmp_path: Path, rules: dict[str, list[str]], rule: str, lines: list[str]
) -> None:
    path = tmp_path / "rules.toml"
    text = "".join(f"{name} = {json.dumps(entries)}\n" for name, entries in rules.items())
    path.write_text(f"allow_empty_referer = false\n{text}", encoding="utf-8")
    out = ask("lint", str(path))[1]
    (finding,) = [part for part in out.split("\n\n") if f" {rule}  " in part]
    assert "\n".join(lines) in finding
    assert finding.count("\n") == 2 + len(lines)


def test_fix_keeps_the_byte_order_mark_and_mixed_line_ends(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    begin = b"\xef\xbb\xbf# the rules\r\nallow_empty_referer = false\nwhitelist = ["
    file.write_bytes(begin + b'"https://www.example.com"]\r\n# the end\n')
    status, _, _ = ask("lint", str(file), "--fix", "--write")
    assert status == 0
    assert file.read_bytes() == begin + b'"https://www.example.com/"]\r\n# the end\n'


# --- settings of a project

MISSING = "<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList>"
MISSING += "<Referer>http://www.example.com</Referer></RefererList></RefererConfiguration>"


def project(folder: Path, settings: str, name: str = "pyproject.toml") -> Path:
    """Write a project, and return a file with rules in it that have an error and a warning."""
    rules = folder / "sub" / "rules.xml"
    rules.parent.mkdir(parents=True, exist_ok=True)
    rules.write_text(MISSING)
    (folder / name).write_text(settings)
    return rules


@rows(
    "settings, accepted",
    ("[tool.oss-emulator.lint]\nignore = ['open-host']\n", {"open-host"}),
    ("[tool.oss-emulator.lint.per-file-ignores]\n'rules.xml' = ['open-host']\n", {"open-host"}),
    ("[tool.oss-emulator.lint.per-file-ignores]\n'sub/*.xml' = ['open-host']\n", {"open-host"}),
    ("[tool.oss-emulator.lint.per-file-ignores]\n'*.json' = ['open-host']\n", set()),
    ("[tool.oss-emulator.lint]\n[tool.oss-emulator]\nport = 1\n", set()),
    ("[tool.other]\n", set()),
)
def test_project_accepts_what_rules_of_the_linter_find(
    ask: Any, tmp_path: Path, settings: str, accepted: set[str]
) -> None:
    folder = tmp_path / str(abs(hash(settings)))
    rules = project(folder, settings)
    _, out, err = ask("lint", str(rules), "--ignore", "only-http", "--json")
    found = {finding["rule"] for finding in json.loads(out)}
    assert err == ""
    assert "only-http" not in found
    assert ("open-host" in found) is ("open-host" not in accepted)
    said = f"Accepted: {', '.join(sorted({*accepted, 'only-http'}))}\n"
    assert said in ask("lint", str(rules), "--ignore", "only-http")[1]


def test_folder_above_that_may_not_be_searched_has_no_settings(
    ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = project(tmp_path, "[tool.oss-emulator.lint]\nignore = ['open-host']\n")
    stat = os.stat

    def refuse(path: Any, **options: Any) -> os.stat_result:
        if os.path.dirname(os.fspath(path)) == str(tmp_path):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", refuse)
    assert "error open-host" in ask("lint", str(rules))[1]


def test_nearest_project_counts_and_its_sites_are_followed(
    ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, "[lint]\nignore = ['open-host']\n", "oss-emulator.toml")
    rules = project(tmp_path / "inner", "[tool.oss-emulator.lint]\nsite = ['*.example.com']\n")
    _, out, _ = ask("lint", str(rules))
    assert "error open-host" in out
    assert "Accepted" not in out
    assert "Sites taken from the entries" not in out
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert ask("lint", "../inner/sub/rules.xml")[1] == out
    assert (
        "Sites taken"
        in ask("lint", str(project(tmp_path / "other", "[tool.oss-emulator.lint]\n")))[1]
    )


@rows("settings, said", *CASES["mistake_in_the_settings_names_what_is_right"])
def test_mistake_in_the_settings_names_what_is_right(
    ask: Any, tmp_path: Path, settings: str, said: str
) -> None:
    rules = project(tmp_path / str(abs(hash(settings))), settings, "oss-emulator.toml")
    status, out, err = ask("lint", str(rules))
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert f"{rules.parents[1] / 'oss-emulator.toml'}, line " in err
    assert said in err


def test_settings_of_the_server_are_accepted(ask: Any, tmp_path: Path) -> None:
    lines = "".join(f"{name} = 1\n" for name in sorted(SERVER_NAMES))
    rules = project(tmp_path, lines, "oss-emulator.toml")
    assert ask("lint", str(rules)) == ask("lint", str(project(tmp_path / "none", "")))
