"""Completion scripts, tried in the shells that are installed."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from oss_emulator.cli import build_parser

from tests.cli.forking import command
from tests.cli.process import EMULATOR, environment
from tests.client import PATIENCE
from tests.rows import read_cases

CASES = read_cases("cli")

COMMANDS = {"serve", "run", "check", "lint", "completion"}


def run(*command: str, text: str = "", **variables: str) -> str:
    """Run a command that must succeed; return its output."""
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        env=environment(**variables),
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def script(shell: str) -> str:
    return command("completion", shell).stdout


def need(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed, so its completion cannot be tried")


def test_bash_completes_commands_flags_and_files(tmp_path: Path) -> None:
    need("bash")
    code = CASES["bash_completes_commands_flags_and_files"]
    (tmp_path / "seed.toml").touch()
    exact = {"serve --pre": {"--preload"}, f"serve --seed {tmp_path}/se": {f"{tmp_path}/seed.toml"}}
    among = {
        "": COMMANDS,
        "completion ": {"bash", "zsh", "fish"},
        "serve --auth ": {"strict", "relaxed", "off"},
        "lint --format ": {"text", "json", "sarif", "github", "junit"},
        f"lint {tmp_path}/se": {f"{tmp_path}/seed.toml"},
        f"play {tmp_path}/se": {f"{tmp_path}/seed.toml"},
        f"check --signed url {tmp_path}/se": {f"{tmp_path}/seed.toml"},
        f"replay {tmp_path}/seed.toml --traffic {tmp_path}/se": {f"{tmp_path}/seed.toml"},
    }
    asked = "".join(f"complete_line 'oss-emulator {line}'\necho --\n" for line in exact | among)
    shown = run("bash", text=f"{script('bash')}{code}{asked}").split("--\n")
    for (line, words), found in zip((exact | among).items(), shown, strict=False):
        assert words == set(found.split()) if line in exact else words <= set(found.split()), line


def test_bash_completes_names_with_spaces(tmp_path: Path) -> None:
    need("bash")
    (tmp_path / "a dir").mkdir()
    (tmp_path / "access.log").touch()
    code = f"{script('bash')}\ncd {tmp_path}\n"
    for typed in (r"a\ d", '"a d', "'a d"):
        line = f"COMP_WORDS=(oss-emulator check {shlex.quote(typed)}); COMP_CWORD=2; COMPREPLY=()"
        code += f'{line}\n_shtab_oss_emulator\nprintf "%s|" "${{COMPREPLY[@]}}"\n'
    assert run("bash", text=code) == "a dir|" * 3


def test_fish_completes_commands_and_flags() -> None:
    need("fish")
    text = script("fish")

    def complete(line: str) -> set[str]:
        printed = run("fish", "--no-config", text=f"{text}\ncomplete -C '{line}'\n")
        return {one.split("\t")[0] for one in printed.splitlines()}

    assert complete("oss-emulator ") >= COMMANDS
    assert "--preload" in complete("oss-emulator serve --pre")


def test_zsh_accepts_its_script_and_registers_it(tmp_path: Path) -> None:
    need("zsh")
    (tmp_path / "_oss-emulator").write_text(script("zsh"))
    code = f"""
fpath=({tmp_path} $fpath)
autoload -Uz compinit && compinit -u -d {tmp_path}/dump
autoload +X -Uz _oss-emulator
print -- $_comps[oss-emulator]
"""
    assert run("zsh", "-f", text=code).split() == ["_oss-emulator"]


def test_each_help_begins_with_an_example_that_can_be_parsed() -> None:
    parser = build_parser()
    for name, each in parser.commands.items():
        first, *rest = each.format_help().splitlines()
        assert first == f"example: {each.example}"
        assert rest[:2] == ["", next(line for line in rest if line.startswith("usage: "))]
        assert [line for line in rest if line.endswith("-")] == []  # no name is broken
        words = shlex.split(each.example.partition(" > ")[0])
        assert words[:2] == ["oss-emulator", name]
        parser.parse(words[1:])  # exits if the example is wrong


def test_help_loads_no_command() -> None:
    code = (
        "import sys\nfrom oss_emulator.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith(('aiohttp', 'lxml', 'asyncio'))])"
    )
    assert run(EMULATOR[0], "-c", code).splitlines()[-1] == "[]"
