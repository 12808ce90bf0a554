"""`oss-emulator completion`: prints a script that completes commands in a shell."""

import argparse

from oss_referer.terminal.parser import Commands

from oss_emulator import cli

SHELLS = ("bash", "zsh", "fish")

_COMPLETION = (
    "Prints a script that completes commands, flags, their values and the names of files. Load it "
    "in the file that your shell reads at its start: bash and zsh with "
    'eval "$(oss-emulator completion SHELL)", fish with oss-emulator completion fish | source.'
)

_PREAMBLE = {
    "bash": r"""
_oss_emulator_files() {
  local word=${1//\\/}
  word=${word#\"}
  word=${word#\'}
  compgen -f -- "$word"
}
""",
}
"""A function that completes files: shtab's own for bash splits names at spaces."""


def declare(commands: Commands) -> None:
    parser = commands.add_parser("completion", _print_completion, description=_COMPLETION)
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh or fish")


def _print_completion(arguments: argparse.Namespace) -> int:
    import shtab

    parser = cli.build_parser()
    for command in parser.commands.values():
        for action, values in command.offered.items():
            action.choices = values
    print(shtab.complete(parser, arguments.shell, preamble=_PREAMBLE.get(arguments.shell, "")))
    return 0
