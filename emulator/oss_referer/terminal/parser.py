"""The argument parser, and the errors of commands, which are reported in one sentence."""

import argparse
import os.path
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import accumulate, combinations
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from oss_referer.engine import Sentence
from oss_referer.sources.nearest import nearest
from oss_referer.terminal import language


class Parser(argparse.ArgumentParser):
    """An argument parser that reports a mistake in one line and exits with 2.

    For a mistyped command or flag, the line names the nearest one.
    """

    _rest: argparse.Action | None = None

    flags: Sequence[str] = ()
    """The names of the flags outside groups."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        for name in ("usage", "description"):
            options[name] = options.get(name) and language.explain(options[name])
        super().__init__(*arguments, **{"formatter_class": TranslatingFormatter, **options})
        # Python 3.14 colours help and suggests names.
        # Here `_fold_help` counts the characters of help, and `_nearest` suggests names.
        self.color = self.suggest_on_error = False
        self.add_argument(
            language.FLAG,
            choices=language.LANGUAGES,
            help="the language for people; without it, that of LC_ALL, LC_MESSAGES or LANG",
        )
        self.commands: dict[str, Parser] = {}
        """The parsers of commands by name; empty in the parser of a command."""
        self.example = ""
        """An example command line for the beginning of the help."""
        self.outputs: dict[str, argparse.Action] = {}
        """The flags that name a file to write."""
        self.inputs: list[str] = []
        """The paths to read, as the command line gives them; of FILE#NAME also the file."""
        self.offered: dict[argparse.Action, Sequence[str]] = {}
        """The values that shells offer for flags with values that are checked later."""

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse a command line; exit with 2 for a mistake."""
        first = arguments[0]
        if self.commands and first not in self.commands:
            if not first.startswith("-"):
                self.error(
                    f"{first or repr(first)} is not a command{_nearest(first, self.commands)}"
                )
            flag = first.partition("=")[0]
            if not any(known.startswith(flag) for known in self.flags):
                near = _nearest(flag, self.flags, _REALLY_NEAR)
                if not near and not self.commands.keys().isdisjoint(arguments):
                    self.error(f"flags are written after the command: {self.prog} COMMAND {flag}")
                self.error(f"unrecognized argument {first}{near}")
        parsed, unknown = self.parse_known_args(arguments)
        parser = self.commands.get(first, self)
        if unknown := parser.take_rest(unknown, parsed):
            flag = unknown[0].partition("=")[0]
            known = re.findall(r"--[a-z0-9-]+", parser.format_help())
            parser.error(f"unrecognized argument {unknown[0]}{_nearest(flag, known)}")
        check_outputs(parser.find_outputs(parsed), parser.inputs)
        return parsed

    def find_outputs(self, parsed: argparse.Namespace) -> Mapping[str, str]:
        """Return the files to write by their flags."""
        named = {flag: getattr(parsed, action.dest) for flag, action in self.outputs.items()}
        return {flag: name for flag, name in named.items() if name}

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        """Add a flag or an argument, and remember the argument with any number of values."""
        if options.get("help"):
            options["help"] = language.explain(options["help"])
        added = super().add_argument(*names, **options)
        self.flags = [*self.flags, *added.option_strings]
        if options.get("metavar") in _PATHS:
            self.read_path(added)
        if not added.option_strings and added.nargs in ("*", "+"):
            self._rest = added
        return added

    def add_switch(self, name: str, said: str) -> None:
        self.add_argument(name, action="store_true", help=said)

    def add_value(self, name: str, metavar: str, said: str, **options: Any) -> None:
        """Add a flag with a value, or an argument."""
        self.add_argument(name, metavar=metavar, help=said, **options)

    def read_path(self, action: argparse.Action) -> None:
        """Remember the values of a flag or an argument as paths, and let shells complete them."""
        convert: Any = action.type or str

        def remember(text: str) -> Any:
            path = "/dev/stdin" if text == "-" else text
            self.inputs += accumulate(path.split("#"), "{}#{}".format)
            return convert(text)

        action.type = remember
        complete_path(action)

    def add_output(self, *names: str, said: str) -> None:
        """Add a flag that names a file to write."""
        added = super().add_argument(*names, metavar="FILE", help=language.explain(said))
        complete_path(added)
        self.outputs[names[-1]] = added

    def add_choice(self, name: str, values: Iterable[str], said: str, **options: Any) -> None:
        """Add a flag with a choice of values."""
        self.add_argument(name, choices=[*map(str, values)], help=said, **options)

    def add_repeated(self, name: str, metavar: str, said: str, **options: Any) -> None:
        """Add a flag that may be repeated, and collect its values."""
        said = f"{said}; may be repeated"
        self.add_argument(name, action="append", default=[], metavar=metavar, help=said, **options)

    def format_help(self) -> str:
        text = self._fold_help()
        return f"{language.explain('example')}: {self.example}\n\n{text}" if self.example else text

    def _fold_help(self) -> str:
        """Format the help without broken words; a character may have two columns."""
        from oss_referer.terminal.output import fold  # it imports this module

        ordinary: Any = self.formatter_class
        columns = _columns()
        fitting: Any = partial(ordinary, width=columns)
        unbounded: Any = partial(ordinary, width=_UNBOUNDED)
        try:
            self.formatter_class = fitting
            usage = self.format_usage()
            self.formatter_class = unbounded
            _, gap, rest = super().format_help().partition("\n\n")
        finally:
            self.formatter_class = ordinary
        lines = (
            line
            for whole in rest.splitlines()
            for line in fold(whole, columns, len(_BEFORE_HELP.findall(whole)[0]))
        )
        return "\n".join([f"{usage}{gap[1:-1]}", *lines, ""])

    def take_rest(self, unknown: Sequence[str], parsed: argparse.Namespace) -> list[str]:
        """Add the values after a flag to the argument; argparse accepts only adjacent values.

        Return the words that are not values.
        """
        rest = self._rest
        if rest is None:
            return [*unknown]
        values = [one for one in unknown if one == "-" or not one.startswith("-")]
        convert: Any = rest.type or str
        setattr(parsed, rest.dest, [*getattr(parsed, rest.dest), *map(convert, values)])
        return [one for one in unknown if one not in values]

    def error(self, message: str) -> NoReturn:
        message = _shorten(message)
        said = Sentence("{}; see {} --help", language.explain(message), self.prog)
        print(f"{self.prog}: {language.say(said)}", file=sys.stderr)
        sys.exit(2)


class TranslatingFormatter(argparse.HelpFormatter):
    """Formats the help with headings in the language of the command."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # Without a width, argparse looks up the width of the terminal for each added argument.
        super().__init__(*arguments, **{"width": _WIDEST, **options})

    def start_section(self, heading: str | None) -> None:
        super().start_section(heading and language.explain(heading))

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        prefix = f"{language.explain('usage')}: " if prefix is None else prefix
        super().add_usage(usage, actions, groups, prefix)


