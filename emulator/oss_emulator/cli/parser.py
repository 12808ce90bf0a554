"""The argument parser and the errors of commands, each reported in one sentence."""

import argparse
import sys
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An argument parser that reports a mistake in one line and exits with 2."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)


class CommandError(Exception):
    """A command failed; the text says why."""

    status = 1


class InputError(CommandError):
    """The input of a command is wrong; the text says where and why."""

    status = 2
