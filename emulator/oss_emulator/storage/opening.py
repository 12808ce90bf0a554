"""Opens a data folder for this process: checks or makes it, locks it, and watches its identity."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from fastcrc.crc64 import xz as crc64

from oss_emulator.storage import folder as layout
from oss_emulator.storage import lost
from oss_emulator.storage.base import FolderError
from oss_emulator.storage.index import IndexConnection
from oss_emulator.storage.inspection import check_places, inspect
from oss_emulator.storage.schema import CREATE, FORMAT, refuse_format
from oss_emulator.system import fcntl

WORKERS_END = 5.0
"""Seconds a start waits for workers whose server was killed."""


class OpenFolder:
    """A data folder that this process uses."""

    def __init__(self, folder: Path, *, fsync: bool, shared: bool) -> None:
        """`shared` is for a worker whose parent has prepared the folder. Raises `FolderError`."""
        self._folder = folder
        self._index = f"{folder}/{layout.INDEX}"
        if fcntl is None:
            raise FolderError(
                f"the folder {folder} cannot be used: this system has no locks of POSIX; leave out "
                "--data, or use Linux, macOS or a container"
            )
        try:
            with ExitStack() as stack:
                if shared:
                    stack.enter_context(layout.lock(folder, "workers", fcntl.LOCK_SH))
                else:
                    layout.make_private(folder)
                    if problems := check_places(folder):  # one of the locks, perhaps
                        raise FolderError(_refusal(folder, problems))
                    stack.enter_context(layout.lock(folder, "lock", fcntl.LOCK_EX))
                    # Workers of a killed parent may still be finishing their requests.
                    with layout.lock(folder, "workers", fcntl.LOCK_EX, patience=WORKERS_END):
                        _prepare(folder, fsync=fsync)
                self._claims = stack.enter_context(
                    layout.open_private(folder / layout.CLAIMS, os.O_RDWR)
                )
                self._identity = self._identify()
                self._files = stack.pop_all()
        except (OSError, sqlite3.Error) as error:
            where = getattr(error, "filename", None) or f"the folder {folder}"
            reason = getattr(error, "strerror", None) or error
            raise FolderError(f"{where} cannot be used: {reason}") from None

    def close(self) -> None:
        """Give up all locks and claims."""
        self._files.close()

    def _identify(self) -> tuple[int, int]:
        """Return what distinguishes the index from any other file in its place."""
        found = os.stat(self._index)
        return found.st_dev, found.st_ino

    def check(self) -> None:
        """Notice a folder that was deleted or replaced; raises `FolderError`.

        Otherwise SQLite would keep writing to the deleted file, and lose everything.
        """
        try:
            if self._identify() == self._identity:
                return
        except FileNotFoundError:
            pass
        raise FolderError(
            f"the folder {self._folder} was deleted or replaced while the server used it; put it "
            "back, or restart the server"
        )

    def claim(self, name: str) -> bool:
        """Reserve a name; returns whether no other process has it."""
        try:
            # The system unlocks the byte when the process ends. It would do so as well if the
            # process opened the file a second time and closed it.
            fcntl.lockf(self._claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place_of(name))
        except (BlockingIOError, PermissionError):  # the latter on some systems
            return False
        return True

    def disclaim(self, name: str) -> None:
        """Give up a name."""
        fcntl.lockf(self._claims, fcntl.LOCK_UN, 1, _place_of(name))


def _place_of(name: str) -> int:
    """Return the position of the byte for a name; names share one only by chance."""
    return crc64(name.encode()) >> 1  # a file has 2^63 bytes at most


def _prepare(folder: Path, *, fsync: bool) -> None:
    """Make the folder, or clear away what a crash left in it.

    Raises `FolderError` before anything is changed if something is wrong with the folder.
    """
    found = inspect(folder)
    if found.problems:
        raise FolderError(_refusal(folder, found.problems))
    if found.format not in (0, FORMAT):
        raise FolderError(refuse_format(folder, found.format))
    for name in (layout.TURN, layout.INDEX):
        layout.open_private(folder / name, os.O_RDWR).close()
    for name in (layout.WAL, layout.SHM):  # SQLite gives new ones the mode of the index
        layout.close_to_others(folder / name, 0o600)
    with closing(IndexConnection(folder, fsync=fsync)) as index:
        if not found.format:
            index.database.executescript(f"BEGIN IMMEDIATE; {CREATE} COMMIT")
            with layout.open_private(folder / layout.TURN, os.O_RDWR) as mark:
                layout.write_mark(mark, 1)
        _make_places(folder)
        with index.transaction():
            index.database.execute("UPDATE blob SET held = 0 WHERE held > 0")
            index.database.execute("DELETE FROM blob WHERE uses <= 0")
    lost.clear(folder, found.orphans(folder))


def _make_places(folder: Path) -> None:
    """Make the folders of files, and make their names durable."""
    places = [folder / layout.INCOMING, folder / layout.BLOBS]
    places += [places[1] / f"{number:02x}" for number in range(256)]
    for path in places:
        path.mkdir(mode=0o700, exist_ok=True)
    for path in places[:2]:  # an earlier version left them open to others
        layout.close_to_others(path, 0o700)
    for path in (places[1], folder, folder.parent):
        layout.sync_folder(path)


def _refusal(folder: Path, problems: Sequence[str]) -> str:
    more = "" if len(problems) == 1 else f" (and {len(problems) - 1} more problems)"
    return (
        f"the folder {folder} cannot be used: {problems[0]}{more}; nothing was changed: restore "
        f"the folder from a backup, or run 'oss-emulator fsck {folder}' to see what is wrong, and "
        "again with --repair to keep all that is whole"
    )
