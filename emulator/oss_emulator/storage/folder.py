"""The layout of a data folder: its names and locks, and the mark of the newest commit."""

import ctypes
import errno
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from oss_emulator.storage.base import FolderError
from oss_emulator.storage.blobs import StoredBlob
from oss_emulator.system import fcntl

INDEX, WAL, SHM = "index.sqlite", "index.sqlite-wal", "index.sqlite-shm"
INCOMING, BLOBS, LOST = "incoming", "blobs", "lost+found"

TURN = "writing"
"""The file that is locked while a transaction writes to the index; it contains the mark."""

CLAIMS = "claims"
"""The file of the claims: a process locks one byte for each name that it claims."""

LOCKS = ("lock", "workers")
"""The files that are locked by the process that uses the folder, and by its workers."""

BLOB_NAME = re.compile(r"[0-9a-f]{32}")
"""The file name of a blob."""


def place(folder: Path, name: str) -> str:
    """Return the path of a blob as text, since a `Path` for each of many objects takes long."""
    return f"{folder}/{BLOBS}/{name[:2]}/{name}"


def find_blob(folder: Path, named: str) -> StoredBlob:
    """Return the blob that a record names; raises `ValueError` for an invalid name."""
    name, size, crc = named.split(".")
    if not BLOB_NAME.fullmatch(name):
        raise ValueError(f"{named!r} is not the name of a blob")
    return StoredBlob(place(folder, name), int(size), int(crc))


def misplaced(folder: Path) -> list[Path]:
    """Find the folders that stand where the data folder needs a file."""
    names = (INDEX, WAL, SHM, TURN, CLAIMS, *LOCKS)
    return [folder / name for name in names if (folder / name).is_dir()]


def make_private(folder: Path) -> None:
    """Make a data folder that only its owner can enter, whatever the umask.

    A folder that already holds something keeps its mode, which its owner may have chosen.
    """
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if new or not any(folder.iterdir()):
        close_to_others(folder, 0o700)


def close_to_others(path: Path, mode: int) -> None:
    """Set the mode of a file or folder, unless it has another owner, as a mounted one can have."""
    with suppress(PermissionError, FileNotFoundError):
        path.chmod(mode)


def open_private(path: Path | str, flags: int) -> IO[bytes]:
    """Open a file to be written, by its owner only; make it if it is missing."""
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with suppress(PermissionError):  # of another owner
        os.fchmod(descriptor, 0o600)
    # With a size of the buffer, Python does not ask whether the file is a terminal.
    return os.fdopen(descriptor, "wb" if flags & os.O_WRONLY else "r+b", _BUFFER)


_BUFFER = 8192
"""Bytes of a file that are collected before they are written."""


def walk(place: Path) -> Iterator[os.DirEntry[str]]:
    """Walk everything below a folder that is not itself a folder; a missing one has nothing."""
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from walk(Path(entry.path))
                else:
                    yield entry
    except FileNotFoundError:
        return


@contextmanager
def open_for_reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the index so that its files stay as they are; nobody may use the folder meanwhile.

    A connection that may write ends with a checkpoint and removes the WAL, even a damaged one.
    """
    uri = f"{(folder / INDEX).absolute().as_uri()}?mode=ro"
    added = [folder / name for name in (WAL, SHM) if not (folder / name).exists()]
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
            yield database
    finally:
        for path in added:  # SQLite makes them for a reader, too
            path.unlink(missing_ok=True)


def read_mark(folder: Path) -> int:
    """Return the number of the last commit that was answered, 0 if it was never written."""
    try:
        text = (folder / TURN).read_bytes()
    except FileNotFoundError:
        return 0
    return int(text) if text.strip().isdigit() else 0


def write_mark(file: IO[bytes], commits: int) -> None:
    """Note a commit outside of the index, so that a start notices an index without it.

    The mark is written after its commit and never synced: it can only be too old, which is safe.
    """
    with suppress(OSError):
        os.pwrite(file.fileno(), b"%020d\n" % commits, 0)


def sync_folder(folder: Path | str) -> None:
    """Make the names in a folder durable."""
    _sync(folder, os.fsync)


FEW = 32
"""The most files to sync one by one; for more, syncing their whole file system is faster."""


def sync_all(paths: Sequence[Path | str]) -> None:
    """Make files, or the names in folders, durable; all are in one file system."""
    if len(paths) > FEW and _syncfs is not None:
        _sync(paths[0], _sync_file_system)
    else:
        for path in paths:
            _sync(path, os.fsync)


def _sync(path: Path | str, how: Callable[[int], None]) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        how(descriptor)
    finally:
        os.close(descriptor)


_syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
"""syncfs(2) of Linux, which Python does not offer; None elsewhere."""


def _sync_file_system(descriptor: int) -> None:
    """Sync the file system of an open file; raises OSError."""
    assert _syncfs is not None  # noqa: S101 - the caller has checked it
    if _syncfs(descriptor) != 0:
        number = ctypes.get_errno() or errno.EIO
        raise OSError(number, os.strerror(number))


@contextmanager
def turn(file: IO[bytes]) -> Iterator[None]:
    """Let one transaction at a time write to the index, across all threads and processes.

    SQLite itself serializes writers, but not the checkpoint after a commit: before 3.51.3 a
    checkpoint during another commit could lose pages (https://sqlite.org/wal.html#walresetbug). A
    checkpoint runs within the commit that caused it, and so within its turn.
    """
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def lock(folder: Path, name: str, how: int, patience: float = 0.0) -> IO[bytes]:
    """Lock a file of the folder until it is closed.

    Raises `FolderError` if another process still holds it after `patience` seconds.
    """
    file = open_private(folder / name, os.O_RDWR)
    until = monotonic() + patience
    while True:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if monotonic() < until:
                sleep(0.01)
                continue
            file.close()
            raise FolderError(
                f"the folder {folder} is in use by another oss-emulator; to share it between "
                "processes start one with --workers"
            ) from None
