"""The settings of a project for the linter: its sites, and accepted rules, also by file."""

import fnmatch
import os.path
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from oss_referer import lint
from oss_referer.plan import read_site
from oss_referer.sources.toml import SourceError, convert, show
from oss_referer.terminal import project
from oss_referer.terminal.parser import InputError
from oss_referer.terminal.project import LINT, LINT_NAMES, ProjectFile


@dataclass(frozen=True, slots=True)
class LintSettings:
    ignore: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()
    """Entries that are meant as they are: the plan neither changes them nor asks about them."""
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict, metadata={"name": "per-file-ignores"}
    )
    """Accepted rules of the linter, by patterns of file names, or of paths relative to the folder
    of the settings."""


def find(path: Path) -> LintSettings:
    """Return the settings for a file of rules, from the nearest folder above. Raises InputError.

    `ignore` already includes the rules that the patterns accept for this file.
    """
    path = Path(os.path.abspath(path))  # without `..`, which `parents` does not resolve
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
        if not read_site(site):
            said = f"{show(site)} is not a site; write a URL such as https://www.example.com"
            raise file.error(said, LINT, "site", number)
    return settings


_RULES = sorted(rule.name for rule in lint.RULES)


def _check_rules(file: ProjectFile, names: Collection[str], *place: str) -> None:
    for name in names:
        file.check_name(name, _RULES, LINT, *place)
