"""The argument RULES: a file, `-` for standard input, or `oss://BUCKET`."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oss_emulator import toml
from oss_emulator.cli import bucket
from oss_emulator.cli.parser import InputError
from oss_emulator.lab import assumptions
from oss_emulator.lab import sources as document
from oss_emulator.lab.assumptions import AssumptionsError
from oss_emulator.lab.sources import RulesForm
from oss_emulator.protocol.xml import MAX_DOCUMENT
from oss_emulator.referer import Assumptions, RefererConfiguration
from oss_emulator.referer.assumptions import DEFAULT
from oss_emulator.toml import SourceError

_ASSUMPTIONS = (
    "a TOML file that says what the service does where its documents do not "
    "(default: the first variant of each fact)"
)
HELP = (
    "a file, - for standard input, or oss://BUCKET. A file contains a RefererConfiguration in "
    "XML, in the JSON of ossutil, as a resource of Terraform (HCL or JSON) or Pulumi (YAML), or in "
    "TOML; FILE#NAME selects one of several"
)

_FORMS = {
    ".xml": RulesForm.XML,
    ".toml": RulesForm.TOML,
    ".tf": RulesForm.HCL,
    ".yaml": RulesForm.PULUMI,
    ".yml": RulesForm.PULUMI,
}
"""JSON is missing because it has two forms."""


@dataclass(frozen=True, slots=True)
class Source:
    """The contents of a file or of standard input."""

    name: str
    """The path, or "standard input"."""
    content: bytes


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say where rules are, and how they are read."""
    parser.add_argument(
        "--assumptions", type=_read_assumptions, default=DEFAULT, metavar="FILE", help=_ASSUMPTIONS
    )
    bucket.declare(parser)


def _read_assumptions(path: str) -> Assumptions:
    try:
        return assumptions.read(path)
    except AssumptionsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@dataclass(frozen=True, slots=True)
class SelectedRules:
    """The configuration that RULES selects, and where it comes from."""

    configuration: RefererConfiguration
    name: str
    """Its name in the document; "" if it has none."""
    source: Source | None
    """None if it comes from a bucket."""
    form: RulesForm = RulesForm.XML


def read(argument: str, arguments: argparse.Namespace) -> RefererConfiguration:
    """Read the configuration that RULES selects. Raises InputError."""
    return select(argument, arguments).configuration


def select(argument: str, arguments: argparse.Namespace) -> SelectedRules:
    """Read the configuration that RULES selects, with its source. Raises InputError."""
    if argument.startswith(bucket.SCHEME):
        return SelectedRules(bucket.get(argument, arguments), "", None)
    path, name = _split(argument)
    source = read_source(path)
    named = _parse(source, arguments)
    name = _choose(path, name, named)
    return SelectedRules(named[name], name, source, _form(source))


def _choose(path: str, name: str | None, named: Mapping[str, RefererConfiguration]) -> str:
    if name is not None:
        if name not in named:
            known = ", ".join(named)
            raise InputError(f"{path}: the rules {name!r} do not exist; use one of {known}")
        return name
    if len(named) > 1:
        known = ", ".join(named)
        raise InputError(f"{path}: there are several rules; write {path}#NAME with one of {known}")
    return next(iter(named))


def read_all(argument: str, arguments: argparse.Namespace) -> Mapping[str, RefererConfiguration]:
    """Read all configurations that RULES selects, by name. Raises InputError."""
    path, name = _split(argument)
    if argument.startswith(bucket.SCHEME) or name is not None:
        return {name or "": read(argument, arguments)}
    return _parse(read_source(path), arguments)


def read_source(argument: str, most: int = MAX_DOCUMENT) -> Source:
    """Read a file, or standard input for `-`, up to a byte beyond the limit. Raises InputError."""
    if argument == "-":
        return Source("standard input", _read_input(most + 1))
    try:
        with toml.open_file(Path(argument)) as file:
            return Source(argument, file.read(most + 1))
    except OSError as error:
        raise InputError(f"{argument}: the file cannot be read: {error.strerror}") from None


def _read_input(size: int) -> bytes:
    try:
        return sys.stdin.buffer.read(size)
    except OSError as error:
        raise InputError(f"standard input cannot be read: {error.strerror}") from None


def decode(source: Source, most: int = MAX_DOCUMENT) -> str:
    """Decode the text of a source of at most `most` bytes. Raises InputError."""
    if len(source.content) > most:
        raise InputError(f"{source.name} is larger than {most // 1024**2} MiB")
    try:
        return toml.decode(source.content)
    except SourceError as error:
        raise error_at(source, error) from None


def error_at(source: Source, error: SourceError) -> InputError:
    """Return the error for a mistake in a source, with its place."""
    return InputError(f"{source.name}, {error}")


def _form(source: Source) -> RulesForm:
    try:
        return _FORMS.get(Path(source.name).suffix.lower()) or document.detect(source.content)
    except SourceError:
        return RulesForm.XML  # an answer of the service with its head, as `curl -i` prints it


def _parse(source: Source, arguments: argparse.Namespace) -> Mapping[str, RefererConfiguration]:
    form = _FORMS.get(Path(source.name).suffix.lower())
    try:
        return document.parse(source.content, form, arguments.assumptions)
    except SourceError as error:
        raise error_at(source, error) from None


def _split(argument: str) -> tuple[str, str | None]:
    """Split off the name after `#`, unless the whole argument names a file."""
    path, sign, name = argument.rpartition("#")
    return (path, name) if sign and not Path(argument).exists() else (argument, None)
