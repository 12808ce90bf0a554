"""What is wrong with the disk, where that is all that is wrong."""

import errno
import os

from oss_emulator.storage.blobs import CorruptBlobError

_DISK = frozenset(
    (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EIO,
        errno.ENOENT,
        errno.EMFILE,
        errno.ENFILE,
    )
)


def describe(error: Exception) -> str | None:
    """One line on what the disk or the index does not do; None for what is a fault of ours."""
    if isinstance(error, CorruptBlobError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _DISK:
        where = f": {error.filename}" if error.filename else ""
        return f"{os.strerror(error.errno)}{where}"
    import sqlite3  # has been loaded if it has failed

    if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
        return f"the index: {error}"
    return None
