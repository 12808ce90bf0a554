"""The index of a data folder, as one thread uses it: its connection and its transactions.

The files that a transaction writes are synced and get their names together, before its commit. The
files that it makes superfluous are removed after it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from oss_emulator.storage.base import Bucket
from oss_emulator.storage.blobs import remove
from oss_emulator.storage.file_writer import FileWriter
from oss_emulator.storage.folder import INDEX, TURN, place, sync_all, turn, write_mark


class IndexConnection:
    """A connection to the index; every thread has its own."""

    def __init__(self, folder: Path, *, fsync: bool) -> None:
        """Raises `OSError` and `sqlite3.Error`."""
        self._folder = folder
        self._fsync = fsync
        # `close` may run in another thread, after this one has ended.
        self.database = sqlite3.connect(
            folder / INDEX, timeout=60, isolation_level=None, check_same_thread=False
        )
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'OFF'}")
        self._turn = (folder / TURN).open("r+b", buffering=0)
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
        self._turn.close()

    @property
    def in_transaction(self) -> bool:
        return self.database.in_transaction

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all changes of the block together, or none of them after an exception."""
        database = self.database
        try:
            with turn(self._turn):
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
                    write_mark(self._turn, commits)
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
            with suppress(OSError):  # the next start moves it away
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

    def writer(self, name: str = "") -> FileWriter:
        """Make the writer of a file; a rollback of the transaction around it removes the file."""
        if not self.in_transaction:
            return FileWriter(self._folder, self._fsync)
        writer = FileWriter(self._folder, self._fsync, name, self.unnamed)
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