class OverviewFormatter(TranslatingFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the list of commands."""


def _columns() -> int:
    """Return the columns of the help, limited so that it stays readable."""
    from shutil import get_terminal_size  # only here: the import is slow, and few need help

    return min(get_terminal_size().columns, _WIDEST) - 2


_WIDEST = 80
_UNBOUNDED = 10_000
"""The columns of a help before its lines are folded."""

_BEFORE_HELP = re.compile(r" *(?:\S.*?\s{2,}(?=\S))?")
"""The text before the help of an argument: spaces, and the argument itself."""

_PATHS = frozenset({"RULES", "OLD", "NEW", "TABLE", "PLAN", "LOG", "FILE"})
"""The names of arguments that are paths."""

_COMPLETE_PATH = {
    "bash": "_oss_emulator_files",
    "zsh": "_files",
    "fish": "(__fish_complete_path (commandline -ct))",
}
"""The function that completes a path in each shell. `cli/completion.py` defines that of bash."""


def complete_path(action: argparse.Action) -> None:
    """Let shells complete the values of a flag or an argument as paths."""
    setattr(action, "complete", _COMPLETE_PATH)  # noqa: B010 - shtab reads it


_CHOICES = re.compile(r"(argument .+): invalid choice: '(.*)' \(choose from (.+)\)", re.DOTALL)
_MANY = 10
"""The most choices to list in an error."""


def _shorten(message: str) -> str:
    """Return an error that names the nearest of many choices, and not all of them."""
    found = _CHOICES.fullmatch(message)
    if found is None:
        return message
    argument, given, listed = found.groups()
    choices = [choice.strip("'") for choice in listed.split(", ")]
    if len(choices) <= _MANY:
        return message
    return f"{argument}: {given!r} is unknown{_nearest(given, choices, least=0.0)}"


_NEAR, _REALLY_NEAR = 0.6, 0.8
"""The minimum similarity of a suggestion. Few flags may precede the command, so a lower limit would
suggest `--version` for `--verbose`."""


def _nearest(name: str, known: Iterable[str], least: float = _NEAR) -> str:
    """Return a phrase with the known name nearest to a mistyped one, "" if none is near."""
    found = nearest(name, known, least)
    return f" (did you mean {found}?)" if found else ""


class Synopsis(NamedTuple):
    """A command without its flags."""

    package: str
    """The package with a module of the same name as the command, which declares it."""
    help: str
    example: str
    """The usual arguments of the command."""
    failure: int = 1
    """The exit status if the output cannot be written; 2 where 1 would be a verdict."""


class Commands:
    """The commands of a parser; each gets its line of help when it is added."""

    def __init__(
        self, parser: Parser, synopses: Mapping[str, Synopsis], *, listed: bool = True
    ) -> None:
        """`listed` says whether the help of the parser lists the commands in their order."""
        shown = {} if listed else {"help": argparse.SUPPRESS}
        self._parsers = parser.commands
        self._adding = parser.add_subparsers(
            required=True, metavar="COMMAND", parser_class=Parser, **shown
        )
        self._synopses = synopses

    def add_parser(
        self, name: str, run: Callable[[argparse.Namespace], int], **options: Any
    ) -> Parser:
        """Add the parser of a command. `run` gets the arguments, with the parser as `parser`."""
        synopsis = self._synopses[name]
        said = language.explain(synopsis.help)
        added = self._parsers[name] = self._adding.add_parser(name, help=said, **options)
        added.example = f"{added.prog} {synopsis.example}".rstrip()
        added.set_defaults(run=run, parser=added)
        return added

    def add_hidden(self, name: str) -> None:
        """Add the parser of a command that the help does not list."""
        self._parsers[name] = self._adding.add_parser(name)


class CommandError(Exception):
    """A command failed; the text says why."""

    status = 1


class InputError(CommandError):
    """The input of a command is wrong; the text says where and why."""

    status = 2

    def __init__(self, text: str, place: tuple[str, int, int] | None = None) -> None:
        """`place` is the file, the line and the column, if they are known."""
        super().__init__(text)
        self.place = place


class InterruptedCommandError(CommandError):
    """Ctrl-C interrupted a command; the text says what the command left behind."""

    status = 130  # as in shells: 128 and the number of SIGINT


def check_outputs(outputs: Mapping[str, str], read: Iterable[str]) -> None:
    """Raise InputError if an output, by its flag, is also an input or another output."""
    for (one, first), (other, second) in combinations(outputs.items(), 2):
        is_same = os.path.realpath(first) == os.path.realpath(second)
        if is_same and not Path(second).is_char_device():
            raise InputError(f"{other}: {second} is the file of {one}; name another file")
    files = [path for path in read if os.path.isfile(path)]
    for flag, name in outputs.items():
        if os.path.isfile(name) and any(os.path.samefile(path, name) for path in files):
            raise InputError(f"{flag}: {name} is read by this command; name another file")
