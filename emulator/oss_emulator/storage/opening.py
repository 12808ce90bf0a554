"""Opens a data folder: locks it, checks its index, and removes what a crash left behind.

The check changes nothing, so a folder that is refused is as it was.
"""

import logging
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from oss_emulator.storage import folder as layout
from oss_emulator.storage import index, records
from oss_emulator.storage.base import FolderError
from oss_emulator.storage.folder import FolderLock
from oss_emulator.storage.index import IndexConnection

LOG = logging.getLogger("oss_emulator")


class OpenFolder:
    """A data folder that this process uses."""

    def __init__(self, folder: Path, *, fsync: bool) -> None:
        """Raises `FolderError`."""
        self._folder = folder
        self._fsync = fsync
        self._index = f"{folder}/{layout.INDEX}"
        try:
            layout.make_private(folder)
            _check_kinds(folder)
            with ExitStack() as stack:
                self._lock = stack.enter_context(closing(FolderLock(folder)))
                used = _check(folder, self._lock)
                _prepare(folder, self._lock, used, fsync=fsync)
                self._identity = self._identify()
                stack.pop_all()
        except (OSError, sqlite3.Error) as error:
            where = getattr(error, "filename", None) or f"the folder {folder}"
            reason = getattr(error, "strerror", None) or error
            raise FolderError(f"{where} cannot be used: {reason}") from None

    def close(self) -> None:
        """Let other processes use the folder."""
        self._lock.close()

    def connect(self) -> IndexConnection:
        """Make a connection to the index; raises `FolderError`, `OSError` and `sqlite3.Error`."""
        self.check()
        return IndexConnection(self._folder, self._lock, fsync=self._fsync)

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

    def _identify(self) -> tuple[int, int]:
        """Return what distinguishes the index from any other file in its place."""
        found = os.stat(self._index)
        return found.st_dev, found.st_ino


def _check_kinds(folder: Path) -> None:
    """Check that no link, pipe or folder has the place of a file; raises `FolderError`.

    SQLite would look for the WAL beside the target of a link, and a pipe would be waited for. The
    folder of the blobs may be a link.
    """
    for name in (layout.LOCK, layout.INDEX, layout.WAL, layout.SHM):
        path = folder / name
        if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
            raise _refusal(folder, f"its {name} is not a file")
    for name in (layout.INCOMING, layout.BLOBS):
        path = folder / name
        if os.path.lexists(path) and not path.is_dir():
            raise _refusal(folder, f"its {name} is not a folder")


def _check(folder: Path, lock: FolderLock) -> set[str] | None:
    """Check the index and each of its records; raises `FolderError`.

    Returns the names of the blobs that records refer to, None for a new folder.
    """
    path, mark = folder / layout.INDEX, lock.read_mark()
    was_used = mark > 0 or any(layout.walk(folder / layout.BLOBS))
    try:
        if not path.exists() or not path.stat().st_size:
            if was_used:
                what = "empty" if path.exists() else "missing"
                raise _refusal(folder, f"its index {layout.INDEX} is {what}")
            return None
        with _open_for_reading(folder) as database:
            rows = database.execute("PRAGMA integrity_check").fetchall()
            if rows != [("ok",)]:
                raise _refusal(folder, f"its index is damaged: {str(rows[0][0]).splitlines()[0]}")
            (number,) = database.execute("PRAGMA user_version").fetchone()
            (tables,) = database.execute(index.TABLES).fetchone()
            if not number and tables is None:
                if was_used:
                    raise _refusal(folder, f"its index {layout.INDEX} has no tables")
                return None  # the very first start was interrupted
            _check_state(folder, database, number, tables or "", mark)
            return _check_records(folder, database)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes damaged text as it is
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK:
            raise
        said = str(error).partition("\n")[0]
        raise _refusal(folder, f"its index is damaged: {said}") from None


_OF_THE_DISK = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN)
"""Errors of SQLite that say nothing about the index: even a reader needs room for the SHM."""


