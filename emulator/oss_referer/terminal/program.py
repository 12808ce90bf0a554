"""The program `oss-emulator`: runs one of its commands, and reports an error in one line."""

import errno
import gc
import importlib
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from oss_referer.sources.toml import NO_TEMPORARY_FOLDER, lacks_temporary_folder
from oss_referer.terminal import language
from oss_referer.terminal.parser import (
    CommandError,
    Commands,
    InterruptedCommandError,
    OverviewFormatter,
    Parser,
    Synopsis,
)
from oss_referer.texts import FOLDER
from oss_referer.version import __version__


class Program(NamedTuple):
    """Commands by purpose; their modules are imported when they run."""

    description: str
    groups: Mapping[str, Mapping[str, Synopsis]]
    texts: Sequence[Path] = (FOLDER,)
    """The folders with the texts of the commands in each language."""

    @property
    def commands(self) -> Mapping[str, Synopsis]:
        groups = self.groups.values()
        return {name: synopsis for group in groups for name, synopsis in group.items()}

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Run one command and return its exit status."""
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:  # the caller has closed it
                setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
        given = language.lead(sys.argv[1:] if arguments is None else arguments)
        if given[0] in _WORDS:
            given = language.lead([*given[1:], _WORDS[given[0]]])
        language.choose(language.named(given), self.texts)
        failure = self.commands[given[0]].failure if given[0] in self.commands else 1
        try:
            status = self._run(given)
            sys.stdout.flush()
            return status
        except CommandError as error:
            language.complain(str(error))
            return error.status
        except KeyboardInterrupt:
            language.complain("interrupted")
            return InterruptedCommandError.status
        except BrokenPipeError:  # the reader of the output has closed the pipe
            _drop_output()
            return failure
        except OSError as error:
            if lacks_temporary_folder(error):
                language.complain(NO_TEMPORARY_FOLDER)
            elif error.errno in _BARRED and error.filename is not None:
                language.complain(f"{error.filename} cannot be used: {error.strerror}")
            elif error.errno in _UNWRITABLE and error.filename is None:
                _drop_output()
                language.complain(f"the output cannot be written: {error.strerror}")
            else:
                raise
            return failure

    def _run(self, given: Sequence[str]) -> int:
        # Import only the given command, so that commands do not slow down each other or --help.
        name = given[0]
        with loading():
            parser = self.build_parser([name] if name in self.commands else [])
        try:
            parsed = parser.parse(given)
        finally:
            print(end="", flush=True)  # --help ends here
        language.choose(parsed.lang, self.texts)
        return int(parsed.run(parsed))

    def build_parser(self, loaded: Collection[str] | None = None) -> Parser:
        """Build the parser with the flags of some commands; None for all.

        The other commands have only a name and a line of help.
        """
        alone = loaded is not None and not loaded
        parser = Parser(
            prog="oss-emulator",
            description=self.description,
            usage="%(prog)s COMMAND ..." if alone else None,
            epilog=self._overview() if alone else None,
            formatter_class=OverviewFormatter,
        )
        parser.add_argument(
            "--version", action="version", version=__version__, help="show the version and exit"
        )
        commands = Commands(parser, self.commands, listed=not alone)
        for name in self.commands if loaded is None else loaded:
            importlib.import_module(f"{self.commands[name].package}.{name}").declare(commands)
        if alone:
            for name in self.commands:
                commands.add_hidden(name)
        return parser

    def _overview(self) -> str:
        say = language.explain
        lines: list[str] = []
        for title, group in self.groups.items():
            lines.append(f"{say(title)}:")
            lines += [f"  {name:<12}{say(item.help)}" for name, item in group.items()]
            lines.append("")
        return "\n".join([*lines, say("oss-emulator COMMAND --help shows the flags of a command.")])


_WORDS = {"help": "--help", "version": "--version", "-v": "--version", "-V": "--version"}
"""Words in place of a command that mean a flag, as in other programs."""

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors of a full disk, of a quota, and of the largest size of a file."""

_BARRED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP)
"""Errors of a path, which the message names."""


def _drop_output() -> None:
    """Discard all further standard output, including what Python flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def loading() -> Iterator[None]:
    """Turn garbage collection off while the block loads objects that stay in memory.

    Later collections skip these objects. Searching them would take an eighth of the start.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            gc.enable()
