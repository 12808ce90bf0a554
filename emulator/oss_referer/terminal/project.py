"""The settings of a project: `oss-emulator.toml`, or the table of `pyproject.toml`.

The server reads them too. Those of the linter are in the table `lint`.
"""

import fnmatch
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final

from oss_referer import lint
from oss_referer.sources.toml import SourceError, TomlDocument, convert, read_regular_file, show
from oss_referer.terminal.parser import InputError

FILE, PROJECT = "oss-emulator.toml", "pyproject.toml"
_TABLE = ("tool", "oss-emulator")

LINT: Final = "lint"
"""The table with the settings of the linter."""


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A file with settings."""

    path: Path
    document: TomlDocument
    place: tuple[str, ...]
    """Where its settings are: (), or the table of `pyproject.toml`."""
    table: Mapping[str, Any]

    def error(self, sentence: str, *below: str | int) -> InputError:
        """Return the error for a mistake below the place of the settings."""
        error = self.document.error((*self.place, *below), sentence)
        return InputError(f"{self.path}, {error}", (str(self.path), error.line, error.column))

    def check_name(self, name: str, known: Collection[str], *above: str) -> None:
        """Raise InputError for an unknown name, with the nearest known one."""
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise self.error(f"{show(name)} is unknown; did you mean {near}?", *above, name)


def read(folder: Path) -> ProjectFile | None:
    """Read the file of a folder, None if there is none. Raises InputError.

    oss-emulator.toml is used instead of pyproject.toml, not together with it.
    """
    for name, place in ((FILE, ()), (PROJECT, _TABLE)):
        path = folder / name
        if path.exists() and (found := _read(path, place)) is not None:
            return found
    return None


def _read(path: Path, place: tuple[str, ...]) -> ProjectFile | None:
    """Return the settings at a place of a file; None if the file has no such table."""
    try:
        document = TomlDocument.parse(read_regular_file(path))
        table: Any = document.tables
        for number, step in enumerate(place):
            if not isinstance(table, Mapping) or step not in table:
                return None
            table = table[step]
            if not isinstance(table, Mapping):
                sentence = f"{'.'.join(place)} is {show(table)}; write a table"
                raise document.error(place[: number + 1], sentence)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except SourceError as error:
        raise InputError(f"{path}, {error}") from None
    return ProjectFile(path, document, place, table)


@dataclass(frozen=True, slots=True)
class LintSettings:
    """What a project sets for the linter."""

    ignore: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict, metadata={"name": "per-file-ignores"}
    )
    """Rules of the linter that are accepted, by patterns of files: of a name, or of a path from
    the folder of the settings."""


_NAMES = {
    item.metadata.get("name", name) for name, item in LintSettings.__dataclass_fields__.items()
}


def lint_settings(path: Path) -> LintSettings:
    """Return what the nearest file at or above a file of rules sets for it. Raises InputError.

    The patterns are already followed: `ignore` has all that is accepted in the file.
    """
    path = path.absolute()
    for folder in path.parents:
        found = _read_lint(folder)
        if found is not None:
            accepted = set(found.ignore)
            for pattern, rules in found.per_file_ignores.items():
                whole = str(folder / pattern)
                if fnmatch.fnmatchcase(path.name, pattern) or fnmatch.fnmatchcase(str(path), whole):
                    accepted |= {*rules}
            return replace(found, ignore=tuple(sorted(accepted)))
    return LintSettings()


@cache
def _read_lint(folder: Path) -> LintSettings | None:
    file = read(folder)
    if file is None:
        return None
    for name in _NAMES & file.table.keys():
        raise file.error(f"{name} is a setting of the linter; write it in the table {LINT}", name)
    table = file.table.get(LINT, {})
    for name in table if isinstance(table, Mapping) else ():
        file.check_name(name, _NAMES, LINT)
    place = (*file.place, LINT)

    def refuse(path: tuple[str | int, ...], sentence: str) -> SourceError:
        return file.document.error(path, sentence)

    try:
        settings: LintSettings = convert(table, LintSettings, place, refuse)
    except SourceError as error:
        place_in_file = (str(file.path), error.line, error.column)
        raise InputError(f"{file.path}, {error}", place_in_file) from None
    _check_rules(file, settings.ignore, "ignore")
    for pattern, rules in settings.per_file_ignores.items():
        _check_rules(file, rules, "per-file-ignores", pattern)
    for number, site in enumerate(settings.site):
        if not lint.is_site(site):
            said = f"{show(site)} is not a site; write a URL such as https://www.example.com"
            raise file.error(said, LINT, "site", number)
    return settings


_RULES = sorted(rule.name for rule in lint.RULES)


def _check_rules(file: ProjectFile, names: Collection[str], *place: str) -> None:
    for name in names:
        file.check_name(name, _RULES, LINT, *place)