@contextmanager
def _open_for_reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the index so that its files stay as they are.

    A connection that may write ends with a checkpoint and removes the WAL, even a damaged one.
    """
    uri = f"{(folder / layout.INDEX).absolute().as_uri()}?mode=ro"
    added = [path for path in (folder / layout.WAL, folder / layout.SHM) if not path.exists()]
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
            yield database
    finally:
        for path in added:  # SQLite makes them for a reader, too
            path.unlink(missing_ok=True)


def _check_state(
    folder: Path, database: sqlite3.Connection, number: int, tables: str, mark: int
) -> None:
    """Check the format of the index, its tables and its last commit; raises `FolderError`."""
    if number not in (0, index.FORMAT) and "CREATE TABLE state" not in tables:
        raise _other_format(folder, number)  # an older format had no such table
    row = database.execute("SELECT format, CAST(commits AS INTEGER), tables FROM state").fetchone()
    noted, commits, made_with = row or (0, 0, "")
    if (number, tables) != (noted, made_with):
        raise _refusal(folder, "its index is damaged: its tables are not those it was made with")
    if number != index.FORMAT:
        raise _other_format(folder, number)
    if commits < mark:
        lost = f"writes that it lacks: {mark - commits}"
        raise _refusal(folder, f"its index is older than its objects ({lost})")


def _check_records(folder: Path, database: sqlite3.Connection) -> set[str]:
    """Check every record; returns the names of their blobs. Raises `FolderError`."""
    uses: Counter[str] = Counter()
    for table, columns in index.PLACES.items():
        for text, *where in database.execute(
            f"SELECT record, {', '.join(columns)} FROM {table}"  # noqa: S608
        ):
            if not index.is_sealed(text, *where):
                raise _refusal(folder, f"its index is damaged: a record of {table} was changed")
            if table in ("version", "part"):
                uses.update(named.partition(".")[0] for named in records.names(text))
    if dict(database.execute("SELECT name, uses FROM blob WHERE uses > 0")) != uses:
        raise _refusal(folder, "its index is damaged: its counts of the uses of blobs are wrong")
    return set(uses)


def _prepare(folder: Path, lock: FolderLock, used: set[str] | None, *, fsync: bool) -> None:
    """Make the files of a new folder, or clear away what a crash left in a used one."""
    layout.open_private(folder / layout.INDEX, os.O_RDWR).close()
    for name in (layout.WAL, layout.SHM):  # SQLite gives new ones the mode of the index
        layout.close_to_others(folder / name, 0o600)
    with closing(IndexConnection(folder, lock, fsync=fsync)) as connection:
        if used is None:
            connection.database.executescript(f"BEGIN IMMEDIATE; {index.CREATE} COMMIT")
            lock.write_mark(1)
        _make_places(folder)
        with connection.transaction():
            connection.database.execute("UPDATE blob SET held = 0 WHERE held > 0")
            connection.database.execute("DELETE FROM blob WHERE uses <= 0")
    _remove_unused(folder, used or set())


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


def _remove_unused(folder: Path, used: set[str]) -> None:
    """Remove the files of blobs without a record: nobody was told that they are stored."""
    removed = 0
    for entry in (*layout.walk(folder / layout.INCOMING), *layout.walk(folder / layout.BLOBS)):
        if layout.BLOB_NAME.fullmatch(entry.name) and entry.name not in used:
            os.unlink(entry.path)
            removed += 1
    if removed:
        LOG.warning("%s: removed %d files of interrupted uploads without a record", folder, removed)


def _refusal(folder: Path, problem: str) -> FolderError:
    return FolderError(
        f"the folder {folder} cannot be used: {problem}; nothing was changed: restore a copy of "
        "the whole folder, or choose another one"
    )


def _other_format(folder: Path, found: int) -> FolderError:
    return FolderError(
        f"the folder {folder} has the format {found}; this version of oss-emulator uses only the "
        f"format {index.FORMAT}: use the version that wrote it, or another folder"
    )
