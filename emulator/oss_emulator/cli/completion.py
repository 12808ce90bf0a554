"""`oss-emulator completion` and `manual`: the parser as a completion script or as a man page."""

import argparse
import importlib
from types import ModuleType

from oss_emulator import cli
from oss_emulator.cli.parser import CommandError, Commands

SHELLS = ("bash", "zsh", "fish")

_COMPLETION = (
    "Prints a script that completes commands and flags. Load it in the file that your shell reads "
    'at its start: bash and zsh with eval "$(oss-emulator completion SHELL)", fish with '
    "oss-emulator completion fish | source."
)
_MANUAL = "Prints the man page: oss-emulator manual > oss-emulator.1; man ./oss-emulator.1"


def declare(commands: Commands) -> None:
    """Add both commands to the parser."""
    parser = commands.add_parser("completion", _print_completion, description=_COMPLETION)
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh or fish")
    commands.add_parser("manual", _print_manual, description=_MANUAL)


def _print_completion(arguments: argparse.Namespace) -> int:
    print(_load("shtab").complete(cli.build_parser(), arguments.shell))
    return 0


def _print_manual(arguments: argparse.Namespace) -> int:
    print(_load("argparse_manpage.manpage").Manpage(cli.build_parser()))
    return 0


def _load(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.partition(".")[0].replace("_", "-")
        raise CommandError(
            f"this needs the package {package}; run pip install 'oss-emulator[completion]'"
        ) from None
