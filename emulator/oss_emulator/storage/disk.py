"""A storage in a folder: SQLite stores the records, files store the bytes.

A body is written to a file below `blobs` and synced; then its record is committed. A record
therefore never refers to an incomplete file. A file without a record was left by an interrupted
write; the next start removes it.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from oss_emulator.storage.base import Account, Bucket, Object, Part, Upload
from oss_emulator.storage.blobs import Blob, BlobWriter, StoredBlob
from oss_emulator.storage.folder import BLOBS, FileWriter, find_blob
from oss_emulator.storage.index import (
    PLACES,
    AnyRecord,
    IndexConnection,
    OpenFolder,
    blob_names,
    format_record,
    parse_record,
    seal,
    unseal,
)

REMEMBERED = 1024

SHORT = 4 * 1024
"""Characters of the longest record to remember."""

_VERSION = "bucket = ? AND key = ? AND version_id = ?"
"""The condition for one version of an object."""

_INSERT = (
    "INSERT OR IGNORE INTO version (bucket, key, version_id, newest, record) VALUES (?, ?, ?, 1, ?)"
)
"""Inserts the newest version of an object; does nothing while another version is the newest."""


class DiskStorage:
    """Buckets and objects in a folder; `Storage` documents the methods.

    Without `fsync` writes are faster, but a crash of the machine may lose some of them; a crash of
    the process loses nothing either way. Raises `FolderError`.
    """

    blocking = True

    def __init__(self, folder: Path, *, fsync: bool = True) -> None:
        self.folder = folder
        self._fsync = fsync
        self._blobs = f"{folder}/{BLOBS}/"  # as `place` writes it
        self._opened = OpenFolder(folder, fsync=fsync)
        self._local = threading.local()
        self._connections: list[IndexConnection] = []
        # Records are cached by their text, so a record that has changed is parsed again.
        self._remembered: Callable[[Any, str], Any] = lru_cache(REMEMBERED)(self._parse)

    def close(self) -> None:
        while self._connections:
            self._connections.pop().close()
        self._local = threading.local()
        self._opened.close()

    @property
    def _index(self) -> IndexConnection:
        try:
            found: IndexConnection = self._local.index
        except AttributeError:
            self._local.index = found = self._opened.connect()
            self._connections.append(found)
        return found

    @property
    def _database(self) -> sqlite3.Connection:
        return self._index.database

    def transaction(self) -> AbstractContextManager[None]:
        index = self._index
        if index.database.in_transaction:  # the outer transaction commits this one
            return nullcontext()
        self._opened.check()
        return index.transaction()

    # Blobs

    def _name(self, blob: Blob) -> str:
        """Return the name of a blob for records; a blob of another storage is first copied here.

        The copies are synced together, before the commit of the transaction.
        """
        if isinstance(blob, StoredBlob) and self._holds(blob):
            return f"{blob.name}.{blob.size}.{blob.crc64}"
        writer = FileWriter(self.folder, fsync=False)
        try:
            for offset in range(0, blob.size, _CHUNK):
                writer.write(blob.read(offset, min(_CHUNK, blob.size - offset)))
            copy = writer.finish()
        except BaseException:
            writer.abandon()
            raise
        self._index.add_file(copy.path)
        return self._name(copy)

    def _holds(self, blob: StoredBlob) -> bool:
        """Whether a blob is in this folder."""
        return blob.path.startswith(self._blobs)

    def _drop(self, rows: Sequence[tuple[str]]) -> None:
        """Decrement the uses of each blob of removed records; the commit removes unused blobs."""
        for (text,) in rows:
            for named in blob_names(text):
                self._index.count(named.partition(".")[0], -1)

    def _keep(self, record: Object | Part, *where: str | int) -> str:
        """Format a record for its place, and increment the uses of each of its blobs."""

        def name(blob: Blob) -> str:
            named = self._name(blob)
            self._index.count(named.partition(".")[0], 1)
            return named

        return seal(format_record(record, name), *where)

    def blob_writer(self) -> BlobWriter:
        self._opened.check_room()
        return FileWriter(self.folder, fsync=self._fsync)

    def pin(self, content: tuple[Blob, ...]) -> None:
        # Pins end with the process: the next start resets the holds.
        with self.transaction():
            for blob in content:
                self._index.count(self._name(blob).partition(".")[0], 0, 1)

    def release(self, content: tuple[Blob, ...]) -> None:
        with self.transaction():
            for blob in content:
                self._index.count(self._name(blob).partition(".")[0], 0, -1)

    def discard_unreferenced(self, content: tuple[Blob, ...]) -> None:
        for blob in content:
            if not isinstance(blob, StoredBlob) or not self._holds(blob):
                continue
            if not self._exists("blob", "name = ?", blob.name):
                with suppress(FileNotFoundError):
                    os.unlink(blob.path)

    # Buckets and accounts

    def buckets(self) -> Sequence[Bucket]:
        self._opened.check()
        return list(self._all(Bucket, "SELECT record FROM bucket ORDER BY name"))

    def bucket(self, name: str) -> Bucket | None:
        index = self._index
        if not index.database.in_transaction:  # a transaction has already checked it
            self._opened.check()  # here, because every request for a bucket calls this
        buckets = index.buckets()
        found = buckets.get(name)
        if found is None:
            found = self._one(Bucket, "SELECT record FROM bucket WHERE name = ?", name)
            if found is not None:
                found = index.remember(found)
        return found

    def put_bucket(self, bucket: Bucket) -> None:
        with self.transaction():
            self._replace("bucket", bucket, bucket.name)
            self._index.buckets().pop(bucket.name, None)

    def delete_bucket(self, name: str) -> None:
        with self.transaction():
            self._index.make_room()
            for table in ("version", "part"):
                self._remove(table, "bucket = ?", name)
            self._database.execute("DELETE FROM upload WHERE bucket = ?", (name,))
            self._database.execute("DELETE FROM bucket WHERE name = ?", (name,))
            self._index.buckets().pop(name, None)

    def account(self, account: str) -> Account | None:
        return self._one(Account, "SELECT record FROM account WHERE id = ?", account)

    def accounts(self) -> Sequence[Account]:
        return list(self._all(Account, "SELECT record FROM account ORDER BY id"))

    def put_account(self, account: Account) -> None:
        with self.transaction():
            self._replace("account", account, account.id)

    def delete_account(self, account: str) -> None:
        with self.transaction():
            self._index.make_room()
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
            if item.delete_marker:
                self._index.make_room()
            else:
                self._index.check_room()
            row = (bucket, item.key, item.version_id)
            new = (*row, self._keep(item, *row))
            if self._database.execute(_INSERT, new).rowcount == 0:  # the key has versions
                self._remove("version", _VERSION, *row)
                self._database.execute(
                    "UPDATE version SET newest = 0 WHERE bucket = ? AND key = ? AND newest",
                    (bucket, item.key),
                )
                self._database.execute(_INSERT, new)

    def replace_object(self, bucket: str, item: Object) -> None:
        row = (bucket, item.key, item.version_id)
        with self.transaction():
            query = f"SELECT record FROM version WHERE {_VERSION}"  # noqa: S608
            old = self._database.execute(query, row).fetchall()
            if not old:
                return
            query = f"UPDATE version SET record = ? WHERE {_VERSION}"  # noqa: S608
            self._database.execute(query, (self._keep(item, *row), *row))
            self._drop(old)

    def delete_object(self, bucket: str, key: str, version_id: str) -> None:
        with self.transaction():
            self._index.make_room()
            self._remove("version", _VERSION, bucket, key, version_id)
            self._database.execute(
                "UPDATE version SET newest = 1 WHERE number = "
                "(SELECT MAX(number) FROM version WHERE bucket = ? AND key = ?)",
                (bucket, key),
            )

    def objects(self, bucket: str, start: str = "") -> Iterator[Object]:
        query = "SELECT record FROM version WHERE bucket = ? AND key >= ? AND newest ORDER BY key"
        return self._all(Object, query, bucket, start)

    def versions(self, bucket: str, start: str = "") -> Iterator[Object]:
        order = "ORDER BY key, number DESC"
        query = f"SELECT record FROM version WHERE bucket = ? AND key >= ? {order}"  # noqa: S608
        return self._all(Object, query, bucket, start)

    # Uploads

    def uploads(self, bucket: str) -> Iterator[Upload]:
        query = "SELECT record FROM upload WHERE bucket = ? ORDER BY key, id"
        return self._all(Upload, query, bucket)

    def upload(self, bucket: str, upload_id: str) -> Upload | None:
        query = "SELECT record FROM upload WHERE bucket = ? AND id = ?"
        return self._one(Upload, query, bucket, upload_id)

    def put_upload(self, bucket: str, upload: Upload) -> None:
        with self.transaction():
            if self._exists("bucket", "name = ?", bucket):
                self._replace("upload", upload, bucket, upload.draft.key, upload.id)

    def delete_upload(self, bucket: str, upload_id: str) -> None:
        with self.transaction():
            self._index.make_room()
            self._remove("part", "bucket = ? AND upload = ?", bucket, upload_id)
            self._database.execute(
                "DELETE FROM upload WHERE bucket = ? AND id = ?", (bucket, upload_id)
            )

    def parts(self, bucket: str, upload_id: str) -> Sequence[Part]:
        query = "SELECT record FROM part WHERE bucket = ? AND upload = ? ORDER BY number"
        return list(self._all(Part, query, bucket, upload_id))

    def put_part(self, bucket: str, upload_id: str, part: Part) -> None:
        with self.transaction():
            if not self._exists("upload", "bucket = ? AND id = ?", bucket, upload_id):
                return
            self._index.check_room()
            row = (bucket, upload_id, part.number)
            text = self._keep(part, *row)
            self._remove("part", "bucket = ? AND upload = ? AND number = ?", *row)
            self._database.execute("INSERT INTO part VALUES (?, ?, ?, ?)", (*row, text))

    # Rows

    def _one(self, kind: type[AnyRecord], query: str, *values: str) -> AnyRecord | None:
        row = self._database.execute(query, values).fetchone()
        if row is None:
            return None
        if len(row[0]) > SHORT:
            return self._parse(kind, row[0])
        found: AnyRecord = self._remembered(kind, row[0])
        return found

    def _all(self, kind: type[AnyRecord], query: str, *values: str) -> Iterator[AnyRecord]:
        rows = self._database.execute(query, values)
        return (self._parse(kind, text) for (text,) in rows)

    def _parse(self, kind: type[AnyRecord], text: str) -> AnyRecord:
        return parse_record(kind, unseal(text), partial(find_blob, self.folder))

    def _replace(self, table: str, record: Account | Bucket | Upload, *row: str) -> None:
        """Add a record without blobs at its place, or replace the one there."""
        self._database.execute(
            f"INSERT OR REPLACE INTO {table} ({', '.join(PLACES[table])}, record) "  # noqa: S608
            f"VALUES ({'?, ' * len(row)}?)",
            (*row, seal(format_record(record, self._name), *row)),
        )

    def _exists(self, table: str, where: str, *values: str) -> bool:
        query = f"SELECT 1 FROM {table} WHERE {where}"  # noqa: S608
        return self._database.execute(query, values).fetchone() is not None

    def _remove(self, table: str, where: str, *values: str | int) -> None:
        """Delete rows and decrement the uses of their blobs."""
        query = f"DELETE FROM {table} WHERE {where} RETURNING record"  # noqa: S608
        self._drop(self._database.execute(query, values).fetchall())


_CHUNK = 1024 * 1024
