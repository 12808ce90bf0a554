"""A storage in a folder: SQLite keeps the records, files keep the bytes.

A body is written to a file below `incoming`, synced and renamed into `blobs`; then its record is
committed. A record therefore never refers to an incomplete file. A file without a record was left
by an interrupted write; the next start moves it to `lost+found`.

The files of one transaction are synced and renamed together, before its commit.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from random import SystemRandom
from typing import IO, TypeVar

from fastcrc.crc64 import xz as crc64

from oss_emulator.storage import lost, records
from oss_emulator.storage.base import Account, Bucket, FolderError, Object, Part, Upload
from oss_emulator.storage.blobs import Blob, BlobWriter, CorruptBlobError, StoredBlob, remove
from oss_emulator.storage.folder import (
    BLOB_NAME,
    BLOBS,
    CLAIMS,
    INCOMING,
    INDEX,
    SHM,
    TURN,
    WAL,
    claim,
    close_to_others,
    disclaim,
    lock,
    make_private,
    open_private,
    place,
    sync_all,
    sync_folder,
    turn,
    write_mark,
)
from oss_emulator.storage.inspection import inspect
from oss_emulator.storage.schema import CREATE, FORMAT, refuse_format, seal, unseal

WORKERS_END = 5.0
"""Seconds a start waits for workers whose server was killed."""

_random = SystemRandom()

Record = TypeVar("Record", Account, Bucket, Object)


class DiskStorage:
    """Buckets and objects in a folder; `Storage` documents the methods.

    Without `fsync` writes are faster, but a crash of the machine may lose some of them; a crash of
    the process loses nothing either way. `shared` is for a worker whose parent has prepared the
    folder. Raises `FolderError`.
    """

    blocking = True

    def __init__(self, folder: Path, *, fsync: bool = True, shared: bool = False) -> None:
        self.folder = folder
        self._blobs = f"{folder}/{BLOBS}/"  # as `place` writes it
        self._fsync = fsync
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._turns: list[IO[bytes]] = []
        self._lock: IO[bytes] | None = None
        self._claims: IO[bytes] | None = None
        self._identity: tuple[int, int] | None = None
        """The device and the inode of the index; None while it is made."""
        try:
            if not shared:
                make_private(folder)
                self._lock = lock(folder, "lock", fcntl.LOCK_EX)
                # Workers of a killed parent may still be finishing their requests.
                with lock(folder, "workers", fcntl.LOCK_EX, patience=WORKERS_END):
                    self._prepare()
            else:
                self._lock = lock(folder, "workers", fcntl.LOCK_SH)
            self._claims = open_private(folder / CLAIMS, os.O_RDWR)
            self._identity = self._identify()
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise FolderError(f"the folder {folder} cannot be used: {error}") from None
        except FolderError:
            self.close()
            raise

    # The folder

    def _prepare(self) -> None:
        """Create the folder, or clear away what a crash left in it.

        Raises `FolderError` before anything is changed if something is wrong with the folder.
        """
        found = inspect(self.folder)
        if found.problems:
            raise FolderError(_refusal(self.folder, found.problems))
        if found.format not in (0, FORMAT):
            raise FolderError(refuse_format(self.folder, found.format))
        for name in (TURN, INDEX):
            open_private(self.folder / name, os.O_RDWR).close()
        for name in (WAL, SHM):  # SQLite gives new ones the mode of the index
            close_to_others(self.folder / name, 0o600)
        if not found.format:
            self._database.executescript(f"BEGIN IMMEDIATE; {CREATE} COMMIT")
            write_mark(self._local.turn, 1)
        places = [self.folder / INCOMING, self.folder / BLOBS]
        places += [places[1] / f"{number:02x}" for number in range(256)]
        for path in places:
            path.mkdir(mode=0o700, exist_ok=True)
        for path in places[:2]:  # an earlier version left them open to others
            close_to_others(path, 0o700)
        for path in (places[1], self.folder, self.folder.parent):
            sync_folder(path)
        with self.transaction():
            self._database.execute("UPDATE blob SET held = 0 WHERE held > 0")
            self._database.execute("DELETE FROM blob WHERE uses <= 0")
        lost.clear(self.folder, found.orphans(self.folder))

    def close(self) -> None:
        while self._connections:
            self._connections.pop().close()
        while self._turns:
            self._turns.pop().close()
        self._local = threading.local()
        for file in filter(None, (self._lock, self._claims)):
            file.close()
        self._lock = self._claims = None

    def _identify(self) -> tuple[int, int]:
        """Return what distinguishes the index from any other file in its place."""
        found = (self.folder / INDEX).stat()
        return found.st_dev, found.st_ino

    def _check_identity(self) -> None:
        """Notice a folder that was deleted or replaced; raises `FolderError`.

        Otherwise SQLite would keep writing to the deleted file, and lose everything.
        """
        try:
            if self._identify() == self._identity:
                return
        except FileNotFoundError:
            pass
        raise FolderError(
            f"the folder {self.folder} was deleted or replaced while the server used it; put it "
            "back, or restart the server"
        )

    @property
    def _database(self) -> sqlite3.Connection:
        """The connection of this thread."""
        found: sqlite3.Connection | None = getattr(self._local, "database", None)
        if found is None:
            path = self.folder / INDEX
            if self._identity is not None:
                self._check_identity()
            # `close` may run in another thread, after this one has ended.
            found = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
            self._connections.append(found)
            found.execute("PRAGMA journal_mode = WAL")
            found.execute(f"PRAGMA synchronous = {'FULL' if self._fsync else 'OFF'}")
            self._local.database = found
            self._local.turn = (self.folder / TURN).open("r+b", buffering=0)
            self._turns.append(self._local.turn)
            self._local.doomed = []
            self._local.made = []
            self._local.pending = {}
            self._local.buckets = {}
            self._local.seen = -1
            self._local.asked = False
        return found

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        database, local = self._database, self._local
        if self._identity is not None:
            self._check_identity()
        try:
            with turn(local.turn):
                database.execute("BEGIN IMMEDIATE")
                local.asked = False
                before = database.total_changes
                try:
                    yield
                    self._name_pending()
                    commits = self._count_commit() if database.total_changes != before else None
                    database.execute("COMMIT")
                except BaseException:
                    local.doomed, local.made = local.made, []
                    for writer in list(local.pending.values()):
                        writer.abandon()
                    if database.in_transaction:
                        database.execute("ROLLBACK")
                    raise
                if commits is not None:
                    write_mark(local.turn, commits)
        finally:
            local.seen = -1
            self._remove_doomed()

    def _count_commit(self) -> int:
        """Count the commit that follows; a start refuses an index that has fewer than the mark."""
        ((commits,),) = self._database.execute(
            "UPDATE state SET commits = commits + 1 WHERE id = 1 RETURNING commits"
        ).fetchall()
        return int(commits)

    def _remove_doomed(self) -> None:
        """Remove the files whose last record was removed in this transaction."""
        for name in self._local.doomed:
            with suppress(OSError):  # the next start moves it away
                remove(place(self.folder, name))
        self._local.doomed, self._local.made = [], []
        self._local.pending.clear()

    def _name_pending(self) -> None:
        """Sync the files of this transaction, give them their names, and sync the names."""
        pending = list(self._local.pending.values())
        if pending:
            sync_all([writer.incoming for writer in pending])
            for writer in pending:
                os.rename(writer.incoming, writer.path)
            parents = {writer.name[:2]: writer.path for writer in pending}
            sync_all([os.path.dirname(path) for path in parents.values()])
            self._local.pending.clear()

    def transaction(self) -> AbstractContextManager[None]:
        if self._database.in_transaction:  # it belongs to the one around it
            return _INNER
        return self._transaction()

    def claim(self, name: str) -> bool:
        assert self._claims is not None  # noqa: S101 - only `close` removes it
        return claim(self._claims, _place_of(name))

    def disclaim(self, name: str) -> None:
        assert self._claims is not None  # noqa: S101 - only `close` removes it
        disclaim(self._claims, _place_of(name))

    # Blobs

    def name(self, blob: Blob) -> str:
        """Return the name of a blob for records; a blob of another storage is first copied here."""
        if isinstance(blob, StoredBlob) and self._holds(blob):
            return f"{blob.name}.{blob.size}.{blob.crc64}"
        writer = self.blob_writer()
        try:
            for offset in range(0, blob.size, _CHUNK):
                writer.write(blob.read(offset, min(_CHUNK, blob.size - offset)))
            return self.name(writer.finish())
        except BaseException:
            writer.abandon()
            raise

    def _holds(self, blob: StoredBlob) -> bool:
        """Whether a blob is in this folder."""
        return blob.path.startswith(self._blobs)

    def find(self, named: str) -> StoredBlob:
        """Return the blob that a record names; raises `ValueError` for an invalid name."""
        name, size, crc = named.split(".")
        if not BLOB_NAME.fullmatch(name):
            raise ValueError(f"{named!r} is not the name of a blob")
        if name in getattr(self._local, "pending", ()):  # so that it can be read
            self._name_pending()
        return StoredBlob(place(self.folder, name), int(size), int(crc))

    def _drop(self, rows: Sequence[tuple[str]]) -> None:
        """Count one use less for each blob of removed records; the commit removes unused blobs."""
        for (text,) in rows:
            for name in _names(text):
                self._count(name, -1)

    def _count(self, name: str, uses: int, held: int = 0) -> None:
        """Add to the uses and holds of a blob; the commit removes a blob without any."""
        self._database.execute(
            "INSERT INTO blob VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET uses = uses + excluded.uses, held = held + excluded.held",
            (name, uses, held),
        )
        if uses + held > 0:
            return
        gone = self._database.execute(
            "DELETE FROM blob WHERE name = ? AND uses <= 0 AND held <= 0 RETURNING name", (name,)
        ).fetchall()
        self._local.doomed.extend(name for (name,) in gone)

    def _keep(self, record: Object | Part, *where: str | int) -> str:
        """Format a record for its place, and count one use more for each of its blobs."""
        kept: list[str] = []

        def name(blob: Blob) -> str:
            kept.append(self.name(blob))
            return kept[-1]

        text = records.format(record, name)
        for named in kept:
            self._count(named.partition(".")[0], 1)
        return seal(text, *where)

    def blob_writer(self) -> BlobWriter:
        if not self._database.in_transaction:
            return _FileWriter(self.folder, self._fsync)
        return self._make_writer()

    def _make_writer(self, name: str = "") -> "_FileWriter":
        """Make the writer of a file of this transaction; a rollback removes the file."""
        writer = _FileWriter(self.folder, self._fsync, name, self._local.pending)
        self._local.made.append(writer.name)
        return writer

    def take(self, named: str, source: IO[bytes]) -> None:
        """Import the bytes of a blob under its name; raises `CorruptBlobError`."""
        wanted = self.find(named)
        writer = self._make_writer(wanted.name)
        while writer.size <= wanted.size and (chunk := source.read(_CHUNK)):
            writer.write(chunk)
        if writer.finish() != wanted:
            raise CorruptBlobError(f"the bytes of {named} are damaged")

    def pin(self, content: tuple[Blob, ...]) -> None:
        # Holds end with the process: the next start resets them.
        with self.transaction():
            for blob in content:
                self._count(self.name(blob).partition(".")[0], 0, 1)

    def release(self, content: tuple[Blob, ...]) -> None:
        with self.transaction():
            for blob in content:
                self._count(self.name(blob).partition(".")[0], 0, -1)

    def discard_unreferenced(self, content: tuple[Blob, ...]) -> None:
        for blob in content:
            if not isinstance(blob, StoredBlob) or not self._holds(blob):
                continue
            known = self._database.execute(
                "SELECT 1 FROM blob WHERE name = ?", (blob.name,)
            ).fetchone()
            if known is None:
                with suppress(FileNotFoundError):
                    os.unlink(blob.path)

    # Buckets and accounts

    def buckets(self) -> Sequence[Bucket]:
        self._check_identity()
        rows = self._database.execute("SELECT record FROM bucket ORDER BY name").fetchall()
        return [records.parse(Bucket, unseal(text), self.find) for (text,) in rows]

    def bucket(self, name: str) -> Bucket | None:
        database, local = self._database, self._local
        if not database.in_transaction:  # else the transaction has checked it
            self._check_identity()  # here, because every request about a bucket asks for it
        # Cached until this connection (see transaction) or another one writes. During a transaction
        # no other one can, so it is asked once.
        if not (database.in_transaction and local.asked):
            local.asked = database.in_transaction
            (seen,) = database.execute("PRAGMA data_version").fetchone()
            if seen != local.seen:
                local.buckets, local.seen = {}, seen
        found: Bucket | None = local.buckets.get(name)
        if found is None:
            found = self._one(Bucket, "SELECT record FROM bucket WHERE name = ?", name)
            if found is not None:
                local.buckets[name] = found
        return found

    def put_bucket(self, bucket: Bucket) -> None:
        with self.transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO bucket VALUES (?, ?)",
                (bucket.name, seal(records.format(bucket, self.name), bucket.name)),
            )
            self._local.buckets.pop(bucket.name, None)

    def delete_bucket(self, name: str) -> None:
        with self.transaction():
            for table in ("version", "part"):
                self._remove(table, "bucket = ?", name)
            self._database.execute("DELETE FROM upload WHERE bucket = ?", (name,))
            self._database.execute("DELETE FROM bucket WHERE name = ?", (name,))
            self._local.buckets.pop(name, None)

    def account(self, account: str) -> Account | None:
        return self._one(Account, "SELECT record FROM account WHERE id = ?", account)

    def accounts(self) -> Sequence[Account]:
        rows = self._database.execute("SELECT record FROM account ORDER BY id").fetchall()
        return [records.parse(Account, unseal(text), self.find) for (text,) in rows]

    def put_account(self, account: Account) -> None:
        with self.transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO account VALUES (?, ?)",
                (account.id, seal(records.format(account, self.name), account.id)),
            )

    def delete_account(self, account: str) -> None:
        with self.transaction():
            self._database.execute("DELETE FROM account WHERE id = ?", (account,))

    # Objects

    def object(self, bucket: str, key: str, version_id: str | None = None) -> Object | None:
        query = "SELECT record FROM version WHERE bucket = ? AND key = ? AND "
        if version_id is None:
            return self._one(Object, query + "newest", bucket, key)
        return self._one(Object, query + "version_id = ?", bucket, key, version_id)

    def put_object(self, bucket: str, item: Object) -> None:
        with self.transaction():
            if self.bucket(bucket) is None:
                return
            text = self._keep(item, bucket, item.key, item.version_id)
            if self._exists("version", "bucket = ? AND key = ?", bucket, item.key):
                self._remove(
                    "version",
                    "bucket = ? AND key = ? AND version_id = ?",
                    bucket,
                    item.key,
                    item.version_id,
                )
                self._database.execute(
                    "UPDATE version SET newest = 0 WHERE bucket = ? AND key = ? AND newest",
                    (bucket, item.key),
                )
            self._database.execute(
                "INSERT INTO version (bucket, key, version_id, newest, record) "
                "VALUES (?, ?, ?, 1, ?)",
                (bucket, item.key, item.version_id, text),
            )

    def replace_object(self, bucket: str, item: Object) -> None:
        row = (bucket, item.key, item.version_id)
        where = "bucket = ? AND key = ? AND version_id = ?"
        with self.transaction():
            old = self._database.execute(
                f"SELECT record FROM version WHERE {where}",  # noqa: S608
                row,
            ).fetchall()
            if not old:
                return
            self._database.execute(
                f"UPDATE version SET record = ? WHERE {where}",  # noqa: S608
                (self._keep(item, *row), *row),
            )
            self._drop(old)

    def delete_object(self, bucket: str, key: str, version_id: str) -> None:
        with self.transaction():
            self._remove(
                "version", "bucket = ? AND key = ? AND version_id = ?", bucket, key, version_id
            )
            self._database.execute(
                "UPDATE version SET newest = 1 WHERE number = "
                "(SELECT MAX(number) FROM version WHERE bucket = ? AND key = ?)",
                (bucket, key),
            )

    def objects(self, bucket: str, start: str = "") -> Iterator[Object]:
        rows = self._database.execute(
            "SELECT record FROM version WHERE bucket = ? AND key >= ? AND newest ORDER BY key",
            (bucket, start),
        )
        return (records.parse(Object, unseal(text), self.find) for (text,) in rows)

    def versions(self, bucket: str, start: str = "") -> Iterator[Object]:
        rows = self._database.execute(
            "SELECT record FROM version WHERE bucket = ? AND key >= ? ORDER BY key, number DESC",
            (bucket, start),
        )
        return (records.parse(Object, unseal(text), self.find) for (text,) in rows)

    # Uploads

    def uploads(self, bucket: str) -> Iterator[Upload]:
        rows = self._database.execute(
            "SELECT record FROM upload WHERE bucket = ? ORDER BY key, id", (bucket,)
        )
        return (records.parse_upload(unseal(text), self.find) for (text,) in rows)

    def upload(self, bucket: str, upload_id: str) -> Upload | None:
        row = self._database.execute(
            "SELECT record FROM upload WHERE bucket = ? AND id = ?", (bucket, upload_id)
        ).fetchone()
        return None if row is None else records.parse_upload(unseal(row[0]), self.find)

    def put_upload(self, bucket: str, upload: Upload) -> None:
        with self.transaction():
            if not self._exists("bucket", "name = ?", bucket):
                return
            row = (bucket, upload.draft.key, upload.id)
            self._database.execute(
                "INSERT OR REPLACE INTO upload (bucket, key, id, record) VALUES (?, ?, ?, ?)",
                (*row, seal(records.format_upload(upload, self.name), *row)),
            )

    def delete_upload(self, bucket: str, upload_id: str) -> None:
        with self.transaction():
            self._remove("part", "bucket = ? AND upload = ?", bucket, upload_id)
            self._database.execute(
                "DELETE FROM upload WHERE bucket = ? AND id = ?", (bucket, upload_id)
            )

    def parts(self, bucket: str, upload_id: str) -> Sequence[Part]:
        rows = self._database.execute(
            "SELECT record FROM part WHERE bucket = ? AND upload = ? ORDER BY number",
            (bucket, upload_id),
        ).fetchall()
        return [records.parse(Part, unseal(text), self.find) for (text,) in rows]

    def put_part(self, bucket: str, upload_id: str, part: Part) -> None:
        with self.transaction():
            if not self._exists("upload", "bucket = ? AND id = ?", bucket, upload_id):
                return
            row = (bucket, upload_id, part.number)
            text = self._keep(part, *row)
            self._remove("part", "bucket = ? AND upload = ? AND number = ?", *row)
            self._database.execute("INSERT INTO part VALUES (?, ?, ?, ?)", (*row, text))

    # Rows

    def _one(self, kind: type[Record], query: str, *values: str) -> Record | None:
        row = self._database.execute(query, values).fetchone()
        return None if row is None else records.parse(kind, unseal(row[0]), self.find)

    def _exists(self, table: str, where: str, *values: str) -> bool:
        query = f"SELECT 1 FROM {table} WHERE {where}"  # noqa: S608
        return self._database.execute(query, values).fetchone() is not None

    def _remove(self, table: str, where: str, *values: str | int) -> None:
        """Delete rows and count one use less for each of their blobs."""
        gone = self._database.execute(
            f"DELETE FROM {table} WHERE {where} RETURNING record",  # noqa: S608
            values,
        ).fetchall()
        self._drop(gone)


_CHUNK = 1024 * 1024
_INNER: AbstractContextManager[None] = nullcontext()


def _place_of(name: str) -> int:
    """Return the position of the byte for a name; names share one only by chance."""
    return crc64(name.encode()) >> 1  # a file has 2^63 bytes at most


def _names(text: str) -> list[str]:
    """Return the file names of the blobs in a formatted record."""
    return [named.partition(".")[0] for named in records.names(text)]


class _FileWriter:
    """Writes a blob to a file that `finish` moves into the storage.

    With `pending`, the files of a transaction, it stays where it is until the commit.
    """

    def __init__(
        self,
        folder: Path,
        fsync: bool,
        name: str = "",
        pending: "dict[str, _FileWriter] | None" = None,
    ) -> None:
        self.name = name = name or f"{_random.getrandbits(128):032x}"
        self._fsync = fsync
        self._pending = pending
        self.incoming = f"{folder}/{INCOMING}/{name}"
        self.path = place(folder, name)
        self._file = open_private(self.incoming, os.O_WRONLY | os.O_EXCL)
        self._crc64 = 0
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._crc64 = crc64(chunk, self._crc64)
        self.size += len(chunk)

    def finish(self) -> Blob:
        self._file.flush()
        later = self._fsync and self._pending is not None
        if self._fsync and not later:
            os.fsync(self._file.fileno())
        self._file.close()
        if self._pending is not None and later:
            self._pending[self.name] = self
        else:
            os.rename(self.incoming, self.path)
        if self._fsync and not later:
            sync_folder(os.path.dirname(self.path))
        return StoredBlob(self.path, self.size, self._crc64)

    def abandon(self) -> None:
        if self._pending is not None:
            self._pending.pop(self.name, None)
        with suppress(OSError):
            self._file.close()
        for path in (self.incoming, self.path):
            with suppress(FileNotFoundError):
                os.unlink(path)


def _refusal(folder: Path, problems: Sequence[str]) -> str:
    more = "" if len(problems) == 1 else f" (and {len(problems) - 1} more problems)"
    return (
        f"the folder {folder} cannot be used: {problems[0]}{more}; nothing was changed: restore "
        f"the folder from a backup, or run 'oss-emulator fsck {folder}' to see what is wrong, and "
        "again with --repair to keep all that is whole"
    )
