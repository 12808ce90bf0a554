"""The settings of a project: `oss-emulator.toml`, or the table of `pyproject.toml`.

The server reads them too. The settings of the linter are in the table `lint` (`lint_settings.py`).
"""

import os.path
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from oss_referer.sources.nearest import nearest
from oss_referer.sources.toml import SourceError, TomlDocument, read_regular_file, show
from oss_referer.terminal.parser import InputError

FILE, PROJECT = "oss-emulator.toml", "pyproject.toml"
_TABLE = ("tool", "oss-emulator")

LINT: Final = "lint"
"""The table with the settings of the linter."""
LINT_NAMES: Final = frozenset({"ignore", "site", "meant", "per-file-ignores"})
"""The names in the table of the linter."""
SERVER_NAMES: Final = frozenset(
    """
    host port ready_file region accounts access_key_id access_key_secret auth assumptions
    domain cname s3_host strict_s3 strict_addressing lenient as_of new_account tls tls_port
    tls_dir ca_file tls_cert tls_key seed demo seed_anywhere preload watch data fsync
    request_timeout max_connections limit access_log journal_size journal_bytes
    admin_token log_level log_format
    """.split()
)
"""The settings of the server, beside the table of the linter. They are listed here because the
commands about rules work without the server."""


class ProjectFile(NamedTuple):
    path: Path
    document: TomlDocument
    place: tuple[str, ...]
    """The place of the settings: (), or the table of `pyproject.toml`."""
    table: Mapping[str, Any]

    def error(self, sentence: str, *below: str | int) -> InputError:
        """Return an error at a path below the place of the settings."""
        error = self.document.error((*self.place, *below), sentence)
        return InputError(f"{self.path}, {error}", (str(self.path), error.line, error.column))

    def check_name(self, name: str, known: Collection[str], *above: str) -> None:
        """Raise InputError, which suggests the nearest name, if a name is unknown."""
        if name not in known:
            near = nearest(name, sorted(known), least=0.0)
            raise self.error(f"{show(name)} is unknown; did you mean {near}?", *above, name)


def read(folder: Path) -> ProjectFile | None:
    """Read the settings of a folder; None without any. Raises InputError, also for unknown names.

    oss-emulator.toml replaces pyproject.toml; the two are never combined.
    """
    for name, place in ((FILE, ()), (PROJECT, _TABLE)):
        path = folder / name
        # Unlike `path.exists`, this returns False in a folder without permission to search.
        if os.path.exists(path) and (found := _read(path, place)) is not None:
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
    file = ProjectFile(path, document, place, table)
    if not place and "tool" in table:
        raise file.error(f"tool is for {PROJECT}; leave out tool.oss-emulator here", "tool")
    for name in table:
        if name in LINT_NAMES:
            raise file.error(
                f"{name} is a setting of the linter; write it in the table {LINT}", name
            )
        file.check_name(name, SERVER_NAMES | {LINT})
    return file
