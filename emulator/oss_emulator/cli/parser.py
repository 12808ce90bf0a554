"""The argument parser and the errors of commands, each reported in one sentence."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """An argument parser that reports a mistake in one line and exits with 2."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)


@dataclass(frozen=True, slots=True)
class Synopsis:
    """A command without its flags."""

    module: str
    """The module of this package that declares the command."""
    help: str


class Commands:
    """The commands of a parser; each gets its line of help when it is added."""

    def __init__(self, adding: Any, synopses: Mapping[str, Synopsis]) -> None:
        """`adding` is what `ArgumentParser.add_subparsers` returns."""
        self._adding = adding
        self._synopses = synopses

    def add_parser(self, name: str, **options: Any) -> Parser:
        """Add the parser of a command."""
        added: Parser = self._adding.add_parser(name, help=self._synopses[name].help, **options)
        return added


class CommandError(Exception):
    """A command failed; the text says why."""

    status = 1


class InputError(CommandError):
    """The input of a command is wrong; the text says where and why."""

    status = 2
