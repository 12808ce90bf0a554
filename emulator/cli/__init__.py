"""The command `oss-emulator`."""

import os
import sys
from collections.abc import Sequence

import emulator
from emulator.cli import apply, check, diff, lint, scenarios, serve, test, translate
from emulator.cli.parser import CommandError, Parser

_COMMANDS = (serve, check, test, lint, diff, translate, scenarios, apply)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = Parser(prog="oss-emulator", description=emulator.__doc__)
    parser.add_argument("--version", action="version", version=emulator.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for command in _COMMANDS:
        command.declare(commands)
    parsed = parser.parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except CommandError as error:
        print(f"oss-emulator: {error}", file=sys.stderr)
        return error.status
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
