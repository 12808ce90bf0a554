"""Failures of the disk or the index, told apart from bugs in the emulator."""

from __future__ import annotations

import errno
import sqlite3

import pytest
from oss_emulator.storage import FolderError
from oss_emulator.storage.base import describe_failure
from oss_emulator.storage.blobs import CorruptBlobError
from oss_referer.sources.toml import NO_TEMPORARY_FOLDER


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (OSError(errno.ENOSPC, "x", "/data/a"), "No space left on device: /data/a"),
        (OSError(errno.EROFS, "x"), "Read-only file system"),
        (
            FileNotFoundError(errno.ENOENT, "No usable temporary directory found"),
            NO_TEMPORARY_FOLDER,
        ),
        (CorruptBlobError("a is damaged"), "a is damaged"),
        (FolderError("the folder is gone"), "the folder is gone"),
        (sqlite3.OperationalError("disk I/O error"), "the index: disk I/O error"),
        (sqlite3.DatabaseError("malformed"), "the index: malformed"),
        (sqlite3.IntegrityError("a bug"), None),
        (OSError(errno.EPIPE, "x"), None),
        (ValueError("a bug"), None),
    ],
)
def test_only_failures_of_the_disk_or_the_index_are_described(
    error: Exception, described: str | None
) -> None:
    assert describe_failure(error) == described
