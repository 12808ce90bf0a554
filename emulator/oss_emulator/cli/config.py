"""Settings in a file: `oss-emulator.toml`, or the table `[tool.oss-emulator]` of pyproject.toml.

The names are those of the flags of `serve`, with `_` for `-`. Paths are relative to the working
directory, which is where the file is looked for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from oss_referer.sources.toml import SourceError, TomlDocument, join, read_regular_file, show
from oss_referer.terminal.parser import InputError

FILE, PROJECT = "oss-emulator.toml", "pyproject.toml"
_TABLE = ("tool", "oss-emulator")


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The settings of a file, as the texts that flags would have."""

    path: Path
    document: TomlDocument
    place: tuple[str, ...]
    values: Mapping[str, str]

    def error(self, name: str, sentence: str) -> InputError:
        """Return the error for a setting."""
        return InputError(f"{self.path}, {self.document.error((*self.place, name), sentence)}")


def read(folder: Path, known: Collection[str]) -> ConfigFile | None:
    """Read the file of a folder, None if there is none. Raises InputError.

    oss-emulator.toml is used instead of pyproject.toml, not together with it.
    """
    for name, place in ((FILE, ()), (PROJECT, _TABLE)):
        path = folder / name
        if not path.exists():
            continue
        found = _read(path, place)
        if found is not None:
            return _parse(path, *found, place, known)
    return None


def _read(path: Path, place: tuple[str, ...]) -> tuple[TomlDocument, dict[str, Any]] | None:
    """Return the document and the table at a place; None if the document has no such table."""
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
    return document, dict(table)


def _parse(
    path: Path,
    document: TomlDocument,
    table: Mapping[str, Any],
    place: tuple[str, ...],
    known: Collection[str],
) -> ConfigFile:
    values: dict[str, str] = {}
    found = ConfigFile(path, document, place, values)
    for name, value in table.items():
        if name not in known:
            near = get_close_matches(name.replace("-", "_"), known, n=1, cutoff=0.0)
            raise found.error(name, f"{show(name)} is unknown; did you mean {near[0]}?")
        text = _format(value)
        if text is None:
            kinds = join(["a string", "a number", "true", "false", "a list of strings", "a table"])
            raise found.error(name, f"{name} is {show(value)}; write {kinds}")
        values[name] = text
    return found


def _format(value: Any) -> str | None:
    """Format a value as the text of a flag; None if it cannot be one."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, Mapping):
        pairs = {name: _format(item) for name, item in value.items()}
        return None if None in pairs.values() else ",".join(f"{k}={v}" for k, v in pairs.items())
    return None if isinstance(value, list) else str(value)
