"""Failures of the disk or the index, as opposed to bugs in the emulator."""

import errno
import os

from oss_referer.sources.toml import NO_TEMPORARY_FOLDER, lacks_temporary_folder

from oss_emulator.storage.base import FolderError
from oss_emulator.storage.blobs import CorruptBlobError

_NAMES = "ENOSPC EDQUOT EROFS EACCES EPERM EIO ENOENT EMFILE ENFILE ENOTDIR".split()
_DISK: frozenset[int] = frozenset(getattr(errno, name) for name in _NAMES)


def describe(error: Exception) -> str | None:
    """Describe a disk or index failure in one line; None for a bug in the emulator."""
    if isinstance(error, CorruptBlobError | FolderError):
        return str(error)
    if lacks_temporary_folder(error):
        return NO_TEMPORARY_FOLDER
    if isinstance(error, OSError) and error.errno in _DISK:
        where = f": {error.filename}" if error.filename else ""
        return f"{os.strerror(error.errno)}{where}"
    import sqlite3  # if SQLite failed, it is loaded already

    if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
        return f"the index: {error}"
    return None
