"""The language of commands: how it is chosen, and which texts it changes."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest.mock import Mock

import pytest
from oss_emulator.cli import PROGRAM, build_parser, main
from oss_emulator.texts import FOLDERS
from oss_referer import texts as catalogue
from oss_referer.terminal import language, output
from oss_referer.terminal.formats import Format
from oss_referer.terminal.parser import Parser

from tests.cli.process import environment
from tests.rows import read_cases

CASES = read_cases("unit.cli")


LAB = Path(__file__).parents[3] / "fixtures" / "lab"
CHINESE = re.compile("[\u4e00-\u9fff]")
LONG = "x" * 300
BROKEN, TABLE = str(LAB / "broken.xml"), str(LAB / "site.toml")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        status = main(arguments)
    except SystemExit as end:
        status = int(end.code or 0)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_languages_are_those_of_the_catalogue() -> None:
    assert tuple(catalogue.LANGUAGES) == language.LANGUAGES


@pytest.mark.parametrize(("variables", "chosen"), CASES["locale_chooses_the_language"])
def test_locale_chooses_the_language(
    variables: Mapping[str, str],
    chosen: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    _, out, _ = run(capsys)
    assert ("启动服务" in out) is (chosen == "zh")


@pytest.mark.parametrize("arguments", CASES["flag_may_stand_anywhere"])
def test_flag_may_stand_anywhere(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err == "oss-emulator: no-such.xml：无法读取文件：文件或目录不存在\n"
    assert run(capsys, "lint", "no-such.xml")[2].endswith("No such file or directory\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--lang", "zh", "lnt"), "lnt 不是命令（您是不是要输入 lint？）；参见 oss-emulator --"),
        (("--lang", "fr"), "argument --lang: invalid choice: 'fr' (choose from"),
        (("--lang", "zh", "check"), "缺少参数：RULES；参见 oss-emulator check --help"),
        (
            ("--lang", "zh", "lint", "--formt", "a"),
            "无法识别的参数 --formt（您是不是要输入 --format？）；",
        ),
        (("--lang", "zh", "lint", "--format", "a"), "参数 --format 的取值 'a' 无效，可选："),
        (("--lang",), "argument --lang: expected one argument"),
        (("--versoin",), "unrecognized argument --versoin (did you mean --version?); see"),
        (("-x",), "unrecognized argument -x; see"),
        (("--json", "lint"), "flags are written after the command: oss-emulator COMMAND --json;"),
        (("--region=x", "serve"), "after the command: oss-emulator COMMAND --region; see"),
        (("--verbose", "lint"), "after the command: oss-emulator COMMAND --verbose; see"),
        (
            ("--lang", "zh", "--region", "x", "serve"),
            "参数要写在命令之后：oss-emulator COMMAND --region；参见",
        ),
        (("--versoin", "lint"), "unrecognized argument --versoin (did you mean --version?); see"),
        (("",), "'' is not a command; see"),
        (
            ("lint", "--explain", "open-hots"),
            "argument --explain: 'open-hots' is unknown (did you mean open-host?); see",
        ),
        (
            ("--lang", "zh", "lint", "--ignore", "open-hots", BROKEN),
            "参数 --ignore 的取值 'open-hots' 无效（您是不是要输入 open-host？）；",
        ),
        (
            ("lint", "--ignore", "nosuch", BROKEN),
            "argument --ignore: 'nosuch' is unknown (did you mean one-scheme?); see",
        ),
    ],
)
def test_mistakes_are_reported_in_the_language(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, *arguments)
    assert status == 2
    assert said in err
    assert err.count("\n") == 1


def test_every_line_of_the_list_of_commands_is_translated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = run(capsys, "--lang", "zh")
    lines = [line for line in out.splitlines() if line]
    assert [line for line in lines[1:] if line.isascii() and "[-h]" not in line] == []


def texts(parser: Parser) -> Iterator[str]:
    """Return the texts in the help of a parser."""
    yield parser.description or ""
    for group in parser._action_groups:
        yield group.description or ""
    yield from (action.help or "" for action in parser._actions)


def test_every_text_of_every_help_is_translated() -> None:
    language.choose("zh", FOLDERS)
    try:
        whole = build_parser()
    finally:
        language.choose("en")
    found = [text for parser in (whole, *whole.commands.values()) for text in texts(parser)]
    english = [text for text in found if re.search("[a-z]", text) and not CHINESE.search(text)]
    assert english == []
    assert len(found) > 150


@pytest.mark.parametrize("columns", ["80", "200"])
def test_no_help_is_wider_than_80_columns(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")  # these make Python 3.14 colour its help
    for command in (*PROGRAM.commands, "help"):
        _, before, _ = run(capsys, command, "--help", "--lang", "en")
        _, out, _ = run(capsys, command, "--help", "--lang", "zh")
        lines = (before + out).splitlines()
        assert [line for line in lines if output.width_of(line) > 80] == []
        assert re.findall(r"\x1b|\\x1b", before + out) == []
        assert [line for line in lines if re.match(" *[，。；）]", line)] == []
        assert set(re.findall("--[a-z-]+", before)) == set(re.findall("--[a-z-]+", out))


def test_words_in_place_of_a_command_are_flags(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("version", "-v", "-V"):
        assert run(capsys, word) == run(capsys, "--version")
    assert run(capsys, "help", "--lang", "zh") == run(capsys, "--lang", "zh")
    assert run(capsys, "help", "lint") == run(capsys, "lint", "--help")
    chinese = run(capsys, "lint", "--help", "--lang", "zh")
    assert run(capsys, "--lang", "zh", "help", "lint") == chinese
    assert run(capsys, "help", "--lang", "zh", "lint") == chinese
    assert "lnt is not a command (did you mean lint?)" in run(capsys, "help", "lnt")[2]


GATE = LAB.parents[1] / "examples" / "gate"


def test_gate_and_play_speak_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--max-locked-out", "0", "--format", "markdown", "--lang=zh")
    plan, log = str(GATE / "plan-bad.json"), str(GATE / "access.log")
    status, out, _ = run(capsys, "replay", plan, "--traffic", log, *flags)
    assert (status, out.splitlines()[0]) == (1, "## Referer 规则：阻止，1 项中的 1 项")
    assert "，".join(re.findall(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", out)) == ""
    status, out, _ = run(capsys, "play", "--lang", "zh")
    assert (status, english(out)) == (0, [])
    assert "R-13  一致               由白名单决定\n" in out


def english(text: str) -> list[str]:
    """Return the lines with several English words and no Chinese."""
    return [
        line
        for line in text.splitlines()
        if re.search("[a-z]+ [a-z]+ [a-z]+", line) and not CHINESE.search(line)
    ]


@pytest.mark.parametrize("form", [form for form in Format if form is not Format.TEXT])
@pytest.mark.parametrize(
    "command",
    [
        ("lint", BROKEN),
        ("test", BROKEN, TABLE),
        ("check", BROKEN, "x"),
        ("diff", BROKEN, str(LAB / "corrected.xml")),
        ("scenarios", BROKEN, "--site", "https://www.example.com"),
    ],
    ids=lambda command: command[0],
)
def test_what_programs_read_is_the_same_in_every_language(
    command: tuple[str, ...], form: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    english = run(capsys, *command, "--format", form)
    assert run(capsys, *command, "--format", form, "--lang", "zh") == english


def test_web_page_of_a_replay_is_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, logs = tmp_path / "page.html", str(LAB.parent / "logs")
    arguments = ("replay", str(LAB / "corrected.xml"), "--traffic", logs, "--html", str(page))
    assert run(capsys, *arguments, "--lang", "zh")[0] == 0
    text = page.read_text(encoding="utf-8")
    assert '<html lang="zh">' in text
    assert "<h1>这些规则会带来的变化</h1>" in text
    assert "不匹配任何白名单条目。" in text


def test_command_of_run_keeps_its_own_flag(capfd: pytest.CaptureFixture[str]) -> None:
    code = "import sys; print(sys.argv[1:])"
    assert main(["run", sys.executable, "-c", code, "--lang", "zh"]) == 0
    assert capfd.readouterr().out == "['--lang', 'zh']\n"


def test_terminal_without_chinese_letters_gets_their_numbers() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "oss_emulator", "--lang", "zh"],
        capture_output=True,
        text=True,
        env=environment(PYTHONIOENCODING="ascii"),
        check=True,
    )
    assert "\\u542f\\u52a8" in done.stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("translate", "--to", "cdn", BROKEN), "警告：CDN "),
        (("play", BROKEN), f"{BROKEN}，第 1 行第 1 列：不是有效的 JSON：此处应为一个值\n"),
        (("run", "--seed", "no.toml", "--", "true"), "无法读取种子 no.toml：文件或目录不存在。"),
        (("run", "--accounts", BROKEN, "--", "true"), f"账号文件 {BROKEN}，第 1 行第 1 列：不是"),
        (("run", "--data", "link", "--", "true"), "无法使用 link：文件已存在\n"),
        (("run", "--data", "file/x", "--", "true"), " file/x/sts.key：不是目录。\n"),
        (("run", "--ca-file", LONG, "--", "true"), f"无法写入 {LONG}：文件名过长\n"),
        (("replay", BROKEN, "--traffic", BROKEN), "字段 time 缺失或格式不正确"),
        (("serve", "--port", "0", "--host", "a.test"), "无法解析主机名；请用 --port 或 --host"),
        (("serve", "--region=oss-cn-hangzhou"), "--region: 'oss-cn-hangzhou' 不是地域，请写成"),
        (("serve", "--domain=.a.test"), "--domain: '.a.test' 不是域名，请写成"),
        (("serve", "--access-key-id="), "--access-key-id: '' 为空，请填写取值，或者去掉该"),
        (("serve", "--preload=a=A"), "'A' 不是 Bucket 名称：名称由 3 至 63 个小写"),
        (("lint", "oss://A"), "小写字母、数字和中间的连字符组成；请写成 oss://BUCKET"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_reason_of_an_error_is_in_chinese(
    command: tuple[str, ...],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    monkeypatch.setattr(socket, "getaddrinfo", Mock(side_effect=unknown))
    _, _, err = run(capsys, "--lang", "zh", *command)
    assert said in err
    assert english(err) == []
