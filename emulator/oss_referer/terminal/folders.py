"""The files of a folder: those that Git would keep, or all where Git does not know the folder."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

_PASSED_OVER = frozenset({".git", ".terraform", "node_modules"})
"""Folders that are not searched: copies of what others wrote."""

Refuse = Callable[[OSError], None]
"""What gets the error of each folder below that cannot be read."""


def find_files(folder: Path, refuse: Refuse) -> Iterator[Path]:
    """Yield the regular files below a folder in the order of their paths.

    In a working tree of Git, what Git ignores is left out. Elsewhere hidden folders are.
    """
    known = _ask_git(folder, refuse)
    for path in sorted(_walk(folder, refuse) if known is None else known):
        below = path.relative_to(folder)
        if _PASSED_OVER.isdisjoint(below.parts) and os.path.isfile(path):
            yield path


def _ask_git(folder: Path, refuse: Refuse) -> list[Path] | None:
    """Return the files that Git tracks or does not ignore; None if Git cannot say."""
    program = shutil.which("git")
    if program is None:
        return None
    listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    done = _run(program, folder, *listing)
    if done.returncode:
        return None
    if unread := sorted(_UNREADABLE.findall(os.fsdecode(done.stderr))):
        above = os.fsdecode(_run(program, folder, "rev-parse", "--show-prefix").stdout).rstrip("\n")
        for name, reason in unread:
            refuse(OSError(0, reason, str(folder / name.removeprefix(above))))
    return [folder / os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _run(git: str, folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    # A folder may come with settings that name programs; this one would run for ls-files.
    safe = ("-c", "core.fsmonitor=false")
    return subprocess.run(  # noqa: S603 - without a shell, and the folder is not an option
        [git, "-C", str(folder), *safe, *words],
        capture_output=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )


_UNREADABLE = re.compile(r"could not open directory '(.+)': (.+)")
"""What Git says on standard error of a folder that it passes over, named from its working tree."""


def _walk(folder: Path, refuse: Refuse) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=refuse):
        seen = (name for name in folders if not name.startswith("."))
        folders[:] = sorted(name for name in seen if name not in _PASSED_OVER)
        yield from (Path(place, name) for name in names)
