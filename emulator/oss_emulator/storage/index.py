"""The index of a data folder: its tables, the seals of its records, and its transactions.

The files that a transaction writes are synced and get their names together, before its commit. The
files that it makes superfluous are removed after it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fastcrc.crc64 import xz as crc64

from oss_emulator.storage.base import Bucket
from oss_emulator.storage.blobs import remove
from oss_emulator.storage.folder import INDEX, FileWriter, FolderLock, place, sync_all

FORMAT = 3
"""The version of the folder's format. A change of the tables or the records raises it."""

TABLES = """
SELECT group_concat(sql, char(10)) FROM
(SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name)
"""
"""The query for the definitions of all tables, which the table `state` stores for comparison."""

CREATE = f"""
CREATE TABLE account (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE bucket (name TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE version (
    number INTEGER PRIMARY KEY AUTOINCREMENT, -- the greater, the newer
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    version_id TEXT NOT NULL,
    newest INTEGER NOT NULL,
    record TEXT NOT NULL
);
CREATE UNIQUE INDEX version_by_id ON version (bucket, key, version_id);
CREATE INDEX version_by_age ON version (bucket, key, number DESC);
CREATE UNIQUE INDEX version_newest ON version (bucket, key) WHERE newest;
CREATE TABLE upload (
    bucket TEXT NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (bucket, key, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX upload_by_id ON upload (bucket, id);
CREATE TABLE part (
    bucket TEXT NOT NULL, upload TEXT NOT NULL, number INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (bucket, upload, number)
) WITHOUT ROWID;
CREATE TABLE blob (
    name TEXT PRIMARY KEY,
    uses INTEGER NOT NULL, -- by records
    held INTEGER NOT NULL DEFAULT 0 -- until the next start at most
) WITHOUT ROWID;
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    format INTEGER NOT NULL,
    commits INTEGER NOT NULL,
    tables TEXT NOT NULL -- the definitions of all tables
);
INSERT INTO state SELECT 1, {FORMAT}, 1, ({TABLES});
PRAGMA user_version = {FORMAT};
"""
"""The statements that make an index; the commit around them is counted as the first."""

PLACES = {
    "account": ("id",),
    "bucket": ("name",),
    "version": ("bucket", "key", "version_id"),
    "upload": ("bucket", "key", "id"),
    "part": ("bucket", "upload", "number"),
}
"""The tables with records, and the columns that say what a record is about."""


_SEAL_SIZE = len(',"crc":"0123456789abcdef"}')


def seal(text: str, *place: str | int) -> str:
    """Add the CRC-64 of a record's text and place to the text, as its last field."""
    head = text[:-1]
    sealed = "\0".join((*map(str, place), head)).encode("utf-8", "surrogatepass")
    return f'{head},"crc":"{crc64(sealed):016x}"}}'


def unseal(text: str) -> str:
    """Return the text of a record without its seal."""
    return text[:-_SEAL_SIZE] + "}"


def is_sealed(text: str, *place: str | int) -> bool:
    """Whether a record and its place are as they were written."""
    return isinstance(text, str) and seal(unseal(text), *place) == text


class IndexConnection:
    """A connection to the index; every thread has its own."""

    def __init__(self, folder: Path, lock: FolderLock, *, fsync: bool) -> None:
        """Raises `sqlite3.Error`."""
        self._folder = folder
        self._lock = lock
        self._fsync = fsync
        # `close` may run in another thread, after this one has ended.
        self.database = sqlite3.connect(
            folder / INDEX, timeout=60, isolation_level=None, check_same_thread=False
        )
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'OFF'}")
        self.unnamed: dict[str, FileWriter] = {}
        """The files of this transaction that are complete but have no name yet."""
        self._made: list[str] = []
        """The names of the files of this transaction."""
        self._doomed: list[str] = []
        """The names of the files whose last use this transaction has removed."""
        self._buckets: dict[str, Bucket] = {}
        self._earlier: dict[str, Bucket] = {}
        self._seen = -1
        """The state of the index that the buckets were read from, as SQLite numbers it."""
        self._asked = False
        """Whether this transaction has asked for that number."""

    def close(self) -> None:
        self.database.close()

    @property
    def in_transaction(self) -> bool:
        return self.database.in_transaction

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all changes of the block together, or none of them after an exception."""
        database = self.database
        try:
            with self._lock.turn:
                database.execute("BEGIN IMMEDIATE")
                self._asked = False
                before = database.total_changes
                try:
                    yield
                    self.name_files()
                    commits = self._count_commit() if database.total_changes != before else None
                    database.execute("COMMIT")
                except BaseException:
                    self._doomed, self._made = self._made, []
                    for writer in list(self.unnamed.values()):
                        writer.abandon()
                    if database.in_transaction:
                        database.execute("ROLLBACK")
                    raise
                if commits is not None:
                    self._lock.write_mark(commits)
        finally:
            self._seen = -1
            self._remove_doomed()

    def _count_commit(self) -> int:
        """Count the commit that follows; a start refuses an index that has fewer than the mark."""
        ((commits,),) = self.database.execute(
            "UPDATE state SET commits = commits + 1 WHERE id = 1 RETURNING commits"
        ).fetchall()
        return int(commits)

    def _remove_doomed(self) -> None:
        for name in self._doomed:
            with suppress(OSError):  # the next start removes it
                remove(place(self._folder, name))
        self._doomed, self._made = [], []
        self.unnamed.clear()

    def buckets(self) -> dict[str, Bucket]:
        """Return the buckets that were read since this connection or another one wrote.

        During a transaction no other one can write, so SQLite is asked once.
        """
        if not (self.in_transaction and self._asked):
            self._asked = self.in_transaction
            (seen,) = self.database.execute("PRAGMA data_version").fetchone()
            if seen != self._seen:
                self._earlier, self._buckets, self._seen = self._buckets, {}, seen
        return self._buckets

    def remember(self, bucket: Bucket) -> Bucket:
        """Add a bucket to those that were read; if it has not changed, it is the same record.

        So what follows from the record is computed once, and the journal has it in memory once.
        """
        earlier = self._earlier.get(bucket.name)
        kept = self._buckets[bucket.name] = bucket if earlier != bucket else earlier
        return kept

    # Files

    def writer(self) -> FileWriter:
        """Make the writer of a file; a rollback of the transaction around it removes the file."""
        if not self.in_transaction:
            return FileWriter(self._folder, self._fsync)
        writer = FileWriter(self._folder, self._fsync, self.unnamed)
        self._made.append(writer.name)
        return writer

    def name_files(self) -> None:
        """Sync the files of this transaction, give them their names, and sync the names."""
        writers = list(self.unnamed.values())
        if writers:
            sync_all([writer.incoming for writer in writers])
            for writer in writers:
                os.rename(writer.incoming, writer.path)
            parents = {writer.name[:2]: writer.path for writer in writers}
            sync_all([os.path.dirname(path) for path in parents.values()])
            self.unnamed.clear()

    def count(self, name: str, uses: int, held: int = 0) -> None:
        """Add to the uses and holds of a file; the commit removes a file without any."""
        self.database.execute(
            "INSERT INTO blob VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET uses = uses + excluded.uses, held = held + excluded.held",
            (name, uses, held),
        )
        if uses + held > 0:
            return
        gone = self.database.execute(
            "DELETE FROM blob WHERE name = ? AND uses <= 0 AND held <= 0 RETURNING name", (name,)
        ).fetchall()
        self._doomed.extend(name for (name,) in gone)
