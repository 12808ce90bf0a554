"""RULES on the command line: a file, `-` for standard input, or `oss://BUCKET`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from oss_emulator import toml
from oss_emulator.cli import bucket
from oss_emulator.cli.parser import InputError
from oss_emulator.lab import sources as document
from oss_emulator.lab.sources import RulesForm
from oss_emulator.referer import RefererConfiguration
from oss_emulator.referer.codec import MAX_DOCUMENT_SIZE
from oss_emulator.toml import SourceError

HELP = (
    "a file, - for standard input, or oss://BUCKET. A file holds a RefererConfiguration as XML, "
    "the JSON of ossutil, Terraform's JSON, or TOML; FILE#NAME is one of several in it"
)

_FORMS = {".xml": RulesForm.XML, ".toml": RulesForm.TOML}
"""JSON comes in two forms, so its name does not tell which."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document as it was read."""

    name: str
    """What people call it: its path, or "standard input"."""
    content: bytes


def read(argument: str, arguments: argparse.Namespace) -> RefererConfiguration:
    """The configuration that RULES names. Raises InputError."""
    if argument.startswith(bucket.SCHEME):
        return bucket.get(argument, arguments)
    path, name = _split(argument)
    named = _read_named(path)
    if name is not None:
        if name not in named:
            known = ", ".join(named)
            raise InputError(f"{path}: there are no rules {name!r}; there are {known}")
        return named[name]
    if len(named) > 1:
        known = ", ".join(named)
        raise InputError(f"{path}: there are several rules; write {path}#NAME with one of {known}")
    return next(iter(named.values()))


def read_all(argument: str, arguments: argparse.Namespace) -> Mapping[str, RefererConfiguration]:
    """Every configuration that RULES names, by its own name. Raises InputError."""
    path, name = _split(argument)
    if argument.startswith(bucket.SCHEME) or name is not None:
        return {name or "": read(argument, arguments)}
    return _read_named(path)


def read_source(argument: str) -> Source:
    """A file, or standard input for `-`; not more than is ever read. Raises InputError."""
    if argument == "-":
        return Source("standard input", _read(sys.stdin.buffer))
    try:
        with Path(argument).open("rb") as file:
            return Source(argument, _read(file))
    except OSError as error:
        raise InputError(f"{argument}: it cannot be read: {error.strerror}") from None


def decode(source: Source) -> str:
    """Decode the text of a source. Raises InputError."""
    try:
        return toml.decode(source.content)
    except SourceError as error:
        raise error_at(source, error) from None


def error_at(source: Source, error: SourceError) -> InputError:
    """Return the error for a mistake in a source, with its place."""
    return InputError(f"{source.name}, {error}")


def _read_named(path: str) -> Mapping[str, RefererConfiguration]:
    source = read_source(path)
    try:
        return document.parse(source.content, _FORMS.get(Path(path).suffix.lower()))
    except SourceError as error:
        raise error_at(source, error) from None


def _split(argument: str) -> tuple[str, str | None]:
    """A path and the name after its `#`, if the path is no file as it stands."""
    path, sign, name = argument.rpartition("#")
    return (path, name) if sign and not Path(argument).exists() else (argument, None)


def _read(file: BinaryIO) -> bytes:
    return file.read(MAX_DOCUMENT_SIZE + 1)
