"""The commands of the rule lab: answers in words, JSON and other formats, and buckets."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from lxml import etree
from oss_emulator.cli import main
from oss_referer.sources import forms
from oss_referer.terminal.formats import Format

from tests.cli.process import EMULATOR, environment
from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, PATIENCE, Live
from tests.rows import read_cases, rows

CASES = read_cases("cli")

ROOT = Path(__file__).parents[2]
LAB = ROOT / "fixtures" / "lab"
BROKEN, CORRECTED = str(LAB / "broken.xml"), str(LAB / "corrected.xml")
TABLE = str(LAB / "site.toml")
SITE = "https://www.example.com/"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("check", CORRECTED, "--referer", SITE), 0),
        (("check", CORRECTED, "--referer", SITE, "https://evil.test/"), 1),
        (("check", CORRECTED, "--no-referer"), 1),
        (("check", CORRECTED, "--no-referer", "--signed", "header"), 0),
        (("check", CORRECTED, "--no-referer", "--signed", "url"), 1),
        (("check", CORRECTED, "--no-referer", "--signed", "url", "--method", "put"), 0),
        (("test", CORRECTED, TABLE), 1),
        (("test", CORRECTED, TABLE, "--partial"), 0),
        (("test", BROKEN, TABLE), 1),
        (("test", str(ROOT / "fixtures" / "referer" / "order.toml"), "--partial"), 0),
        (("test", str(ROOT / "fixtures" / "referer" / "order.toml")), 1),
        (("lint", CORRECTED), 0),
        (("lint", BROKEN), 1),
        (("lint", "--list"), 0),
        (("diff", BROKEN, CORRECTED), 1),
        (("diff", BROKEN, BROKEN), 0),
        (("translate", "--from", "nginx", str(LAB / "nginx.conf")), 0),
        (("translate", "--from", "nginx", str(LAB / "nginx.conf"), "--exact"), 1),
        (("translate", "--to", "cdn", CORRECTED), 0),
        (("scenarios", CORRECTED, "--site", SITE, "--partner", "https://example.org"), 0),
        (("scenarios", CORRECTED, "--site", SITE), 1),
        (("scenarios", BROKEN, "--site", SITE), 1),
    ],
    ids=lambda value: " ".join(map(os.path.basename, value)) if isinstance(value, tuple) else "",
)
def test_exit_status_is_the_same_with_json(
    ask: Any, arguments: tuple[str, ...], status: int
) -> None:
    in_words, words, _ = ask(*arguments)
    in_json, document, errors = ask(*arguments, "--json")
    assert (in_words, in_json) == (status, status)
    assert words.strip()
    assert "\x1b" not in words  # plain, as this is not a terminal
    json.loads(document)
    assert errors == ""


def test_check_shows_the_whole_decision(ask: Any) -> None:
    _, out, _ = ask("check", CORRECTED, "--referer", f"{SITE}a?b")
    assert out.splitlines()[0] == f"ALLOWED  {SITE}a?b"
    for words in ("whitelisted", f"compared as {SITE}a\n", "documented", "R-26", "R-13"):
        assert words in out
    _, out, _ = ask("check", CORRECTED, "--referer", SITE.upper(), "--json")
    (decision,) = json.loads(out)
    assert decision["sent"] == SITE.upper()
    assert (decision["allowed"], decision["ec"]) == (False, "0003-00000503")
    assert (decision["basis"], decision["assumed"]) == ("assumed", ["R-24"])
    _, out, _ = ask("check", CORRECTED, "--referer", SITE.upper())
    assert "assumed, not documented: upper and lower case differ" in out


def test_test_shows_failures_and_untouched_entries(ask: Any, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    _, out, _ = ask("test", BROKEN, TABLE, "--junit", str(report))
    assert "0 passed, 5 failed" in out
    assert "verdict: expected 'allow', was 'deny'" in out
    assert "whitelist entry 1: www.example.com" in out
    assert etree.parse(report).getroot()[0].get("failures") == "5"
    _, out, _ = ask("test", CORRECTED, TABLE, "--json")
    answer = json.loads(out)
    assert answer["passed"] is True
    assert [item["position"] for item in answer["untouched"]] == [1, 2]


def test_entry_is_untouched_if_no_table_touches_it(ask: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(
        '[[case]]\nname = "a"\nreferer = "http://www.example.com/"\nverdict = "allow"\n'
    )
    _, out, _ = ask("test", CORRECTED, TABLE, str(other), "--json")
    assert [item["entry"] for item in json.loads(out)["untouched"]] == ["https://example.org/"]


def test_several_rules_decide_the_cases_that_name_them(ask: Any) -> None:
    table = str(ROOT / "fixtures" / "referer" / "order.toml")
    assert ask("test", table, table, "--partial")[0] == 0


def test_lint_ignores_and_explains_rules(ask: Any) -> None:
    _, out, _ = ask("lint", BROKEN, "--ignore", "open-host", "--json")
    found = {finding["rule"] for finding in json.loads(out)}
    assert "missing-scheme" in found
    assert "open-host" not in found
    _, out, _ = ask("lint", "--explain", "open-host")
    assert out.startswith("open-host (error)\n\nA host that does not end in `/`")
    status, _, errors = ask("lint")
    assert (status, errors.count("\n")) == (2, 1)


def test_diff_by_given_referers(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "referers.txt"
    file.write_text(f"{SITE}\n\nhttps://evil.test/\n")
    status, out, _ = ask("diff", BROKEN, CORRECTED, "--referers", str(file), "--json")
    answer = json.loads(out)
    assert (status, answer["tried"], answer["certainty"]) == (1, 3, "given")
    assert [change["referer"] for change in answer["changes"]] == [SITE, None]


def test_diff_shows_few_changes_or_all(ask: Any) -> None:
    _, few, _ = ask("diff", BROKEN, CORRECTED)
    _, every, _ = ask("diff", BROKEN, CORRECTED, "--all")
    _, document, _ = ask("diff", BROKEN, CORRECTED, "--json")
    changes = json.loads(document)["changes"]
    assert "http://www.example.com.evil.test/" in few
    assert "more (--all shows them)" in few
    assert all(change["referer"] in every for change in changes if change["referer"])
    assert len(every.splitlines()) > len(few.splitlines())


def test_diff_names_all_hosts_that_entries_name(ask: Any, tmp_path: Path) -> None:
    names = [f"{one}.example.com" for one in "abcdefghijklmnop"]
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    old.write_text("".join(f"https://{name}/\n" for name in names))
    new.write_text("https://kept.test/\n")
    for pair, verdict in ((old, new), "locked out"), ((new, old), "let in"):
        _, out, _ = ask("diff", *map(str, pair))
        assert f"https://{names[0]}/ " in out
        assert f"Also {verdict}: {', '.join(names[1:])}.\n" in out


@pytest.mark.parametrize("form", forms.WHOLE)
def test_output_of_translate_can_be_read(ask: Any, form: str, tmp_path: Path) -> None:
    _, out, errors = ask("translate", "--from", "nginx", str(LAB / "nginx.conf"), "--as", form)
    assert "warning: nginx denies an empty Referer, OSS allows it" in errors
    file = tmp_path / f"rules.{form}"
    file.write_text(out, encoding="utf-8")
    assert ask("check", str(file), "--referer", "https://img.example.com/")[0] == 0


@pytest.mark.parametrize("system", ["nginx", "cdn"])
@pytest.mark.parametrize("rules", [BROKEN, CORRECTED], ids=["broken", "corrected"])
def test_exact_translation_ends_with_1_if_there_is_a_warning(
    ask: Any, tmp_path: Path, system: str, rules: str
) -> None:
    status, out, errors = ask("translate", "--to", system, rules, "--exact")
    assert status == int("warning: " in errors)
    assert ask("translate", "--to", system, rules)[0] == 0
    if system == "nginx":
        assert status == 0
        return
    result = tmp_path / "result"
    result.write_text(out)
    status, _, errors = ask("translate", "--from", system, str(result), "--exact")
    assert status == int("warning: " in errors)
    in_json, document, _ = ask("translate", "--from", system, str(result), "--exact", "--json")
    assert in_json == status
    assert len(json.loads(document)["lost"]) == errors.count("warning: ")


def test_entry_wider_than_the_screen_is_not_cut(ask: Any, tmp_path: Path) -> None:
    entry = "https://www.example.com/" + "a" * 500
    file = tmp_path / "rules.toml"
    file.write_text(f'whitelist = ["{entry}"]\n')
    _, out, _ = ask("check", str(file), "--referer", entry)
    assert f"  entry       {entry}\n" in out


def test_control_characters_are_shown_as_numbers(ask: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('whitelist = ["https://a.test/\\u001b[2J\\u202e"]\n')
    for command in (("lint", str(file)), ("check", str(file), "--referer", "\x1b[31m\x07")):
        _, out, _ = ask(*command)
        assert not set("\x1b\x07\u202e") & set(out)
        assert "\\x1b[" in out


def test_rules_are_read_from_standard_input(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.TextIOWrapper(io.BytesIO(Path(CORRECTED).read_bytes()))
    monkeypatch.setattr(sys, "stdin", text)
    assert ask("check", "-", "--referer", SITE)[0] == 0


def test_only_terminals_get_colours(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for terminal in ("xterm-256color", "dumb", ""):  # CI has no terminal
        monkeypatch.setenv("TERM", terminal)
        _, out, _ = ask("diff", BROKEN, CORRECTED)
        assert "\x1b[31m" in out, terminal
        assert "╭" in out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in ask("diff", BROKEN, CORRECTED)[1]
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setitem(sys.modules, "rich", None)
    _, out, _ = ask("diff", BROKEN, CORRECTED)  # without rich, a terminal gets the output of a pipe
    assert "\x1b" not in out
    assert "╭" not in out


def loaded_by(*arguments: str) -> set[str]:
    """Return the modules that a command loads, in a process of its own."""
    code = (
        "import sys; from oss_emulator.cli import main\n"
        f"try: main({list(arguments)!r})\nexcept SystemExit: pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(),
        check=True,
    )
    return set(done.stderr.splitlines())


def test_serve_and_the_lab_do_not_load_each_other() -> None:
    assert not {"rich", "oss2", "oss_referer.lint", "oss_referer.commands.lint"} & loaded_by(
        "serve", "--help"
    )
    assert not {"rich", "oss2", "aiohttp"} & loaded_by("lint", CORRECTED)


def test_closed_pipe_is_not_an_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)  # before the start: the command may be quick
    done = subprocess.run(
        [*EMULATOR, "scenarios", CORRECTED, "--site", SITE],
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        env=environment(PYTHONUNBUFFERED="1"),
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@rows("arguments", ("lint", "--list"), ("lint", "-"), ("nosuch",))
def test_command_with_closed_streams_ends_as_with_empty_ones(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&-', "sh", *EMULATOR, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        env=environment(),
    )
    expected = (0, 0) if "--list" in arguments else (2, 1)
    assert (done.returncode, done.stderr.count("\n")) == expected


def test_characters_outside_the_encoding_are_shown_as_numbers(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('whitelist = ["https://例え.test/"]\n', encoding="utf-8")
    done = subprocess.run(
        [*EMULATOR, "lint", str(file)],
        capture_output=True,
        timeout=PATIENCE,
        env=environment(PYTHONIOENCODING="ascii"),
    )
    assert done.returncode == 1
    assert b"https://\\u4f8b\\u3048.test/" in done.stdout


# --- assumptions

CAPITALS = """[rules.site]
allow_empty_referer = false
whitelist = ["https://WWW.example.com/", "http://WWW.example.com/"]
"""


@pytest.mark.parametrize(
    ("arguments", "default", "assumed"),
    [
        (("check", "RULES", "--referer", SITE), 1, 0),
        (("test", "RULES", "TABLE", "--partial"), 1, 0),
        (("lint", "RULES", "--ignore", "rests-on-assumption"), 1, 0),
        (("diff", "RULES", "LOWER"), 1, 0),
        (("translate", "--to", "nginx", "RULES", "--exact"), 0, 0),
        (("scenarios", "RULES", "--site", SITE), 1, 0),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_commands_take_assumptions(
    ask: Any, tmp_path: Path, arguments: tuple[str, ...], default: int, assumed: int
) -> None:
    """R-24"""
    files = {
        "RULES": CAPITALS,
        "LOWER": CAPITALS.replace("WWW", "www"),
        "TABLE": f'[[case]]\nname = "a"\nreferer = "{SITE}"\nverdict = "allow"\n',
        "ASSUMPTIONS": 'letter_case = "case-insensitive"\n',
    }
    for name, content in files.items():
        (tmp_path / f"{name}.toml").write_text(content)
    words = [str(tmp_path / f"{word}.toml") if word in files else word for word in arguments]
    status, plain, _ = ask(*words, "--json")
    assert status == default
    given = ("--assumptions", str(tmp_path / "ASSUMPTIONS.toml"))
    status, other, _ = ask(*words, "--json", *given)
    assert status == assumed
    assert plain != other


@pytest.mark.parametrize("command", ["check", "test", "lint", "apply"])
def test_bad_assumptions_end_a_command(ask: Any, tmp_path: Path, command: str) -> None:
    path = tmp_path / "assumptions.toml"
    path.write_text("r15 = 1\n")
    status, out, errors = ask(command, CORRECTED, "--assumptions", str(path))
    assert (status, out, errors.count("\n")) == (2, "", 1)
    assert f"{path}, line 1, column 1: r15 is unknown; use checked_requests, check_order" in errors


@pytest.mark.parametrize("flag", ["--site", "--object-url"])
def test_scenarios_refuse_a_url_that_no_browser_opens(ask: Any, flag: str) -> None:
    urls = ("--site", SITE, "--object-url", SITE, flag, "https://a:99999/")
    assert ask("scenarios", CORRECTED, *urls) == (
        2,
        "",
        f"oss-emulator: {flag}: no browser opens 'https://a:99999/': its port 99999 is above "
        "65535; write a URL such as https://www.example.com\n",
    )


def test_scenarios_show_an_international_host_as_it_is_sent(ask: Any) -> None:
    _, out, _ = ask("scenarios", CORRECTED, "--site", "https://例子.example.com/")
    assert "https://xn--fsqu00a.example.com/" in out


def test_no_other_site_gets_in_is_said_only_where_it_is_proved(ask: Any, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    head = "[rules.site]\nallow_empty_referer = false\nwhitelist = "
    for whitelist, status, said in (
        (
            '["https://www.example.com/"]',
            0,
            "and no other site that sends a Referer does (proved).",
        ),
        (
            '["https://www.example.com/", "https://www.*.com/"]',
            1,
            "! https://www.evil.com/ is let in by https://www.*.com/",
        ),
        (
            f'["https://www.example.com/", "https://{"?" * 70}/"]',
            0,
            "It is not proved that no other site does",
        ),
    ):
        rules.write_text(f"{head}{whitelist}\n")
        ended, out, _ = ask("scenarios", str(rules), "--site", SITE)
        assert (ended, said in out) == (status, True), out
        assert out.count("no other site") == (status == 0)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
@pytest.mark.parametrize(
    "arguments", [("completion", "bash"), ("check", CORRECTED, "--referer", SITE)]
)
def test_output_to_a_full_disk_gets_one_line(arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*EMULATOR, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == (b"oss-emulator: the output cannot be written: No space left on device\n")


# --- `--format`: one option for every command that finds something


FORMATTED = {
    "lint": (("lint", BROKEN), "open-host", 6),
    "test": (("test", BROKEN, TABLE), "case", 3),
    "check": (("check", BROKEN, "https://evil.test/"), "denied", 1),
    "diff": (("diff", CORRECTED, BROKEN), "let-in", 5),
    "scenarios": (("scenarios", BROKEN, "--site", "https://www.example.com"), "scenario", 1),
}


@pytest.mark.parametrize("command", FORMATTED)
def test_each_command_has_each_format(ask: Any, command: str) -> None:
    arguments, kind, line = FORMATTED[command]
    texts = {}
    for form in Format:
        status, texts[form], err = ask(*arguments, "--format", form)
        assert (status, err) == (1, ""), form
    assert ask(*arguments, "--json")[1] == texts[Format.JSON]
    json.loads(texts[Format.JSON])
    (run,) = json.loads(texts[Format.SARIF])["runs"]
    assert run["tool"]["driver"]["name"] == f"oss-emulator {command}"
    places = {
        (result["ruleId"], result["locations"][0]["physicalLocation"]["region"]["startLine"])
        for result in run["results"]
    }
    assert (kind, line) in places
    assert f"line={line},col=" in texts[Format.GITHUB]
    assert f"title={kind}::" in texts[Format.GITHUB]
    root = etree.fromstring(texts[Format.JUNIT].encode())
    assert sum(int(suite.get("failures", "")) for suite in root) > 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", CORRECTED, "https://www.example.com/"),
        ("diff", BROKEN, BROKEN),
        ("lint", CORRECTED),
        ("test", "--partial", CORRECTED, TABLE),
    ],
)
def test_junit_has_a_passed_case_where_nothing_is_wrong(
    ask: Any, arguments: tuple[str, ...]
) -> None:
    status, out, _ = ask(*arguments, "--format", "junit")
    root = etree.fromstring(out.encode())
    assert status == 0
    assert sum(int(suite.get("tests", "")) for suite in root) > 0
    assert {suite.get("failures") for suite in root} == {"0"}
    assert ask(*arguments, "--format", "github")[1] == ""


@pytest.mark.parametrize(
    "arguments",
    [
        (BROKEN, "--referer", "https://a.test/", "--referer", "https://b.test/"),
        ("--referer", "https://a.test/", BROKEN, "https://b.test/"),
        (BROKEN, "--referer", "https://a.test/", "https://b.test/"),
        (BROKEN, "https://a.test/", "--method", "GET", "https://b.test/"),
    ],
)
def test_check_takes_rules_first_and_flags_anywhere(ask: Any, arguments: tuple[str, ...]) -> None:
    status, out, err = ask("check", *arguments, "--json")
    assert (status, err) == (1, "")
    assert [answer["sent"] for answer in json.loads(out)] == ["https://a.test/", "https://b.test/"]


# --- the lab at a bucket: its rules are read, and changed after the difference is shown


RULES = """
allow_empty_referer = false
truncate_path = true
whitelist = ["https://www.example.com", "https://例え.test"]
blacklist = ["https://evil.test"]
"""


@pytest.fixture
def lab_bucket(live: Live, make_bucket: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket as RULES, its service and key in the environment."""
    monkeypatch.setenv("OSS_ENDPOINT", live.endpoint)
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET)
    return f"oss://{make_bucket()}"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "rules.toml"
    path.write_text(RULES, encoding="utf-8")
    return str(path)


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Make standard input a terminal at which somebody types this text."""
    terminal = io.StringIO(text)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)


def test_apply_shows_and_puts_changes_once(
    lab_bucket: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", file, lab_bucket, "--yes"]) == 0
    out = capsys.readouterr().out
    assert "~ AllowEmptyReferer: true -> false" in out
    assert "+ blacklist: https://evil.test" in out
    assert f"{lab_bucket} has these rules now." in out
    assert main(["apply", file, lab_bucket, "--yes", "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (said["put"], said["saved"]) == (False, None)
    assert said["costs"] == {
        "denied": [],
        "admitted": [],
        "strangers": [],
        "kept_out": [],
        "is_searched": True,
        "no_referer": [False, False],
    }


def test_apply_saves_what_the_bucket_had_and_says_how_to_go_back(
    lab_bucket: str, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Path(file).with_name(f"rules.before{number}.xml") for number in ("", "2"))
    assert main(["apply", file, lab_bucket, "--yes"]) == 0
    (back,) = (
        line.partition(": ")[2].split()
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("To restore the previous rules: ")
    )
    assert back[:4] == ["oss-emulator", "apply", str(first), lab_bucket]
    with monkeypatch.context() as another_shell:
        another_shell.delenv("OSS_ENDPOINT")
        assert main([*back[1:], "--yes", "--backup", str(second)]) == 0
    assert main(["diff", str(first), lab_bucket]) == 0
    assert main(["diff", file, str(second)]) == 0
    saved = first.read_bytes()
    assert main(["apply", file, lab_bucket, "--yes"]) == 0
    assert first.read_bytes() == saved  # nothing is overwritten
    assert Path(file).with_name("rules.before3.xml").exists()
    capsys.readouterr()
    main(["lint", str(Path(file).parent), "--json"])  # copies are not rules of the folder
    assert {found["file"] for found in json.loads(capsys.readouterr().out)} == {file}


def test_apply_that_cannot_save_puts_nothing(
    lab_bucket: str, file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", file, lab_bucket, "--yes", "--backup", str(tmp_path / "no" / "a")]) == 2
    assert "the file cannot be written" in capsys.readouterr().err
    before = Path(file).read_bytes()
    assert main(["apply", file, lab_bucket, "--yes", "--backup", file]) == 2
    assert f"--backup: {file} exists; name a new file" in capsys.readouterr().err
    assert Path(file).read_bytes() == before
    assert main(["diff", file, lab_bucket]) == 1


def test_bucket_on_this_machine_is_read_without_the_proxy_of_the_environment(
    lab_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert main(["check", lab_bucket, "--no-referer"]) == 0


def test_bucket_elsewhere_is_read_through_the_proxy_of_the_environment(
    lab_bucket: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert main(["check", lab_bucket, "--no-referer", "--endpoint", "http://oss.test"]) == 2
    assert "Connection refused" in capsys.readouterr().err  # by the proxy


def test_rules_of_a_bucket_are_read_completely(
    lab_bucket: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["apply", file, lab_bucket, "--yes"])
    assert main(["diff", file, lab_bucket]) == 0  # also TruncatePath
    assert main(["check", lab_bucket, "--referer", "https://www.example.com/a"]) == 0
    assert main(["check", lab_bucket, "--no-referer"]) == 1
    assert "TruncatePath cut the Referer to 'https://www.example.com'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "status"), [("y\n", 0), ("Yes\n", 0), ("\n", 1), ("no\n", 1), ("", 1)]
)
def test_apply_asks_for_confirmation(
    lab_bucket: str,
    file: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    status: int,
) -> None:
    answer(monkeypatch, typed)
    assert main(["apply", file, lab_bucket]) == status
    out = capsys.readouterr().out
    assert f"Set these rules on {lab_bucket}? [y/N]" in out
    assert ("The rules were not set." in out) is bool(status)
    assert main(["diff", file, lab_bucket]) == status


def test_apply_without_a_terminal_requires_yes(
    lab_bucket: str, file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["apply", file, lab_bucket]) == 2
    assert "add --yes" in capsys.readouterr().err
    assert main(["diff", file, lab_bucket]) == 1


@pytest.mark.parametrize(
    ("variables", "arguments", "words"), CASES["failure_of_the_service_is_one_sentence"]
)
def test_failure_of_the_service_is_one_sentence(
    lab_bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    address = () if arguments[:1] and arguments[0].startswith("oss:") else (lab_bucket,)
    assert main(["lint", *address, *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert printed.err.count("\n") == 1


def test_missing_rules_are_reported(lab_bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", lab_bucket]) == 0
    assert "There are no rules, so every site is allowed." in capsys.readouterr().out


def test_rules_of_a_bucket_are_corrected_but_not_written(
    lab_bucket: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["apply", file, lab_bucket, "--yes"])
    capsys.readouterr()
    assert main(["lint", lab_bucket, "--fix"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("<?xml")
    assert "give these to oss-emulator apply" in printed.err
    assert main(["lint", lab_bucket, "--fix", "--write"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


class Endless(BaseHTTPRequestHandler):
    """Sends an endless answer."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):  # the client leaves
            while True:
                self.wfile.write(b"<" * (1 << 20))

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class BrokenOff(Endless):
    """Closes the connection in the middle of an answer."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"<RefererConfiguration>")


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("command", ["lint", "replay"])
@pytest.mark.parametrize(
    ("handler", "said"), [(Endless, "more than 1,000,000 bytes"), (BrokenOff, "cannot be read: ")]
)
def test_answer_is_read_up_to_a_limit(
    file: str,
    command: str,
    handler: type[BaseHTTPRequestHandler],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("oss_referer.sources.bucket.MAX_FILE", 1_000_000)
    arguments = (
        [file, "--traffic", "oss://examplebucket/x"]
        if command == "replay"
        else ["oss://examplebucket"]
    )
    with serving(handler) as endpoint:
        assert main([command, *arguments, "--endpoint", endpoint]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert said in printed.err
