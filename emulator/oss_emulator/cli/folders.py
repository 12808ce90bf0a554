"""The files of a folder: those that Git would keep, or all where Git does not know the folder."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_PASSED_OVER = frozenset({".git", ".terraform", "node_modules"})
"""Folders that are not searched: copies of what others wrote."""


def find_files(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder in the order of their paths.

    In a working tree of Git, what Git ignores is left out. Elsewhere hidden folders are.
    """
    known = _ask_git(folder)
    for path in sorted(_walk(folder) if known is None else known):
        below = path.relative_to(folder)
        if _PASSED_OVER.isdisjoint(below.parts) and path.is_file():
            yield path


def _ask_git(folder: Path) -> list[Path] | None:
    """Return the files that Git tracks or does not ignore; None if Git cannot say."""
    program = shutil.which("git")
    if program is None:
        return None
    # A folder may come with settings that name programs; this one would run for ls-files.
    safe = ("-c", "core.fsmonitor=false")
    listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    done = subprocess.run(  # noqa: S603 - without a shell, and the folder is not an option
        [program, "-C", str(folder), *safe, *listing], capture_output=True, check=False
    )
    if done.returncode:
        return None
    return [folder / os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in names)
