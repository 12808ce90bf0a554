"""The command `oss-emulator`."""

import errno
import importlib
import os
import sys
from collections.abc import Sequence

import oss_emulator
from oss_emulator.cli import language
from oss_emulator.cli.loading import loading
from oss_emulator.cli.parser import (
    CommandError,
    Commands,
    InterruptedCommandError,
    OverviewFormatter,
    Parser,
    Synopsis,
)

_GROUPS = {
    "Run": {
        "serve": Synopsis("run the server", "--demo"),
        "run": Synopsis(
            "run a command with its requests to OSS redirected to an emulator",
            "--demo -- python app.py",
        ),
    },
    "Rules": {
        "check": Synopsis("decide on Referers, and say why", "rules.xml https://www.example.com/"),
        "test": Synopsis("run decision tables", "rules.xml table.toml"),
        "lint": Synopsis("find mistakes in rules", "."),
        "diff": Synopsis("find the Referers that new rules decide differently", "old.xml new.xml"),
        "translate": Synopsis("translate rules from and to other systems", "--to nginx rules.xml"),
        "scenarios": Synopsis(
            "decide on typical requests", "rules.xml --site https://www.example.com"
        ),
        "generate": Synopsis(
            "write rules for a site, and their test", "--site https://www.example.com --to xml"
        ),
        "apply": Synopsis(
            "show how rules change a bucket, then put them", "rules.xml oss://examplebucket"
        ),
        "parity": Synopsis(
            "ask a service whether it decides as the emulator assumes",
            "--bucket a-new-bucket --endpoint https://oss-cn-hangzhou.aliyuncs.com",
        ),
    },
    "Traffic": {
        "replay": Synopsis(
            "judge the requests of access logs by new rules", "rules.xml logs/ --html report.html"
        ),
        "guard": Synopsis(
            "block a plan of Terraform that locks out too many requests",
            "--plan plan.json --logs logs/",
        ),
        "propose": Synopsis(
            "find the smallest rules that keep your sites", "logs/ --own www.example.com"
        ),
        "play": Synopsis("send recorded requests, and show which answers differ", "recorded.json"),
    },
    "Help": {
        "completion": Synopsis("print a script that completes commands in a shell", "bash"),
    },
}
"""The commands, by purpose."""

_COMMANDS = {name: synopsis for group in _GROUPS.values() for name, synopsis in group.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = language.lead(sys.argv[1:] if arguments is None else arguments)
    language.choose(language.named(given))
    try:
        status = _run(given)
        print(end="", flush=True)  # nothing, if the caller has closed standard output
        return status
    except CommandError as error:
        print(f"oss-emulator: {language.explain(str(error))}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(f"oss-emulator: {language.explain('interrupted')}", file=sys.stderr)
        return InterruptedCommandError.status
    except BrokenPipeError:  # the reader of the output has closed the pipe
        _drop_output()
        return 1
    except OSError as error:
        from oss_emulator.storage import failure  # most commands need no storage

        if failure.lacks_temporary_folder(error):
            said = language.explain(failure.NO_TEMPORARY_FOLDER)
            print(f"oss-emulator: {said}", file=sys.stderr)
            return 1
        if error.errno in _BARRED and error.filename is not None:
            said = language.explain(f"{error.filename} cannot be used: {error.strerror}")
            print(f"oss-emulator: {said}", file=sys.stderr)
            return 1
        if error.errno not in _UNWRITABLE or error.filename is not None:
            raise
        _drop_output()
        said = language.explain(f"the output cannot be written: {error.strerror}")
        print(f"oss-emulator: {said}", file=sys.stderr)
        return 1


def _run(given: Sequence[str]) -> int:
    # Only the given command is loaded, so that commands do not slow down each other or --help.
    name = given[0]
    with loading():
        parser = build_parser([_module_of(name)] if name in _COMMANDS else [])
    try:
        parsed = parser.parse(given)
    finally:
        print(end="", flush=True)  # --help ends here
    language.choose(parsed.lang)
    return int(parsed.run(parsed))


_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors of a full disk, of a quota, and of the largest size of a file."""


_BARRED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP)
"""Errors that are about a path; the message names it."""


def _drop_output() -> None:
    """Discard all further standard output, also what Python flushes when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_DESCRIPTION = "Runs a local OSS that enforces hotlink protection, and tries Referer rules."


def build_parser(modules: Sequence[str] | None = None) -> Parser:
    """Build the parser with the flags of the commands of some modules; None for all.

    The other commands have a name and a line of help only.
    """
    alone = modules is not None and not modules
    parser = Parser(
        prog="oss-emulator",
        description=_DESCRIPTION,
        usage="%(prog)s COMMAND ..." if alone else None,
        epilog=_overview() if alone else None,
        formatter_class=OverviewFormatter,
    )
    parser.add_argument(
        "--version",
        action="version",
        version=oss_emulator.__version__,
        help="show the version and exit",
    )
    commands = Commands(parser, _COMMANDS, listed=not alone)
    everything = dict.fromkeys(map(_module_of, _COMMANDS))
    for module in everything if modules is None else modules:
        importlib.import_module(f"oss_emulator.cli.{module}").declare(commands)
    if alone:
        for name in _COMMANDS:
            commands.add_hidden(name)
    return parser


def _module_of(name: str) -> str:
    return _COMMANDS[name].module or name


def _overview() -> str:
    """List the commands by purpose."""
    say = language.explain
    lines: list[str] = []
    for title, group in _GROUPS.items():
        lines.append(f"{say(title)}:")
        lines += [f"  {name:<12}{say(item.help)}" for name, item in group.items()]
        lines.append("")
    return "\n".join([*lines, say("oss-emulator COMMAND --help shows the flags of a command.")])
