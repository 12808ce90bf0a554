"""Rules that the lab reads, and every command on random and damaged input."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from oss_emulator.cli import main
from oss_referer import RefererConfiguration
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm

from tests.referer.lint.random_rules import rules, seeded
from tests.rows import read_cases
from tests.thorough import cases

CASES = read_cases("cli")

ROOT = "<RefererConfiguration>\n  {}\n</RefererConfiguration>"
FLAG = "<AllowEmptyReferer>true</AllowEmptyReferer>"
BAD: dict[str, tuple[bytes, str]] = {
    "not.xml": (b"hello", "line 1, column 1: "),
    "root.xml": (b"\n <Foo/>", "line 2, column 2: the root element is Foo"),
    "unknown.xml": (ROOT.format("<Refererlist/>").encode(), "line 2, column 3: Refererlist is unk"),
    "type.xml": (
        ROOT.format("<AllowEmptyReferer>1</AllowEmptyReferer>").encode(),
        "line 2, column 3: ",
    ),
    "big.xml": (b"<!--" + b"a" * 10 * 1024 * 1024, "line 1, column 2097153: "),
    "encoding.xml": (ROOT.format(f"{FLAG}ä").encode("latin-1"), "line 2, column 46: the byte 0xe4"),
    "empty.xml": (b"", "line 1, column 1: "),
    "bad.json": (b"{\n  hello\n}", "line 2, column 3: this is not valid JSON"),
    "type.json": (b'{"AllowEmptyReferer": 3}', "line 1, column 2: AllowEmptyReferer is 3"),
    "bad.toml": (b"[rules.a]\na = ", "line 2, column 5: this is not valid TOML"),
    "none.txt": (b"hello", "line 1, column 1: the document is neither XML nor JSON nor HCL"),
}


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must exit with 2 and return its sentence."""

    def run(*arguments: str) -> str:
        try:
            status = main(arguments)
        except SystemExit as end:
            status = int(str(end.code))
        printed = capsys.readouterr()
        assert status == 2
        assert printed.out == ""
        assert re.fullmatch(r"oss-emulator[ a-z]*: .+\n", printed.err), printed.err
        return printed.err

    return run


@pytest.mark.parametrize("name", BAD)
def test_bad_file(refuse: Callable[..., str], tmp_path: Path, name: str) -> None:
    content, where = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    assert f"{path}, {where}" in refuse("lint", str(path))


HOSTS = """# ours
www.example.com   # without a scheme
https://www.example.com/
"""
LISTED = "hosts.txt: a list of entries (whitelist: 2, blacklist: {})"
EMPTY = "; AllowEmptyReferer is true unless --no-allow-empty is given (R-15)"


