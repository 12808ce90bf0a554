"""The command `oss-emulator`."""

import gc
import importlib
import os
import sys
from collections.abc import Sequence

import oss_emulator
from oss_emulator.cli.parser import CommandError, Parser

_COMMANDS = {
    "serve": "serve",
    "run": "run",
    "check": "check",
    "test": "test",
    "lint": "lint",
    "diff": "diff",
    "translate": "translate",
    "scenarios": "scenarios",
    "generate": "generate",
    "apply": "apply",
    "parity": "parity",
    "export": "archive",
    "import": "archive",
    "fsck": "fsck",
}
"""The commands, each with the module of this package that declares it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = Parser(
        prog="oss-emulator",
        description="Runs a local OSS that enforces hotlink protection, and tries Referer rules.",
    )
    parser.add_argument("--version", action="version", version=oss_emulator.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    given = sys.argv[1:] if arguments is None else list(arguments)
    # Only the given command is loaded, so that commands do not slow down each other.
    wanted = [module for name, module in _COMMANDS.items() if given[:1] == [name]]
    gc.disable()  # modules stay loaded; collecting garbage would take a tenth of the start
    for module in wanted or dict.fromkeys(_COMMANDS.values()):
        importlib.import_module(f"oss_emulator.cli.{module}").declare(commands)
    gc.enable()
    parsed = parser.parse_args(given)
    try:
        status = int(parsed.run(parsed))
        sys.stdout.flush()
        return status
    except CommandError as error:
        print(f"oss-emulator: {error}", file=sys.stderr)
        return error.status
    except BrokenPipeError:  # the reader of the output has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
