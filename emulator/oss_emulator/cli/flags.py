"""The settings of a server as flags, as OSS_EMULATOR_ variables, and in a file."""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from enum import IntEnum, auto
from itertools import permutations
from pathlib import Path
from typing import Any

from oss_referer.sources.nearest import did_you_mean
from oss_referer.sources.toml import join, show
from oss_referer.terminal import language, project
from oss_referer.terminal.parser import InputError, Parser, check_outputs, complete_path
from oss_referer.terminal.project import ProjectFile

from oss_emulator.settings import SETTINGS, Settings


def read(folder: Path) -> tuple[ProjectFile, Mapping[str, str]] | None:
    """Read the settings file of a folder, with values as texts of flags; None without a file.

    Raises InputError.
    """
    file = project.read(folder)
    if file is None:
        return None
    values: dict[str, str] = {}
    for name, value in file.table.items():
        if name == project.LINT:
            continue
        text = _format(value)
        if text is None:
            kinds = join(["a string", "a number", "true", "false", "a list of strings", "a table"])
            raise file.error(f"{name} is {show(value)}; write {kinds}", name)
        values[name] = text
    return file, values


def _format(value: Any) -> str | None:
    """Format a value as the text of a flag; None if this is not possible."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, Mapping):
        pairs = {name: _format(item) for name, item in value.items()}
        return None if None in pairs.values() else ",".join(f"{k}={v}" for k, v in pairs.items())
    return None if isinstance(value, list) else str(value)


_PREFIX = "OSS_EMULATOR_"


def _variable(name: str) -> str:
    return _PREFIX + name.upper()


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


_OUTPUTS = ("--ready-file", "--ca-file", "--access-log")
"""The flags that name a file to write."""


class _Precedence(IntEnum):
    """Where a setting comes from, the weakest first; a stronger source overrides alternatives."""

    OTHER = auto()
    """A variable that other tools read or the image sets; it may not be meant for this server."""
    FILE = auto()
    VARIABLE = auto()
    FLAG = auto()


_ALTERNATIVES = (
    (("demo",), ("seed",)),
    (("accounts",), ("access_key_id", "access_key_secret")),
)
"""Settings that exclude each other; the settings from the stronger source override the others."""


def _strongest(
    group: Sequence[str], values: Mapping[str, Any], sources: Mapping[str, _Precedence]
) -> int:
    """Return the strongest source of the settings in a group that are set; 0 if none is."""
    return max((sources.get(name, 0) for name in group if values.get(name)), default=0)


def declare(parser: Parser, defaults: Settings) -> None:
    for name, setting in SETTINGS.items():
        default = getattr(defaults, name)
        if setting.is_switch:
            how: dict[str, Any] = {"action": "append_const", "const": "on"}
            shown = "on" if default else "off"
        else:
            how = {"action": "append", "metavar": "|".join(setting.choices) or name.upper()}
            shown = setting.shown or str(default if default or default == 0 else "none")
        text = f"{setting.said} (default: {shown}; {_variable(name)})"
        action = parser.add_argument(_option(name), dest=name, help=text, **how)
        if setting.names_paths:
            complete_path(action)
        if setting.choices:
            parser.offered[action] = setting.choices


_OTHERS = frozenset(
    f"{_PREFIX}{name}"
    for name in ("CA_BUNDLE", "ENDPOINT", "HTTPS_ENDPOINT", "REQUIRE", "THOROUGH")
)
"""Variables that `run` sets for its command, or that tests read."""

_INJECTED = re.compile(
    rf"{_PREFIX}(?:SERVICE_(?:HOST|PORT)(?:_[A-Z0-9_]+)?|PORT_[0-9]+_(?:TCP|UDP)(?:_[A-Z]+)?)"
)
"""Variables that Kubernetes sets in containers for a Service named oss-emulator."""


def _is_injected(variable: str, environ: Mapping[str, str]) -> bool:
    """Whether Kubernetes set this variable for a Service named oss-emulator."""
    is_port = variable == f"{_PREFIX}PORT" and environ[variable].startswith(("tcp://", "udp://"))
    return is_port or _INJECTED.fullmatch(variable) is not None


def _warn_of_unknown(environ: Mapping[str, str]) -> None:
    """Warn of variables with the prefix of this server that have no effect."""
    known = {*map(_variable, SETTINGS), *_OTHERS}
    ends = [variable.removeprefix(_PREFIX) for variable in known]
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in known and not _is_injected(name, environ):
            near = did_you_mean(name.removeprefix(_PREFIX), ends, prefix=_PREFIX)
            said = language.explain(f"the variable {name} is unknown{near}")
            print(f"oss-emulator: {said}", file=sys.stderr)


def parse_settings(
    arguments: argparse.Namespace, environ: Mapping[str, str], defaults: Mapping[str, Any]
) -> Settings:
    """Parse the settings: flags override variables, and variables override the settings file.

    This also holds for settings that exclude each other. Exits with 2 if a value is wrong. Raises
    InputError if values of one source exclude each other, and for a mistake in the file.
    """
    _warn_of_unknown(environ)
    values = dict(defaults)
    sources: dict[str, _Precedence] = {}
    file, written = read(Path()) or (None, {})
    paths: dict[str, str] = {}
    for name, setting in SETTINGS.items():
        variable, given = _variable(name), getattr(arguments, name)
        if given is not None:
            source, named = _Precedence.FLAG, _option(name)
            text = ",".join(given) if setting.collects else given[-1]
        elif environ.get(variable) and not _is_injected(variable, environ):
            source = _Precedence.OTHER if setting.gives_way else _Precedence.VARIABLE
            named, text = variable, environ[variable]
        elif setting.also and environ.get(setting.also):
            source, named, text = _Precedence.OTHER, setting.also, environ[setting.also]
        elif name in written:
            source, named, text = _Precedence.FILE, name, written[name]
        else:
            continue
        try:
            values[name] = setting.read(text)
            sources[name] = source
            if setting.is_file:
                paths[_option(name)] = text
        except ValueError as error:
            if file is not None and source is _Precedence.FILE:
                raise file.error(f"{named}: {error}", name) from None
            arguments.parser.error(f"{named}: {error}")
    for pair in _ALTERNATIVES:
        for group, rival in permutations(pair):
            if _strongest(group, values, sources) < _strongest(rival, values, sources):
                for name in group:
                    values.pop(name, None)
    outputs = {flag: paths.pop(flag) for flag in _OUTPUTS if flag in paths}
    check_outputs(outputs, [*paths.values(), *([str(file.path)] if file else [])])
    try:
        return Settings(**values)
    except ValueError as error:
        raise InputError(str(error)) from None
