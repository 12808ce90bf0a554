"""The command `oss-emulator`."""

import importlib
import os
import sys
from collections.abc import Sequence

import emulator
from emulator.cli.parser import CommandError, Parser

_COMMANDS = ("serve", "run", "check", "test", "lint", "diff", "translate", "scenarios", "apply")
"""Each is a module of this package."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = Parser(prog="oss-emulator", description=emulator.__doc__)
    parser.add_argument("--version", action="version", version=emulator.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    given = sys.argv[1:] if arguments is None else list(arguments)
    # Only the command that is asked for is loaded, so that none slows another one down.
    for name in [name for name in _COMMANDS if given[:1] == [name]] or _COMMANDS:
        importlib.import_module(f"emulator.cli.{name}").declare(commands)
    parsed = parser.parse_args(given)
    try:
        status = int(parsed.run(parsed))
        sys.stdout.flush()
        return status
    except CommandError as error:
        print(f"oss-emulator: {error}", file=sys.stderr)
        return error.status
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
