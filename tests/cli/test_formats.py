"""`--format`: one option for every command that finds something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from oss_referer.terminal.formats import Format

ROOT = Path(__file__).parents[2]
LAB = ROOT / "fixtures" / "lab"
BROKEN, CORRECTED, TABLE = (
    str(LAB / name) for name in ("broken.xml", "corrected.xml", "site.toml")
)
COMMANDS = {
    "lint": (("lint", BROKEN), "open-host", 6),
    "test": (("test", BROKEN, TABLE), "case", 3),
    "check": (("check", BROKEN, "https://evil.test/"), "denied", 1),
    "diff": (("diff", CORRECTED, BROKEN), "let-in", 5),
    "scenarios": (("scenarios", BROKEN, "--site", "https://www.example.com"), "scenario", 1),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_each_format(ask: Any, command: str) -> None:
    arguments, kind, line = COMMANDS[command]
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
