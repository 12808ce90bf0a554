"""The files of a data folder: their names and modes, its lock, and how bytes become durable."""

import ctypes
import errno
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from fastcrc.crc64 import xz as crc64

from oss_emulator.storage.base import FolderError
from oss_emulator.storage.blobs import StoredBlob
from oss_emulator.system import allocate, fcntl

INDEX, WAL, SHM = "index.sqlite", "index.sqlite-wal", "index.sqlite-shm"
BLOBS = "blobs"

LOCK = "lock"
"""The file that the process using the folder locks; it contains the mark of the last commit."""

RESERVE = "reserve"
"""The file whose space deletions may use while the disk is full."""

BLOB_NAME = re.compile(r"[0-9a-f]{32}")


def place(folder: Path, name: str) -> str:
    """Return the path of a blob as text, because a `Path` for each of many objects is slow."""
    return f"{folder}/{BLOBS}/{name[:2]}/{name}"


def find_blob(folder: Path, named: str) -> StoredBlob:
    """Return the blob that a record names; raises `ValueError` for an invalid name."""
    name, size, crc = named.split(".")
    if not BLOB_NAME.fullmatch(name):
        raise ValueError(f"{named!r} is not the name of a blob")
    return StoredBlob(place(folder, name), int(size), int(crc))


def walk(place: Path) -> Iterator[os.DirEntry[str]]:
    """Walk all files below a folder, links included; a missing folder yields nothing."""
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from walk(Path(entry.path))
                else:
                    yield entry
    except FileNotFoundError:
        return


def make_private(folder: Path) -> None:
    """Make a data folder that only its owner can enter, whatever the umask.

    A folder that is not empty keeps its mode, which its owner may have chosen.
    """
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if new or not any(folder.iterdir()):
        close_to_others(folder, 0o700)


def close_to_others(path: Path, mode: int) -> None:
    """Set the mode of a file or folder, unless another user owns it, as on a mounted volume."""
    with suppress(PermissionError, FileNotFoundError):
        path.chmod(mode)


def open_private(path: Path) -> IO[bytes]:
    """Open a file that only its owner can read and write; create it if it is missing."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    close_to_others(path, 0o600)
    return os.fdopen(descriptor, "r+b", 0)


RESERVED = 8 * 1024**2
"""Bytes of the reserve: enough for a transaction that deletes 1,000 objects with ordinary keys."""


class Reserve:
    """Space on the disk for deletions, which write to the index before they free anything.

    A folder on a disk that never had so much space has no reserve.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / RESERVE
        exists = self._path.exists()
        self._is_held = exists and self._path.stat().st_blocks * _BLOCK >= RESERVED
        self._is_lost = exists and not self._is_held

    def release(self) -> bool:
        """Free the space if the disk has little other space; returns whether it did."""
        if not self._is_held or self._has_room():
            return False
        self._is_held, self._is_lost = False, True
        with suppress(FileNotFoundError):
            os.truncate(self._path, 0)
        return True

    def restore(self) -> bool:
        """Take the space if the disk has it; returns whether it is held."""
        with suppress(OSError):
            if not self._is_held and self._has_room():
                with open_private(self._path) as file:
                    try:
                        allocate(file, RESERVED)
                        self._is_held, self._is_lost = True, False
                    except OSError:
                        file.truncate(0)
        return self._is_held

    def check(self) -> None:
        """Raise OSError for a write that may not use the space, while it waits to be restored."""
        if self._is_lost and not self._has_room():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))

    def _has_room(self) -> bool:
        found = os.statvfs(self._path.parent)
        return found.f_bavail * found.f_frsize >= RESERVED


_BLOCK = 512
"""The unit of `st_blocks`."""

_MARK = b"%020d\n"
"""The format of the lock's file: the number of the last commit."""


class FolderLock:
    """Locks a folder for this process, lets its threads write in turn, and marks their commits."""

    def __init__(self, folder: Path) -> None:
        """Raises `FolderError` if another process uses the folder, and `OSError`."""
        if fcntl is None:
            raise FolderError(
                f"the folder {folder} cannot be used: this system has no POSIX file locks; leave "
                "out --data, or use Linux, macOS or a container"
            )
        self._file = open_private(folder / LOCK)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise FolderError(
                f"the folder {folder} is in use by another oss-emulator: stop that one, or choose "
                "another folder"
            ) from None
        self.reserve = Reserve(folder)
        """Changed only by the thread whose turn it is."""
        self.turn = threading.Lock()
        """Held by the thread that writes to the index, until its commit is complete.

        SQLite itself serializes writers, but not the checkpoint after a commit: before 3.51.3 a
        checkpoint during another commit could lose pages
        (https://sqlite.org/wal.html#walresetbug).
        """

    def read_mark(self) -> int:
        """Return the number of the last marked commit, 0 if none was marked."""
        text = os.pread(self._file.fileno(), len(_MARK % 0), 0)
        return int(text) if text.strip().isdigit() else 0

    def write_mark(self, commits: int) -> None:
        """Record a commit outside of the index, so that the next start detects an index without it.

        The mark is written after its commit and never synced, so it can only be too old, which is
        safe.
        """
        with suppress(OSError):
            os.pwrite(self._file.fileno(), _MARK % commits, 0)

    def close(self) -> None:
        """Let other processes use the folder."""
        self._file.close()


def sync_folder(folder: Path | str) -> None:
    """Make the names in a folder durable."""
    _sync(folder, os.fsync)


FEW = 32
"""The most files to sync one by one; for more, syncing their whole file system is faster."""


def sync_files(paths: Sequence[str]) -> None:
    """Make new files and their names durable; all are in one file system."""
    if len(paths) > FEW and _syncfs is not None:
        _sync(paths[0], _sync_file_system)
    else:
        for path in (*paths, *{os.path.dirname(path) for path in paths}):
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


class FileWriter:
    """Writes a blob to its file; with `fsync`, `finish` makes the file durable."""

    def __init__(self, folder: Path, *, fsync: bool) -> None:
        self._fsync = fsync
        self._path = place(folder, os.urandom(16).hex())
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._crc64 = 0
        self._size = 0

    def write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:  # a full disk takes only some of it
            rest = rest[os.write(self._file, rest) :]
        self._crc64 = crc64(chunk, self._crc64)
        self._size += len(chunk)

    def finish(self) -> StoredBlob:
        if self._fsync:
            os.fsync(self._file)
            sync_folder(os.path.dirname(self._path))
        self._close()
        return StoredBlob(self._path, self._size, self._crc64)

    def abandon(self) -> None:
        self._close()
        with suppress(FileNotFoundError):
            os.unlink(self._path)

    def _close(self) -> None:
        if self._file >= 0:  # `abandon` may follow `finish`
            descriptor, self._file = self._file, -1
            os.close(descriptor)
