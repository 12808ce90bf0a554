"""`oss-emulator completion` and `manual`: the parser as a completion script or as a man page."""

import argparse

from oss_emulator import cli
from oss_emulator.cli import language
from oss_emulator.cli.parser import Commands, Parser
from oss_emulator.version import __version__

SHELLS = ("bash", "zsh", "fish")

_COMPLETION = (
    "Prints a script that completes commands, flags, their values and the names of files. Load it "
    "in the file that your shell reads at its start: bash and zsh with "
    'eval "$(oss-emulator completion SHELL)", fish with oss-emulator completion fish | source.'
)
_ABOUT = "a local OSS that enforces hotlink protection, and tools for Referer rules"
_MANUAL = "Prints the man page: oss-emulator manual > oss-emulator.1; man ./oss-emulator.1"


_PREAMBLE = {
    "bash": r"""
_oss_emulator_files() {
  local word=${1//\\/}
  word=${word#\"}
  word=${word#\'}
  compgen -f -- "$word"
}
"""
}
"""Functions that replace those of shtab: its function for bash splits file names at spaces."""


def declare(commands: Commands) -> None:
    """Add both commands to the parser."""
    parser = commands.add_parser("completion", _print_completion, description=_COMPLETION)
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh or fish")
    commands.add_parser("manual", _print_manual, description=_MANUAL)


def _print_completion(arguments: argparse.Namespace) -> int:
    import shtab

    parser = cli.build_parser()
    for command in parser.commands.values():
        for action, values in command.offered.items():
            action.choices = values
    print(shtab.complete(parser, arguments.shell, preamble=_PREAMBLE.get(arguments.shell, "")))
    return 0


def _print_manual(arguments: argparse.Namespace) -> int:
    from argparse_manpage.manpage import Manpage

    parser = cli.build_parser()
    page = Manpage(parser)
    page.description = language.explain(_ABOUT)
    page.manual = "User Commands"
    page.source = f"oss-emulator {__version__}"
    page.add_section("examples", ">", _examples(parser))
    print(page)
    return 0


def _examples(parser: Parser) -> str:
    """Return the examples as lines that a man page shows as they are."""
    lines = (command.example.replace("-", "\\-") for command in parser.commands.values())
    return "\n".join((".nf", *lines, ".fi"))
