"""The option `--format`: results of a command as text, JSON, SARIF, annotations or JUnit XML.

Only text is for people, so only text is coloured and translated.
"""

import argparse
import itertools
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from oss_referer.engine import Sentence
from oss_referer.remarks import (
    Remark,
    RemarkKind,
    Severity,
    format_github,
    format_junit,
    format_sarif,
)
from oss_referer.terminal import language
from oss_referer.terminal.output import Block, line, show, write, write_json
from oss_referer.terminal.parser import InputError, Parser
from oss_referer.version import __version__


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"


PLAIN = (Format.TEXT, Format.JSON)
"""The formats of a command without remarks at places."""


def declare(parser: Parser, formats: Sequence[Format] = tuple(Format)) -> None:
    """Add `--format`, and `--json` as a short form of `--format json`."""
    others = (
        "; sarif is for code scanning, github for annotations of a workflow, junit for lists of "
        "tests"
    )
    said = f"how to print what was found (default: text){'' if formats == PLAIN else others}"
    declare_choices(parser, formats, said)


def declare_choices(parser: Parser, formats: Sequence[StrEnum], said: str) -> None:
    """Add `--format`, with the first format as its default, and `--json`."""
    values = [item.value for item in formats]
    parser.add_choice("--format", values, said, default=values[0])
    parser.add_argument(
        "--json",
        dest="format",
        action="store_const",
        const=Format.JSON.value,
        help="print JSON, as --format json does",
    )


_UNREADABLE = RemarkKind("unreadable", "A file cannot be read.")


class CommandResult(NamedTuple):
    """The result of a command in each form; only the requested form is computed."""

    text: Iterable[Block]
    data: Callable[[], Any]
    """Returns a value for JSON."""
    remarks: Iterable[Remark]
    kinds: Sequence[RemarkKind]
    wrong: Sequence[InputError] = ()
    """Errors for inputs that cannot be read."""
    is_empty: bool = False
    """Whether no input was read, so that only errors are printed."""


def print_result(result: CommandResult, arguments: argparse.Namespace) -> None:
    """Print a result in the requested format, and then the errors."""
    if result.is_empty and not result.wrong and arguments.format == Format.TEXT:
        show(line(Sentence("There was nothing to check.")))
    elif not (result.is_empty and result.wrong and arguments.format in PLAIN):
        _print(result, arguments)
    print_errors(result.wrong)


def print_errors(errors: Sequence[InputError]) -> None:
    """Print errors of inputs to standard error."""
    sys.stdout.flush()
    for error in errors:
        language.complain(str(error))


def _print(result: CommandResult, arguments: argparse.Namespace) -> None:
    remarks = itertools.chain(result.remarks, map(_remark, result.wrong))
    match Format(arguments.format):
        case Format.TEXT:
            show(*result.text)
        case Format.JSON:
            write_json(result.data())
        case Format.SARIF:
            command = arguments.parser.prog.rpartition(" ")[2]
            write(format_sarif(remarks, (*result.kinds, _UNREADABLE), command, __version__))
        case Format.GITHUB:
            write(format_github(remarks))
        case Format.JUNIT:
            sys.stdout.flush()  # JUnit XML is UTF-8, independent of the encoding of the terminal
            sys.stdout.buffer.write(format_junit(remarks))
            sys.stdout.buffer.flush()


def _remark(error: InputError) -> Remark:
    source, *place = error.place or ("", 1, 1)
    return Remark(
        source=source,
        kind=_UNREADABLE.id,
        group=_UNREADABLE.id,
        name=_UNREADABLE.id,
        severity=Severity.ERROR,
        message=str(error),
        place=(place[0], place[1]),
    )