@pytest.fixture
def ask(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run a command beside a list of hosts; return its status and what it printed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hosts.txt").write_text(HOSTS)
    (tmp_path / "bad.txt").write_text('["https://*/*.example.com/"]')
    rules = RefererConfiguration(False, whitelist=("www.example.com", "https://www.example.com/"))
    (tmp_path / "rules.xml").write_text(forms.format(rules, RulesForm.XML))
    (tmp_path / "main.tf").write_text(forms.format(rules, RulesForm.HCL))

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        return (status, *capsys.readouterr())

    return run


@pytest.mark.parametrize(("arguments", "status", "words"), CASES["list_is_taken_for_rules"])
def test_list_is_taken_for_rules(
    ask: Any, arguments: tuple[str, ...], status: int, words: str
) -> None:
    found, out, errors = ask(*arguments)
    assert (found, words in out) == (status, True), (out, errors)
    is_said = "--json" not in arguments
    count = "1" if "--blacklist" in arguments else "0"
    empty = "" if "--no-allow-empty" in arguments else EMPTY
    assert (LISTED.format(count) + empty + "\n" in errors) is is_said


@pytest.mark.parametrize("arguments", CASES["flags_for_lists_are_refused_without_a_list"])
def test_flags_for_lists_are_refused_without_a_list(ask: Any, arguments: tuple[str, ...]) -> None:
    status, out, errors = ask(*arguments)
    assert (status, out) == (2, "")
    assert "which are for a list of entries" in errors


def test_lines_of_a_list_are_corrected_in_place(ask: Any, tmp_path: Path) -> None:
    assert ask("lint", "hosts.txt", "--no-allow-empty")[1].startswith(
        "error missing-scheme  line 2"
    )
    ask("lint", "hosts.txt", "--fix", "--write", "--no-allow-empty", "--blacklist", "bad.txt")
    assert (tmp_path / "hosts.txt").read_text() == (
        "# ours\nhttp://www.example.com/   # without a scheme\nhttps://www.example.com/\n"
    )


def test_correction_that_a_list_cannot_say_is_printed_as_xml(ask: Any, tmp_path: Path) -> None:
    path = tmp_path / "hosts.txt"
    path.write_text("https://*.example.com/\n")
    fix = "lint", "hosts.txt", "--fix", "--unsafe-fixes"
    _, out, errors = ask(*fix)
    assert out.startswith("<?xml")
    assert "Not written back: a list has only a whitelist." in errors
    assert ask(*fix, "--write")[0] == 2
    assert path.read_text() == "https://*.example.com/\n"


def test_diff_says_where_the_switch_of_terraform_comes_from(ask: Any) -> None:
    assert "R-38" not in ask("diff", "rules.xml", "hosts.txt")[1]
    path = Path("main.tf")
    path.write_text(re.sub(r".*allow_truncate_query_string.*\n", "", path.read_text()))
    said = "AllowTruncateQueryString is true in the old rules and false in the new ones; Terraform "
    assert said in ask("diff", "rules.xml", "main.tf")[1]


def test_blacklist_of_a_list_is_a_list(ask: Any) -> None:
    status, out, errors = ask("lint", "hosts.txt", "--blacklist", "rules.xml")
    assert (status, out) == (2, "")
    assert "rules.xml, line 1, column 1: --blacklist needs a list of entries" in errors


COMMANDS = CASES["commands"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("json", [False, True], ids=["words", "json"])
def test_each_command_reports_bad_rules(
    refuse: Callable[..., str], tmp_path: Path, command: tuple[str, ...], json: bool
) -> None:
    path = tmp_path / "rules.xml"
    path.write_bytes(b"<a>")
    arguments = [argument.format(path) for argument in command] + ["--json"] * json
    assert f"{path}, line 1, column " in refuse(*arguments)


def test_missing_file_is_reported(refuse: Callable[..., str], tmp_path: Path) -> None:
    assert "nothing.xml: the file cannot be read: No such file" in refuse(
        "lint", str(tmp_path / "nothing.xml")
    )
    assert "the file cannot be read: Is a directory" in refuse("check", str(tmp_path), "a")


def test_one_of_several_rules_must_be_selected(
    refuse: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("[rules.a]\nwhitelist = ['*']\n[rules.b]\n")
    assert f"write {path}#NAME with one of a, b" in refuse("check", str(path), "--no-referer")
    assert "the rules 'c' do not exist; use one of a, b" in refuse("lint", f"{path}#c")
    assert main(["check", f"{path}#a", "--referer", "https://a.test/"]) == 0
    assert "entry       *\n" in capsys.readouterr().out


def test_file_name_may_contain_a_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rules#1.toml"
    path.write_text("whitelist = ['https://a.test/']\n")
    assert main(["check", str(path), "--referer", "https://a.test/"]) == 0
    assert capsys.readouterr().out.startswith("ALLOWED")


@pytest.mark.parametrize(("arguments", "words"), CASES["bad_arguments"])
def test_bad_arguments(
    refuse: Callable[..., str],
    arguments: tuple[str, ...],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert words in refuse(*arguments)


@pytest.mark.parametrize(("text", "words"), CASES["bad_table"])
def test_bad_table(refuse: Callable[..., str], tmp_path: Path, text: str, words: str) -> None:
    rules, table = tmp_path / "rules.toml", tmp_path / "table.toml"
    rules.write_text("[rules.a]\n")
    table.write_text(text)
    message = refuse("test", str(rules), str(table))
    assert str(table) in message
    assert words in message


@pytest.mark.parametrize("argument", ["rules.xml", "rules.toml#a", "-", "oss://examplebucket"])
@pytest.mark.parametrize(("language", "words"), [("en", "TABLE is missing"), ("zh", "缺少用例表")])
def test_rules_without_a_table_say_what_is_missing(
    refuse: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    argument: str,
    language: str,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.xml").write_text("<RefererConfiguration/>")
    Path("rules.toml").write_text("[rules.a]\n")
    message = refuse("test", argument, "--lang", language)
    assert words in message
    assert message.endswith(f"oss-emulator test {shlex.quote(argument)} TABLE\n")


def test_bad_rules_of_another_system(refuse: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "nginx.conf"
    path.write_text("\n valid_referers none")
    message = refuse("translate", "--from", "nginx", str(path))
    assert f"{path}, line 2, column 2: the directive valid_referers is not ended" in message
    path.write_bytes(b"a\xe4")
    message = refuse("translate", "--from", "nginx", str(path))
    assert f"{path}, line 1, column 2: the byte 0xe4 is not valid UTF-8" in message


def test_result_that_a_form_cannot_represent_is_reported(
    refuse: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "cdn.json"
    domains = {"argName": "refer_domain_allow_list", "argValue": "a\u0001b"}
    function = {"functionName": "referer_white_list_set", "functionArgs": [domains]}
    path.write_text(json.dumps([function]))
    message = refuse("translate", "--from", "cdn", str(path))
    assert "the result cannot be written as xml" in message
    path.write_text(f'whitelist = ["{"a" * 5_000}"]')
    message = refuse("translate", "--to", "nginx", str(path))
    assert "the result cannot be written as nginx: nginx reads at most 4,093 bytes" in message


@pytest.mark.parametrize("command", CASES["file_without_an_end_is_refused"])
def test_file_without_an_end_is_refused(
    refuse: Callable[..., str], tmp_path: Path, command: str
) -> None:
    """Every file that a command reads has a size limit."""
    places = {"FILE": "/dev/zero", "FOLDER": str(tmp_path / "new")}
    words = (places.get(word, word) for word in command.split())
    assert places["FILE"] in refuse(*words)


def test_file_without_referers_is_an_error(refuse: Callable[..., str], tmp_path: Path) -> None:
    rules, referers = tmp_path / "rules.toml", tmp_path / "referers.txt"
    rules.write_text("[rules.a]\n")
    referers.write_bytes(b"")
    message = refuse("diff", str(rules), str(rules), "--referers", str(referers))
    assert f"{referers}: there are no Referers; write one on each line" in message


# --- every command of the rule lab on random and damaged input: an answer, or one error in a line


RANDOM_FORMS = (RulesForm.XML, RulesForm.JSON, RulesForm.TOML)
SITE = "https://www.example.com/"

FUZZED: dict[str, Callable[[str, str, str], tuple[str, ...]]] = {
    "check": lambda rules, _, __: ("check", rules, "--referer", SITE, "", "http://\udcff?"),
    "test": lambda rules, _, __: ("test", rules),
    "lint": lambda rules, _, __: ("lint", rules),
    "lint --fix": lambda rules, _, __: ("lint", rules, "--fix"),
    "lint --format sarif": lambda rules, _, __: ("lint", rules, "--format", "sarif"),
    "diff": lambda rules, other, referers: ("diff", rules, other, "--referers", referers),
    "scenarios": lambda rules, _, __: ("scenarios", rules, "--site", SITE),
    "translate": lambda rules, _, __: ("translate", rules, "--to", "nginx"),
    "translate --from": lambda rules, _, __: ("translate", rules, "--from", "nginx"),
}


NOT_ANSWERED = {"test", "translate --from"}
"""The commands that accept no rules at this place."""


@pytest.fixture
def ask_for_errors(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in this process and returns its status and its errors."""

    def run(*arguments: str) -> tuple[int, str]:
        try:
            status = main(arguments)
        except SystemExit as end:
            status = int(end.code or 0)
        return status, capsys.readouterr().err

    return run


def damage(random: Random, document: bytes) -> bytes:
    """Return a document with a few bytes replaced, removed or repeated."""
    data = bytearray(document)
    for _ in range(random.randrange(1, 6)):
        place = random.randrange(len(data) + 1)
        new = random.choice([b"", b"\xff", b"\x00", b"<", b'"', b"]", b"&#0;", data[:40]])
        data[place : place + random.randrange(4)] = new
    return bytes(data)


def format_rules(random: Random) -> bytes:
    """Format random rules; if no form can hold them, return rules without entries."""
    try:
        return forms.format(rules(random), random.choice(RANDOM_FORMS)).encode()
    except ValueError:
        return b"whitelist = []\n"


@pytest.mark.thorough
@pytest.mark.parametrize("command", FUZZED)
def test_every_command_ends_well(ask_for_errors: Any, tmp_path: Path, command: str) -> None:
    first, second, referers = (tmp_path / name for name in ("first", "second", "referers"))
    ended = set()
    for seed in range(cases(8, 24)):
        random = seeded(seed)
        documents = [format_rules(random) for _ in range(2)]
        if seed % 2:
            documents[0] = damage(random, documents[0])
        first.write_bytes(documents[0])
        second.write_bytes(documents[1])
        lines = b"https://www.example.com/\n\nhttp://a/?b\n"
        referers.write_bytes(damage(random, lines) if seed % 3 == 0 else lines)
        arguments = FUZZED[command](str(first), str(second), str(referers))
        status, errors = ask_for_errors(*arguments)
        assert status in (0, 1, 2), (seed, arguments)
        ended.add(status)
        if status == 2:
            assert errors.startswith("oss-emulator"), (seed, errors)
            assert errors.count("\n") == 1, (seed, errors)
    assert ended - {2} or command in NOT_ANSWERED
