"""The folder `lost+found`: files that no record refers to are moved here.

A later start deletes the oldest of them above a bound; it never deletes what a repair put here.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from oss_emulator.storage.folder import BLOB_NAME, INCOMING, LOST, sync_folder

LOG = logging.getLogger("oss_emulator")

MOST = 1024**3
"""The most bytes of files that earlier starts moved here; beyond it, the oldest are deleted."""

_NAMED = 20
"""How many files a log line names."""


def clear(folder: Path, orphans: Sequence[Path]) -> None:
    """Remove uploads that a crash cut off, and move other files without a record to `lost+found`.

    Each crash may leave such files, so the total size of those from earlier starts is limited. The
    files that this start moves stay, and so does everything in sub-folders.
    """
    strangers = []
    for path in (folder / INCOMING).iterdir():
        if BLOB_NAME.fullmatch(path.name) and path.is_file():
            path.unlink()  # it is incomplete, and its upload was never confirmed
        else:
            strangers.append(path)
    moved = [*orphans, *strangers]
    if not moved:
        return
    place = folder / LOST
    place.mkdir(mode=0o700, exist_ok=True)
    _shrink(place)
    move(moved, place)
    more = "" if len(moved) <= _NAMED else f" and {len(moved) - _NAMED} more"
    names = ", ".join(path.name for path in moved[:_NAMED])
    LOG.warning("Files that no record refers to were moved to %s: %s%s", place, names, more)


def move(paths: Sequence[Path], place: Path) -> None:
    """Move files to a folder under their names; a name that is taken gets a number."""
    for path in paths:
        target, number = place / path.name, 1
        while target.exists():
            number += 1
            target = place / f"{path.name}.{number}"
        path.rename(target)
    sync_folder(place)


def _shrink(place: Path) -> None:
    """Delete the oldest files above the bound that earlier starts moved here."""
    found = [
        (path.stat().st_ctime_ns, path.stat().st_size, path)
        for path in place.iterdir()
        if BLOB_NAME.fullmatch(path.name) and path.is_file()
    ]
    taken = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if taken <= MOST:
            return
        path.unlink()
        taken -= size
