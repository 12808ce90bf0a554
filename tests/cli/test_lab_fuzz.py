"""Every command of the rule lab on random and damaged input: an answer, or one error in a line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from oss_emulator.cli import main
from oss_referer.sources import sources
from oss_referer.sources.sources import RulesForm

from tests.referer.lint.random_rules import rules, seeded

FORMS = (RulesForm.XML, RulesForm.JSON, RulesForm.TOML)
SITE = "https://www.example.com/"

COMMANDS: dict[str, Callable[[str, str, str], tuple[str, ...]]] = {
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
"""The commands for which rules are always bad input."""


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Any:
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
    """Format random rules, or the like that no form can hold as any text."""
    try:
        return sources.format(rules(random), random.choice(FORMS)).encode()
    except ValueError:
        return b"whitelist = []\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_ends_well(ask: Any, tmp_path: Path, command: str) -> None:
    first, second, referers = (tmp_path / name for name in ("first", "second", "referers"))
    ended = set()
    for seed in range(24):
        random = seeded(seed)
        documents = [format_rules(random) for _ in range(2)]
        if seed % 2:
            documents[0] = damage(random, documents[0])
        first.write_bytes(documents[0])
        second.write_bytes(documents[1])
        lines = b"https://www.example.com/\n\nhttp://a/?b\n"
        referers.write_bytes(damage(random, lines) if seed % 3 == 0 else lines)
        arguments = COMMANDS[command](str(first), str(second), str(referers))
        status, errors = ask(*arguments)
        assert status in (0, 1, 2), (seed, arguments)
        ended.add(status)
        if status == 2:
            assert errors.startswith("oss-emulator"), (seed, errors)
            assert errors.count("\n") == 1, (seed, errors)
    assert ended - {2} or command in NOT_ANSWERED
