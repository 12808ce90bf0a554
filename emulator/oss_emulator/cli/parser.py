"""An argument parser that says what is wrong in one sentence, and how a command fails."""

import argparse
import sys
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """Ends with status 2 and one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)


class CommandError(Exception):
    """A command that cannot do its work; the text says why."""

    status = 1


class InputError(CommandError):
    """What a command was given is no good; the text is one sentence that says where."""

    status = 2
