"""What a project sets for the linter: accepted rules, by file too, and its sites."""

import fnmatch
import os.path
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from oss_referer import lint
from oss_referer.sources.toml import SourceError, convert, show
from oss_referer.terminal import project
from oss_referer.terminal.parser import InputError
from oss_referer.terminal.project import LINT, LINT_NAMES, ProjectFile


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


def find(path: Path) -> LintSettings:
    """Return what the nearest file at or above a file of rules sets for it. Raises InputError.

    The patterns are already followed: `ignore` has all that is accepted in the file.
    """
    path = Path(os.path.abspath(path))  # without `..`, whose parents are not above it
    for folder in path.parents:
        found = _read(folder)
        if found is not None:
            names = path.name, path.relative_to(folder).as_posix()
            accepted = {*found.ignore}
            for pattern, rules in found.per_file_ignores.items():
                if any(fnmatch.fnmatchcase(name, pattern) for name in names):
                    accepted |= {*rules}
            return replace(found, ignore=tuple(sorted(accepted)))
    return LintSettings()


@cache
def _read(folder: Path) -> LintSettings | None:
    file = project.read(folder)
    if file is None:
        return None
    table = file.table.get(LINT, {})
    for name in table if isinstance(table, Mapping) else ():
        file.check_name(name, LINT_NAMES, LINT)
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
